/** Compares a stream with another one of the same frames, or with the truth of a simulation. */

import { EwaldError } from '../base/errors.js';
import { median } from '../base/median.js';
import { type Cell, cellFrom, reciprocal, sameLattice } from '../crystal/cell.js';
import { misorientation } from '../crystal/lattice-match.js';
import { readStream } from '../crystal/stream/read.js';
import type { StreamChunk } from '../crystal/stream/stream.js';
import { linesOf } from '../entries/shell.node.js';
import { readText } from '../files/read.js';
import { bold, print, printJson, table } from './output.js';

/** The truth of a simulated frame. */
interface TrueFrame {
  readonly lattices: readonly (Record<'astar' | 'bstar' | 'cstar', number[]> & {
    /** x, y, h, k, l, counts. */
    readonly spots: readonly number[][];
  })[];
}

const cellOf = (rows: readonly (readonly number[])[], factor: number): Cell =>
  reciprocal(cellFrom(rows.flat().map((x) => x * factor)));
const cellsOf = ({ crystals }: StreamChunk): Cell[] => crystals.map((crystal) => cellOf(crystal.reciprocal, 0.1));
const eventOf = ({ event }: StreamChunk): number => Number(/(\d+)$/.exec(event ?? '//0')?.[1] ?? 0);
const baseOf = (file: string): string => file.replace(/^.*\//, '');

async function chunksOf(file: string): Promise<StreamChunk[]> {
  const chunks: StreamChunk[] = [];
  for await (const chunk of (await readStream(linesOf(file), file)).chunks()) chunks.push(chunk);
  return chunks;
}

/** The command. */
export async function compareStreams(file: string, other: string, { json }: { json?: boolean }): Promise<void> {
  const chunks = await chunksOf(file);
  const truth = other.endsWith('.json') ? truthOf(await readText(other), other) : undefined;
  const facts = truth ? againstTruth(chunks, truth) : againstStream(chunks, await chunksOf(other));
  if (json) printJson({ stream: file, other, ...facts });
  else {
    print(`${bold(file)} against ${other}`);
    const rows = Object.entries(facts).map(([name, value]) => [
      name.replace(/([A-Z0-9]+)/g, (word) => ` ${word.toLowerCase()}`),
      value === null ? '–' : String(Number(Number(value).toFixed(4))),
    ]);
    print(table(['', ''], rows, [1]));
  }
}

function truthOf(text: string, name: string): readonly TrueFrame[] {
  let frames: readonly TrueFrame[] | undefined;
  try {
    frames = JSON.parse(text).frames;
  } catch (cause) {
    throw new EwaldError('Format', `${name} is not valid JSON`, { cause });
  }
  if (!Array.isArray(frames) || !frames.every((frame) => Array.isArray(frame?.lattices)))
    throw new EwaldError(
      'Format',
      `${name} is not a truth file of frames; ` + 'expected the output of ewald simulate frames',
    );
  return frames;
}

/** For each crystal, the distance to the matching lattice of the other side; NaN if there is none. */
function matched(own: readonly Cell[], others: readonly Cell[]): number[] {
  return own.map((cell) => {
    const same = others.filter((one) => sameLattice(cell, one));
    return same.length === 0 ? Number.NaN : Math.min(...same.map((one) => misorientation(cell, one)));
  });
}

const middleOf = (values: readonly number[]): number | null => (values.length > 0 ? median(values) : null);

/** Correct and wrong crystals, their errors, and the true spots that have a peak. */
function againstTruth(chunks: readonly StreamChunk[], frames: readonly TrueFrame[]) {
  const turns: number[] = [];
  const offsets: number[] = [];
  let [there, wrong, found60, all60, found100, all100, falsePeaks, allPeaks] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const { lattices } of frames) there += lattices.length;
  for (const chunk of chunks) {
    const { lattices } = frames[eventOf(chunk)] ?? { lattices: [] };
    const real = lattices.map(({ astar, bstar, cstar }) => cellOf([astar, bstar, cstar], 1));
    for (const turn of matched(cellsOf(chunk), real)) {
      if (Number.isNaN(turn)) wrong++;
      else turns.push(turn);
    }
    const spots = lattices.flatMap((lattice) => lattice.spots);
    const peaks = chunk.peaks ?? [];
    for (const [x = 0, y = 0, , , , counts = 0] of spots) {
      if (counts <= 60) continue;
      const nearest = Math.min(...peaks.map(({ fs, ss }) => Math.hypot(fs - x, ss - y)));
      all60++;
      if (counts > 100) all100++;
      if (nearest >= 2) continue;
      found60++;
      if (counts > 100) found100++;
      offsets.push(nearest);
    }
    allPeaks += peaks.length;
    falsePeaks += peaks.filter(({ fs, ss }) => !spots.some(([x = 0, y = 0]) => Math.hypot(fs - x, ss - y) < 2)).length;
  }
  return {
    frames: chunks.length,
    crystalsThere: there,
    crystalsRight: turns.length,
    crystalsWrong: wrong,
    misorientationMedianDeg: middleOf(turns),
    misorientationMostDeg: turns.length > 0 ? Math.max(...turns) : null,
    recallAbove60: all60 > 0 ? found60 / all60 : null,
    recallAbove100: all100 > 0 ? found100 / all100 : null,
    peaks: allPeaks,
    peaksFalse: falsePeaks,
    centroidMedianPx: middleOf(offsets),
  };
}

/** Frames of both streams, which of them are indexed where, and whether to the same lattice. */
function againstStream(chunks: readonly StreamChunk[], others: readonly StreamChunk[]) {
  const key = (chunk: StreamChunk): string => `${baseOf(chunk.filename)} //${eventOf(chunk)}`;
  const byName = new Map(others.map((chunk) => [key(chunk), chunk]));
  const turns: number[] = [];
  const offsets: number[] = [];
  let [both, indexedBoth, indexedFirst, indexedSecond, differ, common, more, fewer] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const chunk of chunks) {
    const other = byName.get(key(chunk));
    if (!other) continue;
    both++;
    const [own, theirs] = [cellsOf(chunk), cellsOf(other)];
    if (own.length > 0 && theirs.length > 0) indexedBoth++;
    else if (own.length > 0) indexedFirst++;
    else if (theirs.length > 0) indexedSecond++;
    if (own.length > 0 && theirs.length > 0)
      for (const turn of matched(own, theirs)) {
        if (Number.isNaN(turn)) differ++;
        else turns.push(turn);
      }
    const [peaks, otherPeaks] = [chunk.peaks ?? [], other.peaks ?? []];
    let here = 0;
    for (const { fs, ss } of peaks) {
      const nearest = Math.min(...otherPeaks.map((peak) => Math.hypot(fs - peak.fs, ss - peak.ss)));
      if (nearest >= 2) continue;
      here++;
      offsets.push(nearest);
    }
    common += here;
    more += peaks.length - here;
    fewer += otherPeaks.length - here;
  }
  return {
    framesOfFirst: chunks.length,
    framesOfSecond: others.length,
    framesOfBoth: both,
    indexedInBoth: indexedBoth,
    indexedInFirstAlone: indexedFirst,
    indexedInSecondAlone: indexedSecond,
    latticesThatDiffer: differ,
    misorientationMedianDeg: middleOf(turns),
    misorientationMostDeg: turns.length > 0 ? Math.max(...turns) : null,
    peaksInBoth: common,
    peaksInFirstAlone: more,
    peaksInSecondAlone: Math.max(0, fewer),
    centroidMedianPx: middleOf(offsets),
  };
}
