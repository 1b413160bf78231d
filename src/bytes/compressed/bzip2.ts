/**
 * Decompresses bzip2, block by block, in JavaScript: no platform provides it, and each file is decompressed only once.
 *
 * Source: the format as described by J. Tsai, "BZIP2: Format Specification" (2016); Burrows and Wheeler, SRC report 124
 * (1994).
 */

/** Marks of a block and of the end of a stream, 48 bits each. */
const [blockMark, endMark] = [0x314159265359, 0x177245385090];
/** Number of symbols that one selector covers, longest code in bits, and maximum number of code tables. */
const [symbolsOfSelector, longestCode, maxTables] = [50, 20, 6];
/** Bytes of a block per level of compression. */
const bytesOfLevel = 100_000;

/** A damaged file: what is wrong, and at which byte. */
export class Bzip2Error extends Error {}

class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #buffer = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Position of the next byte that was not touched. */
  get place(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next `count` bits, 1 … 24. */
  take(count: number): number {
    while (this.#count < count) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Bzip2Error(`the data end at byte ${this.#bytes.length}, within a block`);
      this.#buffer = ((this.#buffer & 0xffffff) << 8) | byte;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  /** 32 or 48 bits as a number. */
  long(count: 32 | 48): number {
    let value = 0;
    for (let done = 0; done < count; done += 16) value = value * 65536 + this.take(16);
    return value;
  }

  /** Skips to the next whole byte. */
  align(): void {
    this.#count -= this.#count % 8;
    // Whole bytes that were read ahead are returned.
    this.#at -= this.#count / 8;
    this.#count = 0;
  }
}

/** A canonical Huffman code. */
interface Code {
  /** For each length: the largest code, and the number that is added to a code to find its symbol. */
  readonly limit: Int32Array;
  readonly shift: Int32Array;
  readonly symbols: Uint16Array;
}

function codeOf(lengths: Uint8Array): Code {
  const limit = new Int32Array(longestCode + 2).fill(-1);
  const shift = new Int32Array(longestCode + 2);
  const symbols = new Uint16Array(lengths.length);
  let [code, used] = [0, 0];
  for (let length = 1; length <= longestCode; length++) {
    shift[length] = used - code;
    for (const [symbol, own] of lengths.entries())
      if (own === length) {
        symbols[used++] = symbol;
        code++;
      }
    limit[length] = code - 1;
    code <<= 1;
  }
  return { limit, shift, symbols };
}

function symbolOf(bits: Bits, { limit, shift, symbols }: Code): number {
  let code = 0;
  for (let length = 1; length <= longestCode; length++) {
    code = (code << 1) | bits.take(1);
    if (code <= (limit[length] as number)) {
      const symbol = symbols[code + (shift[length] as number)];
      if (symbol !== undefined) return symbol;
    }
  }
  throw new Bzip2Error(`a code at byte ${bits.place} is invalid`);
}

const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});

/** The code tables of a block, and the selectors that state which of them is used for which symbols. */
function readCodes(bits: Bits, alphabet: number): { codes: readonly Code[]; selectors: Uint8Array } {
  const tables = bits.take(3);
  const selected = bits.take(15);
  if (tables < 2 || tables > maxTables || selected === 0)
    throw new Bzip2Error(`the block at byte ${bits.place} has ${tables} code tables and ${selected} selectors`);
  const recent = Uint8Array.from({ length: tables }, (_, i) => i);
  const selectors = new Uint8Array(selected);
  for (let i = 0; i < selected; i++) {
    let depth = 0;
    while (bits.take(1) === 1)
      if (++depth >= tables) throw new Bzip2Error(`a selector at byte ${bits.place} is invalid`);
    const table = recent[depth] as number;
    recent.copyWithin(1, 0, depth);
    recent[0] = table;
    selectors[i] = table;
  }
  const codes = Array.from({ length: tables }, () => {
    const lengths = new Uint8Array(alphabet);
    let length = bits.take(5);
    for (let symbol = 0; symbol < alphabet; symbol++) {
      while (bits.take(1) === 1) length += bits.take(1) === 1 ? -1 : 1;
      if (length < 1 || length > longestCode)
        throw new Bzip2Error(`the length of a code at byte ${bits.place} is ${length}; expected 1 to ${longestCode}`);
      lengths[symbol] = length;
    }
    return codeOf(lengths);
  });
  return { codes, selectors };
}

/** The bytes that occur in a block. */
function readAlphabet(bits: Bits): Uint8Array {
  const groups = bits.take(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (!(groups & (0x8000 >> group))) continue;
    const members = bits.take(16);
    for (let k = 0; k < 16; k++) if (members & (0x8000 >> k)) used.push(16 * group + k);
  }
  if (used.length === 0) throw new Bzip2Error(`the block at byte ${bits.place} has no bytes`);
  return Uint8Array.from(used);
}

/** Reads a block into the low bytes of `sorted`; returns their number. */
function readSorted(bits: Bits, sorted: Uint32Array): number {
  const recent = readAlphabet(bits);
  const end = recent.length + 1;
  const { codes, selectors } = readCodes(bits, end + 1);
  let [count, run, weight] = [0, 0, 1];
  for (let k = 0; ; k++) {
    const selector = selectors[Math.floor(k / symbolsOfSelector)];
    if (selector === undefined) throw new Bzip2Error(`the block at byte ${bits.place} does not end`);
    const symbol = symbolOf(bits, codes[selector] as Code);
    if (symbol <= 1) {
      run += weight << symbol;
      weight *= 2;
      if (run > sorted.length) throw new Bzip2Error(`a run at byte ${bits.place} exceeds its block`);
      continue;
    }
    if (run > 0) {
      if (count + run > sorted.length) throw new Bzip2Error(`a run at byte ${bits.place} exceeds its block`);
      sorted.fill(recent[0] as number, count, count + run);
      count += run;
      [run, weight] = [0, 1];
    }
    if (symbol === end) return count;
    if (count === sorted.length) throw new Bzip2Error(`the block at byte ${bits.place} is too long`);
    const byte = recent[symbol - 1] as number;
    recent.copyWithin(1, 0, symbol - 1);
    recent[0] = byte;
    sorted[count++] = byte;
  }
}

/** Undoes the Burrows-Wheeler transform: the index of the next entry is stored in the upper 24 bits of each entry. */
function linkEntries(sorted: Uint32Array, count: number): void {
  const next = new Uint32Array(257);
  for (let i = 0; i < count; i++) (next[((sorted[i] as number) & 0xff) + 1] as number)++;
  for (let byte = 0; byte < 256; byte++) next[byte + 1] = (next[byte + 1] as number) + (next[byte] as number);
  for (let i = 0; i < count; i++) {
    const at = (next[(sorted[i] as number) & 0xff] as number)++;
    sorted[at] = ((sorted[at] as number) | (i << 8)) >>> 0;
  }
}

/**
 * The bytes of a block, in which runs (four equal bytes followed by the number of further ones) are expanded. Verifies
 * its checksum.
 */
function expand(sorted: Uint32Array, count: number, origin: number, expected: number): Uint8Array {
  if (origin >= count) throw new Bzip2Error(`a block of ${count} bytes starts at its byte ${origin}`);
  let out = new Uint8Array(2 * count + 1024);
  let length = 0;
  let sum = 0xffffffff;
  const put = (byte: number, times: number): void => {
    if (length + times > out.length) {
      const more = new Uint8Array(2 * out.length + times);
      more.set(out);
      out = more;
    }
    for (let i = 0; i < times; i++) {
      out[length++] = byte;
      sum = (sum << 8) ^ (checksums[(sum >>> 24) ^ byte] as number);
    }
  };
  let entry = (sorted[origin] as number) >>> 8;
  let [last, equal] = [-1, 0];
  for (let i = 0; i < count; i++) {
    const link = sorted[entry] as number;
    const byte = link & 0xff;
    entry = link >>> 8;
    if (equal === 4) {
      put(last, byte);
      equal = 0;
      last = -1;
    } else {
      equal = byte === last ? equal + 1 : 1;
      last = byte;
      put(byte, 1);
    }
  }
  if (~sum >>> 0 !== expected) throw new Bzip2Error('the checksum of a block differs: the data are damaged');
  return out.subarray(0, length);
}

/** Yields the decompressed blocks of one or several streams. Throws `Bzip2Error` for damaged data. */
export function* bzip2Blocks(bytes: Uint8Array): Generator<Uint8Array> {
  const bits = new Bits(bytes);
  do {
    const magic = String.fromCharCode(bits.take(8), bits.take(8), bits.take(8), bits.take(8));
    if (!/^BZh[1-9]$/.test(magic)) throw new Bzip2Error(`bytes after the end of the data, at ${bits.place - 4}`);
    const sorted = new Uint32Array(bytesOfLevel * Number(magic[3]));
    // The checksum of a stream combines those of its blocks.
    for (let sum = 0; ; ) {
      const mark = bits.long(48);
      const checksum = bits.long(32);
      if (mark === endMark) {
        if (checksum !== sum) throw new Bzip2Error('the checksum of the stream differs: the data are damaged');
        break;
      }
      if (mark !== blockMark) throw new Bzip2Error(`no block starts at byte ${bits.place}`);
      if (bits.take(1) === 1) throw new Bzip2Error('blocks of bzip2 before 0.9.5 (randomised) cannot be read');
      const origin = bits.take(24);
      const count = readSorted(bits, sorted);
      linkEntries(sorted, count);
      yield expand(sorted, count, origin, checksum);
      sum = (((sum << 1) | (sum >>> 31)) ^ checksum) >>> 0;
    }
    bits.align();
  } while (!bits.isAtEnd);
}
