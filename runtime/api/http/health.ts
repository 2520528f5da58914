/**
 * `/livez`, `/readyz`, `/healthz`: named checks, all together, one alone, or all but some.
 *
 * Source: "Kubernetes API health endpoints".
 */
export interface HealthCheck {
  readonly name: string;
  /** `undefined`: well; otherwise why not. */
  readonly check: () => Promise<string | undefined> | string | undefined;
  /**
   * Not a part of `/livez`: a restart would not help. Upstream counts etcd there and restarts servers while etcd is away;
   * `/livez/etcd` answers for those who ask for it by name.
   */
  readonly unlessLive?: boolean;
}

/** `rest`: the path below the endpoint, such as `etcd`. `endpoint`: `livez`. */
export async function healthAnswer(
  endpoint: string,
  rest: string,
  query: URLSearchParams,
  checks: readonly HealthCheck[],
): Promise<Response> {
  if (rest) return await single(rest, checks);
  const excluded = new Set(query.getAll("exclude"));
  const lines: string[] = [];
  let failed = false;
  const asked = endpoint === "livez" ? checks.filter(({ unlessLive }) => !unlessLive) : checks;
  for (const check of asked) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    const trouble = await run(check);
    failed ||= trouble !== undefined;
    // The reason goes to the log, not to whoever asks.
    lines.push(trouble === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`);
  }
  if (excluded.size > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${quoted(excluded)}`);
  if (failed) return plain(`${lines.join("\n")}\n${endpoint} check failed\n`, 500);
  return plain(query.has("verbose") ? `${lines.join("\n")}\n${endpoint} check passed\n` : "ok", 200);
}

async function single(name: string, checks: readonly HealthCheck[]): Promise<Response> {
  const check = checks.find((known) => known.name === name);
  if (!check) return plain("404 page not found\n", 404);
  const trouble = await run(check);
  return trouble === undefined ? plain("ok", 200) : plain(`internal server error: ${trouble}\n`, 500);
}

async function run({ check }: HealthCheck): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function quoted(names: Iterable<string>): string {
  return [...names].map((name) => JSON.stringify(name)).join(", ");
}

export function plain(text: string, status: number): Response {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache, private",
  };
  return new Response(text, { status, headers });
}
