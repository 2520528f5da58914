export { decodeProtobuf, encodeProtobuf, type Envelope, readEnvelope, watchFrame } from "./envelope.ts";
