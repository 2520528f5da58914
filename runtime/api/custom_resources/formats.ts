/** The string formats that upstream checks; others are words for people. Source: "CustomResourceDefinition: formats". */
import { isIP, isIPv4, isIPv6 } from "node:net";

const dayShape = /^\d{4}-\d{2}-\d{2}$/;
const timeShape = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const uuid = (version: string, variant = "[0-9a-f]") =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, "i");
const hostShape =
  /^(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$/;

function isCidr(text: string): boolean {
  const [address = "", length = "", ...more] = text.split("/");
  const bits = isIPv4(address) ? 32 : 128;
  return more.length === 0 && isIP(address) > 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
}

/** The day must be in its month. */
function isTime(text: string): boolean {
  const day = text.slice(0, 10);
  if (!timeShape.test(text) || Number.isNaN(Date.parse(text))) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** Each digit weighs what its place says; the sum is a multiple of the modulus. */
function checksum(text: string, weight: (place: number) => number, modulus: number): boolean {
  const digits = [...text].map((digit) => digit.toUpperCase() === "X" ? 10 : Number(digit));
  return digits.reduce((sum, digit, place) => sum + digit * weight(place), 0) % modulus === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[- ]/g, "");
  return /^\d{9}[\dXx]$/.test(digits) && checksum(digits, (place) => 10 - place, 11);
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[- ]/g, "");
  return /^\d{13}$/.test(digits) && checksum(digits, (place) => place % 2 === 0 ? 1 : 3, 10);
}

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const shortName = new RegExp(`^(?=.{1,63}$)${label}$`);
const longName = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);

const tests: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) => dayShape.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": isTime,
  datetime: isTime,
  duration: (text) => /^[+-]?(\d+(\.\d*)?\s*(ns|us|µs|ms|s|m|h|d|w)[a-z]*\s*)+$|^0$/.test(text),
  byte: (text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0,
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => hostShape.test(text),
  ipv4: (text) => isIPv4(text),
  ipv6: (text) => isIPv6(text) && !text.includes("%"),
  cidr: isCidr,
  mac: (text) => /^([0-9A-Fa-f]{2}([:-]|$)){6}$|^([0-9A-Fa-f]{4}(\.|$)){3}$/.test(text),
  uri: (text) => URL.canParse(text) || text.startsWith("/"),
  uuid: (text) => uuid("[0-9a-f]").test(text),
  uuid3: (text) => uuid("3").test(text),
  uuid4: (text) => uuid("4", "[89ab]").test(text),
  uuid5: (text) => uuid("5", "[89ab]").test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  creditcard: (text) => /^\d{13,19}$/.test(text.replaceAll(/[ -]/g, "")),
  ssn: (text) => /^\d{3}[- ]\d{2}[- ]\d{4}$/.test(text),
  rgbcolor: (text) => /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/.test(text),
  "k8s-short-name": (text) => shortName.test(text),
  "k8s-long-name": (text) => longName.test(text),
};

/** Whether the text is not what the format says; an unknown format says nothing. */
export function formatFault(format: string, text: string): boolean {
  return Object.hasOwn(tests, format) && !tests[format]!(text);
}
