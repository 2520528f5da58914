/** One query's bytes to one answer's bytes, whatever the transport. Never throws for what a stranger sends. */
import { forward, type Server } from "./forward.ts";
import {
  type Answer,
  decodeAnswers,
  decodeQuery,
  encodeFitting,
  encodeQuestion,
  encodeReply,
  formatError,
  ownPayloadSize,
  type Query,
  type Question,
  refusal,
  type Reply,
} from "./message.ts";
import { resolve, type Zone } from "./resolve.ts";

export interface AnswerOptions {
  readonly zone: Zone;
  /** Resolvers for foreign names, asked anew each time: a machine's may change. */
  readonly upstream: () => Promise<readonly Server[]>;
  /** In [0, 1). Spreads clients that take the first address. */
  readonly random: () => number;
  readonly timeoutMs: number;
}

type Transport = "udp" | "tcp";

/** Undefined: better not answered. */
export async function answer(
  bytes: Uint8Array,
  transport: Transport,
  options: AnswerOptions,
): Promise<Uint8Array | undefined> {
  const query = decodeQuery(bytes);
  if (query === undefined) return undefined;
  if (query === "malformed") return formatError(bytes);
  const reply = plainRefusal(query) ?? resolve(query.questions[0]!, options.zone);
  if (reply === "foreign") return await fromUpstream(bytes, { query, transport, options });
  return encode(query, await withTarget(shuffled(reply, options.random), { query, options }), transport);
}

function plainRefusal({ opcode, questions }: Query): Reply | undefined {
  if (opcode !== "QUERY") return refusal("NOTIMP");
  const [question] = questions;
  if (!question || questions.length > 1) return refusal("FORMERR");
  return question.class === "IN" ? undefined : refusal("REFUSED");
}

async function fromUpstream(
  bytes: Uint8Array,
  { query, transport, options }: { query: Query; transport: Transport; options: AnswerOptions },
): Promise<Uint8Array> {
  const { upstream, timeoutMs } = options;
  const theirs = await forward(bytes, await upstream(), { timeoutMs, transport });
  return theirs ?? encodeReply(query, refusal("SERVFAIL"));
}

/** An ExternalName is followed here, wherever it leads: clients take the answer as whole and don't ask again. */
async function withTarget(reply: Reply, { query, options }: { query: Query; options: AnswerOptions }): Promise<Reply> {
  const [alias] = reply.answers;
  const asked = query.questions[0]!;
  if (alias?.type !== "CNAME" || asked.type === "CNAME") return reply;
  const question = { ...asked, name: alias.data.replace(/\.$/, "") };
  const target = resolve(question, options.zone);
  const answers = target === "foreign" ? await foreignAnswers(question, query.id, options) : target.answers;
  return { ...reply, answers: [alias, ...answers] };
}

async function foreignAnswers(question: Question, id: number, options: AnswerOptions): Promise<readonly Answer[]> {
  const servers = await options.upstream();
  const theirs = await forward(encodeQuestion(id, question), servers, {
    timeoutMs: options.timeoutMs,
    transport: "udp",
  });
  return theirs ? decodeAnswers(theirs) : [];
}

/** Fisher-Yates. */
function shuffled(reply: Reply, random: () => number): Reply {
  const answers: Answer[] = [...reply.answers];
  for (let i = answers.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [answers[i], answers[j]] = [answers[j]!, answers[i]!];
  }
  return { ...reply, answers };
}

function encode(query: Query, reply: Reply, transport: Transport): Uint8Array {
  if (transport === "tcp") return encodeReply(query, reply);
  // Without EDNS the limit is RFC 1035's; with it, what the asker says, as far as every path carries it.
  return encodeFitting(query, reply, Math.min(Math.max(query.udpPayloadSize ?? 512, 512), ownPayloadSize));
}
