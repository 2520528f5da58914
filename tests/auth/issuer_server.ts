/** An OpenID issuer on a free port of this machine, with a certificate of its own authority and a key that can be rotated. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";
import { ensurePki } from "../../runtime/auth/mod.ts";

export interface IssuerServer extends AsyncDisposable {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** How often its keys were asked for. */
  asked: number;
  /** From now on, a new key signs and is the only one published. */
  rotate(): Promise<void>;
  /** For the audience `d8s`, for an hour, unless the claims say otherwise. */
  token(claims: JWTPayload, alg?: string): Promise<string>;
}

export async function issuerServer(): Promise<IssuerServer> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-issuer-" });
  const pki = await ensurePki(folder, { hostnames: ["localhost"], ips: ["127.0.0.1"] });
  await Deno.remove(folder, { recursive: true });
  let number = 0;
  let pair = await generateKeyPair("RS256");
  const published = async (): Promise<
    JWK[]
  > => [{ ...await exportJWK(pair.publicKey), kid: `k${number}`, alg: "RS256" }];
  const server = createServer({ key: pki.apiserver.key, cert: pki.apiserver.cert }, async ({ url }, answer) => {
    const documents: Record<string, () => unknown> = {
      "/.well-known/openid-configuration": () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }),
      "/elsewhere": () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }),
      "/keys": async () => {
        issuer.asked++;
        return { keys: await published() };
      },
    };
    const found = await documents[url ?? ""]?.();
    answer.statusCode = found ? 200 : 404;
    answer.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer: IssuerServer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: pki.ca.cert,
    asked: 0,
    async rotate() {
      number++;
      pair = await generateKeyPair("RS256");
    },
    async token(claims, alg = "RS256") {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const payload = { iss: issuer.url, aud: "d8s", exp: nowSeconds + 3600, iat: nowSeconds, ...claims };
      return await new SignJWT(payload).setProtectedHeader({ alg, kid: `k${number}` }).sign(pair.privateKey);
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
