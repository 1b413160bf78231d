/** What a crystal's measured reflections tell of the pixels: what its regions of the detector see, and its own peaks. */

import type { FrameCrystal } from './frame.js';
import { column, rowLength } from './reflection-table.js';

/** The sums of a crystal's reflections by region of the detector, and how many are measured at its peaks. */
export interface CrystalAccount {
  /**
   * Rows of region, reflections, and two sums over them: of I/σ, each cut at ±3, and of the mean that reflections of
   * the same resolution have in the other regions; see `regionKey`.
   */
  readonly regions: Float64Array;
  /** Peaks of the crystal whose reflections were measured, and how many of these reflections are above one σ. */
  readonly atPeaks: number;
  readonly seen: number;
  /** Its other reflections, and the sum of their I/σ, each cut at ±3. */
  readonly others: number;
  readonly ofOthers: number;
}

/** Numbers of a row of `regions`. */
export const accountRow = 4;

/** Panels are divided into squares of this width, a power of two: about the size of a chip. */
const chipBits = 8;
const chips = 1 << 6;

/** The region of a place on a panel, in pixels from its corner, as one number. */
export const regionKey = (panel: number, fs: number, ss: number): number =>
  (panel * chips + (ss >> chipBits)) * chips + (fs >> chipBits);

/** The panel of a region, and where on it the region begins, in pixels. */
export const regionOf = (key: number): { readonly panel: number; readonly fs: number; readonly ss: number } => ({
  panel: Math.floor(key / chips ** 2),
  fs: (key % chips) << chipBits,
  ss: (Math.floor(key / chips) % chips) << chipBits,
});

/** Shells of resolution, of equal area on the Ewald sphere, and how far a single I/σ counts. */
const [shells, most] = [10, 3];

/** I/σ of a row, cut; 0 of one that has no error, as of pixels that are all 0. */
function cutRatio(table: Float64Array, at: number): number {
  const ratio = (table[at + column.intensity] as number) / (table[at + column.sigma] as number);
  return Number.isFinite(ratio) ? Math.max(-most, Math.min(most, ratio)) : 0;
}

/** The account of a crystal from the table of its reflections. */
export function accountOf(crystal: Pick<FrameCrystal, 'indices'>, table: Float64Array): CrystalAccount {
  const count = table.length / rowLength;
  let highest = 0;
  for (let at = 0; at < table.length; at += rowLength)
    highest = Math.max(highest, table[at + column.inverseD] as number);
  // Of each region the number and the sum by shell; of all regions first.
  const places = new Map<number, number>();
  const [numbers, sums] = [[] as number[], [] as number[]];
  const all = { numbers: new Float64Array(shells), sums: new Float64Array(shells) };
  for (let i = 0; i < count; i++) {
    const at = rowLength * i;
    const key = regionKey(
      table[at + column.panel] as number,
      table[at + column.fs] as number,
      table[at + column.ss] as number,
    );
    let place = places.get(key);
    if (place === undefined) {
      place = places.size;
      places.set(key, place);
      for (let s = 0; s < shells; s++) {
        numbers.push(0);
        sums.push(0);
      }
    }
    const s = Math.min(shells - 1, Math.floor(shells * ((table[at + column.inverseD] as number) / highest) ** 2)) || 0;
    const ratio = cutRatio(table, at);
    const cell = place * shells + s;
    numbers[cell] = (numbers[cell] as number) + 1;
    sums[cell] = (sums[cell] as number) + ratio;
    all.numbers[s] = (all.numbers[s] as number) + 1;
    all.sums[s] = (all.sums[s] as number) + ratio;
  }
  const regions = new Float64Array(accountRow * places.size);
  let row = 0;
  for (const [key, place] of places) {
    let [n, measured, expected] = [0, 0, 0];
    for (let s = 0; s < shells; s++) {
      const own = numbers[place * shells + s] as number;
      const others = (all.numbers[s] as number) - own;
      // What no other region sees tells nothing.
      if (own === 0 || others === 0) continue;
      const sum = sums[place * shells + s] as number;
      n += own;
      measured += sum;
      expected += (own * ((all.sums[s] as number) - sum)) / others;
    }
    regions.set([key, n, measured, expected], row);
    row += accountRow;
  }
  return { regions, ...seenAtPeaks(crystal.indices, table) };
}

/** What the reflections at the peaks of a crystal have, and the others. */
function seenAtPeaks(indices: Int32Array, table: Float64Array): Omit<CrystalAccount, 'regions'> {
  const peaks = new Set<number>();
  for (let i = 0; i < indices.length; i += 3)
    peaks.add(indexKey(indices[i] as number, indices[i + 1] as number, indices[i + 2] as number));
  let [atPeaks, seen, others, ofOthers] = [0, 0, 0, 0];
  for (let at = 0; at < table.length; at += rowLength) {
    const [h, k, l] = [table[at + column.h], table[at + column.k], table[at + column.l]] as [number, number, number];
    const ratio = cutRatio(table, at);
    if (peaks.has(indexKey(h, k, l))) {
      atPeaks++;
      if (ratio > 1) seen++;
    } else {
      others++;
      ofOthers += ratio;
    }
  }
  return { atPeaks, seen, others, ofOthers };
}

/** Indices as one number; they are below 1024 in all that is measured in stills. */
const indexKey = (h: number, k: number, l: number): number => ((h + 1024) * 2048 + k + 1024) * 2048 + l + 1024;
