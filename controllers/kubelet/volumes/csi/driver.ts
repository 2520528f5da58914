/** One CSI driver of this node, called over its socket. Every call may be repeated: that is the drivers' contract. */
import { grpcCall, grpcCode, GrpcError } from "../../../../runtime/client/grpc.ts";
import { MountError } from "../payload.ts";
import { csi, type Method } from "./protocol.ts";

/** InvalidArgument, NotFound, OutOfRange, Unimplemented. */
const infeasible: ReadonlySet<number> = new Set([3, 5, 11, 12]);

/** So long may a driver take; what takes longer is asked again. */
const patienceMs = 120_000;

export class CsiDriver {
  private constructor(
    readonly name: string,
    readonly socket: string,
    readonly capabilities: ReadonlySet<number>,
  ) {}

  static async open(name: string, socket: string): Promise<CsiDriver> {
    const { capabilities } = await callPlugin(socket, csi.getCapabilities, {});
    return new CsiDriver(name, socket, new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0)));
  }

  call<Asked, Answer>(method: Method<Asked, Answer>, asked: Partial<Asked>): Promise<Answer> {
    return callPlugin(this.socket, method, asked);
  }
}

/** Throws a `MountError` with the code and words of the plugin. */
export async function callPlugin<Asked, Answer>(
  socket: string,
  { path, request, response }: Method<Asked, Answer>,
  asked: Partial<Asked>,
): Promise<Answer> {
  try {
    const answer = await grpcCall({ socket, method: path, message: request.encode(asked) }, patienceMs);
    return response.decode(answer);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    const [name = "Unknown"] = Object.entries(grpcCode).find(([, code]) => code === error.code) ?? [];
    const word = name[0]!.toUpperCase() + name.slice(1);
    throw new MountError(`rpc error: code = ${word} desc = ${error.message}`, { cause: error });
  }
}

/** What the plugin says can never be done as it was asked for. */
export function isInfeasible(error: unknown): boolean {
  const cause = error instanceof MountError ? error.cause : undefined;
  return cause instanceof GrpcError && infeasible.has(cause.code);
}
