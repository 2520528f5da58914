/** What is wrong with an AuthenticationConfiguration, in upstream's words. Pure. */
import { X509Certificate } from "node:crypto";
import { FieldFaults } from "../structured/field_faults.ts";
import type { AuthenticationConfiguration, ClaimMapping, JwtConfiguration } from "./configuration.ts";
import { faultOf, overClaims, overUser } from "./expressions.ts";

const either = "claim or expression is required";
const both = "claim and expression can't both be set";
const mostIssuers = 64;

/** `ownIssuers`: who signs the cluster's own tokens; nobody else may speak in their name. Throws an Error with every fault. */
export function checkAuthentication(config: AuthenticationConfiguration, ownIssuers: readonly string[]): void {
  const faults = new FieldFaults();
  const { jwt, anonymous } = config;
  if (jwt.length > mostIssuers) faults.invalid("jwt", jwt.length, `must have at most ${mostIssuers} items`);
  const urls = new Set<string>();
  const discoveries = new Set<string>();
  jwt.forEach((one, at) => {
    const path = `jwt[${at}]`;
    checkIssuer(faults, path, one.issuer, ownIssuers);
    checkClaimRules(faults, `${path}.claimValidationRules`, one.claimValidationRules);
    checkMappings(faults, `${path}.claimMappings`, one);
    checkUserRules(faults, `${path}.userValidationRules`, one.userValidationRules);
    checkOnce(faults, `${path}.issuer.url`, one.issuer.url, urls);
    checkOnce(faults, `${path}.issuer.discoveryURL`, one.issuer.discoveryURL, discoveries);
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions.length > 0) {
    const conditions = anonymous.conditions.map(({ path }) => ({ Path: path }));
    faults.invalid("anonymous.conditions", conditions, "enabled should be set to true when conditions are defined");
  }
  faults.throwAny("invalid authentication configuration: ");
}

function checkOnce(faults: FieldFaults, path: string, value: string, seen: Set<string>): void {
  if (value && seen.has(value)) faults.duplicate(path, value);
  seen.add(value);
}

function checkIssuer(
  faults: FieldFaults,
  path: string,
  issuer: JwtConfiguration["issuer"],
  ownIssuers: readonly string[],
): void {
  const { url, discoveryURL, certificateAuthority, egressSelectorType } = issuer;
  const at = `${path}.issuer`;
  if (!url) faults.required(`${at}.url`);
  else checkUrl(faults, `${at}.url`, url);
  if (url && ownIssuers.includes(url)) {
    faults.invalid(`${at}.url`, url, `URL must not overlap with disallowed issuers: [${ownIssuers.join(" ")}]`);
  }
  if (discoveryURL) {
    const same = discoveryURL.replace(/\/$/, "") === url.replace(/\/$/, "");
    if (same) faults.invalid(`${at}.discoveryURL`, discoveryURL, "discoveryURL must be different from URL");
    checkUrl(faults, `${at}.discoveryURL`, discoveryURL);
  }
  checkAudiences(faults, at, issuer);
  if (certificateAuthority && !isCertificate(certificateAuthority)) {
    const why = "data does not contain any valid RSA or ECDSA certificates";
    faults.invalid(`${at}.certificateAuthority`, "<omitted>", why);
  }
  if (!["", "controlplane", "cluster"].includes(egressSelectorType)) {
    const why = "egress selector must be either controlplane or cluster";
    faults.invalid(`${at}.egressSelectorType`, egressSelectorType, why);
  }
}

function checkUrl(faults: FieldFaults, path: string, text: string): void {
  if (!URL.canParse(text)) return faults.invalid(path, text, `parse ${JSON.stringify(text)}: it is no URL`);
  const url = new URL(text);
  const wrong = (why: string) => faults.invalid(path, text, why);
  if (url.protocol !== "https:") wrong("URL scheme must be https");
  if (url.username || url.password) wrong("URL must not contain a username or password");
  if (url.search) wrong("URL must not contain a query");
  if (url.hash) wrong("URL must not contain a fragment");
}

function checkAudiences(faults: FieldFaults, at: string, issuer: JwtConfiguration["issuer"]): void {
  const { audiences, audienceMatchPolicy: policy } = issuer;
  const path = `${at}.audiences`;
  if (audiences.length === 0) faults.required(path, `at least one ${path} is required`);
  audiences.forEach((audience, place) => {
    if (!audience) faults.required(`${path}[${place}]`);
    else if (audiences.indexOf(audience) < place) faults.duplicate(`${path}[${place}]`, audience);
  });
  if (audiences.length > 1 && policy !== "MatchAny") {
    faults.invalid(`${at}.audienceMatchPolicy`, policy, "audienceMatchPolicy must be MatchAny for multiple audiences");
  }
  if (audiences.length === 1 && policy && policy !== "MatchAny") {
    const why = "audienceMatchPolicy must be empty or MatchAny for single audience";
    faults.invalid(`${at}.audienceMatchPolicy`, policy, why);
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function checkClaimRules(faults: FieldFaults, path: string, rules: JwtConfiguration["claimValidationRules"]): void {
  rules.forEach(({ claim, requiredValue, expression, message }, place) => {
    const at = `${path}[${place}]`;
    if (!claim && !expression) return faults.required(at, either);
    if (claim && expression) return faults.invalid(at, claim, both);
    if (claim && message) return faults.invalid(`${at}.message`, message, "may not be specified when claim is set");
    if (expression && requiredValue) {
      return faults.invalid(`${at}.requiredValue`, requiredValue, "may not be specified when expression is set");
    }
    if (claim && rules.findIndex((one) => one.claim === claim) < place) faults.duplicate(`${at}.claim`, claim);
    if (!expression) return;
    if (rules.findIndex((one) => one.expression === expression) < place) {
      return faults.duplicate(`${at}.expression`, expression);
    }
    checkExpression(faults, `${at}.expression`, { expression, make: overClaims, rule: true });
  });
}

function checkUserRules(faults: FieldFaults, path: string, rules: JwtConfiguration["userValidationRules"]): void {
  rules.forEach(({ expression }, place) => {
    const at = `${path}[${place}].expression`;
    if (!expression) return faults.required(at);
    if (rules.findIndex((one) => one.expression === expression) < place) return faults.duplicate(at, expression);
    checkExpression(faults, at, { expression, make: overUser, rule: true });
  });
}

function checkExpression(
  faults: FieldFaults,
  path: string,
  { expression, make, rule = false }: { expression: string; make: Parameters<typeof faultOf>[1]; rule?: boolean },
): void {
  const fault = faultOf(expression, make, rule);
  if (fault) faults.invalid(path, expression, fault);
}

function checkMappings(faults: FieldFaults, path: string, jwt: JwtConfiguration): void {
  const { username, groups, uid, extra } = jwt.claimMappings;
  if (!username.claim && !username.expression) faults.required(`${path}.username`, either);
  else checkPrefixed(faults, `${path}.username`, username);
  checkPrefixed(faults, `${path}.groups`, groups);
  if (uid.claim && uid.expression) faults.invalid(`${path}.uid`, "", both);
  else if (uid.expression) {
    checkExpression(faults, `${path}.uid.expression`, { expression: uid.expression, make: overClaims });
  }
  checkEmail(faults, `${path}.username.expression`, jwt);
  extra.forEach(({ key, valueExpression: expression }, place) => {
    const at = `${path}.extra[${place}]`;
    checkExtraKey(faults, `${at}.key`, key);
    if (key && extra.findIndex((one) => one.key === key) < place) faults.duplicate(`${at}.key`, key);
    if (!expression) faults.required(`${at}.valueExpression`);
    else checkExpression(faults, `${at}.valueExpression`, { expression, make: overClaims });
  });
}

function checkPrefixed(faults: FieldFaults, path: string, { claim, prefix, expression }: ClaimMapping): void {
  if (claim && expression) return faults.invalid(path, "", both);
  if (claim && prefix === undefined) {
    const why = "prefix is required when claim is set. It can be set to an empty string to disable prefixing";
    faults.required(`${path}.prefix`, why);
  }
  if (expression && prefix) faults.invalid(`${path}.prefix`, prefix, "may not be specified when expression is set");
  else if (expression) checkExpression(faults, `${path}.expression`, { expression, make: overClaims });
}

/** An address that nobody has verified would let everybody be anybody. */
function checkEmail(
  faults: FieldFaults,
  path: string,
  { claimMappings, claimValidationRules }: JwtConfiguration,
): void {
  const { username: { expression, claim, prefix }, extra } = claimMappings;
  if (claim || prefix || !/\bclaims\.\??email\b/.test(expression)) return;
  const all = [
    expression,
    ...extra.map(({ valueExpression }) => valueExpression),
    ...claimValidationRules.map((rule) => rule.expression),
  ];
  if (all.some((one) => /\bclaims\.\??email_verified\b/.test(one))) return;
  const places = ["username.expression", "extra[*].valueExpression"].map((place) => `claimMappings.${place}`);
  const why = `claims.email_verified must be used in ${places.join(" or ")} or claimValidationRules[*].expression ` +
    "when claims.email is used in claimMappings.username.expression";
  faults.invalid(path, expression, why);
}

function checkExtraKey(faults: FieldFaults, path: string, key: string): void {
  if (!key) return faults.required(path);
  const [domain = "", rest] = key.split(/\/(.*)/s);
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/i.test(domain) || !rest) {
    faults.invalid(path, key, 'must be a domain-prefixed path (such as "acme.io/foo")');
  }
  if (key !== key.toLowerCase()) faults.invalid(path, key, "must be lowercase");
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(domain)) {
    faults.invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
  }
}
