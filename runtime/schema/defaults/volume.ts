/** What upstream fills in for a pod's volumes; one without a source is an empty directory. */
import type { IVolume } from "kubernetes-models/v1/Volume";
import { defaultFieldRef, pullPolicyOf } from "./container.ts";
import { fill } from "./fill.ts";

/** 0644 in decimal, as JSON has it. */
const readableByAll = 0o644;

export function defaultVolume(volume: IVolume): void {
  if (Object.keys(volume).every((field) => field === "name")) volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source) fill(source, { defaultMode: readableByAll });
  }
  if (volume.hostPath) fill(volume.hostPath, { type: "" });
  if (volume.image) fill(volume.image, { pullPolicy: pullPolicyOf(volume.image.reference ?? "") });
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim) fill(claim.spec, { volumeMode: "Filesystem" });
  for (const { fieldRef } of volume.downwardAPI?.items ?? []) defaultFieldRef(fieldRef);
  for (const source of volume.projected?.sources ?? []) {
    if (source.serviceAccountToken) fill(source.serviceAccountToken, { expirationSeconds: 3600 });
    for (const { fieldRef } of source.downwardAPI?.items ?? []) defaultFieldRef(fieldRef);
  }
}
