/** ConfigMaps and Secrets: files that fit in one object. */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { goMapFault } from "./go_json_fault.ts";
import { configMapKey } from "./names.ts";
import { type Report, sameJson } from "./report.ts";

const maxBytes = 1024 * 1024;
const encoder = new TextEncoder();

export function validateConfigMap({ data, binaryData }: IConfigMap, report: Report): void {
  let bytes = 0;
  for (const [key, text] of Object.entries(data ?? {})) {
    report.at("data").key(key).named(key, configMapKey);
    if (binaryData && key in binaryData) {
      report.at("data").key(key).invalid(key, "duplicate of key present in binaryData");
    }
    bytes += text.length < maxBytes / 4 ? text.length : encoder.encode(text).length;
  }
  for (const [key, base64] of Object.entries(binaryData ?? {})) {
    report.at("binaryData").key(key).named(key, configMapKey);
    bytes += decodedBytes(base64);
  }
  // Upstream names no field.
  if (bytes > maxBytes) report.key("").tooLong(maxBytes);
}

function decodedBytes(base64: string): number {
  return Math.floor(base64.length * 3 / 4);
}

export function validateSecret(secret: ISecret, report: Report): void {
  let bytes = 0;
  for (const [key, base64] of Object.entries(secret.data ?? {})) {
    report.at("data").key(key).named(key, configMapKey);
    bytes += decodedBytes(base64);
  }
  if (bytes > maxBytes) report.at("data").tooLong(maxBytes);
  validateSecretType(secret, report);
}

const neededKeys: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
};

function validateSecretType({ metadata, type = "", data = {} }: ISecret, report: Report): void {
  for (const key of neededKeys[type] ?? []) {
    if (!(key in data) || key === "ssh-privatekey" && data[key] === "") report.at("data").key(key).required();
    else if (type.includes("docker")) {
      const fault = goMapFault(new TextDecoder().decode(Uint8Array.fromBase64(data[key]!)));
      if (fault) report.at("data").key(key).invalid("<secret contents redacted>", fault);
    }
  }
  if (type === "kubernetes.io/basic-auth" && !("username" in data) && !("password" in data)) {
    report.at("data[username]").required();
    report.at("data[password]").required();
  }
  const account = "kubernetes.io/service-account.name";
  if (type === "kubernetes.io/service-account-token" && !metadata?.annotations?.[account]) {
    report.at("metadata", "annotations").key(account).required();
  }
}

type Immutable = { immutable?: boolean; data?: object; binaryData?: object };

/** `immutable` is a one-way switch. */
export function validateImmutableFlag(object: Immutable, old: Immutable, report: Report): void {
  if (!old.immutable) return;
  const detail = "field is immutable when `immutable` is set";
  if (!object.immutable) report.at("immutable").forbidden(detail);
  for (const field of ["data", "binaryData"] as const) {
    if (!sameJson(object[field] ?? {}, old[field] ?? {})) report.at(field).forbidden(detail);
  }
}

export function validateSecretUpdate(secret: ISecret, old: ISecret, report: Report): void {
  report.at("type").immutable(secret.type, old.type);
  validateImmutableFlag(secret, old, report);
}
