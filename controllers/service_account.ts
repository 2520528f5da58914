/** ServiceAccount: every namespace has one named `default`, which pods get that name none. */
import { isReason, Namespace, ServiceAccount } from "../runtime/schema/mod.ts";
import { type Controller, controller, creating, done, mapped, type Outcome } from "../runtime/loop/mod.ts";

const name = "default";

export const serviceAccounts: Controller = controller(Namespace, {
  name: "serviceaccount",
  watches: [
    mapped(ServiceAccount, ({ metadata }) => [metadata.namespace!], { when: ({ type }) => type === "DELETED" }),
  ],
  async reconcile(namespace, { read, informers, apply }): Promise<Outcome> {
    const owner = read(namespace);
    if (!owner || owner.metadata.deletionTimestamp) return done;
    if (informers.of(ServiceAccount).get(`${namespace}/${name}`)) return done;
    const account = { apiVersion: "v1" as const, kind: "ServiceAccount" as const, metadata: { name, namespace } };
    try {
      await apply([creating(ServiceAccount, account)]);
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
    return done;
  },
});
