/** `format.dns1123Label().validate(name)`: none, or what is wrong with a text of a named format. */
import { overload, overloads } from "../overload.ts";
import { Opaque, Optional } from "../value.ts";

class FormatValue extends Opaque {
  override readonly typeName = "kubernetes.NamedFormat";

  constructor(readonly name: string, readonly faults: (text: string) => readonly string[]) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other instanceof FormatValue && other.name === this.name;
  }
}

function grammar(shape: RegExp, longest: number, words: string) {
  return (text: string): string[] => [
    ...(text.length > longest ? [`must be no more than ${longest} characters`] : []),
    ...(shape.test(text) ? [] : [words]),
  ];
}

const label = grammar(
  /^[a-z0-9]([-a-z0-9]{0,253}[a-z0-9])?$/,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
    "alphanumeric character",
);
const subdomain = grammar(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
    "with an alphanumeric character",
);
const label1035 = grammar(
  /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and " +
    "end with an alphanumeric character",
);
const labelValue = grammar(
  /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
    "with an alphanumeric character",
);
const nameWords =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character";
const namePart = grammar(/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/, 63, nameWords);

function qualified(text: string): readonly string[] {
  const slash = text.indexOf("/");
  if (slash < 0) return namePart(text);
  return [...subdomain(text.slice(0, slash)), ...namePart(text.slice(slash + 1))];
}

/** Lets a name that ends in `-` stand for what will follow it. */
function prefix(faults: (text: string) => readonly string[]) {
  return (text: string) => faults(text.endsWith("-") ? `${text.slice(0, -1)}a` : text);
}

function uri(text: string): readonly string[] {
  return URL.canParse(text) || text.startsWith("/") ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`];
}

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const timeShape = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const formats: Readonly<Record<string, (text: string) => readonly string[]>> = {
  dns1123Label: label,
  dns1123Subdomain: subdomain,
  dns1035Label: label1035,
  qualifiedName: qualified,
  dns1123LabelPrefix: prefix(label),
  dns1123SubdomainPrefix: prefix(subdomain),
  dns1035LabelPrefix: prefix(label1035),
  labelValue,
  uri,
  uuid: (text) => uuidShape.test(text) ? [] : ["does not match the UUID format"],
  byte: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 ? [] : ["invalid base64"],
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ["invalid date"],
  datetime: (text) => timeShape.test(text) && !Number.isNaN(Date.parse(text)) ? [] : ["invalid datetime"],
};

const known = new Map(Object.entries(formats).map(([name, faults]) => [name, new FormatValue(name, faults)]));

function validate({ faults }: FormatValue, text: string): Optional {
  const found = faults(text);
  return found.length === 0 ? Optional.none : new Optional(found);
}

export const formatFunctions = [
  ...[...known].map(([name, format]) => overload(`"format.${name}"(): kubernetes.NamedFormat`, () => format)),
  ...overloads({
    '"format.named"(string): optional<kubernetes.NamedFormat>': (name: string) => {
      const found = known.get(name);
      return found ? new Optional(found) : Optional.none;
    },
    "kubernetes.NamedFormat.validate(string): optional<list<string>>": validate,
    '"jsonpatch.escapeKey"(string): string': (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1"),
  }),
];
