/**
 * Candidates for an unknown cell from pooled lengths: any three lines as a basis, with the dot products that a fourth
 * line, a right angle or two spots of one image give; judged by the lines they explain, then by the lengths.
 */
import type { Cell } from '../../crystal/cell.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal, yieldToEventLoop } from '../../util/options.js';
import {
  aboveMean,
  bins,
  binWidth,
  type Counted,
  firstLength,
  type Pool,
  productsBySpots,
  strongLines,
  weights,
} from './lengths.js';
import {
  cellOfMetric,
  determinantOf,
  listNodes,
  type Metric,
  reachOf,
  reduce,
  roomForNodes,
  shortest,
} from './metric.js';
import { MetricFit } from './refine-metric.js';

/** Volumes of candidates, Å³. */
export const [leastVolume, mostVolume] = [40, 7000];
/** Lines that are bases: so many of the strongest, and of these the lowest; their least strength and longest length. */
const basisLines = { strongest: 25, lowest: 16, least: 2.2, longest: 0.42 } as const;
/** Lines that give dot products. */
const fourthLines = { lowest: 45, least: 0.9, farther: 1.5 } as const;
/** Dot products relative to the smaller square: those by a fourth line, and those by spots of an image. */
const [mostProduct, mostOfSpots] = [1.1, 1.6];
/** Differences of lengths, 1/Å, below which lattices are one. */
const sameLength = 0.0012;
/** A volume may be so many times that of a box of the three lines. */
const mostOfBox = 3;
/** Classes of volumes, and how many candidates of each are kept by their lines, and by the lengths of few nodes. */
const [classes, keptByLines, keptByFew] = [12, 2500, 600];
/** Nodes whose lines are looked up, of which the first tell whether that is worth while: a part of the worst kept. */
const quick = { nodes: 120, first: 40, share: 0.8 } as const;
/** Nodes of the further stages, and factors on the errors of lengths. */
const stages = {
  few: { nodes: 300, errors: 1.5 },
  many: { nodes: 2500, errors: 1.5, kept: 700 },
  fitted: { nodes: 6000, errors: 1.15, kept: 80 },
} as const;
/** Longest node of a stage, 1/Å. */
const longestNode = 0.75;

interface Candidate {
  readonly metric: Metric;
  readonly shortest: Float64Array;
  readonly odds: number;
}

/** What the search of candidates can be stopped by, and tells. */
export interface Watch {
  readonly signal: PlatformSignal | undefined;
  readonly tell: (done: number) => void;
}

/** Reduced direct cells, most probable first. */
export async function candidateCells(pool: Pool, watch: Watch): Promise<Cell[]> {
  const strongest = strongLines(pool, basisLines.least, basisLines.longest).slice(0, basisLines.strongest);
  const lines = strongest.sort((p, q) => p - q).slice(0, basisLines.lowest);
  if (lines.length === 0) return [];
  const byLines = await candidatesOfLines(pool, lines, watch);
  const rings = new Rings(pool);
  const few: Candidate[] = [];
  for (const metrics of byLines) {
    const own: Candidate[] = [];
    for (const metric of metrics) {
      reduce(metric);
      const { nodes, errors } = stages.few;
      own.push({ metric, shortest: shortest(metric), odds: rings.odds(metric, nodes, errors) });
    }
    few.push(...distinct(own, sameLength, keptByFew));
    await pause(watch);
  }
  const { many, fitted } = stages;
  const judged: Candidate[] = [];
  for (const [i, one] of few.entries()) {
    judged.push({ ...one, odds: rings.odds(one.metric, many.nodes, many.errors) });
    if (i % 500 === 0) await pause(watch);
  }
  watch.tell(0.8);
  const fit = new MetricFit(pool);
  const refined: Candidate[] = [];
  for (const [i, { metric }] of distinct(judged, sameLength, many.kept).entries()) {
    const better = Float64Array.from(metric);
    if (i % 50 === 0) await pause(watch);
    if (
      ![
        [120, 2.2],
        [120, 1.6],
        [260, 1.4],
        [500, 1.2],
      ].every(([n, e]) => fit.refine(better, n as number, e as number))
    )
      continue;
    reduce(better);
    const odds = rings.odds(better, fitted.nodes, fitted.errors);
    refined.push({ metric: better, shortest: shortest(better), odds });
  }
  const cells: Cell[] = [];
  for (const { metric } of distinct(refined, 0.7 * sameLength, fitted.kept)) {
    const better = Float64Array.from(metric);
    const isFine = [
      [500, 1.2],
      [1200, 1.1],
      [2400, 1],
    ].every(([n, e]) => fit.refine(better, n as number, e as number));
    const cell = cellOfMetric(isFine ? better : metric);
    if (cell) cells.push(cell);
  }
  watch.tell(1);
  return cells;
}

async function pause({ signal }: Watch): Promise<void> {
  checkSignal(signal);
  await yieldToEventLoop();
}

/** The most probable ones, no two of one lattice. */
function distinct(all: Candidate[], tolerance: number, most: number): Candidate[] {
  all.sort((p, q) => q.odds - p.odds);
  const kept: Candidate[] = [];
  for (const candidate of all) {
    if (kept.length >= most) break;
    const same = (other: Candidate): boolean => {
      for (let i = 0; i < 6; i++)
        if (Math.abs((candidate.shortest[i] as number) - (other.shortest[i] as number)) > tolerance) return false;
      return true;
    };
    if (candidate.odds > -1e8 && !kept.some(same)) kept.push(candidate);
  }
  return kept;
}

/** Dot products that two lines may have, by their numbers. */
function productsOf(pool: Pool, lines: readonly number[]): number[][][] {
  const longest = fourthLines.farther * Math.max(...lines);
  const fourth = strongLines(pool, fourthLines.least, longest)
    .sort((p, q) => p - q)
    .slice(0, fourthLines.lowest);
  const bySpots = productsBySpots(pool, lines);
  return lines.map((p, i) =>
    lines.map((q, j) => {
      if (j < i) return [];
      const least = Math.min(p * p, q * q);
      const found = [0, ...(bySpots[i]?.[j] ?? []).filter((product) => product < mostOfSpots * least)];
      for (const x of [...fourth, ...lines]) {
        const product = Math.abs(p * p + q * q - x * x) / 2;
        if (product <= mostProduct * least) found.push(product);
      }
      if (i === j) found.push(least / 2, least / 3);
      found.sort((x, y) => x - y);
      let last = -1;
      return found.filter((x) => {
        if (x - last <= sameLength * q) return false;
        last = x;
        return true;
      });
    }),
  );
}

/** The best of a class of volumes: twice as many as are kept, and then the better half of them. */
class Best {
  #count = 0;
  readonly #odds = new Float64Array(2 * keptByLines);
  readonly #metrics = new Float64Array(12 * keptByLines);
  /** Odds without which none is kept. */
  least = Number.NEGATIVE_INFINITY;

  add(odds: number, metric: Metric): void {
    this.#odds[this.#count] = odds;
    this.#metrics.set(metric, 6 * this.#count++);
    if (this.#count < 2 * keptByLines) return;
    this.#keepHalf();
  }

  #keepHalf(): void {
    const order = this.#order();
    const [odds, metrics] = [this.#odds.slice(), this.#metrics.slice()];
    this.#count = Math.min(keptByLines, this.#count);
    for (let i = 0; i < this.#count; i++) {
      const from = order[i] as number;
      this.#odds[i] = odds[from] as number;
      this.#metrics.set(metrics.subarray(6 * from, 6 * from + 6), 6 * i);
    }
    this.least = this.#odds[this.#count - 1] as number;
  }

  #order(): Uint32Array {
    return Uint32Array.from({ length: this.#count }, (_, i) => i).sort(
      (p, q) => (this.#odds[q] as number) - (this.#odds[p] as number),
    );
  }

  metrics(): Metric[] {
    return Array.from(this.#order().subarray(0, keptByLines), (i) => this.#metrics.slice(6 * i, 6 * i + 6));
  }
}

/** Metrics by class of volume, judged by the lines at their nodes. */
async function candidatesOfLines(pool: Pool, lines: readonly number[], watch: Watch): Promise<Metric[][]> {
  const products = productsOf(pool, lines);
  const best = Array.from({ length: classes }, () => new Best());
  const look = new LineSums(aboveMean(pool.lines));
  const metric = new Float64Array(6);
  const scale = classes / Math.log(mostVolume / leastVolume);
  const offer = (volumeOfBox: number): void => {
    const determinant = determinantOf(metric);
    const volumeA3 = 1 / Math.sqrt(determinant);
    if (!(volumeA3 >= leastVolume && volumeA3 <= Math.min(mostVolume, mostOfBox * volumeOfBox))) return;
    const kept = best[Math.min(classes - 1, Math.floor(scale * Math.log(volumeA3 / leastVolume)))] as Best;
    if (kept.least > 0 && look.sum(metric, determinant, quick.first) < quick.share * kept.least) return;
    const sum = look.sum(metric, determinant, quick.nodes);
    if (sum > kept.least) kept.add(sum, metric);
  };
  const [n, of] = [lines.length, (i: number, j: number): readonly number[] => products[i]?.[j] ?? []];
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      for (let k = j; k < n; k++) {
        const [a, b, c] = [lines[i] as number, lines[j] as number, lines[k] as number];
        const box = 1 / (a * b * c);
        if (box > mostVolume) continue;
        for (const ab of of(i, j))
          for (const ac of of(i, k))
            for (const bc of of(j, k))
              for (const sign of ab === 0 || ac === 0 || bc === 0 ? one : both) {
                metric[0] = a * a;
                metric[1] = b * b;
                metric[2] = c * c;
                metric[3] = sign * bc;
                metric[4] = sign * ac;
                metric[5] = sign * ab;
                offer(box);
              }
      }
      await pause(watch);
    }
    watch.tell(0.6 * (1 - ((n - i - 1) / n) ** 3));
  }
  return best.map((kept) => kept.metrics());
}
const [one, both] = [[1], [1, -1]] as const;

/** Sums of lines at the nodes of cells. */
class LineSums {
  readonly #lines: Float64Array;
  /** Number of the cell that last had a node there, by four bins: nodes of one length count once. */
  readonly #seen = new Int32Array((bins >> 2) + 2);
  #cell = 0;
  readonly #room = roomForNodes(512);

  constructor(lines: Float64Array) {
    this.#lines = lines;
  }

  /** The sum at the first nodes, over the root of their number; −1e9 for a cell that is too flat. */
  sum(metric: Metric, determinant: number, nodes: number): number {
    const room = this.#room;
    const count = listNodes(metric, reachOf(nodes, 1 / Math.sqrt(determinant)), room);
    if (count <= 0) return -1e9;
    const cell = ++this.#cell;
    const [lengths, lines, seen] = [room.lengths, this.#lines, this.#seen];
    let [sum, distinct] = [0, 0];
    for (let i = 0; i < count; i++) {
      const bin = ((lengths[i] as number) - firstLength) / binWidth;
      if (!(bin >= 0 && bin < bins)) continue;
      const at = bin | 0;
      if (seen[at >> 2] === cell) continue;
      seen[at >> 2] = cell;
      distinct++;
      sum += lines[at] as number;
    }
    return sum / Math.sqrt(distinct + 5);
  }
}

/** exp(−z²/2) by steps of 1/64 up to 3.5. */
const gauss = Float64Array.from({ length: 64 * 4 }, (_, i) => Math.exp(-((i / 64) ** 2) / 2));

/** The bins of a kind that have lengths, in order, and which of them is the first from a bin on. */
interface Filled {
  readonly at: Int32Array;
  readonly from: Int32Array;
}

function filledOf({ counts }: Counted): Filled {
  const from = new Int32Array(bins + 1);
  let n = 0;
  for (let bin = 0; bin < bins; bin++) {
    from[bin] = n;
    if (counts[bin]) n++;
  }
  from[bins] = n;
  const at = new Int32Array(n);
  for (let bin = bins - 1; bin >= 0; bin--) if (counts[bin]) at[from[bin] as number] = bin;
  return { at, from };
}

/** The odds of the pooled lengths on the rings of a cell against lengths of anything. */
class Rings {
  readonly #pool: Pool;
  readonly #filled: readonly Filled[];
  /** By bin that has lengths. */
  readonly #density = new Float64Array(bins);
  readonly #room = roomForNodes(16384);

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#filled = pool.kinds.map(filledOf);
  }

  /** ln of them, for the nodes of a cell as far as so many reach; `factor` is one on the errors of lengths. */
  odds(metric: Metric, nodes: number, factor: number): number {
    const determinant = determinantOf(metric);
    if (!(determinant > 0)) return -1e9;
    const volumeA3 = 1 / Math.sqrt(determinant);
    const reach = Math.min(longestNode, reachOf(nodes, volumeA3));
    const count = listNodes(metric, reach, this.#room);
    if (count < 0) return -1e9;
    const top = Math.min(bins, Math.floor((reach - firstLength) / binWidth));
    if (top < 3) return 0;
    let sum = 0;
    for (const [kind, { counts, errors }] of this.#pool.kinds.entries()) {
      const filled = this.#filled[kind] as Filled;
      const below = filled.from[top] as number;
      const density = this.#density.fill(0, 0, below);
      const shape = { errors, factor, volumeA3, top, filled };
      for (let i = 0; i < count; i++) addRing(density, this.#room.lengths[i] as number, shape);
      let ln = 0;
      let product = 1;
      for (let i = 0; i < below; i++) {
        const n = counts[filled.at[i] as number] as number;
        const odds = 0.5 + 0.5 * (density[i] as number);
        if (n > 1) ln += n * Math.log(odds);
        else product *= odds;
        // One logarithm of many factors.
        if (product > 1e200 || product < 1e-200) {
          ln += Math.log(product);
          product = 1;
        }
      }
      sum += (weights[kind] as number) * (ln + Math.log(product));
    }
    return sum;
  }
}

interface RingShape {
  readonly errors: Float64Array;
  readonly factor: number;
  readonly volumeA3: number;
  /** Bins of the cell. */
  readonly top: number;
  readonly filled: Filled;
}

/** Adds the density of a ring, of both halves, relative to that of nodes all over, where there are lengths. */
function addRing(
  density: Float64Array,
  length: number,
  { errors, factor, volumeA3, top, filled: { at, from } }: RingShape,
): void {
  const place = (length - firstLength) / binWidth;
  if (!(place >= 0 && place < top)) return;
  const centre = place | 0;
  const width = ((errors[centre] as number) * factor) / binWidth;
  const height = 2 / (2.5066 * width * binWidth * 4 * Math.PI * length * length * volumeA3);
  const reach = ((3 * width) | 0) + 1;
  const end = from[Math.min(top, centre + reach + 1)] as number;
  const step = 64 / width;
  for (let i = from[Math.max(0, centre - reach)] as number; i < end; i++) {
    const z = Math.abs((at[i] as number) + 0.5 - place) * step;
    if (z < 255) density[i] = (density[i] as number) + height * (gauss[z | 0] as number);
  }
}
