/** A request that can't be served as it was asked. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(readonly status: number, message: string) {
    super(message);
  }
}
