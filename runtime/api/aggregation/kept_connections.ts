/**
 * TLS connections that stay open for the next call to the same place, for as long as somebody calls: a webhook that is asked
 * about every pod greets us once and not each time.
 *
 * Law: a connection is used again only for calls that name the same place, trust the same authority and show the same
 * certificate.
 */
import { Agent, type AgentOptions } from "node:http";
import type { Duplex } from "node:stream";
import { type SecureDial, secureDial } from "./secure_dial.ts";

/** Of all places together, those that nobody uses; the oldest goes. */
const mostIdle = 64;
const idleMs = 60_000;

export interface KeptDial extends SecureDial {
  /** Host and port as they are asked for, whichever address answers. */
  readonly place: string;
}

export class KeptConnections extends Agent implements Disposable {
  constructor() {
    super({ keepAlive: true, maxFreeSockets: mostIdle, timeout: idleMs });
  }

  override getName(options?: AgentOptions): string {
    const { place, serverName, ca, cert, insecure } = dialOf(options);
    return JSON.stringify([place, serverName, ca, cert, insecure]);
  }

  /** The connection comes by `done`; nothing is returned, as Node allows and its types do not say. */
  override createConnection(options: object, done?: (error: Error | null, socket: Duplex) => void): Duplex {
    secureDial(dialOf(options)).then((socket) => done?.(null, socket), (error) => done?.(error, undefined as never));
    return undefined as unknown as Duplex;
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Options that only this agent knows travel with those of the request. */
function dialOf(options: unknown): KeptDial {
  return (options as { dial: KeptDial }).dial;
}
