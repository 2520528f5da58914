/** A gate before a TCP server. Shut, it breaks what is connected and refuses who comes; open, it lets all through. */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface GatePlace {
  readonly hostname: string;
  /** Of the server behind it. */
  readonly port: number;
}

export class Gate implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  #server?: Server;
  #port = 0;

  private constructor(readonly place: GatePlace) {}

  /** Open, on a free port. */
  static async before(place: GatePlace): Promise<Gate> {
    const gate = new Gate(place);
    await gate.open();
    return gate;
  }

  /** The same for as long as it lives. */
  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    const server = createServer((inside) => this.#join(inside));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, this.place.hostname, resolve);
    });
    this.#port = (server.address() as { port: number }).port;
  }

  async shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server!.close(() => resolve()));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shut();
  }

  #join(inside: Socket): void {
    const outside = connect(this.place.port, this.place.hostname);
    for (const [socket, other] of [[inside, outside], [outside, inside]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
