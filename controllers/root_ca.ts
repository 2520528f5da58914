/**
 * ConfigMap `kube-root-ca.crt` in every namespace: the certificate authority that pods trust the API server by.
 *
 * Law: `data` holds `ca.crt` and nothing else; whoever changes it is corrected.
 */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import { ConfigMap, isReason, Namespace } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  done,
  mapped,
  type Outcome,
  sameJson,
  updating,
} from "../runtime/loop/mod.ts";

const name = "kube-root-ca.crt";

const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints " +
  "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of " +
  "Kubernetes clusters.";

/** `ca`: PEM. */
export function rootCa({ ca }: { readonly ca: string }): Controller {
  return controller(Namespace, {
    name: "root-ca-certificate-publisher",
    watches: [mapped(ConfigMap, ({ metadata }) => [metadata.namespace!], {
      when: ({ type, object }) => type !== "ADDED" && object.metadata.name === name,
    })],
    async reconcile(namespace, { read, informers, apply }): Promise<Outcome> {
      const owner = read(namespace);
      if (!owner || owner.metadata.deletionTimestamp) return done;
      const present = informers.of(ConfigMap).get(`${namespace}/${name}`);
      const data = { "ca.crt": ca };
      if (present && sameJson(present.data, data)) return done;
      const annotations = { "kubernetes.io/description": description };
      const metadata = { ...present?.metadata, name, namespace, annotations };
      const desired: IConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      try {
        await apply([present ? updating(ConfigMap, desired) : creating(ConfigMap, desired)]);
      } catch (error) {
        if (!isReason(error, "AlreadyExists")) throw error;
      }
      return done;
    },
  });
}
