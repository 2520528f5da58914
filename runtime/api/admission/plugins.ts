/**
 * The plugins that are on, in upstream's order: those that change an object before those that others may add to it
 * (policies, webhooks), and refusals last. NamespaceLifecycle stands in `objects/namespace_check.ts` and
 * `namespace_deletion.ts`, ResourceQuota in `quota/`: both hold while the write happens, not only before it.
 */
import type { Authorizer } from "../../auth/user.ts";
import type { Clock } from "../../loop/controller.ts";
import type { KubeObject } from "../../schema/mod.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { alwaysAdmit, alwaysDeny } from "./always.ts";
import { alwaysPullImages } from "./always_pull_images.ts";
import { certificateRequester } from "./certificate_requester.ts";
import { certificateApproval, certificateSigning, certificateSubject, trustBundleAttest } from "./certificates.ts";
import { claimResize } from "./claim_resize.ts";
import { usualPlugins } from "./choice.ts";
import type { AdmissionSettings } from "./configuration.ts";
import { defaultIngressClass } from "./default_ingress_class.ts";
import { defaultStorageClass } from "./default_storage_class.ts";
import { defaultTolerations } from "./default_tolerations.ts";
import { eventRateLimit } from "./event_rate_limit.ts";
import { limitRanger } from "./limit_ranger.ts";
import { localApiService } from "./local_api_service.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespaces.ts";
import { mutatingPolicies } from "./policy/mutating.ts";
import { validatingPolicies } from "./policy/validating.ts";
import { podSecurity } from "./pod_security/pod_security.ts";
import { priority } from "./priority.ts";
import { runtimeClass } from "./runtime_class.ts";
import { serviceAccount } from "./service_account.ts";
import { storageProtection } from "./storage_protection.ts";
import { taintNodes } from "./taint_nodes.ts";
import type { WebhookContext } from "./webhooks/ask.ts";
import { matchConditionsCompile } from "./webhooks/match_conditions.ts";
import { mutatingWebhooks } from "./webhooks/mutating.ts";
import { validatingWebhooks } from "./webhooks/validating.ts";

export interface PluginOptions {
  /** In [0, 1). */
  readonly random: () => number;
  readonly authorize: Authorizer;
  readonly webhooks: WebhookContext;
  readonly clock: Clock;
  readonly makeNamespace: (namespace: KubeObject) => Promise<void>;
  /** By name; default upstream's. */
  readonly on?: ReadonlySet<string>;
  readonly settings?: AdmissionSettings;
}

/** These are no plugins of upstream, which does the same elsewhere: nobody turns them off. */
const always = [certificateRequester, localApiService, matchConditionsCompile];

export function admissionPlugins(options: PluginOptions): readonly AdmissionPlugin[] {
  const { random, authorize, webhooks, clock, makeNamespace, on = usualPlugins, settings = {} } = options;
  const policies = { registry: webhooks.registry, authorize };
  const known = [
    certificateRequester,
    localApiService,
    alwaysAdmit,
    namespaceAutoProvision(makeNamespace),
    namespaceExists,
    limitRanger,
    serviceAccount(random),
    taintNodes,
    alwaysPullImages,
    podSecurity(settings.podSecurity),
    priority,
    defaultTolerations,
    eventRateLimit(settings.eventLimits ?? [], clock),
    defaultStorageClass,
    storageProtection,
    claimResize,
    runtimeClass,
    certificateApproval(authorize),
    certificateSigning(authorize),
    certificateSubject,
    trustBundleAttest(authorize),
    defaultIngressClass,
    matchConditionsCompile,
    mutatingPolicies(policies),
    mutatingWebhooks(webhooks),
    validatingPolicies(policies),
    validatingWebhooks(webhooks),
    alwaysDeny,
  ];
  return known.filter((plugin) => on.has(plugin.name) || always.includes(plugin));
}
