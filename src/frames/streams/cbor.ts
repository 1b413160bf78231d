/**
 * The subset of CBOR (RFC 8949) that detectors use: tags become `Tagged`, maps become `Map` with text keys, byte
 * strings are views of the message, integers beyond 2⁵³ are rounded.
 */
import { joined } from '../../util/joined.js';
import { Walk } from './bytes.js';

/** A value with a tag that determines its interpretation. */
export class Tagged {
  readonly tag: number;
  readonly value: unknown;

  constructor(tag: number, value: unknown) {
    this.tag = tag;
    this.value = value;
  }
}

/** Decodes a message. Throws `Format` if it is damaged or has trailing bytes. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const walk = new Walk(bytes, 'CBOR');
  const value = cborItem(walk);
  if (walk.at !== bytes.length) walk.refuse(`${bytes.length - walk.at} bytes follow its end`);
  return value;
}

/** Terminates items of indefinite length. */
const stop = Symbol('stop');

function cborItem(walk: Walk): unknown {
  const { view } = walk;
  const byte = view.getUint8(walk.step(1));
  const [major, low] = [byte >> 5, byte & 31];
  if (major === 7) return simpleOf(walk, low);
  const open = low === 31;
  const count = open ? 0 : readCount(walk, low);
  const next = (): unknown => {
    const value = cborItem(walk);
    return value === stop ? walk.refuse('an end where a value is expected') : value;
  };
  // Items until the terminator.
  const until = (): unknown[] =>
    walk.inside(() => {
      const items: unknown[] = [];
      for (let item = cborItem(walk); item !== stop; item = cborItem(walk)) items.push(item);
      return items;
    });
  switch (major) {
    case 0:
      return open ? walk.refuse('a number without a length') : count;
    case 1:
      return open ? walk.refuse('a number without a length') : -1 - count;
    case 2: {
      if (!open) return walk.take(count);
      const parts = until().filter((part) => part instanceof Uint8Array);
      return joined(Uint8Array, parts);
    }
    case 3:
      return open ? until().join('') : walk.text(count);
    case 4:
      return open ? until() : walk.list(count, next);
    case 5: {
      if (!open) return walk.map(count, next);
      const items = until();
      const map = new Map<string, unknown>();
      for (let i = 0; i + 1 < items.length; i += 2) map.set(String(items[i]), items[i + 1]);
      return map;
    }
    default: {
      if (open) walk.refuse('a tag without a number');
      const value = walk.inside(next);
      // The tag that declares the following data to be CBOR.
      return count === 55799 ? value : new Tagged(count, value);
    }
  }
}

function readCount(walk: Walk, low: number): number {
  const { view } = walk;
  if (low < 24) return low;
  if (low === 24) return view.getUint8(walk.step(1));
  if (low === 25) return view.getUint16(walk.step(2));
  if (low === 26) return view.getUint32(walk.step(4));
  if (low === 27) return Number(view.getBigUint64(walk.step(8)));
  return walk.refuse(`a length of kind ${low}`);
}

function simpleOf(walk: Walk, low: number): unknown {
  const { view } = walk;
  switch (low) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
      return null;
    case 23:
      return undefined;
    case 25:
      return halfOf(view.getUint16(walk.step(2)));
    case 26:
      return view.getFloat32(walk.step(4));
    case 27:
      return view.getFloat64(walk.step(8));
    case 31:
      return stop;
    default:
      return walk.refuse(`a simple value ${low}`);
  }
}

/** A half-precision number: sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
