/**
 * Zstandard, which Node has from version 22.15 on and browsers do not have: the decoder of the package zstddec, which
 * is the reference decoder as WebAssembly. Dictionaries are not supported.
 */
import { EwaldError, messageOf } from '../../util/errors.js';
import { wasmRefusal } from '../../util/policy.js';
import { wrong, type ZstdFrame, zstdFrames } from './zstd-frames.js';
import { zstdModule } from './zstd-module.js';

/** The functions of the module. */
interface Decoder {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
  ZSTD_decompress(to: number, capacity: number, from: number, bytes: number): number;
  ZSTD_isError(size: number): number;
}

/** How data are unpacked. */
export interface ZstdOptions {
  /** Whether checksums of frames are verified. Default true. */
  readonly checksums?: boolean;
  /** Most bytes that may follow the frames. Default 0. */
  readonly padding?: number;
}

/** Unpacks exactly `length` bytes. Throws `Error` if the data are damaged, or more or fewer. */
export async function unpackZstd(packed: Uint8Array, length: number, options: ZstdOptions = {}): Promise<Uint8Array> {
  // Frames of another size are refused before any memory is allocated.
  const frames = zstdFrames(packed, length, options.padding ?? 0);
  const decoder = await decoderOf();
  const out = new Uint8Array(length);
  unpack(decoder, packed, frames, out, options.checksums ?? true);
  return out;
}

/** Unpacks into all of `out`, like `unpackZstd`. */
export async function unpackZstdInto(packed: Uint8Array, out: Uint8Array, options: ZstdOptions = {}): Promise<void> {
  const frames = zstdFrames(packed, out.length, options.padding ?? 0);
  unpack(await decoderOf(), packed, frames, out, options.checksums ?? true);
}

/** The heap never shrinks: one that has grown beyond this is dropped after use. */
const maxKept = 2 ** 26;

let compiled: Promise<WebAssembly.Module> | undefined;
let kept: Promise<Decoder> | undefined;

function decoderOf(): Promise<Decoder> {
  kept ??= started().catch((cause) => {
    [compiled, kept] = [undefined, undefined];
    const reason = wasmRefusal(cause) ?? messageOf(cause);
    throw new EwaldError('Load', `the decoder of Zstandard cannot be started: ${reason}`, { cause });
  });
  return kept;
}

async function started(): Promise<Decoder> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(zstdModule), (letter) => letter.charCodeAt(0)));
  const imports = { env: { emscripten_notify_memory_growth: () => undefined } };
  const { exports } = await WebAssembly.instantiate(await compiled, imports);
  return exports as unknown as Decoder;
}

/** Unpacks the frames one after the other; nothing else can run meanwhile. */
function unpack(
  decoder: Decoder,
  packed: Uint8Array,
  frames: readonly ZstdFrame[],
  out: Uint8Array,
  checksums: boolean,
): void {
  const from = allocated(decoder, packed.length + out.length);
  const to = from + packed.length;
  try {
    new Uint8Array(decoder.memory.buffer).set(packed, from);
    let end = 0;
    for (const frame of frames) {
      let bytes = frame.to - frame.from;
      if (frame.hasChecksum && !checksums) {
        // Without its flag and its checksum the frame is another valid one.
        const flags = new Uint8Array(decoder.memory.buffer, from + frame.from + 4, 1);
        flags[0] = (flags[0] as number) & ~4;
        bytes -= 4;
      }
      const size = decoder.ZSTD_decompress(to + end, out.length - end, from + frame.from, bytes);
      if (decoder.ZSTD_isError(size)) wrong(reasonOf(-size, packed, frame, out.length));
      end += size;
    }
    if (end !== out.length) wrong(`it has ${end} bytes; expected ${out.length}`);
    out.set(new Uint8Array(decoder.memory.buffer, to, out.length));
  } finally {
    decoder.free(from);
    if (decoder.memory.buffer.byteLength > maxKept) kept = undefined;
  }
}

/** Memory for so many bytes, which the decoder needs beside 200 kB of its own. */
function allocated(decoder: Decoder, bytes: number): number {
  const [own, most] = [2 ** 18, 2 ** 31 - 2 ** 21];
  // What was allocated on trial makes the heap grow, so that the decoder finds what it needs itself.
  const address = bytes + own < most ? decoder.malloc(bytes + own) : 0;
  if (address === 0)
    throw new EwaldError('OutOfMemory', `Zstandard: there is no room for ${bytes} bytes, packed and unpacked`, {
      detail: { bytes },
    });
  decoder.free(address);
  return decoder.malloc(bytes);
}

/** What an error code of the decoder means (zstd_errors.h). */
function reasonOf(code: number, packed: Uint8Array, { to }: ZstdFrame, length: number): string {
  if (code === 70) return `it has more than ${length} bytes`;
  if (code === 22) {
    const stated = new DataView(packed.buffer, packed.byteOffset + to - 4, 4).getUint32(0, true);
    return `its checksum is ${stated.toString(16)}, which is not that of its bytes`;
  }
  return code === 20 ? 'a block is damaged' : `a frame is damaged (error ${code} of zstd)`;
}
