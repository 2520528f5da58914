/** A webhook on a free port of this machine, with a certificate of its own authority. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { ensurePki } from "../../runtime/auth/mod.ts";

// deno-lint-ignore no-explicit-any -- tests look into questions of every kind
export type Review = any;

export interface WebhookServer extends AsyncDisposable {
  readonly url: string;
  /** Base64 of PEM. */
  readonly caBundle: string;
  /** `request` of every review that came in. */
  readonly asked: Review[];
  /** That were made so far. */
  readonly connections: number;
  dropConnections(): void;
}

/** `answer` gives the response without its uid; undefined: it never answers. */
export async function webhookServer(answer: (request: Review) => object | undefined): Promise<WebhookServer> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-webhook-" });
  const pki = await ensurePki(folder, { hostnames: ["localhost"], ips: ["127.0.0.1"] });
  await Deno.remove(folder, { recursive: true });
  const asked: Review[] = [];
  const server = createServer({ key: pki.apiserver.key, cert: pki.apiserver.cert }, async (incoming, outgoing) => {
    const parts: Uint8Array[] = [];
    for await (const part of incoming) parts.push(part);
    const { apiVersion, kind, request } = JSON.parse(await new Blob(parts as BlobPart[]).text());
    asked.push(request);
    const said = answer(request);
    if (!said) return;
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(JSON.stringify({ apiVersion, kind, response: { uid: request.uid, ...said } }));
  });
  let connections = 0;
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    get connections() {
      return connections;
    },
    dropConnections: () => server.closeAllConnections(),
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    caBundle: btoa(pki.ca.cert),
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function jsonPatch(operations: object[]): object {
  return { allowed: true, patchType: "JSONPatch", patch: btoa(JSON.stringify(operations)) };
}

/** A configuration of one webhook about ConfigMaps in the namespace `default`. */
export function configuration(kind: "Mutating" | "Validating", { url, caBundle }: WebhookServer, more: object = {}) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: "hooks" },
    webhooks: [{
      name: "hook.example.com",
      clientConfig: { url, caBundle },
      rules: [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"] }],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      timeoutSeconds: 2,
      ...more,
    }],
  };
}
