/** Annealed expectation–maximisation over the ways to index of crystals, for ambiguity.ts and laue-groups.ts. */
import type { Random } from '../../compute/random/random.js';
import { summed } from '../fit/accumulate.js';
import type { UniqueReflections } from '../fit/unique.js';
import type { Normalised } from './normalised.js';

const maxCycles = 40;
const coolingCycles = 12;
/** No way at all, so that the next cycle counts as a change. */
export const noWay = 255;
/** The temperature of the last cycles. */
export const lastTemperature = 0.3;

/** A mask of at most `most` of the crystals that take part, evenly spaced in the order of their frames. */
export function sampleEvenly(part: Uint8Array, most: number): Uint8Array {
  const members = part.reduce((sum, on) => sum + on, 0);
  const mask = new Uint8Array(part.length);
  let [rank, chosen] = [0, 0];
  for (const [c, on] of part.entries()) {
    if (on !== 1) continue;
    // Integers, so that exactly `most` are chosen.
    if (Math.floor((rank++ * Math.min(most, members)) / members) < chosen) continue;
    mask[c] = 1;
    chosen++;
  }
  return mask;
}

/** The state of the search: soft assignments of crystals, which each cycle improves. */
export class Annealing {
  readonly #data: Normalised;
  readonly #tables: UniqueReflections['tables'];
  readonly #unique: number;
  readonly #prior: Float64Array | undefined;
  readonly #scores: Float64Array;
  /** [crystals][ways]: the share of each way in a crystal's assignment; 0 for crystals without an assignment. */
  readonly shares: Float64Array;
  readonly ways: Uint8Array;
  readonly logOdds: Float64Array;
  /** Sum of the scores of the chosen ways in the last cycle. */
  gain = 0;

  /** `prior`: [crystals][ways], ln of the odds of each way before the intensities; equal if it is absent. */
  constructor(data: Normalised, { tables, count }: UniqueReflections, prior?: Float64Array) {
    this.#data = data;
    this.#prior = prior;
    this.#tables = tables;
    this.#unique = count;
    const crystals = data.offsets.length - 1;
    this.#scores = new Float64Array(tables.length);
    this.shares = new Float64Array(crystals * tables.length);
    this.ways = new Uint8Array(crystals);
    this.logOdds = new Float64Array(crystals);
  }

  /** Random shares for some crystals. They are uneven, since equal shares are a fixed point of the iteration. */
  begin(random: Random, members: Uint8Array): void {
    this.shares.fill(0);
    this.ways.fill(0);
    for (const [c, on] of members.entries()) {
      if (on !== 1) continue;
      for (let way = 0; way < this.#scores.length; way++) this.#scores[way] = 2.5 * random.normal();
      this.#assign(c, 1);
    }
  }

  /** Cools random shares down until no way changes any more; returns the number of cycles. */
  anneal(random: Random, members: Uint8Array): number {
    this.begin(random, members);
    for (let cycle = 0; cycle < maxCycles; cycle++) {
      const temperature = cycle < coolingCycles ? Math.max(0.5, 1.5 ** (6 - cycle)) : lastTemperature;
      if (this.cycle(members, temperature) && cycle > coolingCycles) return cycle + 1;
    }
    return maxCycles;
  }

  /** Merges by the current shares and assigns the members anew; returns whether no way has changed. */
  cycle(members: Uint8Array, temperature: number): boolean {
    const sums = this.#merge();
    let changed = 0;
    this.gain = 0;
    for (const [c, on] of members.entries()) {
      if (on !== 1) continue;
      this.#score(c, sums);
      let [first, second] = [-1, -1];
      const total = (way: number): number => (this.#scores[way] as number) + this.#priorOf(c, way);
      for (let way = 0; way < this.#scores.length; way++) {
        if (first < 0 || total(way) > total(first)) [first, second] = [way, first];
        else if (second < 0 || total(way) > total(second)) second = way;
      }
      if (this.ways[c] !== first) changed++;
      this.ways[c] = first;
      const [most, next] = [total(first), second < 0 ? undefined : total(second)];
      this.gain += most;
      this.logOdds[c] = next === undefined ? 0 : most - next;
      this.#assign(c, temperature);
    }
    return changed === 0;
  }

  /** Moves all crystals together from each way to another; the next cycle decides anew. */
  move(to: Uint8Array): void {
    const ways = this.#scores.length;
    const before = this.shares.slice();
    for (let at = 0; at < before.length; at++) {
      const way = at % ways;
      this.shares[at - way + (to[way] as number)] = before[at] as number;
    }
    this.ways.fill(noWay);
  }

  /**
   * Measures how well each member is predicted by the merge of all others: ln of the likelihood ratio against a
   * constant intensity, averaged over the ways, and the sums of the correlation of observation and prediction.
   */
  prediction(members: Uint8Array): { readonly evidence: number; readonly correlation: number } {
    const sums = this.#merge();
    const { offsets, cells, value, weight } = this.#data;
    const ways = this.#tables.length;
    let evidence = 0;
    let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
    for (const [c, on] of members.entries()) {
      if (on !== 1) continue;
      this.#score(c, sums);
      const most = Math.max(...this.#scores);
      evidence += most + Math.log(this.#scores.reduce((sum, score) => sum + Math.exp(score - most), 0) / ways);
      const way = this.ways[c] as number;
      const table = this.#tables[way] as Int32Array;
      const share = this.shares[c * ways + way] as number;
      for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
        const at = 2 * (table[cells[i] as number] as number);
        const [w, observed] = [weight[i] as number, value[i] as number];
        const others = (sums[at + 1] as number) - share * w;
        // No other crystal has measured this intensity.
        if (!(others > 0.5)) continue;
        const predicted = ((sums[at] as number) - share * w * observed) / others;
        n += w;
        x += w * predicted;
        y += w * observed;
        xx += w * predicted * predicted;
        yy += w * observed * observed;
        xy += w * predicted * observed;
      }
    }
    return { evidence, correlation: (n * xy - x * y) / Math.sqrt((n * xx - x * x) * (n * yy - y * y)) };
  }

  /** Σ w y and Σ w of each unique reflection over the assigned crystals. */
  #merge(): Float64Array {
    const { offsets, cells, value, weight } = this.#data;
    const ways = this.#tables.length;
    const assigned = Uint8Array.from({ length: this.ways.length }, (_, c) => {
      for (let way = 0; way < ways; way++) if ((this.shares[c * ways + way] as number) > 0) return 1;
      return 0;
    });
    return summed(this.#unique, assigned, 2, (c, block) => {
      for (let way = 0; way < ways; way++) {
        const share = this.shares[c * ways + way] as number;
        if (share < 1e-12) continue;
        const table = this.#tables[way] as Int32Array;
        for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
          const at = block.at(table[cells[i] as number] as number);
          const w = share * (weight[i] as number);
          block.sums[at] = (block.sums[at] as number) + w * (value[i] as number);
          block.sums[at + 1] = (block.sums[at + 1] as number) + w;
        }
      }
    });
  }

  /** The score of each way of a crystal against the merge of all others. */
  #score(c: number, sums: Float64Array): void {
    const { offsets, cells, value, weight } = this.#data;
    for (const [way, table] of this.#tables.entries()) {
      const share = this.shares[c * this.#tables.length + way] as number;
      let score = 0;
      for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
        const at = 2 * (table[cells[i] as number] as number);
        const [w, y] = [weight[i] as number, value[i] as number];
        // The mean of the other crystals, shrunk towards 0 where they have little weight.
        const mean = ((sums[at] as number) - share * w * y) / ((sums[at + 1] as number) - share * w + 1);
        score += w * (y * mean - 0.5 * mean * mean);
      }
      this.#scores[way] = score;
    }
  }

  #priorOf(c: number, way: number): number {
    return this.#prior ? (this.#prior[c * this.#scores.length + way] as number) : 0;
  }

  /** The shares of a crystal's ways by their scores; what is known beforehand is not a matter of temperature. */
  #assign(c: number, temperature: number): void {
    const scores = this.#scores;
    let most = Number.NEGATIVE_INFINITY;
    for (const [way, score] of scores.entries()) most = Math.max(most, score / temperature + this.#priorOf(c, way));
    let sum = 0;
    for (const [way, score] of scores.entries()) {
      const share = Math.exp(score / temperature + this.#priorOf(c, way) - most);
      this.shares[c * scores.length + way] = share;
      sum += share;
    }
    for (let at = c * scores.length; at < (c + 1) * scores.length; at++) {
      this.shares[at] = (this.shares[at] as number) / sum;
    }
  }
}
