import assert from "node:assert/strict";
import { parseConfig, readConfig } from "../../runtime/cli/config_file.ts";
import { addressIn, type MachineDefaults, settingsFrom } from "../../runtime/cli/settings.ts";

const machine: MachineDefaults = {
  hostname: "Box",
  ip: "192.0.2.7",
  home: "/home/ann",
  environment: {},
  cniBinDirs: ["/opt/cni/bin"],
};

const fault = (text: string) => {
  try {
    parseConfig(text, "c.yaml");
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
};

Deno.test("no settings at all are enough", () => {
  const settings = settingsFrom({}, machine);
  assert.equal(settings.store, "sqlite:/var/lib/d8s/store.db");
  assert.equal(settings.nodeName, "box");
  assert.equal(settings.nodeIp, "192.0.2.7");
  assert.equal(settings.kubeconfig, "/home/ann/.kube/config");
  assert.equal(settings.dockerHost, "unix:///var/run/docker.sock");
  assert.equal(settings.cniBinDir, "/opt/cni/bin");
});

Deno.test("the environment's KUBECONFIG and DOCKER_HOST count, and flags count more", () => {
  const environment = { KUBECONFIG: ":/a/config:/b/config", DOCKER_HOST: "unix:///x.sock" };
  assert.equal(settingsFrom({}, { ...machine, environment }).kubeconfig, "/a/config");
  assert.equal(settingsFrom({}, { ...machine, environment }).dockerHost, "unix:///x.sock");
  assert.equal(settingsFrom({ kubeconfig: "/c" }, { ...machine, environment }).kubeconfig, "/c");
});

Deno.test("each fault in the config file is named with file, line and field", () => {
  assert.match(fault("port: 6443\nkubelet-prot: 1\n"), /^c\.yaml:2: kubelet-prot: there is no such setting/);
  assert.match(fault("# first\n\nport: 99999\n"), /^c\.yaml:3: port: /);
  assert.match(fault("port: [1\nb: 2\n"), /^c\.yaml:2: /);
  assert.match(fault("manifests:\n  - /a\n  - 7\n"), /^c\.yaml:3: manifests\.1: /);
  assert.match(fault("just text"), /^c\.yaml:1: /);
  const both = fault("port: no\nbridge: a name that is too long\n").split("\n");
  assert.equal(both.length, 2);
  assert.match(both[1]!, /^c\.yaml:2: bridge: must be an interface name/);
});

Deno.test("an empty config file is no settings, and a named one that is missing is a fault", async () => {
  assert.deepEqual(parseConfig("# nothing\n", "c.yaml"), {});
  await assert.rejects(readConfig("/nowhere/d8s.yaml"), /there is no file \/nowhere\/d8s\.yaml/);
});

Deno.test("wrong flags are refused by name", () => {
  const refuse = (raw: Record<string, unknown>) => {
    try {
      settingsFrom(raw, machine);
    } catch (error) {
      return (error as Error).message;
    }
    return "accepted";
  };
  assert.match(refuse({ port: "80x" }), /^--port: /);
  assert.match(refuse({ store: "mysql:x" }), /^--store: must be sqlite:PATH or etcd=/);
  assert.match(refuse({ server: "http://a:6443" }), /^--server: must be https/);
  assert.match(refuse({ "data-dir": "here" }), /^--data-dir: must be an absolute path/);
  assert.match(refuse({ "pod-cidr": "10.0.0.0/33" }), /^--pod-cidr: /);
});

Deno.test("the first Service address follows the range", () => {
  assert.equal(addressIn("10.96.0.0/16", 1), "10.96.0.1");
  assert.equal(addressIn("10.96.0.0/16", 256), "10.96.1.0");
});
