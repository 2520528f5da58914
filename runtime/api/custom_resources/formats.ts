/** The string formats that upstream checks; others are words for people. Source: "CustomResourceDefinition: formats". */
import { isIP, isIPv4, isIPv6 } from "node:net";

const dayShape = /^\d{4}-\d{2}-\d{2}$/;
const timeShape = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const uuid = (version: string) =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i");
const hostShape =
  /^(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\.?$/;

function isCidr(text: string): boolean {
  const [address = "", length = "", ...more] = text.split("/");
  const bits = isIPv4(address) ? 32 : 128;
  return more.length === 0 && isIP(address) > 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
}

const tests: Readonly<Record<string, (text: string) => boolean>> = {
  date: (text) => dayShape.test(text) && !Number.isNaN(Date.parse(text)),
  "date-time": (text) => timeShape.test(text) && !Number.isNaN(Date.parse(text.replace(" ", "T"))),
  duration: (text) => /^[+-]?(\d+(\.\d*)?\s*(ns|us|µs|ms|s|m|h|d|w)[a-z]*\s*)+$|^0$/.test(text),
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0,
  email: (text) => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: (text) => hostShape.test(text),
  ipv4: (text) => isIPv4(text),
  ipv6: (text) => isIPv6(text),
  cidr: isCidr,
  mac: (text) => /^([0-9A-Fa-f]{2}([:-]|$)){6}$|^([0-9A-Fa-f]{4}(\.|$)){3}$/.test(text),
  uri: (text) => URL.canParse(text) || text.startsWith("/"),
  uuid: (text) => uuid("[0-9a-f]").test(text),
  uuid3: (text) => uuid("3").test(text),
  uuid4: (text) => uuid("4").test(text),
  uuid5: (text) => uuid("5").test(text),
  isbn: (text) => /^(\d{9}[\dXx]|\d{13})$/.test(text.replaceAll("-", "")),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  creditcard: (text) => /^\d{13,19}$/.test(text.replaceAll(/[ -]/g, "")),
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  rgbcolor: (text) => /^rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)$/.test(text),
};

/** Whether the text is not what the format says; an unknown format says nothing. */
export function formatFault(format: string, text: string): boolean {
  return Object.hasOwn(tests, format) && !tests[format]!(text);
}
