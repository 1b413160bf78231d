/** Frames of an array that were never written: a program that made room for all of them has not come to its end. */
import type { Note } from '../dataset.js';
import type { Hdf5Dataset } from './dataset.js';
import type { Frames } from './dialects.js';

/** Most chunks of one frame that are looked for; a frame in more of them is taken for written. */
const maxChunks = 64;

/** Numbers of stored axes of a frame, and of all frames, with which `unwrittenFrames` is asked. */
interface Stack {
  readonly signalAxes: number;
  readonly frames: number;
}

/**
 * The number of frames at the end of a stack, scans included, for which the file stores nothing: found by bisection along
 * the first axis, since frames are written in order. 0 for arrays of which the file does not tell.
 */
export async function unwrittenFrames({ parts, framesLast, stacked }: Frames, stack: Stack): Promise<number> {
  if (framesLast || stacked || stack.frames === 0) return 0;
  const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  let unwritten = 0;
  for (const part of [...parts].reverse()) {
    const rank = part.shape.length;
    const all = part.shape[0] ?? 1;
    if (rank <= stack.signalAxes) return 0;
    const written = await writtenRows(part);
    unwritten += all - written;
    if (written > 0) break;
  }
  return (unwritten * stack.frames) / rows;
}

/** Rows of an array along its first axis up to the last one of which anything is stored. */
async function writtenRows(array: Hdf5Dataset): Promise<number> {
  const [rows = 1] = array.shape;
  const [step = 1] = array.chunk ?? [rows];
  let [from, to] = [0, Math.ceil(rows / step)];
  if (await isWritten(array, to - 1)) return rows;
  // Chunk `from - 1` is written, and chunk `to - 1` is not.
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (await isWritten(array, middle)) from = middle + 1;
    else to = middle;
  }
  return from * step;
}

/** Whether any chunk of a row of chunks is stored. */
async function isWritten(array: Hdf5Dataset, row: number): Promise<boolean> {
  const across = array.shape.slice(1).map((n, i) => Math.ceil(n / (array.chunk?.[i + 1] ?? n)));
  const chunks = across.reduce((product, n) => product * n, 1);
  // The first and the last chunks of a row: a scan that stopped within it has the first ones.
  for (let i = 0; i < Math.min(chunks, maxChunks); i++) {
    const place: number[] = [];
    let left = i;
    for (const n of [...across].reverse()) {
      place.unshift(left % n);
      left = Math.floor(left / n);
    }
    if (await array.isStored([row, ...place])) return true;
  }
  return chunks > maxChunks;
}

/** What to say of frames that were never written; those of a file that is being written may still come. */
export function notesOnUnwritten(unwritten: number, frames: number, isOpen: boolean): Note[] {
  if (unwritten === 0) return [];
  const rest = isOpen ? '' : ': the file stores nothing for them, and they are read as its fill value';
  const text =
    unwritten === frames
      ? `none of its ${frames} frames was written${rest}`
      : `the last ${unwritten} of ${frames} frames were never written${rest}`;
  return [{ kind: 'warning', text, isCut: true }];
}
