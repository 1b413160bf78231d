/** Frames that were never written: a program that made room for all of them has not come to its end. */
import type { Note } from './dataset.js';
import { placesBetween } from './hdf5/box.js';

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
 * Rows at the end of an array, along its first axis, of which nothing is stored: found by bisection, since rows are
 * written in order, so that an array that is whole costs one look.
 */
export async function unwrittenRows(array: StoredArray): Promise<number> {
  const [rows = 1] = array.shape;
  const [step = 1] = array.chunk ?? [rows];
  let [from, to] = [0, Math.ceil(rows / step)];
  if (await isWritten(array, to - 1)) return 0;
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

/** What to say of frames that were never written; those of a file that is being written may still come. */
export function unwrittenText(unwritten: number, frames: number, isOpen = false, before = 0): string {
  const rest = isOpen ? '' : ': the file stores nothing for them, and they are read as its fill value';
  return unwritten === frames
    ? `none of its ${frames} frames was written${rest}`
    : `the last ${unwritten} of ${frames} frames${before > 0 ? `, and ${before} before them,` : ''} were never written${rest}`;
}

/** The note on them, as on a file that was cut. */
export const notesOnUnwritten = (unwritten: number, frames: number, isOpen: boolean, before: number): Note[] =>
  unwritten === 0 ? [] : [{ kind: 'warning', text: unwrittenText(unwritten, frames, isOpen, before), isCut: true }];
