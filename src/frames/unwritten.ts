/** Frames that were never written: a program that made room for all of them has not come to its end. */
import { placesBetween } from '../hdf5/box.js';

/** An array that is stored in chunks, of which some may be absent. */
export interface StoredArray {
  readonly shape: readonly number[];
  /** Shape of its chunks; undefined if it is stored in one piece. */
  readonly chunk: readonly number[] | undefined;
  /** Whether anything is stored of the chunk at a position counted in chunks; true if that is not known. */
  isStored(place: readonly number[]): Promise<boolean>;
}

/** Most chunks of a row that are looked for; one of more chunks is taken for written. */
const maxChunks = 64;

/**
 * Rows at the end of an array, along its first axis, of which nothing is stored: up to `looks` rows of chunks are looked at
 * one by one, from the last one, and the others by bisection, as of rows that are written in order. An array that is whole
 * costs one look.
 */
export async function unwrittenRows(array: StoredArray, looks = 1): Promise<number> {
  const [rows = 1] = array.shape;
  const [step = 1] = array.chunk ?? [rows];
  let [from, to] = [0, Math.ceil(rows / step)];
  for (let look = 0; to > 0 && look < Math.max(1, looks); look++, to--)
    if (await isWritten(array, to - 1)) return Math.max(0, rows - to * step);
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (await isWritten(array, middle)) from = middle + 1;
    else to = middle;
  }
  return rows - from * step;
}

/** Most rows of chunks that are looked at one by one. */
const maxLooks = 4096;

/** Rows before the last `unwritten` ones of which nothing is stored either; they are looked for one by one. */
export async function unwrittenBefore(array: StoredArray, unwritten: number): Promise<number> {
  const [rows = 1] = array.shape;
  const [step = 1] = array.chunk ?? [rows];
  let found = 0;
  for (let row = 0; row < Math.min(maxLooks, Math.floor((rows - unwritten) / step)); row++)
    if (!(await isWritten(array, row))) found += step;
  return found;
}

/** Frames of which nothing is stored, and those of which only some chunks are; both with the first of them. */
export interface UnwrittenFrames {
  readonly none: number;
  readonly firstNone: number;
  readonly part: number;
  readonly firstPart: number;
}

/** The number of chunks of an array. */
export const chunksOf = ({ shape, chunk = shape }: Pick<StoredArray, 'shape' | 'chunk'>): number =>
  shape.reduce((product, n, axis) => product * Math.ceil(n / Math.max(1, chunk[axis] ?? n)), 1);

/** Frames of which all, some or none of the chunks are stored. */
export interface StoredFrames {
  readonly first: number;
  /** Frames that share a chunk; they follow each other where chunks are cut along the first axis alone. */
  readonly frames: number;
  readonly stored: 'all' | 'some' | 'none';
}

/** Looks for every chunk of the first `rows` rows of an array whose last `signalAxes` axes are those of a frame. */
export async function* storedFrames(
  array: StoredArray,
  rows: number,
  signalAxes: number,
): AsyncGenerator<StoredFrames> {
  const { shape, chunk = shape } = array;
  const navAxes = shape.length - signalAxes;
  const inAll = [rows, ...shape.slice(1)];
  const last = inAll.map((n, axis) => Math.ceil(n / (chunk[axis] ?? n)) - 1);
  if (last.some((n) => n < 0)) return;
  const perFrame = last.slice(navAxes).reduce((product, n) => product * (n + 1), 1);
  let [looked, stored] = [0, 0];
  // The last axis is fastest, so that the chunks of a frame follow each other.
  for (const place of placesBetween(new Array<number>(shape.length).fill(0), last)) {
    if (await array.isStored(place)) stored++;
    if (++looked < perFrame) continue;
    let [first, frames] = [0, 1];
    for (let axis = 0; axis < navAxes; axis++) {
      const [n, step, at] = [inAll[axis] as number, chunk[axis] as number, place[axis] as number];
      first = first * n + at * step;
      frames *= Math.min(step, n - at * step);
    }
    yield { first, frames, stored: stored === perFrame ? 'all' : stored === 0 ? 'none' : 'some' };
    [looked, stored] = [0, 0];
  }
}

/** The frames of the first `rows` rows of an array that were not written, or only in part. */
export async function unwrittenAmong(array: StoredArray, rows: number, signalAxes: number): Promise<UnwrittenFrames> {
  const sums = { none: 0, firstNone: -1, part: 0, firstPart: -1 };
  for await (const { first, frames, stored } of storedFrames(array, rows, signalAxes)) {
    if (stored === 'none') {
      if (sums.none === 0) sums.firstNone = first;
      sums.none += frames;
    } else if (stored === 'some') {
      if (sums.part === 0) sums.firstPart = first;
      sums.part += frames;
    }
  }
  return sums;
}

/** Whether any chunk of a row of chunks is stored. */
async function isWritten(array: StoredArray, row: number): Promise<boolean> {
  const across = array.shape.slice(1).map((n, i) => Math.ceil(n / (array.chunk?.[i + 1] ?? n)));
  const chunks = across.reduce((product, n) => product * n, 1);
  if (chunks > maxChunks) return true;
  const last = across.map((n) => n - 1);
  for (const place of placesBetween(
    last.map(() => 0),
    last,
  ))
    if (await array.isStored([row, ...place])) return true;
  return false;
}

const asFill = 'the file stores nothing for them, and they are read as its fill value';

/** What to say of frames that were never written; those of a file that is being written may still come. */
export function unwrittenText(unwritten: number, frames: number, isOpen = false, before = 0): string {
  const rest = isOpen ? '' : `: ${asFill}`;
  return unwritten === frames
    ? `none of its ${frames} frames was written${rest}`
    : `the last ${unwritten} of ${frames} frames${before > 0 ? `, and ${before} before them,` : ''} were never written${rest}`;
}

const ofThem = (found: number, frames: number, first: number): string =>
  `${found} of ${frames} frames${found > 1 ? `, the first of which is frame ${first},` : ` (frame ${first})`}`;

/** What to say of frames among the others that were never written, or not completely; frames count from 0. */
export function amongTexts({ none, firstNone, part, firstPart }: UnwrittenFrames, frames: number): string[] {
  const texts: string[] = [];
  if (none > 0) texts.push(`${ofThem(none, frames, firstNone)} ${none > 1 ? 'were' : 'was'} never written: ${asFill}`);
  if (part > 0)
    texts.push(
      `${ofThem(part, frames, firstPart)} ${part > 1 ? 'were' : 'was'} written only in part: the file lacks some of ` +
        'their chunks, which are read as its fill value',
    );
  return texts;
}
