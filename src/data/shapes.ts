/** Shapes: what the file says, what the caller asks, and whether the file is large enough for it. */
import { EwaldError } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { ByteSource } from './byte-source.js';
import type { Note } from './dataset.js';
import type { FormatOptions } from './format.js';

/** An error of a file: what was found, at which byte where one can be named. */
export const badFile = (source: ByteSource, message: string, detail: Record<string, unknown> = {}): EwaldError =>
  new EwaldError('Format', `${source.name}: ${message}`, { detail: { path: source.name, ...detail } });

/**
 * Largest frame that is read unless `maxFrameBytes` says otherwise: nearly three times the largest of a camera in use
 * (11 520 × 8184 pixels of f32 are 377 MB), and far below what a header of a few bytes can claim.
 */
export const defaultFrameBytes = 2 ** 30;

/** The refusal of a frame or chunk that is larger than any detector's. */
export const tooLarge = (what: string, bytes: number, most: number): EwaldError =>
  new EwaldError(
    'Limit',
    `${what} take ${bytes} bytes each, more than the ${most} that are read at once: the header may be damaged. If the size is ` +
      'real, raise maxFrameBytes (--max-frame-bytes)',
    { detail: { bytes, maxFrameBytes: most } },
  );

/** Checks a shape that a person gave. */
export function checkShape(what: string, shape: readonly number[], least = 0): readonly number[] {
  if (!Array.isArray(shape) || shape.length < least || shape.some((n) => !Number.isSafeInteger(n) || n < 1))
    throw new EwaldError(
      'Argument',
      `${what} is ${shown(shape)}; needed are lengths of at least 1, slowest axis first`,
    );
  return shape;
}

/** Sizes a header may state: whole numbers within what a file can hold. */
export function sane(source: ByteSource, what: string, value: number, least = 1, most = 2 ** 40): number {
  if (!Number.isSafeInteger(value) || value < least || value > most)
    throw badFile(source, `the header gives ${what} as ${value}; expected is ${least} to ${most}`);
  return value;
}

/**
 * The shape of the scan: the one asked for, when it holds exactly the frames there are, else the one of the file.
 *
 * Throws `Shape` where it does not, naming both and shapes that would fit.
 */
export function navigationShape(
  source: ByteSource,
  frames: number,
  fromFile: readonly number[],
  options: FormatOptions,
): readonly number[] {
  const { navShape } = options;
  if (navShape === undefined) return fromFile;
  const asked = checkShape('navShape', navShape).reduce((a, b) => a * b, 1);
  if (asked !== frames)
    throw new EwaldError(
      'Shape',
      `${source.name} holds ${frames} frames; a scan of ${navShape.join(' × ')} would need ${asked}. ` +
        `These would fit: ${fitting(frames)}`,
      { detail: { path: source.name, frames, navShape: [...navShape] } },
    );
  return [...navShape];
}

/** A few shapes of `frames`, the squarest first. */
export function fitting(frames: number): string {
  const found: string[] = [];
  for (let rows = Math.floor(Math.sqrt(frames)); rows >= 1 && found.length < 3; rows--)
    if (frames % rows === 0) found.push(`${rows} × ${frames / rows}`);
  return found.join(', ') || String(frames);
}

/** How many frames a file holds, by its size: a rest is told. */
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
      `the file has ${Math.max(0, room)} bytes after its header of ${offset}; one frame needs ${stored}. Is it cut short?`,
    );
  const rest = room - frames * stride;
  const notes: Note[] =
    rest > 0
      ? [{ kind: 'warning', text: `${rest} bytes after the last whole frame are left over: a frame was cut short` }]
      : [];
  return { frames, notes };
}

/**
 * Refuses a frame that the file cannot hold, before anything is allocated: a header of a few bytes may claim terabytes.
 */
export function holds(source: ByteSource, offset: number, bytes: number, what: string): void {
  if (!Number.isSafeInteger(bytes) || offset + bytes > source.size)
    throw badFile(
      source,
      `${what} needs ${bytes} bytes from byte ${offset} on; the file has ${source.size}. Is it cut short?`,
      { expected: offset + bytes, found: source.size },
    );
}
