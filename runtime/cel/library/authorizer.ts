/**
 * `authorizer.group("apps").resource("deployments").check("create").allowed()`. Whether somebody may is asked of a function
 * that knows already, or throws to have it found out: expressions do not wait.
 */
import { overloads } from "../overload.ts";
import { Opaque } from "../value.ts";

/** What is asked for; `path` for what is no resource. */
export interface Question {
  readonly user?: { readonly namespace: string; readonly serviceAccount: string };
  readonly verb: string;
  readonly path?: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Answer {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}

export type Ask = (question: Question) => Answer;

const nothing = { verb: "", group: "", resource: "", subresource: "", namespace: "", name: "" };

abstract class Asking extends Opaque {
  constructor(readonly ask: Ask, readonly question: Question) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }
}

export class AuthorizerValue extends Asking {
  override readonly typeName = "kubernetes.authorization.Authorizer";

  constructor(ask: Ask, question: Question = nothing) {
    super(ask, question);
  }
}

class GroupValue extends Asking {
  override readonly typeName = "kubernetes.authorization.GroupCheck";
}

class PathValue extends Asking {
  override readonly typeName = "kubernetes.authorization.PathCheck";
}

export class ResourceValue extends Asking {
  override readonly typeName = "kubernetes.authorization.ResourceCheck";
}

class DecisionValue extends Opaque {
  override readonly typeName = "kubernetes.authorization.Decision";

  constructor(readonly answer: Answer) {
    super();
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }
}

const auth = "kubernetes.authorization";
const narrowed = (field: keyof Question) => ({ ask, question }: Asking, value: string) =>
  new ResourceValue(ask, { ...question, [field]: value });
const check = ({ ask, question }: Asking, verb: string) => new DecisionValue(ask({ ...question, verb }));

export const authorizerFunctions = overloads({
  [`${auth}.Authorizer.path(string): ${auth}.PathCheck`]: ({ ask, question }: Asking, path: string) =>
    new PathValue(ask, { ...question, path }),
  [`${auth}.PathCheck.check(string): ${auth}.Decision`]: check,
  [`${auth}.Authorizer.group(string): ${auth}.GroupCheck`]: ({ ask, question }: Asking, group: string) =>
    new GroupValue(ask, { ...question, group }),
  [`${auth}.Authorizer.serviceAccount(string, string): ${auth}.Authorizer`]: (
    { ask, question }: Asking,
    namespace: string,
    serviceAccount: string,
  ) => new AuthorizerValue(ask, { ...question, user: { namespace, serviceAccount } }),
  [`${auth}.GroupCheck.resource(string): ${auth}.ResourceCheck`]: narrowed("resource"),
  [`${auth}.ResourceCheck.subresource(string): ${auth}.ResourceCheck`]: narrowed("subresource"),
  [`${auth}.ResourceCheck.namespace(string): ${auth}.ResourceCheck`]: narrowed("namespace"),
  [`${auth}.ResourceCheck.name(string): ${auth}.ResourceCheck`]: narrowed("name"),
  [`${auth}.ResourceCheck.check(string): ${auth}.Decision`]: check,
  [`${auth}.Decision.allowed(): bool`]: ({ answer }: DecisionValue) => answer.allowed,
  [`${auth}.Decision.reason(): string`]: ({ answer }: DecisionValue) => answer.reason,
  [`${auth}.Decision.errored(): bool`]: ({ answer }: DecisionValue) => answer.error !== undefined,
  [`${auth}.Decision.error(): string`]: ({ answer }: DecisionValue) => answer.error ?? "",
});
