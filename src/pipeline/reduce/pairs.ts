/** The observations of the same frames, as they were and after they were reduced, paired by where they are. */
import { column, rowLength } from '../stages/reflection-table.js';

/** A crystal and its measured reflections; see reflection-table.ts. */
export interface ProvenCrystal {
  readonly table?: Float64Array | undefined;
}

/** The crystals of a frame as it was, and of what is kept of it. */
export interface ProvenFrame {
  readonly before: readonly ProvenCrystal[];
  readonly after: readonly ProvenCrystal[];
}

/** An observation of a frame as it was, and the same after it; NaN where there is none. */
export interface Pair {
  readonly frame: number;
  readonly indices: readonly [number, number, number];
  /** 1/d in 1/Å. */
  readonly inverseD: number;
  readonly intensity: number;
  readonly sigma: number;
  /** Its recorded share before it. */
  readonly partiality: number;
  readonly intensityAfter: number;
  readonly sigmaAfter: number;
}

/** Whether an observation is gone after it. */
export const isMissing = ({ intensityAfter }: Pair): boolean => Number.isNaN(intensityAfter);

/** The shell of a pair, of those between `edges` in 1/d. */
export const shellOf = ({ inverseD }: Pair, edges: readonly number[]): number =>
  edges.filter((edge) => inverseD > edge).length;

/** A number and its standard error. */
export interface Known {
  readonly value: number;
  readonly error: number;
}

/** A mean over observations, with the error that the scatter of frames gives: their backgrounds err together. */
export function meanOfFrames(pairs: readonly Pair[], value: (pair: Pair) => number): Known {
  const blocks = new Map<number, { sum: number; count: number }>();
  for (const pair of pairs) {
    const block = blocks.get(pair.frame) ?? { sum: 0, count: 0 };
    blocks.set(pair.frame, block);
    block.sum += value(pair);
    block.count++;
  }
  const count = Math.max(1, pairs.length);
  const mean = [...blocks.values()].reduce((sum, block) => sum + block.sum, 0) / count;
  const scatter = [...blocks.values()].reduce((sum, block) => sum + (block.sum - block.count * mean) ** 2, 0);
  return { value: mean, error: Math.sqrt(scatter) / count };
}

/** All pairs of some frames, and what became of their crystals. */
export interface Pairs {
  readonly pairs: readonly Pair[];
  readonly both: number;
  readonly lost: number;
  readonly gained: number;
}

/** Pixels within which two observations are of one reflection. */
const near = 1.2;
/** Share of its reflections that a crystal has in common with the same one after it. */
const enoughCommon = 0.1;

export function pairsOf(frames: readonly ProvenFrame[]): Pairs {
  const pairs: Pair[] = [];
  let [both, lost, gained] = [0, 0, 0];
  for (const [frame, { before, after }] of frames.entries()) {
    const free = new Set(after);
    for (const { table } of before) {
      if (!table) continue;
      let best: { readonly crystal: ProvenCrystal; readonly rows: Int32Array; readonly common: number } | undefined;
      for (const crystal of free) {
        const rows = rowsAt(table, crystal.table ?? new Float64Array());
        const common = rows.reduce((sum, row) => sum + Number(row >= 0), 0);
        if (common > (best?.common ?? 0)) best = { crystal, rows, common };
      }
      const count = table.length / rowLength;
      if (!best || best.common < enoughCommon * count) {
        lost++;
        continue;
      }
      both++;
      free.delete(best.crystal);
      for (let i = 0; i < count; i++)
        pairs.push(pairAt(frame, table, i, best.crystal.table as Float64Array, best.rows[i] as number));
    }
    gained += free.size;
  }
  return { pairs, both, lost, gained };
}

function pairAt(frame: number, table: Float64Array, i: number, after: Float64Array, row: number): Pair {
  const at = (name: keyof typeof column): number => table[i * rowLength + column[name]] as number;
  const then = (name: keyof typeof column): number =>
    row < 0 ? Number.NaN : (after[row * rowLength + column[name]] as number);
  return {
    frame,
    indices: [at('h'), at('k'), at('l')],
    inverseD: at('inverseD'),
    intensity: at('intensity'),
    sigma: at('sigma'),
    partiality: at('partiality'),
    intensityAfter: then('intensity'),
    sigmaAfter: then('sigma'),
  };
}

/** For each row of a table the nearest of another one, or −1. */
function rowsAt(table: Float64Array, other: Float64Array): Int32Array {
  const squares = new Map<number, number[]>();
  const place = (from: Float64Array, row: number) =>
    [column.panel, column.fs, column.ss].map((name) => from[row * rowLength + name] as number) as [
      number,
      number,
      number,
    ];
  const key = (panel: number, x: number, y: number): number => (panel * 2 ** 16 + x) * 2 ** 16 + y;
  for (let row = 0; row < other.length / rowLength; row++) {
    const [panel, fs, ss] = place(other, row);
    const name = key(panel, Math.floor(fs / near), Math.floor(ss / near));
    const there = squares.get(name);
    if (there) there.push(row);
    else squares.set(name, [row]);
  }
  return Int32Array.from({ length: table.length / rowLength }, (_, i) => {
    const [panel, fs, ss] = place(table, i);
    let [best, least] = [-1, near];
    for (let x = -1; x <= 1; x++)
      for (let y = -1; y <= 1; y++)
        for (const row of squares.get(key(panel, Math.floor(fs / near) + x, Math.floor(ss / near) + y)) ?? []) {
          const [, otherFs, otherSs] = place(other, row);
          const far = Math.hypot(otherFs - fs, otherSs - ss);
          if (far < least) [best, least] = [row, far];
        }
    return best;
  });
}
