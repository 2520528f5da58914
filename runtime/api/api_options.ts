/** What the API server is given: who asks, whether they may, and what surrounds it are arguments. */
import type { ClusterAccess } from "../auth/cluster_access.ts";
import type { TokenIssuer } from "../auth/service_account_token.ts";
import type { Authenticator, Authorizer } from "../auth/user.ts";
import type { Clock } from "../loop/controller.ts";
import type { Resource } from "../schema/mod.ts";
import type { Store } from "../store/store.ts";
import type { AdmissionSettings } from "./admission/configuration.ts";
import type { AggregationOptions } from "./aggregation/aggregation.ts";
import type { PortRange } from "./allocators/node_ports.ts";
import type { AuditOptions } from "./audit/mod.ts";
import type { Advertised } from "./bootstrap/kubernetes_service.ts";
import type { Encryption } from "./http/encryption_answer.ts";
import type { DialKubelet } from "./streams/destination.ts";

export interface ApiOptions {
  readonly store: Store;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  /** See `FrontDoor`. */
  readonly anonymous?: (path: string) => boolean;
  /** What `authorize` decides by: kept up to date, with the default roles. Absent: `authorize` needs nothing. */
  readonly access?: ClusterAccess;
  readonly clock: Clock;
  /** Range of the Services' addresses, or one of each family with a comma between; default `10.96.0.0/16`. */
  readonly serviceCidr?: string;
  /** Default 30000-32767. */
  readonly nodePortRange?: PortRange;
  /** The plugins that are on and what they are told; absent: upstream's, with their defaults. */
  readonly admission?: { readonly on: ReadonlySet<string>; readonly settings: AdmissionSettings };
  /** Absent: nothing is written down. */
  readonly audit?: AuditOptions;
  /** What keeps `store` encrypted. */
  readonly encryption?: Encryption;
  /** Absent: the `kubernetes` Service is not kept. */
  readonly advertised?: Advertised;
  /** Absent: APIServices of other servers are stored and not served. */
  readonly aggregation?: AggregationOptions;
  /** Absent: exec, logs and what else goes through a kubelet are refused with a reason. */
  readonly dialKubelet?: DialKubelet;
  /** Absent: ServiceAccount tokens are refused with a reason. */
  readonly tokens?: TokenIssuer;
  /** Built-in kinds that are served beside the usual ones. */
  readonly optional?: readonly Resource[];
  /** In [0, 1); default `Math.random`. */
  readonly random?: () => number;
}
