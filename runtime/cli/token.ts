/** `d8s token create|list|delete`: the bootstrap tokens with which machines join. */
import {
  bootstrapSecret,
  bootstrapSecretRef,
  formatJoinToken,
  newBootstrapToken,
  parseBootstrapToken,
} from "../auth/mod.ts";
import { bootstrapSecretType, readIfThere } from "../auth/mod.ts";
import { isReason, Secret } from "../schema/mod.ts";
import { adminClient } from "./cluster_access.ts";
import { aligned } from "./readiness_table.ts";
import type { Settings } from "./settings.ts";

/** The complete line that a new node runs. `ttlMs` 0: the token never ends. */
export async function createToken(
  settings: Settings,
  options: { ttlMs: number; description: string },
): Promise<string> {
  using client = await adminClient(settings);
  const token = newBootstrapToken();
  const expiresMs = options.ttlMs > 0 ? Date.now() + options.ttlMs : undefined;
  await client.create(Secret, bootstrapSecret(token, { expiresMs, description: options.description }) as never);
  const ca = await readIfThere(`${settings.dataDir}/pki/ca.crt`);
  const server = `https://${settings.nodeIp}:${settings.port}`;
  return `deno task node --server ${server} --token ${formatJoinToken(ca!, token)}`;
}

/** Ids only: a secret is shown once, when it is made. */
export async function listTokens(settings: Settings): Promise<string[]> {
  using client = await adminClient(settings);
  const fieldSelector = `type=${bootstrapSecretType}`;
  const { items } = await client.list(Secret, { namespace: "kube-system", fieldSelector });
  const rows = items.map(({ data = {} }) => {
    const field = (name: string) => atob((data as Record<string, string>)[name] ?? "");
    return [field("token-id"), field("expiration") || "never", field("description")];
  });
  return aligned([["ID", "EXPIRES", "DESCRIPTION"], ...rows]);
}

/** Takes an id or a whole token. */
export async function deleteToken(settings: Settings, text: string): Promise<void> {
  const whole = text.split("::").at(-1) ?? text;
  const id = parseBootstrapToken(whole)?.id ?? whole;
  if (!/^[a-z0-9]{6}$/.test(id)) {
    throw new Error("a token's id has six lower-case letters and digits; d8s token list shows them");
  }
  using client = await adminClient(settings);
  try {
    await client.delete(Secret, bootstrapSecretRef(id));
  } catch (error) {
    if (isReason(error, "NotFound")) throw new Error(`there is no token ${id}`);
    throw error;
  }
}

/** `90m`, `24h`, `7d`, `0` */
export function parseTtl(text: string): number {
  const [, number, unit = "s"] = /^(\d+)([smhd])?$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`--ttl ${text}: say how long like 90m, 24h or 7d; 0 is for ever`);
  return Number(number) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as "s" | "m" | "h" | "d"] * 1000;
}
