/**
 * Protobuf's wire format, as far as Kubernetes uses it: varints, fixed 64-bit, length-delimited. The writer fills a buffer
 * from its end, as Go's generated code does, so that a message's length is known when its header is written and nothing is
 * measured twice. Source: protobuf encoding guide.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const firstCapacity = 1024;

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

export class BackwardWriter {
  #bytes = new Uint8Array(firstCapacity);
  #at = firstCapacity;

  /** How many bytes are written so far: the difference of two readings is a message's length. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(this.#at);
  }

  #reserve(count: number): void {
    if (this.#at >= count) return;
    const used = this.length;
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, used + count + firstCapacity));
    bigger.set(this.#bytes.subarray(this.#at), bigger.length - used);
    this.#at = bigger.length - used;
    this.#bytes = bigger;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }

  /** Field of text: short ASCII is copied by hand, which is faster than TextEncoder for names and labels. */
  text(number: number, value: string): void {
    const before = this.length;
    if (!this.#ascii(value)) this.bytes(encoder.encode(value));
    this.varint(this.length - before);
    this.tag(number, wireBytes);
  }

  #ascii(value: string): boolean {
    const size = value.length;
    if (size > 64) return false;
    this.#reserve(size);
    const start = this.#at - size;
    for (let i = 0; i < size; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      this.#bytes[start + i] = code;
    }
    this.#at = start;
    return true;
  }

  varint(value: number): void {
    if (value < 0 || value > 0xffffffff) return this.#longVarint(BigInt.asUintN(64, BigInt(value)));
    const size = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    this.#reserve(size);
    let at = this.#at -= size;
    while (value >= 0x80) {
      this.#bytes[at++] = value % 0x80 | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[at] = value;
  }

  #longVarint(value: bigint): void {
    const bytes: number[] = [];
    for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
    bytes.push(Number(value));
    this.bytes(Uint8Array.from(bytes));
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.bytes(bytes);
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  /** Closes a length-delimited field whose content began when `length` was `before`. */
  close(number: number, before: number): void {
    this.varint(this.length - before);
    this.tag(number, wireBytes);
  }
}

/** Throws RangeError on anything that is cut short or malformed. */
export class Reader {
  #at: number;
  constructor(readonly bytes: Uint8Array, from = 0, readonly end = bytes.length) {
    this.#at = from;
  }

  get done(): boolean {
    return this.#at >= this.end;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      if (i >= 4) return this.#longVarint(value, scale, byte);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError("protobuf: a number is longer than 64 bits");
  }

  /** Above 28 bits: exact arithmetic, and the sign of 64-bit integers. */
  #longVarint(low: number, scale: number, byte: number): number {
    let value = BigInt(low);
    let shift = BigInt(Math.log2(scale));
    for (let count = 0; count < 6; count++) {
      value += BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
      shift += 7n;
      byte = this.#byte();
    }
    throw new RangeError("protobuf: a number is longer than 64 bits");
  }

  #byte(): number {
    if (this.#at >= this.end) throw new RangeError("protobuf: the message ends too early");
    return this.bytes[this.#at++]!;
  }

  double(): number {
    const start = this.#take(8);
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + start, 8).getFloat64(0, true);
  }

  /** A reader of the length-delimited value that comes next. */
  message(): Reader {
    const start = this.#take(this.varint());
    return new Reader(this.bytes, start, this.#at);
  }

  raw(): Uint8Array {
    const start = this.#take(this.varint());
    return this.bytes.subarray(start, this.#at);
  }

  text(): string {
    return decoder.decode(this.raw());
  }

  skip(wire: number): void {
    if (wire === wireVarint) this.varint();
    else if (wire === wireFixed64) this.#take(8);
    else if (wire === wireBytes) this.raw();
    else if (wire === wireFixed32) this.#take(4);
    else throw new RangeError(`protobuf: wire type ${wire} is not one that is used`);
  }

  #take(count: number): number {
    const start = this.#at;
    if (count < 0 || start + count > this.end) throw new RangeError("protobuf: the message ends too early");
    this.#at += count;
    return start;
  }
}
