/**
 * Resolves the indexing ambiguity: finds in which of several ways, which the cell cannot distinguish, each crystal was
 * indexed. Expectation–maximisation against the running mean of all other crystals, with soft assignments that are
 * annealed over twelve cycles to escape local maxima. The best of several random starts is used. The time is linear in
 * the number of crystals.
 */
import { Random } from '../random/random.js';
import { mostOf, summed } from './accumulate.js';
import { Excitation } from './model.js';
import type { Observations } from './observations.js';
import type { UniqueReflections } from './unique.js';

/** Options of the search for each crystal's way to index. */
export interface AmbiguityOptions {
  /** Number of random starts. */
  readonly starts: number;
  /** Seed of the starts. */
  readonly seed: number;
  /** Common profile radius, 1/Å: observations that record only a small share of a reflection are not used. */
  readonly radius: number;
  /** Crystals that take part: 1 or 0. */
  readonly part: Uint8Array;
}

/** The way to index of every crystal. */
export interface Assignment {
  /** Way to index of each crystal. */
  readonly ways: Uint8Array;
  /** ln of the odds of each crystal's way against the second best; the way is doubtful if below 5. */
  readonly logOdds: Float64Array;
  /** Cycles and total gain of each start. */
  readonly starts: readonly { readonly cycles: number; readonly gain: number }[];
}

const mostCycles = 40;
const coolingCycles = 12;
const shells = 10;
/** An observation of a smaller share of its reflection depends more on the share than on the intensity. */
const leastShare = 0.2;

/** Normalised intensities of the observations that can distinguish the ways. */
interface Normalised {
  readonly offsets: Uint32Array;
  /** Cell of the box of indices. */
  readonly cells: Uint32Array;
  /** The intensity divided by the one expected for its crystal and resolution, minus 1. */
  readonly value: Float32Array;
  readonly weight: Float32Array;
}

/** Assigns a way to every crystal. Every crystal is assigned, even one without a usable observation (log odds 0). */
export function resolveAmbiguity(
  observations: Observations,
  unique: UniqueReflections,
  options: AmbiguityOptions,
): Assignment {
  const data = normalised(observations, unique, options);
  const starts: { cycles: number; gain: number }[] = [];
  let best: { readonly gain: number; readonly ways: Uint8Array; readonly logOdds: Float64Array } | undefined;
  for (let start = 0; start < options.starts; start++) {
    const found = annealed(data, unique, new Random(options.seed, start));
    starts.push({ cycles: found.cycles, gain: found.gain });
    if (!best || found.gain > best.gain) best = found;
  }
  const { crystals } = observations;
  return {
    ways: best?.ways ?? new Uint8Array(crystals),
    logOdds: best?.logOdds ?? new Float64Array(crystals),
    starts,
  };
}

function annealed(
  { offsets, cells, value, weight }: Normalised,
  { tables, count }: UniqueReflections,
  random: Random,
): { cycles: number; gain: number; ways: Uint8Array; logOdds: Float64Array } {
  const ways = tables.length;
  const crystals = offsets.length - 1;
  const all = new Uint8Array(crystals).fill(1);
  const shares = new Float64Array(crystals * ways);
  const scores = new Float64Array(ways);
  // The initial shares are uneven: equal shares are a fixed point of the iteration.
  for (let c = 0; c < crystals; c++) {
    for (let way = 0; way < ways; way++) scores[way] = 2.5 * random.normal();
    softmax(scores, 1, shares, c * ways);
  }
  let chosen = new Uint8Array(crystals);
  const logOdds = new Float64Array(crystals);
  let gain = 0;
  let cycle = 0;
  for (; cycle < mostCycles; cycle++) {
    const sums = summed(count, all, 2, (c, block) => {
      for (let way = 0; way < ways; way++) {
        const share = shares[c * ways + way] as number;
        if (share < 1e-12) continue;
        const table = tables[way] as Int32Array;
        for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
          const at = block.at(table[cells[i] as number] as number);
          const w = share * (weight[i] as number);
          block.sums[at] = (block.sums[at] as number) + w * (value[i] as number);
          block.sums[at + 1] = (block.sums[at + 1] as number) + w;
        }
      }
    });
    const temperature = cycle < coolingCycles ? Math.max(0.5, 1.5 ** (6 - cycle)) : 0.3;
    const next = new Uint8Array(crystals);
    gain = 0;
    for (let c = 0; c < crystals; c++) {
      for (let way = 0; way < ways; way++) {
        const table = tables[way] as Int32Array;
        const share = shares[c * ways + way] as number;
        let score = 0;
        for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
          const at = 2 * (table[cells[i] as number] as number);
          const [w, y] = [weight[i] as number, value[i] as number];
          // The mean of the other crystals, shrunk towards 0 where they have little weight.
          const mean = ((sums[at] as number) - share * w * y) / ((sums[at + 1] as number) - share * w + 1);
          score += w * (y * mean - 0.5 * mean * mean);
        }
        scores[way] = score;
      }
      let [first, second] = [-1, -1];
      for (let way = 0; way < ways; way++) {
        const score = scores[way] as number;
        if (first < 0 || score > (scores[first] as number)) [first, second] = [way, first];
        else if (second < 0 || score > (scores[second] as number)) second = way;
      }
      next[c] = first;
      gain += scores[first] as number;
      logOdds[c] = second < 0 ? 0 : (scores[first] as number) - (scores[second] as number);
      softmax(scores, temperature, shares, c * ways);
    }
    const settled = next.every((way, c) => way === chosen[c]);
    chosen = next;
    if (cycle > coolingCycles && settled) break;
  }
  return { cycles: Math.min(cycle + 1, mostCycles), gain, ways: chosen, logOdds };
}

function softmax(scores: Float64Array, temperature: number, out: Float64Array, offset: number): void {
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const share = Math.exp(((scores[i] as number) - most) / temperature);
    out[offset + i] = share;
    sum += share;
  }
  for (let i = 0; i < scores.length; i++) out[offset + i] = (out[offset + i] as number) / sum;
}

function normalised(
  observations: Observations,
  unique: UniqueReflections,
  { radius, part }: Pick<AmbiguityOptions, 'radius' | 'part'>,
): Normalised {
  const { h, k, l, intensity, sigma, offsets, crystals, count } = observations;
  const excitation = new Excitation(mostOf(observations));
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
      if (share <= leastShare) continue;
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
    if (tables.every((table) => table[at] === id)) continue;
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
