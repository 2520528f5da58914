/**
 * Grammars of names, each as a list of what is wrong with a text; an empty list means that it is fine. The words are
 * upstream's, because people search for them. Sources: RFC 1123, RFC 1035, API concepts "Names" and "Labels".
 */

export type NameRule = (text: string) => string[];

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain = `${label}(\\.${label})*`;
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${qualified})?`;
const configKey = "[-._a-zA-Z0-9]+";

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const labelPattern = whole(label);
const subdomainPattern = whole(subdomain);
const label1035Pattern = whole(label1035);
const qualifiedPattern = whole(qualified);
const labelValuePattern = whole(labelValue);
const configKeyPattern = whole(configKey);

function longer(text: string, most: number, unit = "characters"): string[] {
  return text.length > most ? [`must be no more than ${most} ${unit}`] : [];
}

/** Upstream appends examples and the expression to every rule about characters. */
function characters(rule: string, examples: readonly string[], expression: string): string {
  const list = examples.map((example) => `'${example}'`).join(",  or ");
  return `${rule} (e.g. ${list}, regex used for validation is '${expression}')`;
}

const subdomainRule = characters(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
    "with an alphanumeric character",
  ["example.com"],
  subdomain,
);
const labelRule = characters(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
    "alphanumeric character",
  ["my-name", "123-abc"],
  label,
);
const label1035Rule = characters(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end " +
    "with an alphanumeric character",
  ["my-name", "abc-123"],
  label1035,
);
const qualifiedRule = "name part " + characters(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  ["MyName", "my.name", "123-abc"],
  qualified,
);
const labelValueRule = characters(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
    "with an alphanumeric character",
  ["MyValue", "my_value", "12345"],
  labelValue,
);
const configKeyRule = characters(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  ["key.name", "KEY_NAME", "key-name"],
  configKey,
);

const wildcardRule =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must " +
  "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. " +
  "'*.example.com', regex used for validation is " +
  "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

export const dnsSubdomain: NameRule = (text) =>
  subdomainPattern.test(text) ? longer(text, 253) : [...longer(text, 253), subdomainRule];

/** `*.` before a subdomain. */
export const wildcardSubdomain: NameRule = (text) =>
  text.startsWith("*.") && subdomainPattern.test(text.slice(2))
    ? longer(text, 253)
    : [...longer(text, 253), wildcardRule];

const searchDomain = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
const searchPattern = whole(searchDomain);
const searchRule = characters(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and " +
    "end with an alphanumeric character",
  ["example.com"],
  searchDomain,
);

/** Where names are looked for that are no whole ones: services of other systems have underscores in theirs. */
export const dnsSearch: NameRule = (text) =>
  searchPattern.test(text) ? longer(text, 253) : [...longer(text, 253), searchRule];

/** A subdomain is told what makes it no label. */
export const dnsLabel: NameRule = (text) => {
  const long = longer(text, 63);
  if (labelPattern.test(text)) return long;
  return [...long, subdomainPattern.test(text) ? "must not contain dots" : labelRule];
};

export const dns1035Label: NameRule = (text) =>
  label1035Pattern.test(text) ? longer(text, 63) : [...longer(text, 63), label1035Rule];

/** What may stand in a URL path: everything but `/`, `%`, `.` and `..`. */
export const pathSegment: NameRule = (text) => {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
};

const tooManyParts = `a valid label key ${qualifiedRule.slice("name part ".length)} with an optional DNS subdomain ` +
  "prefix and '/' (e.g. 'example.com/MyName')";

/** `prefix/name` or `name`: keys of labels, annotations, finalizers, extended resources. */
export const qualifiedName: NameRule = (text) => {
  const parts = text.split("/");
  if (parts.length > 2) return [tooManyParts];
  const name = parts.at(-1)!;
  return [...(parts.length === 2 ? prefixFaults(parts[0]!) : []), ...namePartFaults(name)];
};

function prefixFaults(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return dnsSubdomain(prefix).map((fault) => `prefix part ${fault.replace(/ characters$/, " bytes")}`);
}

function namePartFaults(name: string): string[] {
  if (name === "") return ["name part must be non-empty", qualifiedRule];
  const long = name.length > 63 ? ["name part must be no more than 63 bytes"] : [];
  return qualifiedPattern.test(name) ? long : [...long, qualifiedRule];
}

export const labelValueName: NameRule = (text) =>
  labelValuePattern.test(text) ? longer(text, 63, "bytes") : [...longer(text, 63, "bytes"), labelValueRule];

/** Keys of ConfigMaps and Secrets become file names. */
export const configMapKey: NameRule = (text) => {
  const faults = longer(text, 253);
  if (!configKeyPattern.test(text)) faults.push(configKeyRule);
  if (text === ".") faults.push("must not be '.'");
  else if (text.startsWith("..")) faults.push(text === ".." ? "must not be '..'" : "must not start with '..'");
  return faults;
};

/** Since v1.34 every printable ASCII character but `=` may stand in the name of a variable. */
export const envVarName: NameRule = (text) => {
  if (text === "") return ["environment variable name must not be empty"];
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
};

/** `IANA_SVC_NAME`: names of container and Service ports that may be looked up (RFC 6335). */
export const portName: NameRule = (text) => {
  const faults: string[] = [];
  if (text.length > 15) faults.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(text)) faults.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) faults.push("must contain at least one letter (a-z)");
  if (text.includes("--")) faults.push("must not contain consecutive hyphens");
  if (/^-|-$/.test(text)) faults.push("must not begin or end with a hyphen");
  return faults;
};
