/**
 * `authorizer` in expressions. Expressions do not wait and authorizers do: an evaluation that asks what is not known yet is
 * given up, the answer is found out, and it runs again. Each question is asked once a request.
 */
import type { Authorizer, User } from "../../../auth/user.ts";
import type { Answer, Ask, Question } from "../../../cel/mod.ts";

class Unanswered extends Error {
  constructor(readonly question: Question) {
    super("not known yet");
  }
}

/** More than one expression asks; each costs a look into the policies of access. */
const mostQuestions = 64;

export class Decisions {
  readonly #known = new Map<string, Answer>();

  constructor(private readonly authorize: Authorizer, private readonly user: User) {}

  readonly ask: Ask = (question) => {
    const known = this.#known.get(JSON.stringify(question));
    if (known) return known;
    throw new Unanswered(question);
  };

  async run<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#known.set(JSON.stringify(error.question), await this.#answer(error.question));
      }
    }
  }

  async #answer({ user, verb, path, group, resource, ...where }: Question): Promise<Answer> {
    if (this.#known.size >= mostQuestions) return { allowed: false, reason: "", error: "too many questions" };
    const asked = user ? accountOf(user) : this.user;
    const { subresource, namespace, name } = where;
    const target = path === undefined
      ? { group, version: "*", plural: resource, subresource, namespace, name }
      : undefined;
    try {
      return await this.authorize({ user: asked, verb, path: path ?? "", resource: target });
    } catch (error) {
      return { allowed: false, reason: "", error: (error as Error).message };
    }
  }
}

function accountOf({ namespace, serviceAccount }: { namespace: string; serviceAccount: string }): User {
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}
