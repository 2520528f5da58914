/** Finds out who asks, and has it written down from the moment that it is known who calls. */
import type { User } from "../../auth/user.ts";
import type { Connection } from "../connection.ts";
import { actingAs, type Asking, type FrontDoor, whoCalls } from "../http/front_door.ts";
import { failure } from "../http/answer.ts";
import { type AuditOptions, type Recording, recordRequest } from "./auditor.ts";

type Asked = Asking & { readonly method: string };

/** `user` absent: whoever it is was not believed. `undefined`: it is not written down. */
export type Record = (asked: Asked, connection: Connection, user?: User) => Recording | undefined;

export function recorder(audit: AuditOptions | undefined, nowMs: () => number): Record | undefined {
  return audit && ((request, connection, user) => recordRequest(audit, { request, connection, user, nowMs }));
}

export interface Identifying {
  readonly door: FrontDoor;
  readonly record?: Record;
  readonly connection: Connection;
  readonly asking: Asked;
}

/**
 * Who the request counts for, and the connection that its handlers are given. `begun` is told of the recording before anything
 * is refused. Throws Unauthorized, and Forbidden for who acts as somebody that he may not act as.
 */
export async function identified(
  { door, record, connection, asking }: Identifying,
  begun: (recording: Recording | undefined) => void,
): Promise<{ user: User; connection: Connection }> {
  const caller = await whoCalls(door, connection, asking).catch((error) => {
    begun(record?.(asking, connection));
    throw error;
  });
  const recording = record?.(asking, connection, caller);
  begun(recording);
  const own = recording?.connection ?? connection;
  const user = await actingAs(door, caller, own, asking);
  if (user !== caller) recording?.actsAs(user);
  return { user, connection: own };
}

/** Never throws: whatever goes wrong is a Status. */
export async function recorded(
  identifying: Identifying,
  answer: (user: User, connection: Connection) => Promise<Response>,
): Promise<Response> {
  let recording: Recording | undefined;
  let response: Response;
  try {
    const { user, connection } = await identified(identifying, (begun) => void (recording = begun));
    response = await answer(user, connection);
  } catch (error) {
    response = failure(error, recording?.connection ?? identifying.connection);
  }
  return await recording?.answered(response) ?? response;
}
