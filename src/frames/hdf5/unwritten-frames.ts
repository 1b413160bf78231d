/** Frames of HDF5 files that were never written, or only in part: read as the fill value, they look like measured ones. */

import { volume } from '../../hdf5/box.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import type { Note } from '../dataset.js';
import {
  amongTexts,
  chunksOf,
  type UnwrittenFrames,
  unwrittenAmong,
  unwrittenRows,
  unwrittenText,
} from '../unwritten.js';
import type { Frames } from './dialects.js';

/** What an array of `frames` frames is asked, whose last axes are those of a frame. */
interface Asked {
  readonly frames: Frames;
  readonly signalAxes: number;
  /** All that are stored, of all parts. */
  readonly count: number;
}

const rowsOf = ({ shape }: Hdf5Dataset, signalAxes: number): number =>
  shape.length <= signalAxes ? 1 : (shape[0] as number);

/** Most chunks that are looked for when a file is opened: a millisecond. An index of its own counts as several. */
const [maxChunks, chunksAnIndex] = [1024, 16];

/** Frames at the end, scans included, for which the file stores nothing; 0 where it does not tell. */
export async function unwrittenAtEnd({
  frames: { parts, framesLast, stacked },
  signalAxes,
  count,
}: Asked): Promise<number> {
  if (framesLast || stacked || count === 0) return 0;
  let unwritten = 0;
  for (const part of [...parts].reverse()) {
    if (part.shape.length <= signalAxes) return 0;
    const without = await unwrittenRows(part, maxChunks);
    unwritten += without;
    if (without < rowsOf(part, signalAxes)) break;
  }
  return (unwritten * count) / parts.reduce((sum, part) => sum + rowsOf(part, signalAxes), 0);
}

/** The frames before the last `atEnd` ones that were not written; every chunk is looked for, those of `sources` too. */
async function among(
  { frames: { parts }, signalAxes, count }: Asked,
  atEnd: number,
  sources: boolean,
): Promise<UnwrittenFrames> {
  const found = { none: 0, firstNone: -1, part: 0, firstPart: -1 };
  let before = 0;
  for (const part of parts) {
    const nav = part.shape.slice(0, Math.max(0, part.shape.length - signalAxes));
    const all = volume(nav);
    const rows = Math.min(
      rowsOf(part, signalAxes),
      Math.floor(((count - atEnd - before) * rowsOf(part, signalAxes)) / all),
    );
    if (rows <= 0) break;
    // Files without virtual datasets do without its code.
    const gaps = part.mappings && (await import('./virtual-gaps.js'));
    const unwrittenFrames = gaps
      ? await (sources ? gaps.withoutSources : gaps.unmapped)(part, signalAxes)
      : await unwrittenAmong(part, rows, signalAxes);
    if (found.none === 0 && unwrittenFrames.none > 0) found.firstNone = before + unwrittenFrames.firstNone;
    if (found.part === 0 && unwrittenFrames.part > 0) found.firstPart = before + unwrittenFrames.firstPart;
    found.none += unwrittenFrames.none;
    found.part += unwrittenFrames.part;
    before += all;
  }
  return found;
}

/** What is known of frames that were not written when their file is opened, and what is looked for at the end. */
export interface Unwritten {
  readonly notes: readonly Note[];
  /** A sentence for each kind of them, if a look at all chunks would have taken too long; found once. */
  readonly atEnd: (() => Promise<readonly string[]>) | undefined;
  /** Waits for a look that has begun. */
  readonly ended: () => Promise<unknown>;
}

const noLook = { atEnd: undefined, ended: async () => undefined };

/** Looks for frames that were not written beside the last `atEnd` ones; not while a file is `growing`. */
export async function findUnwritten(
  asked: Asked,
  atEnd: number,
  growing: boolean,
  isArriving: boolean,
): Promise<Unwritten> {
  const { frames, count } = asked;
  const note = (text: string): Note => ({ kind: 'warning', text, isCut: true });
  const endNotes = (before = 0): Note[] => (atEnd > 0 ? [note(unwrittenText(atEnd, count, isArriving, before))] : []);
  // Frames along the last axis share their chunks; those of a growing file may be written in any order.
  if (growing || frames.framesLast || count === 0 || atEnd === count) return { notes: endNotes(), ...noLook };
  const chunks = frames.parts.reduce((sum, part) => sum + (part.chunk ? chunksOf(part) + chunksAnIndex : 1), 0);
  const isLong = chunks > maxChunks;
  const textsOf = (unwritten: UnwrittenFrames): string[] =>
    amongTexts(atEnd > 0 ? { ...unwritten, none: 0 } : unwritten, count);
  const early = isLong ? undefined : await among(asked, atEnd, false);
  const said = early ? textsOf(early) : [];
  const notes = [...endNotes(early?.none), ...said.map(note)];
  // Sources of virtual datasets are opened to be read, and not to open a file.
  if (!isLong && !frames.parts.some(({ mappings }) => mappings)) return { notes, ...noLook };
  let texts: Promise<readonly string[]> | undefined;
  const atTheEnd = (): Promise<readonly string[]> => {
    // What is wrong with the index is reported when a frame is read.
    texts ??= among(asked, atEnd, true).then(
      (unwritten) =>
        (isLong ? amongTexts(unwritten, count) : textsOf(unwritten)).filter((text) => !said.includes(text)),
      () => [],
    );
    return texts;
  };
  return { notes, atEnd: atTheEnd, ended: async () => texts };
}
