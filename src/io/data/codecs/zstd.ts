/**
 * Zstandard, which Node has from version 22.15 on and browsers do not have. Source: RFC 8878. Dictionaries are not
 * supported; a checksum is verified if there is one.
 */
import { Pace } from '../../../base/pace.js';

const [frameMark, skippableMark] = [0xfd2fb528, 0x184d2a50];
/** Largest block, and the bytes that may be read beyond the end of the input. */
const [mostBlock, padding] = [2 ** 17, 8];

const wrong = (message: string): never => {
  throw new Error(`Zstandard: ${message}`);
};

/**
 * Unpacks exactly `length` bytes; `checksums`: whether those of frames are verified (default true), `padding`: most
 * bytes that may follow (default 0). Throws `Error` if the data are damaged, or more or fewer.
 */
export async function unpackZstd(
  packed: Uint8Array,
  length: number,
  { checksums = true, padding: mostPadding = 0 }: { readonly checksums?: boolean; readonly padding?: number } = {},
): Promise<Uint8Array> {
  // Bits are read four bytes at a time.
  const input = new Uint8Array(packed.length + padding);
  input.set(packed);
  const out = new Uint8Array(length);
  const view = new DataView(input.buffer);
  const pace = new Pace();
  let [at, end] = [0, 0];
  while (at < packed.length && !(at > 0 && end === length && packed.length - at <= mostPadding)) {
    const mark = at + 4 <= packed.length ? view.getUint32(at, true) : wrong('the data end in the mark of a frame');
    if ((mark & 0xfffffff0) >>> 0 === skippableMark) {
      at += 8 + view.getUint32(Math.min(at + 4, packed.length), true);
      continue;
    }
    if (mark !== frameMark) wrong(`a frame begins with 0x${mark.toString(16)}`);
    const frame = new Frame(input, packed.length, at + 4, out, end, checksums);
    while (frame.block()) if (pace.due) await pace.rest();
    [at, end] = [frame.at, frame.end];
  }
  if (at > packed.length) wrong('the data end in a frame of another kind');
  if (end !== length) wrong(`it has ${end} bytes; expected ${length}`);
  return out;
}

/** A decoding table of finite state entropy. */
interface Fse {
  readonly log: number;
  readonly symbol: Uint8Array;
  readonly bits: Uint8Array;
  readonly base: Uint16Array;
}

/** A decoding table of Huffman codes, by their first `log` bits. */
interface Huffman {
  readonly log: number;
  readonly symbol: Uint8Array;
  readonly bits: Uint8Array;
}

/** Bits that are read from the end of a stream to its beginning. */
class BackwardBits {
  /** Bits that are left; negative after reading beyond the beginning, where all are 0. */
  left: number;
  readonly #bytes: Uint8Array;
  readonly #from: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    const last = to > from ? (bytes[to - 1] as number) : 0;
    // The highest bit that is set ends the stream.
    if (last === 0) wrong('a stream of bits has no end mark');
    this.#bytes = bytes;
    this.#from = from;
    this.left = 8 * (to - from) - 1 - Math.clz32(last << 24);
  }

  /** The next bits without reading them, 24 at most. */
  peek(count: number): number {
    const low = this.left - count;
    if (low < 0) return this.left > 0 ? (this.#at(0) & ((1 << this.left) - 1)) << -low : 0;
    return this.#at(low) & ((1 << count) - 1);
  }

  read(count: number): number {
    if (count > 16) return this.read(count - 16) * 2 ** 16 + this.read(16);
    const value = this.peek(count);
    this.left -= count;
    return value;
  }

  /** At least 24 bits from a position on. */
  #at(bit: number): number {
    const [bytes, at] = [this.#bytes, this.#from + (bit >> 3)];
    const word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    return word >>> (bit & 7);
  }
}

const highestBit = (value: number): number => 31 - Math.clz32(value);

/** Reads the probabilities of symbols; returns their table and the byte after them. */
function readFse(bytes: Uint8Array, from: number, to: number, mostLog: number, mostSymbol: number) {
  let bit = 8 * from;
  const read = (count: number): number => {
    if (bit + count > 8 * to) wrong('a table ends too early');
    let value = 0;
    for (let i = 0; i < count; i++, bit++) value |= (((bytes[bit >> 3] as number) >> (bit & 7)) & 1) << i;
    return value;
  };
  const log = 5 + read(4);
  if (log > mostLog) wrong(`a table has ${log} bits; expected ${mostLog} at most`);
  const counts: number[] = [];
  let left = 1 << log;
  while (left > 0) {
    const bits = highestBit(left + 1) + 1;
    const lower = (1 << (bits - 1)) - 1;
    const threshold = (1 << bits) - 2 - left;
    let value = read(bits - 1);
    if (value >= threshold) {
      value |= read(1) << (bits - 1);
      if (value > lower) value -= threshold;
    }
    const count = value - 1;
    left -= Math.abs(count);
    counts.push(count);
    if (count === 0)
      for (let zeros = 3; zeros === 3; ) {
        zeros = read(2);
        for (let i = 0; i < zeros; i++) counts.push(0);
      }
    if (counts.length > mostSymbol + 1) wrong(`a table has more than ${mostSymbol + 1} symbols`);
  }
  if (left < 0) wrong('the probabilities of a table exceed their sum');
  return { table: fse(counts, log), at: (bit + 7) >> 3 };
}

/** The table of probabilities, where −1 is less than one. */
function fse(counts: readonly number[], log: number): Fse {
  const size = 1 << log;
  const table: Fse = { log, symbol: new Uint8Array(size), bits: new Uint8Array(size), base: new Uint16Array(size) };
  const next = counts.map((count) => Math.abs(count));
  let high = size;
  for (const [symbol, count] of counts.entries()) if (count === -1) table.symbol[--high] = symbol;
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (const [symbol, count] of counts.entries())
    for (let i = 0; i < count; i++) {
      table.symbol[place] = symbol;
      do place = (place + step) & (size - 1);
      while (place >= high);
    }
  for (let state = 0; state < size; state++) {
    const symbol = table.symbol[state] as number;
    const count = next[symbol] as number;
    next[symbol] = count + 1;
    const bits = log - highestBit(count);
    table.bits[state] = bits;
    table.base[state] = (count << bits) - size;
  }
  return table;
}

/** A table with one symbol. */
const single = (symbol: number): Fse => ({
  log: 0,
  symbol: Uint8Array.of(symbol),
  bits: Uint8Array.of(0),
  base: Uint16Array.of(0),
});

/** Codes of lengths: their first value, and the bits that are added to it. */
interface Lengths {
  readonly mostLog: number;
  readonly first: readonly number[];
  readonly bits: readonly number[];
  readonly usual: Fse;
}

const lengthsOf = (least: number, bits: readonly number[]): readonly number[] => {
  let value = least;
  return bits.map((count) => {
    value += 2 ** count;
    return value - 2 ** count;
  });
};
const repeated = (count: number, value: number): number[] => new Array(count).fill(value);

const literalBits = [...repeated(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const matchBits = [...repeated(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const literalLengths: Lengths = {
  mostLog: 9,
  first: lengthsOf(0, literalBits),
  bits: literalBits,
  usual: fse([4, 3, ...repeated(11, 2), 1, 1, 1, ...repeated(9, 2), 3, 2, ...repeated(5, 1), ...repeated(4, -1)], 6),
};
const matchLengths: Lengths = {
  mostLog: 9,
  first: lengthsOf(3, matchBits),
  bits: matchBits,
  usual: fse([1, 4, 3, ...repeated(6, 2), ...repeated(37, 1), ...repeated(7, -1)], 6),
};
const offsetBits = Array.from({ length: 32 }, (_, i) => i);
const offsets: Lengths = {
  mostLog: 8,
  first: offsetBits.map((bits) => 2 ** bits),
  bits: offsetBits,
  usual: fse([...repeated(6, 1), 2, 2, 2, ...repeated(15, 1), ...repeated(5, -1)], 5),
};

/** A frame, whose blocks refer to earlier ones. */
class Frame {
  /** The next byte of the input, and of the output. */
  at: number;
  end: number;
  readonly #input: Uint8Array;
  readonly #size: number;
  readonly #out: Uint8Array;
  /** The first byte of the output that belongs to this frame. */
  readonly #begin: number;
  readonly #hasChecksum: boolean;
  readonly #stated: number | undefined;
  #huffman: Huffman | undefined;
  readonly #tables: (Fse | undefined)[] = [];
  #recent = [1, 4, 8];

  constructor(input: Uint8Array, size: number, at: number, out: Uint8Array, end: number, checksums: boolean) {
    this.#input = input;
    this.#size = size;
    this.at = at;
    this.#out = out;
    this.end = end;
    this.#begin = end;
    const flags = this.#uint(1);
    if (flags & 8) wrong('a reserved bit of a frame is set');
    const isSingle = (flags & 32) !== 0;
    if (!isSingle) this.#uint(1);
    const dictionary = this.#uint([0, 1, 2, 4][flags & 3] as number);
    if (dictionary !== 0) wrong(`it was packed with dictionary ${dictionary}, which is not supported`);
    const sizeBytes = flags >> 6 === 0 ? (isSingle ? 1 : 0) : 1 << (flags >> 6);
    this.#stated = sizeBytes === 0 ? undefined : this.#uint(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    this.#hasChecksum = checksums && (flags & 4) !== 0;
  }

  /** A number of the input, little-endian. */
  #uint(bytes: number): number {
    if (this.at + bytes > this.#size) wrong('the data end too early');
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.#input[this.at + i] as number);
    this.at += bytes;
    return value;
  }

  /** Unpacks a block; returns whether another one follows. */
  block(): boolean {
    const head = this.#uint(3);
    const [isLast, kind, size] = [(head & 1) !== 0, (head >> 1) & 3, head >> 3];
    if (size > mostBlock && kind !== 1) wrong(`a block claims ${size} bytes`);
    const from = this.at;
    const stored = kind === 1 ? 1 : size;
    if (from + stored > this.#size) wrong('a block ends too early');
    if (kind === 0) this.#append(this.#input.subarray(from, from + size));
    else if (kind === 1) this.#fill(this.#input[from] as number, size);
    else if (kind === 2) this.#compressed(from, from + size);
    else wrong('a block is of the reserved kind');
    this.at = from + stored;
    if (!isLast) return true;
    const written = this.end - this.#begin;
    if (this.#stated !== undefined && written !== this.#stated)
      wrong(`a frame has ${written} of ${this.#stated} bytes`);
    if (this.#hasChecksum) {
      const [stated, found] = [this.#uint(4), xxh64(this.#out.subarray(this.#begin, this.end))];
      if (stated !== found) wrong(`its checksum is ${stated.toString(16)}, that of its bytes ${found.toString(16)}`);
    }
    return false;
  }

  #room(count: number): void {
    if (this.end + count > this.#out.length) wrong(`it has more than ${this.#out.length} bytes`);
  }

  #append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.end);
    this.end += bytes.length;
  }

  #fill(byte: number, count: number): void {
    this.#room(count);
    this.#out.fill(byte, this.end, this.end + count);
    this.end += count;
  }

  #compressed(from: number, to: number): void {
    const { literals, at } = this.#literals(from, to);
    const bytes = this.#input;
    let place = at;
    const next = (): number => (place < to ? (bytes[place++] as number) : wrong('a block has no sequences'));
    let count = next();
    if (count === 255) count = next() + (next() << 8) + 0x7f00;
    else if (count > 127) count = ((count - 128) << 8) + next();
    if (count === 0) {
      this.#append(literals);
      return;
    }
    const modes = next();
    if (modes & 3) wrong('reserved bits of a block are set');
    const tables = [literalLengths, offsets, matchLengths].map((lengths, i) => {
      const mode = (modes >> (6 - 2 * i)) & 3;
      if (mode === 1) this.#tables[i] = single(next());
      else if (mode === 0) this.#tables[i] = lengths.usual;
      else if (mode === 2) {
        const read = readFse(bytes, place, to, lengths.mostLog, lengths.bits.length - 1);
        this.#tables[i] = read.table;
        place = read.at;
      }
      return this.#tables[i] ?? wrong('a block repeats a table that was not sent');
    });
    this.#sequences(new BackwardBits(bytes, place, to), count, tables as [Fse, Fse, Fse], literals);
  }

  /** Literals and copies of earlier bytes. */
  #sequences(bits: BackwardBits, count: number, [literalTable, offsetTable, matchTable]: Fse[], literals: Uint8Array) {
    const [byLiteral, byOffset, byMatch] = [literalTable as Fse, offsetTable as Fse, matchTable as Fse];
    let [literal, offset, match] = [bits.read(byLiteral.log), bits.read(byOffset.log), bits.read(byMatch.log)];
    const length = (lengths: Lengths, code: number): number => {
      const extra = lengths.bits[code];
      if (extra === undefined) return wrong(`a length has the code ${code}`);
      return (lengths.first[code] as number) + bits.read(extra);
    };
    const out = this.#out;
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const distanceCode = length(offsets, byOffset.symbol[offset] as number);
      const matched = length(matchLengths, byMatch.symbol[match] as number);
      const plain = length(literalLengths, byLiteral.symbol[literal] as number);
      if (i + 1 < count) {
        literal = (byLiteral.base[literal] as number) + bits.read(byLiteral.bits[literal] as number);
        match = (byMatch.base[match] as number) + bits.read(byMatch.bits[match] as number);
        offset = (byOffset.base[offset] as number) + bits.read(byOffset.bits[offset] as number);
      }
      if (bits.left < 0) wrong('the sequences of a block end too early');
      if (taken + plain > literals.length) wrong('a block has too few literals');
      this.#append(literals.subarray(taken, taken + plain));
      taken += plain;
      const distance = this.#distance(distanceCode, plain);
      if (distance < 1 || distance > this.end - this.#begin) wrong(`a copy is ${distance} bytes before its place`);
      this.#room(matched);
      const from = this.end - distance;
      // The bytes may overlap.
      if (distance >= matched) out.copyWithin(this.end, from, from + matched);
      else for (let k = 0; k < matched; k++) out[this.end + k] = out[from + k] as number;
      this.end += matched;
    }
    if (bits.left !== 0) wrong(`${bits.left} bits are left after the sequences of a block`);
    this.#append(literals.subarray(taken));
  }

  /** The distance of a copy: one of the three recent ones, or a new one. */
  #distance(code: number, literals: number): number {
    const [first, second, third] = this.#recent as [number, number, number];
    const choice = code > 3 ? 0 : code + (literals === 0 ? 1 : 0);
    if (choice === 1) return first;
    const distance = choice === 0 ? code - 3 : choice === 2 ? second : choice === 3 ? third : first - 1;
    this.#recent = choice === 2 ? [distance, first, third] : [distance, first, second];
    return distance;
  }

  #literals(from: number, to: number): { literals: Uint8Array; at: number } {
    const bytes = this.#input;
    const first = bytes[from] as number;
    const [kind, format] = [first & 3, (first >> 2) & 3];
    if (from >= to) wrong('a block is empty');
    const head = (count: number): number => {
      if (from + count > to) wrong('a block ends in its header');
      let value = 0;
      for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[from + i] as number);
      return value;
    };
    if (kind < 2) {
      const headBytes = format === 1 ? 2 : format === 3 ? 3 : 1;
      const size = headBytes === 1 ? first >> 3 : head(headBytes) >> 4;
      const at = from + headBytes;
      if (size > mostBlock || at + (kind === 0 ? size : 1) > to) wrong('the literals of a block end too early');
      if (kind === 0) return { literals: bytes.subarray(at, at + size), at: at + size };
      return { literals: new Uint8Array(size).fill(bytes[at] as number), at: at + 1 };
    }
    const headBytes = format < 2 ? 3 : format + 2;
    const bits = format < 2 ? 10 : format === 2 ? 14 : 18;
    const whole = Math.floor(head(headBytes) / 16);
    const [size, packed] = [whole % 2 ** bits, Math.floor(whole / 2 ** bits)];
    let at = from + headBytes;
    const end = at + packed;
    if (size > mostBlock || end > to) wrong('the literals of a block end too early');
    if (kind === 2) {
      const read = readHuffman(bytes, at, end);
      this.#huffman = read.table;
      at = read.at;
    }
    const table = this.#huffman ?? wrong('a block repeats a code that was not sent');
    const literals = new Uint8Array(size);
    if (format === 0) unpackHuffman(new BackwardBits(bytes, at, end), table, literals);
    else {
      if (at + 6 > end) wrong('the literals of a block end too early');
      const sizes = [0, 2, 4].map((i) => (bytes[at + i] as number) | ((bytes[at + i + 1] as number) << 8));
      const part = (size + 3) >> 2;
      let start = at + 6;
      for (let i = 0; i < 4; i++) {
        const stop = i < 3 ? start + (sizes[i] as number) : end;
        if (stop > end || stop <= start) wrong('a stream of literals ends too early');
        const into = literals.subarray(Math.min(size, i * part), i < 3 ? Math.min(size, (i + 1) * part) : size);
        unpackHuffman(new BackwardBits(bytes, start, stop), table, into);
        start = stop;
      }
    }
    return { literals, at: end };
  }
}

const [mostWeightLog, mostCodeBits] = [6, 11];

/** Reads the lengths of Huffman codes as weights, plain or packed. */
function readHuffman(bytes: Uint8Array, from: number, to: number): { table: Huffman; at: number } {
  const head = from < to ? (bytes[from] as number) : wrong('a code is missing');
  const weights: number[] = [];
  let at = from + 1;
  if (head >= 128) {
    const count = head - 127;
    if (at + ((count + 1) >> 1) > to) wrong('a code ends too early');
    for (let i = 0; i < count; i++) weights.push(((bytes[at + (i >> 1)] as number) >> (i % 2 === 0 ? 4 : 0)) & 15);
    at += (count + 1) >> 1;
  } else {
    const end = at + head;
    if (end > to) wrong('a code ends too early');
    const { table, at: start } = readFse(bytes, at, end, mostWeightLog, mostCodeBits + 1);
    const bits = new BackwardBits(bytes, start, end);
    // Two states take turns, until one reads beyond the end.
    const states = [bits.read(table.log), bits.read(table.log)];
    if (bits.left < 0) wrong('a code ends too early');
    for (let i = 0; ; i ^= 1) {
      const state = states[i] as number;
      weights.push(table.symbol[state] as number);
      if (weights.length > 255) wrong('a code has more than 256 symbols');
      states[i] = (table.base[state] as number) + bits.read(table.bits[state] as number);
      if (bits.left >= 0) continue;
      weights.push(table.symbol[states[i ^ 1] as number] as number);
      break;
    }
    at = end;
  }
  const sum = weights.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  if (sum === 0) wrong('a code has no symbols');
  const log = highestBit(sum) + 1;
  const left = 2 ** log - sum;
  // The last weight completes the sum.
  if (log > mostCodeBits || (left & (left - 1)) !== 0) wrong('the lengths of a code do not fit');
  weights.push(highestBit(left) + 1);
  const size = 1 << log;
  const table = { log, symbol: new Uint8Array(size), bits: new Uint8Array(size) };
  let place = 0;
  for (let weight = 1; weight <= log; weight++)
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      const count = 1 << (weight - 1);
      table.symbol.fill(symbol, place, place + count);
      table.bits.fill(log + 1 - weight, place, place + count);
      place += count;
    }
  return { table, at };
}

function unpackHuffman(bits: BackwardBits, { log, symbol, bits: lengths }: Huffman, out: Uint8Array): void {
  for (let i = 0; i < out.length; i++) {
    const code = bits.peek(log);
    out[i] = symbol[code] as number;
    bits.left -= lengths[code] as number;
  }
  if (bits.left !== 0) wrong(`a stream of literals has ${bits.left < 0 ? 'too few' : 'left over'} bits`);
}

const [prime1, prime2, prime3, prime4, prime5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const word = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotatedLeft = (value: bigint, bits: bigint): bigint => word((value << bits) | (value >> (64n - bits)));
const round = (sum: bigint, lane: bigint): bigint => word(rotatedLeft(word(sum + lane * prime2), 31n) * prime1);

/** The lower half of XXH64 with seed 0. */
function xxh64(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let sum = prime5;
  if (bytes.length >= 32) {
    const lanes = [word(prime1 + prime2), prime2, 0n, word(-prime1)];
    for (; at + 32 <= bytes.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i] as bigint, view.getBigUint64(at + 8 * i, true));
    const [a = 0n, b = 0n, c = 0n, d = 0n] = lanes;
    sum = word(rotatedLeft(a, 1n) + rotatedLeft(b, 7n) + rotatedLeft(c, 12n) + rotatedLeft(d, 18n));
    for (const lane of lanes) sum = word((sum ^ round(0n, lane)) * prime1 + prime4);
  }
  sum = word(sum + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    sum = word(rotatedLeft(sum ^ round(0n, view.getBigUint64(at, true)), 27n) * prime1 + prime4);
  if (at + 4 <= bytes.length) {
    sum = word(rotatedLeft(sum ^ word(BigInt(view.getUint32(at, true)) * prime1), 23n) * prime2 + prime3);
    at += 4;
  }
  for (; at < bytes.length; at++)
    sum = word(rotatedLeft(sum ^ word(BigInt(bytes[at] as number) * prime5), 11n) * prime1);
  sum = word((sum ^ (sum >> 33n)) * prime2);
  sum = word((sum ^ (sum >> 29n)) * prime3);
  return Number((sum ^ (sum >> 32n)) & 0xffffffffn);
}
