/** What is found before an expression runs, in the words of cel-go. */
import assert from "node:assert/strict";
import { bool, Budget, compile, declaredType, ObjectValue, viewOf } from "../../runtime/cel/mod.ts";
import { builtinResources } from "../../runtime/schema/mod.ts";

const deployment = builtinResources.find(({ kind, version }) => kind === "Deployment" && version === "v1")!;
const object = declaredType(deployment.type);

function compileBool(text: string) {
  return compile(text, { variables: { object }, result: [bool] });
}

const wrong: Readonly<Record<string, string>> = {
  "object.spec.replica > 1":
    "ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^",
  "self.a == 1": "ERROR: <input>:1:1: undeclared reference to 'self' (in container '')\n | self.a == 1\n | ^",
  "object.spec.replicas == 'a'":
    "ERROR: <input>:1:22: found no matching overload for '_==_' applied to '(int, string)'\n" +
    " | object.spec.replicas == 'a'\n | .....................^",
  "object.metadata.name.foo()":
    "ERROR: <input>:1:25: undeclared reference to 'foo' (in container '')\n | object.metadata.name.foo()\n" +
    " | ........................^",
  "object.spec.replicas": "must evaluate to bool but got int",
};

Deno.test("wrong names, fields and types are told with their place", () => {
  for (const [text, message] of Object.entries(wrong)) {
    assert.throws(() => compileBool(text), (error: Error) => {
      assert.equal(error.message, message);
      return error.name === "CompileError";
    });
  }
});

Deno.test("a typed expression reads an object in place, under escaped names too", () => {
  const text = "object.spec.template.spec.containers.all(c, c.image.startsWith('registry/')) && " +
    "object.metadata.namespace == 'default' && object.metadata.__namespace__ == 'default' && !has(object.spec.paused)";
  const json = {
    metadata: { name: "web", namespace: "default" },
    spec: { replicas: 2, template: { spec: { containers: [{ name: "a", image: "registry/a" }] } } },
  };
  const value = viewOf(json, object);
  assert.ok(value instanceof ObjectValue);
  assert.equal(compileBool(text).run((name) => name === "object" ? value : undefined, new Budget(1000)), true);
});
