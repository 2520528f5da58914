import assert from "node:assert/strict";
import { httpsClient } from "../../runtime/client/mod.ts";
import { isReason, Namespace } from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { clientSuite } from "./client_suite.ts";

clientSuite("in-process", (server) => server.client);
clientSuite("https", (server) => server.https);

Deno.test("a server that is not there is ServiceUnavailable, and the message names it", async () => {
  await using server = await apiServer();
  using client = httpsClient({ server: "https://127.0.0.1:1", ca: server.ca });
  await assert.rejects(client.get(Namespace, { name: "default" }), (error) => {
    assert.ok(isReason(error, "ServiceUnavailable"));
    assert.match(error.message, /https:\/\/127\.0\.0\.1:1/);
    return true;
  });
});

Deno.test("who shows no credential is refused with the server's reason", async () => {
  await using server = await apiServer();
  using client = httpsClient({ server: server.url, ca: server.ca });
  await assert.rejects(
    client.get(Namespace, { name: "default" }),
    (error) => isReason(error, "Forbidden", "Unauthorized"),
  );
});
