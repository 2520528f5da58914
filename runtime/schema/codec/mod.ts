export { decodeProtobuf, encodeProtobuf, messageIn, watchFrame } from "./envelope.ts";
