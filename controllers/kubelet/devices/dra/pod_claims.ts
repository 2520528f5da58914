/**
 * Devices of ResourceClaims: before a pod begins, the drivers that its claims were allocated from prepare them; its containers
 * get what they then are by name; after the last pod that uses a claim has gone, they are taken back.
 *
 * Source: KEP-4381; Kubernetes docs, "Dynamic Resource Allocation".
 */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { Client } from "../../../../runtime/loop/mod.ts";
import { ResourceClaim, type Stored } from "../../../../runtime/schema/mod.ts";
import { resourceClaimName } from "../../../objects/pod_resource_claims.ts";
import { type Container, type Pod, specOf } from "../../pod/pod.ts";
import type { DraDrivers } from "./dra_drivers.ts";
import type { PreparedClaim, PreparedClaims } from "./prepared_claims.ts";
import type { ClaimRef, PreparedDevice } from "./protocol.ts";

type Claim = Stored<IResourceClaim>;

export interface PodClaimsOptions {
  readonly client: Client;
  readonly drivers: DraDrivers;
  readonly prepared: PreparedClaims;
}

export interface ClaimedDevice {
  readonly claim: ClaimRef;
  readonly driver: string;
  readonly device: PreparedDevice;
}

export class PodClaims {
  /** Pods share claims: what is done for one of them is done before the next is looked at. */
  #busy: Promise<void> = Promise.resolve();

  constructor(readonly options: PodClaimsOptions) {}

  /** Idempotent. Throws an Error that says which claim is not ready, and why. */
  async prepare(pod: Pod): Promise<void> {
    const claims = await this.#claimsOf(pod);
    if (claims.length === 0) return;
    await this.#next(async () => {
      for (const claim of claims) await this.#prepareOne(pod, claim);
    });
  }

  /** Names of CDI devices of a container whose pod was prepared. */
  async devicesOf(pod: Pod, container: Container): Promise<string[]> {
    return (await this.claimedBy(pod, container)).flatMap(({ device }) => device.cdi_device_ids);
  }

  /** What a container whose pod was prepared has of its pod's claims. */
  async claimedBy(pod: Pod, { resources }: Container): Promise<ClaimedDevice[]> {
    const known = await this.options.prepared.ofPod(pod.metadata.uid);
    return (resources?.claims ?? []).flatMap(({ name, request }) => {
      const wanted = (specOf(pod).resourceClaims ?? []).find((one) => one.name === name);
      const claimName = wanted && resourceClaimName(wanted, pod.status);
      const devices = known.filter(({ claim }) => claim.name === claimName).flatMap(devicesIn);
      return devices.filter(({ device }) => isOf(request, device));
    });
  }

  /** Throws when a driver is away: a device is given back by it, or not at all. */
  async release(podUid: string): Promise<void> {
    if ((await this.options.prepared.ofPod(podUid)).length > 0) await this.#next(() => this.#releaseAll(podUid));
  }

  async #releaseAll(podUid: string): Promise<void> {
    const { drivers, prepared } = this.options;
    for (const one of await prepared.ofPod(podUid)) {
      const pods = one.pods.filter((uid) => uid !== podUid);
      if (pods.length > 0) {
        await prepared.put({ ...one, pods });
        continue;
      }
      for (const driver of Object.keys(one.devices)) await drivers.unprepare(driver, one.claim);
      await prepared.delete(one.claim.uid);
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    const next = this.#busy.then(work);
    this.#busy = next.catch(() => {});
    return next;
  }

  async #claimsOf(pod: Pod): Promise<Claim[]> {
    const claims: Claim[] = [];
    for (const wanted of specOf(pod).resourceClaims ?? []) {
      const name = resourceClaimName(wanted, pod.status);
      if (name === null) continue;
      if (name === undefined) throw new Error(`ResourceClaim for "${wanted.name}" is not created yet`);
      const claim = await this.options.client.get(ResourceClaim, { namespace: pod.metadata.namespace, name });
      if (!claim) throw new Error(`ResourceClaim ${name} not found`);
      checkUse(pod, claim);
      claims.push(claim);
    }
    return claims;
  }

  async #prepareOne(pod: Pod, { metadata, status }: Claim): Promise<void> {
    const { drivers, prepared } = this.options;
    const { name, namespace = "", uid } = metadata;
    const claim = { name, namespace, uid };
    const before = await prepared.get(uid);
    const names = (status?.allocation?.devices?.results ?? []).map(({ driver }) => driver);
    let now = {
      claim,
      pods: [...new Set([...before?.pods ?? [], pod.metadata.uid])],
      devices: Object.fromEntries(names.map((driver) => [driver, before?.devices[driver] ?? null])),
    };
    await prepared.put(now);
    for (const driver of Object.keys(now.devices)) {
      if (now.devices[driver]) continue;
      const devices: readonly PreparedDevice[] = await drivers.prepare(driver, claim);
      now = { ...now, devices: { ...now.devices, [driver]: devices as PreparedDevice[] } };
    }
    await prepared.put(now);
  }
}

/** Who may use a claim is the scheduler's to say, in its status. */
function checkUse({ metadata: { name, uid } }: Pod, { metadata, status }: Claim): void {
  if (!status?.allocation) throw new Error(`ResourceClaim ${metadata.name} is not allocated`);
  if (status.reservedFor?.some((one) => one.resource === "pods" && one.uid === uid)) return;
  throw new Error(`pod ${name} (${uid}) is not allowed to use ResourceClaim ${metadata.name} (${metadata.uid})`);
}

function devicesIn({ claim, devices }: PreparedClaim): ClaimedDevice[] {
  return Object.entries(devices).flatMap(([driver, some]) => (some ?? []).map((device) => ({ claim, driver, device })));
}

/** One that names no request is for all of them; of a request with alternatives, `main/first`, the main part counts too. */
function isOf(request: string | undefined, { request_names: names }: PreparedDevice): boolean {
  return !request || names.length === 0 || names.some((name) => name === request || name.startsWith(`${request}/`));
}
