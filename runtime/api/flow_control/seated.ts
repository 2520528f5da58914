/** Answers one request on a seat of its priority level, and says which that was. */
import type { User } from "../../auth/user.ts";
import type { Connection } from "../connection.ts";
import { attributesOf } from "../http/attributes.ts";
import type { FlowControl } from "./flow_control.ts";

export interface Asking {
  readonly request: Request;
  readonly connection: Connection;
  readonly user: User;
}

/** Throws TooManyRequests. */
export async function seated(
  flow: FlowControl,
  { request, connection, user }: Asking,
  answer: () => Promise<Response> | Response,
): Promise<Response> {
  const admitted = await flow.admit(attributesOf(request.method, new URL(request.url), user));
  if (!admitted) return await answer();
  const { outgoing } = connection;
  try {
    // Watches and large lists write to the connection themselves, so the headers must be there before.
    if (outgoing) { for (const [name, value] of Object.entries(admitted.headers)) outgoing.setHeader(name, value); }
    const response = await answer();
    if (!outgoing) { for (const [name, value] of Object.entries(admitted.headers)) response.headers.set(name, value); }
    return response;
  } finally {
    admitted.release();
  }
}
