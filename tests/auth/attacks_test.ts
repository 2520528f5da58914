/** A table of attacks on the API server: each would succeed if its gate were missing. */
import assert from "node:assert/strict";
import type { User } from "../../runtime/auth/mod.ts";
import {
  admin,
  ann,
  type Attempt,
  attempt,
  bearsMirror,
  city,
  nobody,
  nodeA,
  nodeB,
  pod,
  rbac,
  reader,
  team,
  toAnn,
} from "./city.ts";

const attacks: readonly [name: string, attempt: Attempt, words?: RegExp][] = [
  ["anonymous lists pods", { as: nobody, path: "/api/v1/pods" }, /User "system:anonymous" cannot list resource "pods"/],
  ["anonymous reads discovery", { as: nobody, path: "/apis" }, /User "system:anonymous" cannot get path "\/apis"/],
  ["anonymous reads metrics", { as: nobody, path: "/metrics" }],
  ["a right in one namespace used in another", { as: ann, path: "/api/v1/namespaces/other/pods" }],
  ["a right in one namespace used everywhere", { as: ann, path: "/api/v1/pods" }, /at the cluster scope/],
  ["the old watch prefix", { as: ann, path: "/api/v1/watch/namespaces/other/pods" }, /cannot watch resource/],
  ["an escaped slash in a namespace", { as: ann, path: "/api/v1/namespaces/team%2f..%2fother/pods" }],
  ["dots that climb out of a namespace", { as: ann, path: "/api/v1/namespaces/team/../other/pods" }],
  ["double slashes before a health path", { as: nobody, path: "//healthz/../api/v1/pods" }],
  ["a path that begins like an open one", { as: nobody, path: "/version/../api/v1/secrets" }],
  ["a selector for one object that may be had, over all", {
    as: nodeA,
    path: `${team}/secrets?fieldSelector=${encodeURIComponent("metadata.name!=yours")}`,
  }],
  ["escalation by role", {
    as: ann,
    path: `${rbac}/namespaces/team/roles`,
    body: { metadata: { name: "x" }, rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] },
  }, /attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\]/],
  ["escalation by changing one's own role", {
    as: ann,
    method: "PATCH",
    path: `${rbac}/namespaces/team/roles/editor`,
    headers: { "content-type": "application/merge-patch+json" },
    body: { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
  }],
  ["escalation by binding", {
    as: ann,
    path: `${rbac}/namespaces/team/rolebindings`,
    body: { metadata: { name: "x" }, roleRef: admin, subjects: toAnn },
  }, /not currently held/],
  [
    "impersonation of a user",
    { as: ann, path: "/api/v1/pods", headers: { "impersonate-user": "bob" } },
    /users "bob" is forbidden: User "ann" cannot impersonate resource "users"/,
  ],
  ["impersonation of oneself in a group of administrators", {
    as: ann,
    path: "/api/v1/pods",
    headers: { "impersonate-user": "ann", "impersonate-group": "system:masters" },
  }],
  ["impersonation of a ServiceAccount", {
    as: ann,
    path: "/api/v1/pods",
    headers: { "impersonate-user": "system:serviceaccount:kube-system:default" },
  }, /cannot impersonate resource "serviceaccounts" in API group "" in the namespace "kube-system"/],
  ["X-Remote-User without a front proxy's certificate", {
    as: nobody,
    path: "/api/v1/pods",
    headers: { "x-remote-user": "kubernetes-admin", "x-remote-group": "system:masters" },
  }],
  ["a token for an account by who may only edit pods", {
    as: ann,
    path: `${team}/serviceaccounts/default/token`,
    body: { spec: {} },
  }, /cannot create resource "serviceaccounts\/token"/],
  ["an ephemeral container in another's pod", {
    as: ann,
    method: "PATCH",
    path: "/api/v1/namespaces/other/pods/x/ephemeralcontainers",
    headers: { "content-type": "application/merge-patch+json" },
    body: { spec: {} },
  }],
  ["a namespace's labels", {
    as: ann,
    method: "PATCH",
    path: team,
    headers: { "content-type": "application/merge-patch+json" },
    body: { metadata: { labels: { "pod-security.kubernetes.io/enforce": "privileged" } } },
  }],
  [
    "a node reads a secret of another node's pod",
    { as: nodeA, path: `${team}/secrets/yours` },
    /no relationship found between node 'a' and this object/,
  ],
  ["a node takes a token for an account of another node's pod", {
    as: nodeB,
    path: `${team}/serviceaccounts/robot/token`,
    body: { spec: { boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "on-a", uid: "1" } } },
  }],
  ["a node reads a ConfigMap that no pod of its own names", { as: nodeA, path: `${team}/configmaps/x` }],
  ["a node that is not in the nodes' group", {
    as: { name: "system:node:a", groups: ["system:authenticated"] },
    path: `${team}/secrets/mine`,
  }],
  ["a node's Lease taken by another", {
    as: nodeA,
    method: "DELETE",
    path: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/b",
  }, /can only access node lease with the same name/],
  ["a node makes itself another's CSINode", {
    as: nodeA,
    path: "/apis/storage.k8s.io/v1/csinodes",
    body: { metadata: { name: "b" }, spec: { drivers: [] } },
  }],
  ["a node speaks of another's devices", {
    as: nodeA,
    path: "/apis/resource.k8s.io/v1/resourceslices",
    body: {
      metadata: { name: "s" },
      spec: { nodeName: "b", driver: "d.example.com", pool: { name: "b", generation: 1, resourceSliceCount: 1 } },
    },
  }, /can only create ResourceSlice with the same NodeName as the requesting node/],
  [
    "a node lists the devices of all",
    { as: nodeA, path: "/apis/resource.k8s.io/v1/resourceslices" },
    /nodeName field selector/,
  ],
  ["a node evicts another's pod", {
    as: nodeA,
    path: `${team}/pods/on-b/eviction`,
    body: { metadata: { name: "on-b" } },
  }, /can only (evict|delete) pods with spec.nodeName set to itself/],
  ["a node names itself with labels of its kind at birth", {
    as: { ...nodeA, name: "system:node:c" },
    path: "/api/v1/nodes",
    body: { metadata: { name: "c", labels: { "node-restriction.kubernetes.io/trusted": "yes" } } },
  }, /is not allowed to set the following labels/],
  ["escalation by the rules that a role gathers", {
    as: ann,
    path: `${rbac}/clusterroles`,
    body: { metadata: { name: "x" }, aggregationRule: { clusterRoleSelectors: [{}] } },
  }],
  ["a binding of one's own to another subject", {
    as: ann,
    method: "PATCH",
    path: `${rbac}/namespaces/team/rolebindings/strong`,
    headers: { "content-type": "application/merge-patch+json" },
    body: { subjects: toAnn },
  }, /not currently held/],
  ["impersonation of a uid", {
    as: ann,
    path: `${team}/pods`,
    headers: { "impersonate-user": "ann", "impersonate-uid": "0" },
  }],
  ["impersonation of a node", {
    as: ann,
    path: `${team}/pods`,
    headers: { "impersonate-user": "system:node:a", "impersonate-group": "system:nodes" },
  }],
  ["exec into a pod by who may only read it", {
    as: reader,
    path: `${team}/pods/on-a/exec?command=sh`,
    method: "POST",
  }, /cannot create resource "pods\/exec"/],
  ["exec by GET, which only reads", { as: reader, path: `${team}/pods/on-a/exec?command=sh` }],
  ["an approval by who may only ask", {
    as: ann,
    method: "PUT",
    path: "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval",
    body: {},
  }],
  ["a write to a status by who may write the object", {
    as: reader,
    method: "PUT",
    path: `${team}/pods/on-a/status`,
    body: {},
  }],
  ["deletion of all at once by who may delete one", {
    as: reader,
    method: "DELETE",
    path: `${team}/pods`,
  }, /cannot deletecollection resource "pods"/],
  ["a webhook over all requests", {
    as: ann,
    path: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    body: { metadata: { name: "x" }, webhooks: [] },
  }],
  ["a server of one's own behind the API", {
    as: ann,
    path: "/apis/apiregistration.k8s.io/v1/apiservices",
    body: { metadata: { name: "v1.evil" }, spec: {} },
  }],
  ["an access review about others", {
    as: ann,
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: { spec: { user: "bob", nonResourceAttributes: { path: "/", verb: "get" } } },
  }],
  ["a review of another's token", {
    as: ann,
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { spec: { token: "x" } },
  }],
  ["a node's kubelet through its proxy", { as: reader, path: "/api/v1/nodes/a/proxy/pods" }],
  ["a node lists secrets", { as: nodeA, path: `${team}/secrets` }, /No Object name found/],
  ["a node lists all secrets", { as: nodeA, path: "/api/v1/secrets" }],
  ["a node reads a secret of its pod's name elsewhere", { as: nodeA, path: "/api/v1/namespaces/other/secrets/mine" }],
  ["a node writes a secret", { as: nodeA, method: "DELETE", path: `${team}/secrets/mine` }],
  ["a node lists every pod", { as: nodeA, path: "/api/v1/pods" }, /can only list\/watch pods with spec.nodeName/],
  ["a node lists another's pods", { as: nodeA, path: "/api/v1/pods?fieldSelector=spec.nodeName%3Db" }],
  ["a node changes another node", {
    as: nodeA,
    method: "PATCH",
    path: "/api/v1/nodes/b",
    headers: { "content-type": "application/merge-patch+json" },
    body: { metadata: { labels: { x: "y" } } },
  }, /node "a" is not allowed to modify node "b"/],
  ["a node relabels itself", {
    as: nodeA,
    method: "PATCH",
    path: "/api/v1/nodes/a",
    headers: { "content-type": "application/merge-patch+json" },
    body: { metadata: { labels: { "node-restriction.kubernetes.io/trusted": "yes" } } },
  }, /is not allowed to modify labels: node-restriction.kubernetes.io\/trusted/],
  ["a node removes its taints", {
    as: nodeA,
    method: "PATCH",
    path: "/api/v1/nodes/a",
    headers: { "content-type": "application/merge-patch+json" },
    body: { spec: { taints: [{ key: "a", effect: "NoSchedule" }] } },
  }, /is not allowed to modify taints/],
  ["a node deletes itself", { as: nodeA, method: "DELETE", path: "/api/v1/nodes/a" }],
  ["a node reports the status of another's pod", {
    as: nodeA,
    method: "PATCH",
    path: `${team}/pods/on-b/status`,
    headers: { "content-type": "application/merge-patch+json" },
    body: { status: { phase: "Failed" } },
  }, /can only update pod status for pods with spec.nodeName set to itself/],
  ["a node deletes another's pod", { as: nodeA, method: "DELETE", path: `${team}/pods/on-b` }],
  [
    "a node makes a pod",
    { as: nodeA, path: `${team}/pods`, body: pod("p", { nodeName: "a" }) },
    /can only create mirror pods/,
  ],
  ["a node makes a mirror pod that names a secret", {
    as: nodeA,
    path: `${team}/pods`,
    body: pod("p", { nodeName: "a", imagePullSecrets: [{ name: "yours" }] }, bearsMirror),
  }],
  ["a node takes a token for an account without a pod of its own", {
    as: nodeA,
    path: `${team}/serviceaccounts/default/token`,
    body: { spec: {} },
  }, /node requested token not bound to a pod/],
  ["a node writes another's Lease", {
    as: nodeA,
    path: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
    body: { metadata: { name: "b" } },
  }, /can only access node lease with the same name/],
  ["a node points the cluster's DNS elsewhere", {
    as: nodeA,
    path: "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices",
    body: { metadata: { name: "kube-dns-b" }, addressType: "IPv4", endpoints: [] },
  }, /may only write the EndpointSlice kube-dns-a/],
];

Deno.test("attacks by whoever is authenticated are refused, each by its own gate", async (t) => {
  await using server = await city();
  for (const [name, tried, words] of attacks) {
    await t.step(name, async () => {
      const { status, body } = await attempt(server, tried);
      assert.ok(status === 403 || status === 404, `${status}: ${JSON.stringify(body)}`);
      if (words) assert.match(body.message, words);
      if (words) assert.equal(status, 403);
    });
  }
});

Deno.test("what a node needs it may: its own pods, their secrets and tokens, its Node, its Lease", async () => {
  await using server = await city();
  const allowed = async (tried: Attempt) => {
    const { status, body } = await attempt(server, tried);
    assert.ok(status < 300, `${tried.path}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const own = await allowed({ as: nodeA, path: `${team}/pods/on-a` });
  await allowed({ as: nodeA, path: "/api/v1/pods?fieldSelector=spec.nodeName%3Da" });
  await allowed({ as: nodeA, path: `${team}/secrets/mine` });
  await allowed({ as: nodeA, path: `${team}/secrets?fieldSelector=metadata.name%3Dmine` });
  await allowed({ as: nodeA, path: "/api/v1/nodes/a" });
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "on-a", uid: own.metadata.uid };
  await allowed({ as: nodeA, path: `${team}/serviceaccounts/default/token`, body: { spec: { boundObjectRef } } });
  await allowed({
    as: nodeA,
    path: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
    body: { metadata: { name: "a" } },
  });
  await server.client.raw("DELETE", `${team}/pods/on-a?gracePeriodSeconds=0`);
  assert.equal((await attempt(server, { as: nodeA, path: `${team}/secrets/mine` })).status, 403);
});

Deno.test("who may impersonate acts as the other, with the other's rights and no more", async () => {
  await using server = await city();
  const master: User = { name: "root", groups: ["system:masters"] };
  const who = async (headers: Record<string, string>) => {
    const { body } = await attempt(server, {
      as: master,
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: { kind: "SelfSubjectReview" },
      headers,
    });
    return body.status?.userInfo ?? body.message;
  };
  assert.deepEqual(await who({ "impersonate-user": "ann" }), { username: "ann", groups: ["system:authenticated"] });
  assert.deepEqual(await who({ "impersonate-user": "ann", "impersonate-uid": "7", "impersonate-extra-a%2Fb": "c" }), {
    username: "ann",
    uid: "7",
    groups: ["system:authenticated"],
    extra: { "a/b": ["c"] },
  });
  assert.deepEqual((await who({ "impersonate-user": "system:serviceaccount:team:default" })).groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:team",
    "system:authenticated",
  ]);
  const asAnn = { as: master, headers: { "impersonate-user": "ann" } };
  assert.equal((await attempt(server, { ...asAnn, path: `${team}/pods` })).status, 200);
  assert.equal((await attempt(server, { ...asAnn, path: "/api/v1/pods" })).status, 403);
  const group = { "impersonate-group": "system:masters" };
  assert.ok((await attempt(server, { as: master, path: "/api/v1/pods", headers: group })).status >= 400);
});
