/** Shapes: reconciles what the file states with what the caller requests, and checks that the file is large enough. */

import { badFile } from '../bytes/bad-file.js';
import type { ByteSource } from '../bytes/byte-source.js';
import { counted } from '../util/amounts.js';
import { EwaldError } from '../util/errors.js';
import { inspect } from '../util/options.js';
import { checkFileBytes } from './cut-files.js';
import type { Note, SizeCheck } from './dataset.js';
import type { FormatOptions } from './format.js';

/** The error for a file of which every format and command says the same: nothing of it can be read. */
export const withoutFrames = (name: string, shape: readonly number[], path?: string): EwaldError =>
  new EwaldError(
    'Format',
    `${name} has no frames, or none yet: ${path === undefined ? 'its shape' : path} is ${shape.join(' × ')}`,
    { detail: { path: name, shape } },
  );

/** Checks a shape given by the user; with `unknown`, -1, a length may be unknown. */
export function checkShape(what: string, shape: readonly number[], least = 0, unknown?: -1): readonly number[] {
  const isLength = (n: unknown): boolean => n === unknown || (Number.isSafeInteger(n) && (n as number) >= 1);
  if (!Array.isArray(shape) || shape.length < least || !shape.every(isLength))
    throw new EwaldError(
      'Argument',
      `${what} is ${inspect(shape)}; expected lengths of at least 1, slowest axis first` +
        `${unknown === -1 ? ', or -1 for one that follows from the number of frames' : ''}`,
    );
  return shape;
}

/** Checks a size stated in a header: an integer within what a file can hold. */
export function checkHeaderSize(
  source: Pick<ByteSource, 'name'>,
  what: string,
  value: number,
  least = 1,
  most = 2 ** 40,
): number {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw badFile(source, `the header gives ${what} as ${value}; expected ${least} to ${most}`);
  return value;
}

/**
 * The shape of the scan: the requested one if its product is the number of frames, by default the file's.
 *
 * Throws `Shape` on a mismatch, with both shapes and some that would fit.
 */
export function navigationShape(
  source: ByteSource,
  frames: number,
  fromFile: readonly number[],
  options: FormatOptions,
): readonly number[] {
  const { navShape } = options;
  if (navShape === undefined) return fromFile;
  const found = filledShape(checkShape('navShape', navShape, 0, -1), frames);
  const wanted = navShape.reduce((a, b) => a * b, 1);
  if (found === undefined || (!navShape.includes(-1) && wanted !== frames))
    throw new EwaldError(
      'Shape',
      `${source.name} holds ${counted(frames, 'frame')}; a scan of ${navShape.join(' × ')} ` +
        `${navShape.includes(-1) ? 'does not divide them' : `would need ${wanted}`}. ` +
        `Shapes that fit: ${fitting(frames)}`,
      { detail: { path: source.name, frames, navShape: [...navShape] } },
    );
  return found;
}

/**
 * Replaces -1 by the length that follows from the number of frames; two of them are a square. Undefined if it is not
 * a whole number.
 */
export function filledShape(wanted: readonly number[], frames: number): number[] | undefined {
  const open = wanted.filter((n) => n === -1).length;
  if (open === 0) return [...wanted];
  const rest = frames / wanted.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const length = open === 1 ? rest : open === 2 ? Math.round(Math.sqrt(rest)) : Number.NaN;
  if (!(Number.isInteger(length) && length >= 1) || length ** open !== rest) return undefined;
  return wanted.map((n) => (n === -1 ? length : n));
}

/** A few shapes of `frames`, the squarest first. */
export function fitting(frames: number): string {
  const found: string[] = [];
  for (let rows = Math.floor(Math.sqrt(frames)); rows >= 1 && found.length < 3; rows--)
    if (frames % rows === 0) found.push(`${rows} × ${frames / rows}`);
  return found.join(', ') || String(frames);
}

/** The number of frames that a file holds according to its size; a remainder is reported. */
export interface Counted {
  readonly frames: number;
  readonly notes: readonly Note[];
}

/** Counts the frames from `offset` on; the last one need not be followed by its gap. */
export function countFrames(source: ByteSource, offset: number, stride: number, stored: number): Counted {
  const room = source.size - offset;
  const frames = room < stored ? 0 : Math.floor((room - stored) / stride) + 1;
  if (frames === 0)
    throw badFile(
      source,
      `the file has ${Math.max(0, room)} bytes after its header of ${offset}; one frame needs ${stored}. ` +
        'Is it truncated?',
    );
  const rest = room - frames * stride;
  const notes: Note[] =
    rest > 0
      ? [
          {
            kind: 'warning',
            text: `${rest} bytes are left over after the last complete frame: a frame was truncated`,
            isCut: true,
          },
        ]
      : [];
  return { frames, notes };
}

/**
 * The number of whole frames of those that a header states, from `offset` on, in a file that may have been cut; the rest
 * is reported. Throws `Format` if not even one is there.
 */
export function countStated(
  source: ByteSource,
  { offset, bytes, stated }: { readonly offset: number; readonly bytes: number; readonly stated: number },
): Counted & { readonly sizes: readonly SizeCheck[] } {
  const whole = { frames: stated, notes: [], sizes: [checkFileBytes(source, offset + stated * bytes)] };
  if (bytes === 0 || stated === 0) return whole;
  const frames = Math.min(stated, Math.floor(Math.max(0, source.size - offset) / bytes));
  if (frames === stated) return whole;
  const words = `its header states ${stated} frames of ${bytes} bytes from byte ${offset} on, and it has ${source.size}`;
  if (frames === 0) throw badFile(source, `${words}: not one whole frame. Is it truncated?`);
  const text = `${words}: cut after ${frames} whole frames`;
  return { frames, notes: [{ kind: 'warning', text, isCut: true }], sizes: [] };
}

/** Rejects a frame that the file cannot hold, before anything is allocated: a small header may claim terabytes. */
export function checkFrameFits(source: ByteSource, offset: number, bytes: number, what: string): void {
  if (!Number.isSafeInteger(bytes) || offset + bytes > source.size)
    throw badFile(
      source,
      `${what} needs ${bytes} bytes from byte ${offset} on; the file has ${source.size}. Is it truncated?`,
      { expected: offset + bytes, found: source.size },
    );
}
