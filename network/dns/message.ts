/** DNS messages as far as the cluster's names need them: typed words for the codec, which has none. RFC 1035, 6891, 2782. */
import { Buffer } from "node:buffer";
import * as codec from "dns-packet";

export interface Question {
  readonly name: string;
  /** `A`, `AAAA`, `SRV`, ...; `UNKNOWN_65` for what the codec has no word for. */
  readonly type: string;
  readonly class: string;
}

interface RecordBase {
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
}

export interface Soa {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export type Answer =
  & RecordBase
  & (
    | { readonly type: "A" | "AAAA" | "CNAME" | "NS" | "PTR"; readonly data: string }
    | { readonly type: "TXT"; readonly data: readonly string[] }
    | { readonly type: "SRV"; readonly data: Srv }
    | { readonly type: "SOA"; readonly data: Soa }
  );

/** EDNS(0) pseudo record. */
export interface Opt {
  readonly type: "OPT";
  readonly name: ".";
  readonly udpPayloadSize: number;
}

export interface Query {
  readonly id: number;
  readonly opcode: string;
  readonly recursionDesired: boolean;
  readonly questions: readonly Question[];
  /** What the asker can take over UDP, in bytes; absent: it speaks no EDNS. */
  readonly udpPayloadSize?: number;
}

export type Rcode = "NOERROR" | "FORMERR" | "SERVFAIL" | "NXDOMAIN" | "NOTIMP" | "REFUSED";

export interface Reply {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly truncated?: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

const rcodes: Record<Rcode, number> = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

/** Answers nothing and says why. */
export function refusal(rcode: Rcode): Reply {
  return { rcode, authoritative: false, answers: [], authorities: [], additionals: [] };
}

/** The codec reads Buffers only. */
function decode(bytes: Uint8Array) {
  return codec.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

/** Undefined for bytes that are no query: an answer to one could only serve to bounce between two servers. */
export function decodeQuery(bytes: Uint8Array): Query | "malformed" | undefined {
  if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) return undefined;
  try {
    const message = decode(bytes);
    const opt = message.additionals.find(({ type }: { type: string }) => type === "OPT");
    return {
      id: message.id,
      opcode: message.opcode,
      recursionDesired: message.flag_rd,
      questions: message.questions,
      ...(opt ? { udpPayloadSize: opt.udpPayloadSize } : {}),
    };
  } catch {
    return "malformed";
  }
}

/** The header alone, for a query whose body can't be read. */
export function formatError(query: Uint8Array): Uint8Array {
  const reply = new Uint8Array(12);
  reply.set(query.subarray(0, 2));
  reply[2] = 0x80;
  reply[3] = rcodes.FORMERR;
  return reply;
}

export function encodeQuestion(id: number, question: Question): Uint8Array {
  return codec.encode({ type: "query", id, flags: codec.RECURSION_DESIRED, questions: [question] });
}

const aliasOrAddress = ["A", "AAAA", "CNAME"];

/** Addresses, and the aliases that lead to them; empty for an answer that can't be read. */
export function decodeAnswers(bytes: Uint8Array): readonly Answer[] {
  try {
    const answers: readonly Answer[] = decode(bytes).answers;
    return answers.filter(({ type }) => aliasOrAddress.includes(type));
  } catch {
    return [];
  }
}

/** What we accept over UDP ourselves, and never exceed: fits every path's MTU (DNS flag day 2020). */
export const ownPayloadSize = 1232;

export function encodeReply(query: Query, reply: Reply): Uint8Array {
  const flags = (query.recursionDesired ? codec.RECURSION_DESIRED : 0) | codec.RECURSION_AVAILABLE |
    (reply.authoritative ? codec.AUTHORITATIVE_ANSWER : 0) | (reply.truncated ? codec.TRUNCATED_RESPONSE : 0) |
    rcodes[reply.rcode];
  const opt: Opt[] = query.udpPayloadSize === undefined
    ? []
    : [{ type: "OPT", name: ".", udpPayloadSize: ownPayloadSize }];
  return codec.encode({
    type: "response",
    id: query.id,
    flags,
    questions: query.questions,
    answers: reply.answers,
    authorities: reply.authorities,
    additionals: [...reply.additionals, ...opt],
  });
}

/**
 * At most `limit` bytes. Additional records go first, silently. Then answers go, and the asker is told to come back over
 * TCP; those that fit stay, because some resolvers (musl before 1.2.4) never come back.
 */
export function encodeFitting(query: Query, reply: Reply, limit: number): Uint8Array {
  const whole = encodeReply(query, reply);
  if (whole.length <= limit) return whole;
  const lean = encodeReply(query, { ...reply, additionals: [] });
  if (lean.length <= limit) return lean;
  let [fits, tooMany] = [0, reply.answers.length];
  const cut = (count: number) =>
    encodeReply(query, { ...reply, truncated: true, additionals: [], answers: reply.answers.slice(0, count) });
  while (tooMany - fits > 1) {
    const middle = (fits + tooMany) >> 1;
    if (cut(middle).length <= limit) fits = middle;
    else tooMany = middle;
  }
  return cut(fits);
}
