/** Writes files of frames: a header, then the frames unchanged. */

import { bytesOfArray, type DataType, type FrameArray } from '../bytes/dtype.js';
import { EwaldError } from '../util/errors.js';
import { littleEndianMachine } from '../util/number-bytes.js';
import { unitFactor } from '../util/units.js';
import type { Dataset } from './dataset.js';
import { npyHeadOf } from './npy.js';
import { numpyTypeOf } from './numpy-types.js';
import type { OpenOptions } from './open.js';

/** How frames are written in one format. */
interface FrameWriter {
  /** Everything before the first frame. */
  readonly header: Uint8Array;
  /** The bytes of some frames. */
  encode(frames: FrameArray): Uint8Array;
  /** The options of `open` that give the same shape and dtype again, if the file does not state them. */
  readonly reopen: OpenOptions | undefined;
}

type Described = Pick<Dataset, 'shape' | 'dtype' | 'frames' | 'meta'>;

/** Writers by file ending. */
export const writers: Readonly<Record<string, (dataset: Described) => FrameWriter>> = {
  npy: npyWriter,
  raw: rawWriter,
  mrc: mrcWriter,
};

function npyWriter({ shape, dtype }: Described): FrameWriter {
  const header = npyHeadOf(numpyTypeOf(dtype), [...shape.nav, ...shape.sig]);
  return { header, encode: bytesOfArray, reopen: undefined };
}

function rawWriter({ shape, dtype }: Described): FrameWriter {
  return {
    header: new Uint8Array(0),
    encode: bytesOfArray,
    reopen: { format: 'raw', dtype, sigShape: shape.sig, ...scanOf(shape) },
  };
}

/** A scan of several axes, for formats that have one axis of frames. */
const scanOf = ({ nav: navigation }: Dataset['shape']): Pick<OpenOptions, 'navShape'> =>
  navigation.length > 1 ? { navShape: navigation } : {};

const modes: Readonly<Partial<Record<DataType, number>>> = { i8: 0, i16: 1, f32: 2, c64: 4, u8: 6, u16: 6, f16: 12 };

/** The lengths of a volume in MRC, x, y, z in angstrom: of its axes if they are lengths, otherwise of the detector. */
function cellOf({ axes = [], pixelSizeM }: Described['meta'], sizes: readonly number[]): number[] {
  const own = sizes.map((size, i) => {
    const { scale, unit, size: stated } = axes[axes.length - sizes.length + i] ?? {};
    const factor = unit === undefined ? undefined : unitFactor('length', unit);
    return scale === undefined || factor === undefined || stated !== size ? undefined : size * scale * factor * 1e10;
  });
  const [z = 0, y = 0, x = 0] = own;
  if (own[1] !== undefined && own[2] !== undefined) return [x, y, z].map(Math.abs);
  const [, ny = 0, nx = 0] = sizes;
  return [nx * (pixelSizeM?.x ?? 0) * 1e10, ny * (pixelSizeM?.y ?? 0) * 1e10, 0];
}

/** MRC2014, a stack of images. The format has three axes, so `reopen` states the shape of a scan. */
function mrcWriter({ shape, dtype, frames, meta }: Described): FrameWriter {
  const mode = modes[dtype];
  const [ny = 0, nx = 0] = shape.sig;
  if (mode === undefined || shape.sig.length !== 2)
    throw new EwaldError(
      'Unsupported',
      `MRC holds images of ${Object.keys(modes).join(', ')}; frames of ${shape.sig.join(' × ')} ${dtype} do ` +
        'not fit. Write .npy or .raw',
    );
  const header = new Uint8Array(1024);
  const view = new DataView(header.buffer);
  const ints = (at: number, ...values: number[]): void => {
    for (const [i, value] of values.entries()) view.setInt32(at + 4 * i, value, littleEndianMachine);
  };
  const floats = (at: number, ...values: number[]): void => {
    for (const [i, value] of values.entries()) view.setFloat32(at + 4 * i, value, littleEndianMachine);
  };
  ints(0, nx, ny, frames, mode);
  ints(28, nx, ny, frames);
  floats(40, ...cellOf(meta, [frames, ny, nx]));
  floats(52, 90, 90, 90);
  ints(64, 1, 2, 3);
  // Marks the density statistics as not computed: the maximum is below the minimum, and the root mean square is
  // negative.
  floats(76, 0, -1, -2);
  ints(108, 20140);
  header.set(new TextEncoder().encode('MAP '), 208);
  header.set(littleEndianMachine ? [0x44, 0x44] : [0x11, 0x11], 212);
  floats(216, -1);
  return {
    header,
    reopen: shape.nav.length > 1 ? scanOf(shape) : undefined,
    // Mode 0 is signed, so unsigned bytes are written as 16 bits.
    encode: dtype === 'u8' ? (given) => bytesOfArray(Uint16Array.from(given as Uint8Array)) : bytesOfArray,
  };
}
