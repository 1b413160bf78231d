/** Intensities of single observations, made comparable between crystals and resolutions, for ambiguity.ts. */

import type { Observations } from '../collection/observations.js';
import { maxReflections } from '../fit/accumulate.js';
import { Excitation } from '../fit/model.js';
import type { UniqueReflections } from '../fit/unique.js';

const shells = 10;
/** An observation of a smaller share of its reflection depends more on the share than on the intensity. */
const minShare = 0.2;

/** Normalised intensities of the observations that can distinguish the ways. */
export interface Normalised {
  readonly offsets: Uint32Array;
  /** Cell of the box of indices. */
  readonly cells: Uint32Array;
  /** The intensity divided by the one expected for its crystal and resolution, minus 1. */
  readonly value: Float32Array;
  readonly weight: Float32Array;
}

/**
 * Normalised intensities of the crystals that take part; `radius` is the common profile radius in 1/Å. Without
 * `all`, observations that cannot distinguish the ways are skipped. `named` has other indices for the observations, by
 * which they are compared; default: their own.
 */
export function normalised(
  observations: Observations,
  unique: UniqueReflections,
  {
    radius,
    part,
    all = false,
    named = observations,
  }: {
    readonly radius: number;
    readonly part: Uint8Array;
    readonly all?: boolean;
    readonly named?: Pick<Observations, 'h' | 'k' | 'l'>;
  },
): Normalised {
  const { h, k, l } = named;
  const { intensity, sigma, offsets, crystals, count } = observations;
  const excitation = new Excitation(maxReflections(observations));
  const { tables, box } = unique;
  const usedRoom = new Uint32Array(count);
  let usedCount = 0;
  const [shares, q2s, scale] = [new Float32Array(count), new Float32Array(count), new Float64Array(crystals)];
  for (let c = 0; c < crystals; c++) {
    if (part[c] !== 1) continue;
    const first = offsets[c] as number;
    excitation.of(observations, c, 0, 0);
    let [total, expected] = [0, 0];
    for (let i = first; i < (offsets[c + 1] as number); i++) {
      const e = excitation.error[i - first] as number;
      const share = Math.exp((-e * e) / (2 * radius * radius));
      if (share <= minShare) continue;
      shares[i] = share;
      q2s[i] = excitation.q2[i - first] as number;
      total += intensity[i] as number;
      expected += share;
      usedRoom[usedCount++] = i;
    }
    scale[c] = expected > 0 ? total / expected : 0;
  }
  const used = usedRoom.subarray(0, usedCount);
  const floor = 0.05 * positiveMedian(scale);
  const edges = shellEdges(used, q2s);
  const shellOf = (q2: number): number => {
    let shell = 0;
    while (shell < edges.length && q2 >= (edges[shell] as number)) shell++;
    return shell;
  };
  const [observed, expected] = [new Float64Array(shells), new Float64Array(shells)];
  const crystalOf = new Uint32Array(used.length);
  for (let c = 0, n = 0; n < used.length; n++) {
    const i = used[n] as number;
    while (i >= (offsets[c + 1] as number)) c++;
    crystalOf[n] = c;
    const shell = shellOf(q2s[i] as number);
    observed[shell] = (observed[shell] as number) + (intensity[i] as number);
    expected[shell] = (expected[shell] as number) + Math.max(scale[c] as number, floor) * (shares[i] as number);
  }
  const [cells, value, weight] = [
    new Uint32Array(used.length),
    new Float32Array(used.length),
    new Float32Array(used.length),
  ];
  const ends = new Uint32Array(crystals + 1);
  let kept = 0;
  for (const [n, i] of used.entries()) {
    const at = box.at(h[i] as number, k[i] as number, l[i] as number);
    const c = crystalOf[n] as number;
    const id = (tables[0] as Int32Array)[at];
    // A reflection that all ways map to the same unique reflection cannot distinguish them.
    if (!all && tables.every((table) => table[at] === id)) continue;
    const shell = shellOf(q2s[i] as number);
    const mean = Math.max((observed[shell] as number) / Math.max(expected[shell] as number, 1e-9), 1e-9);
    const unit = Math.max(scale[c] as number, floor) * (shares[i] as number) * mean;
    cells[kept] = at;
    value[kept] = Math.max(-3, Math.min(6, (intensity[i] as number) / unit)) - 1;
    weight[kept] = 1 / (((sigma[i] as number) / unit) ** 2 + 0.5);
    kept++;
    ends[c + 1] = kept;
  }
  for (let c = 0; c < crystals; c++) ends[c + 1] = Math.max(ends[c + 1] as number, ends[c] as number);
  return {
    offsets: ends,
    cells: cells.subarray(0, kept),
    value: value.subarray(0, kept),
    weight: weight.subarray(0, kept),
  };
}

/** Edges of shells with equal numbers of observations, estimated from a sample. */
function shellEdges(used: Uint32Array, q2s: Float32Array): Float64Array {
  const stride = Math.max(1, Math.floor(used.length / 2 ** 17));
  const sample: number[] = [];
  for (let n = 0; n < used.length; n += stride) sample.push(q2s[used[n] as number] as number);
  const sorted = Float64Array.from(sample).sort();
  return Float64Array.from(
    { length: shells - 1 },
    (_, s) => sorted[Math.floor(((s + 1) * sorted.length) / shells)] ?? 0,
  );
}

function positiveMedian(values: Float64Array): number {
  const sorted = values.filter((x) => x > 0).sort();
  return sorted[sorted.length >> 1] ?? 1;
}
