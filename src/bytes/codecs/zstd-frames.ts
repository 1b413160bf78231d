/** The frames of Zstandard (RFC 8878): where each one ends and what it states, before anything is unpacked. */

const [frameMark, skippableMark] = [0xfd2fb528, 0x184d2a50];
/** Largest block. */
const maxBlock = 2 ** 17;

export const wrong = (message: string): never => {
  throw new Error(`Zstandard: ${message}`);
};

/** A frame: bytes `from` to `to` of the data, with its checksum if it has one. */
export interface ZstdFrame {
  readonly from: number;
  readonly to: number;
  readonly hasChecksum: boolean;
  /** The stated size, or 0 and the most that its blocks can hold. */
  readonly least: number;
  readonly most: number;
}

/** A number, little-endian. */
function uint(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) wrong('the data end too early');
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

/** The frame that begins at a byte. */
function frameAt(bytes: Uint8Array, from: number): ZstdFrame {
  const flags = uint(bytes, from + 4, 1);
  if (flags & 8) wrong('a reserved bit of a frame is set');
  const isSingle = (flags & 32) !== 0;
  let at = from + (isSingle ? 5 : 6);
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
  const dictionary = uint(bytes, at, dictionaryBytes);
  if (dictionary !== 0) wrong(`it was packed with dictionary ${dictionary}, which is not supported`);
  at += dictionaryBytes;
  const sizeBytes = flags >> 6 === 0 ? (isSingle ? 1 : 0) : 1 << (flags >> 6);
  const stated = uint(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  at += sizeBytes;
  let most = 0;
  for (let isLast = false; !isLast; ) {
    const head = uint(bytes, at, 3);
    const [kind, size] = [(head >> 1) & 3, head >> 3];
    isLast = (head & 1) !== 0;
    if (kind === 3) wrong('a block is of the reserved kind');
    if (size > maxBlock) wrong(`a block claims ${size} bytes`);
    at += 3 + (kind === 1 ? 1 : size);
    if (at > bytes.length) wrong('a block ends too early');
    most += kind === 2 ? maxBlock : size;
  }
  const hasChecksum = (flags & 4) !== 0;
  if (hasChecksum) uint(bytes, at, 4);
  const to = at + (hasChecksum ? 4 : 0);
  if (sizeBytes === 0) return { from, to, hasChecksum, least: 0, most };
  if (stated > most) wrong(`a frame states ${stated} bytes; its blocks hold ${most} at most`);
  return { from, to, hasChecksum, least: stated, most: stated };
}

/**
 * The frames of data that unpack to `length` bytes; frames of other kinds are left out. Throws `Error` if one is cut
 * short, or if they state or can hold other sizes. `padding`: most bytes that may follow.
 */
export function zstdFrames(packed: Uint8Array, length: number, padding: number): ZstdFrame[] {
  const frames: ZstdFrame[] = [];
  let [at, least, most] = [0, 0, 0];
  while (at < packed.length && !(at > 0 && packed.length - at <= padding)) {
    const mark = at + 4 <= packed.length ? uint(packed, at, 4) : wrong('the data end in the mark of a frame');
    if ((mark & 0xfffffff0) >>> 0 === skippableMark) {
      at += 8 + uint(packed, Math.min(at + 4, packed.length), 4);
      if (at > packed.length) wrong('the data end in a frame of another kind');
      continue;
    }
    if (mark !== frameMark) wrong(`a frame begins with 0x${mark.toString(16)}`);
    const frame = frameAt(packed, at);
    frames.push(frame);
    at = frame.to;
    least += frame.least;
    most += frame.most;
  }
  if (least > length) wrong(`it has more than ${length} bytes`);
  if (most < length) wrong(`it has ${least === most ? '' : 'at most '}${most} bytes; expected ${length}`);
  return frames;
}
