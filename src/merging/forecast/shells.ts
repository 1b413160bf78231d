/** What the halves of a merge show in shells of equal volume, as far as forecasts need it. */
import { median } from '../../util/median.js';
import { wellInformed } from './draws.js';
import { type GroupSums, groupCount, type InformationSample } from './group-sums.js';

/** What a forecast reads; reflections that were never observed follow those that were. */
export interface ForecastData {
  /** Number of crystals in the sums. */
  readonly crystals: number;
  /** 1/d of each possible reflection, 1/angstrom; NaN for one that does not count. */
  readonly q: Float64Array;
  /** Share of the observations of a general reflection that each has by its symmetry. */
  readonly orbits: Float64Array;
  /** One for each state. */
  readonly sums: readonly GroupSums[];
  readonly sample: InformationSample;
}

/** Fewest pairs of halves that are judged. */
export const fewestPairsOfHalves = 30;

/** Sums of all groups, and of either half, for a reflection. */
export class HalfSums {
  readonly numerator: readonly [Float64Array, Float64Array];
  readonly information: readonly [Float64Array, Float64Array];
  readonly counts: readonly [Float64Array, Float64Array];

  constructor({ sums, q }: ForecastData) {
    const pair = (): [Float64Array, Float64Array] => [new Float64Array(q.length), new Float64Array(q.length)];
    [this.numerator, this.information, this.counts] = [pair(), pair(), pair()];
    for (const sum of sums)
      for (let group = 0; group < groupCount; group++) {
        const [n, d, m] = [this.numerator, this.information, this.counts].map((of) => of[group % 2]) as [
          Float64Array,
          Float64Array,
          Float64Array,
        ];
        for (let id = 0, at = group * sum.unique; id < sum.unique; id++, at++) {
          n[id] = (n[id] as number) + (sum.numerator[at] as number);
          d[id] = (d[id] as number) + (sum.information[at] as number);
          m[id] = (m[id] as number) + (sum.counts[at] as number);
        }
      }
  }

  count = (id: number): number => (this.counts[0][id] as number) + (this.counts[1][id] as number);
  informationOf = (id: number): number => (this.information[0][id] as number) + (this.information[1][id] as number);
  intensity = (id: number): number =>
    ((this.numerator[0][id] as number) + (this.numerator[1][id] as number)) / this.informationOf(id);
  half = (which: 0 | 1, id: number): number =>
    (this.numerator[which][id] as number) / (this.information[which][id] as number);

  /** Of some reflections those that count for CC1/2: two observations in each half, and not hardly any information. */
  kept(members: ArrayLike<number>): number[] {
    const both: number[] = [];
    for (let i = 0; i < members.length; i++) {
      const id = members[i] as number;
      if ((this.counts[0][id] as number) >= 2 && (this.counts[1][id] as number) >= 2) both.push(id);
    }
    return wellInformed(both, (id) => Math.min(this.information[0][id] as number, this.information[1][id] as number));
  }
}

/** One shell now. */
export interface ShellNow {
  /** Smallest and largest 1/d. */
  readonly low: number;
  readonly high: number;
  /** The possible reflections. */
  readonly members: Uint32Array;
  readonly counts: Float64Array;
  readonly orbits: Float64Array;
  /** The reflections that count for CC1/2. */
  readonly kept: readonly number[];
  /** How much larger the scatter of the halves is than Σd says; 1 if too few pairs say so. */
  readonly scatter: number;
  /** Its relative error, which a few pairs that are far apart enlarge; infinite if too few pairs tell it. */
  readonly scatterError: number;
  /** Information of single observations, in classes of reflections by their intensity. */
  readonly sample: readonly Float64Array[];
}

/** The shells from the lowest resolution of the data to a goal's. */
export interface Shells {
  readonly halves: HalfSums;
  readonly shells: readonly ShellNow[];
  /** Mean intensity of each shell, to which Wilson's line contributes beyond 4 Å. */
  readonly meanIntensity: readonly number[];
  /** Variance of the true intensities over the square of their mean: 1 for acentric reflections. */
  readonly relativeVariance: number;
  /** Scatter of the halves beyond Σd, the median of the shells. */
  readonly usualScatter: number;
}

/** Shells of equal volume between two 1/d. */
export function shellsOf(data: ForecastData, halves: HalfSums, edges: readonly number[]): Shells {
  const members: number[][] = edges.slice(1).map(() => []);
  const shellAt = (q: number): number => {
    if (!(q >= (edges[0] as number) && q <= (edges.at(-1) as number))) return -1;
    let shell = 0;
    while (shell < edges.length - 2 && q >= (edges[shell + 1] as number)) shell++;
    return shell;
  };
  for (let id = 0; id < data.q.length; id++) members[shellAt(data.q[id] as number)]?.push(id);
  const sampled: Sampled[][] = members.map(() => []);
  const { ids, information, halves: halfOf } = data.sample;
  for (const [i, id] of ids.entries())
    sampled[shellAt(data.q[id] as number)]?.push({
      id,
      information: information[i] as number,
      other: halfOf[i] === 0 ? 1 : 0,
    });
  const shells = members.map((own, shell): ShellNow => {
    const kept = halves.kept(own);
    return {
      low: edges[shell] as number,
      high: edges[shell + 1] as number,
      members: Uint32Array.from(own),
      counts: Float64Array.from(own, halves.count),
      orbits: Float64Array.from(own, (id) => data.orbits[id] as number),
      kept,
      ...scatterOf(halves, kept),
      sample: classesOf(halves, own, sampled[shell] ?? []),
    };
  });
  return {
    halves,
    shells,
    ...wilsonOf(data, halves, shells),
    usualScatter: median(shells.map(({ scatter }) => scatter)),
  };
}

/** Squared differences of the halves over their variances; 1 if too few pairs say so. */
function scatterOf({ half, information }: HalfSums, kept: readonly number[]) {
  if (kept.length < fewestPairsOfHalves) return { scatter: 1, scatterError: Number.POSITIVE_INFINITY };
  const squares = Float64Array.from(kept, (id) => (half(0, id) - half(1, id)) ** 2);
  const variances = Float64Array.from(
    kept,
    (id) => 1 / (information[0][id] as number) + 1 / (information[1][id] as number),
  );
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const scatter = sum(squares) / sum(variances);
  const off = squares.map((square, i) => (square - scatter * (variances[i] as number)) ** 2);
  return { scatter, scatterError: Math.sqrt(sum(off)) / sum(squares) };
}

/** Most classes of intensity, and fewest observations of each. */
const [maxClasses, fewestOfClass] = [8, 60];

/** An observation of the sample: its reflection, its information, and the half that its crystal is not in. */
interface Sampled {
  readonly id: number;
  readonly information: number;
  readonly other: 0 | 1;
}

/**
 * The information of observations by the intensity of their reflections, in classes of as many reflections each: those of
 * a strong reflection all tell less about it, so that they cannot be exchanged for others. The intensity is that of the
 * other half: where there is little information, the own one is extreme by chance.
 */
function classesOf(halves: HalfSums, members: readonly number[], sample: readonly Sampled[]): Float64Array[] {
  const known = sample.filter(({ id, other }) => (halves.information[other][id] as number) > 0);
  const classes = Math.min(maxClasses, Math.floor(known.length / fewestOfClass));
  if (classes < 2) return sample.length > 0 ? [Float64Array.from(sample, ({ information }) => information)] : [];
  const edges = ([0, 1] as const).map((half) => {
    const measured = members.filter((id) => (halves.information[half][id] as number) > 0);
    const ranked = Float64Array.from(measured, (id) => halves.half(half, id)).sort();
    return Array.from({ length: classes - 1 }, (_, n) => ranked[Math.floor(((n + 1) * ranked.length) / classes)] ?? 0);
  });
  const found: number[][] = Array.from({ length: classes }, () => []);
  for (const { id, information, other } of known) {
    const intensity = halves.half(other, id);
    found[edges[other]?.filter((edge) => intensity >= edge).length ?? 0]?.push(information);
  }
  return found.filter((one) => one.length > 0).map((one) => Float64Array.from(one));
}

/** Own scatter of the mean intensities of shells about Wilson's line, and where the line begins, 1/angstrom. */
const [wilsonScatter, wilsonBegin] = [0.1, 1 / 4];

interface MeanOfShell {
  readonly mean: number;
  readonly error: number;
  readonly q2: number;
  /** Variance over squared mean; undefined for a weak shell. */
  readonly ratio: number | undefined;
}

/**
 * Mean intensities: those of a shell, and beyond 4 Å those of a line in ln⟨I⟩ over 1/d², by their errors. Weights
 * follow from the numbers of observations: by Σd strong reflections would count less than weak ones.
 */
function wilsonOf(data: ForecastData, halves: HalfSums, shells: readonly ShellNow[]) {
  const found = shells.map(({ members }) => meanOf(data, halves, members));
  const isOuter = ({ q2 }: MeanOfShell): boolean => q2 > wilsonBegin ** 2;
  // Least squares of ln mean = a + b q²; a faint prior keeps the matrix regular.
  let [s00, s01, s11, r0, r1] = [1e-6, 0, 1e-6, 0, 0];
  for (const ofShell of found) {
    if (!isOuter(ofShell) || !(ofShell.mean > 2 * ofShell.error)) continue;
    const weight = 1 / ((ofShell.error / ofShell.mean) ** 2 + wilsonScatter ** 2);
    s00 += weight;
    s01 += weight * ofShell.q2;
    s11 += weight * ofShell.q2 ** 2;
    r0 += weight * Math.log(ofShell.mean);
    r1 += weight * Math.log(ofShell.mean) * ofShell.q2;
  }
  const det = s00 * s11 - s01 * s01;
  const [a, b] = [(r0 * s11 - r1 * s01) / det, (r1 * s00 - r0 * s01) / det];
  const meanIntensity = found.map((ofShell) => {
    if (!isOuter(ofShell) || !(ofShell.error > 0)) return ofShell.mean;
    const line = Math.exp(a + b * ofShell.q2);
    const variance = wilsonScatter ** 2 + (s11 - 2 * ofShell.q2 * s01 + ofShell.q2 ** 2 * s00) / det;
    const [own, ofLine] = [1 / ofShell.error ** 2, 1 / (variance * line * line)];
    return (ofShell.mean * own + line * ofLine) / (own + ofLine);
  });
  const ratios = found.flatMap(({ ratio }) => ratio ?? []);
  return { meanIntensity, relativeVariance: ratios.length > 0 ? median(ratios) : 1 };
}

function meanOf({ q }: ForecastData, halves: HalfSums, members: Uint32Array): MeanOfShell {
  const own = Array.from(members).filter((id) => halves.count(id) >= 2);
  const total = (of: (id: number) => number): number => own.reduce((sum, id) => sum + of(id), 0);
  const q2 = total((id) => (q[id] as number) ** 2) / own.length;
  if (own.length < 2) return { mean: 0, error: 0, q2: Number.NaN, ratio: undefined };
  const single = total(halves.count) / total(halves.informationOf);
  let mean = total(halves.intensity) / own.length;
  let spread2 = Math.max(mean, 1e-3) ** 2;
  let weights: number[] = [];
  let error = 0;
  for (let round = 0; round < 3; round++) {
    weights = own.map((id) => 1 / (single / halves.count(id) + spread2));
    const weight = weights.reduce((a, b) => a + b, 0);
    mean = own.reduce((sum, id, i) => sum + (weights[i] as number) * halves.intensity(id), 0) / weight;
    spread2 = Math.max(mean, 0.02 * Math.sqrt(spread2)) ** 2;
    error = 1 / Math.sqrt(weight);
  }
  if (!(mean > 12 * error)) return { mean, error, q2, ratio: undefined };
  let [squares, noise, weight] = [0, 0, 0];
  for (const [i, id] of own.entries()) {
    const w = weights[i] as number;
    squares += w * (halves.intensity(id) - mean) ** 2;
    noise += w / halves.informationOf(id);
    weight += w;
  }
  return { mean, error, q2, ratio: (squares - noise) / weight / mean ** 2 };
}
