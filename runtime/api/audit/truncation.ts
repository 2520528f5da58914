/** Audit events within a size: the bodies go first, then the event. Pure. */
export interface SizeLimits {
  /** Bytes of one event's JSON. */
  readonly maxEventBytes: number;
  /** Bytes of all events in one request. */
  readonly maxBatchBytes: number;
}

const encoder = new TextEncoder();

/** `undefined`: it is too large even without its bodies. */
export function shortened(event: object, { maxEventBytes }: SizeLimits): object | undefined {
  if (bytesOf(event) <= maxEventBytes) return event;
  const { requestObject: _request, responseObject: _response, annotations, ...rest } = event as {
    requestObject?: unknown;
    responseObject?: unknown;
    annotations?: object;
  };
  const bare = { ...rest, annotations: { ...annotations, "audit.k8s.io/truncated": "true" } };
  return bytesOf(bare) <= maxEventBytes ? bare : undefined;
}

/** In order, as few as there can be. */
export function inBatches(events: readonly object[], { maxBatchBytes }: SizeLimits): object[][] {
  const batches: object[][] = [];
  let left = 0;
  for (const event of events) {
    const bytes = bytesOf(event);
    if (bytes > left) {
      batches.push([]);
      left = maxBatchBytes;
    }
    batches.at(-1)!.push(event);
    left -= bytes;
  }
  return batches;
}

function bytesOf(event: object): number {
  return encoder.encode(JSON.stringify(event)).length;
}
