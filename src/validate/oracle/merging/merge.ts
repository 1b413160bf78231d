/**
 * The oracle of merging: the whole fit in float64, one observation at a time, as src/merging/README.md defines
 * it. It shares no code with cpp/ and src/merging: constants are repeated, derivatives of excitation errors are
 * computed from the change of the rotated vector, and linear systems are solved by Gaussian elimination.
 */
import { type Cell, cross, dot, norm, type Vector } from '../../../crystal/cell.js';
import { nodeOf } from '../indexing/lattices.js';
import { median, solve } from '../numbers.js';

/** An observation of a crystal, with its unique reflection as a string. */
export interface OracleObservation {
  readonly indices: Vector;
  readonly unique: string;
  readonly intensity: number;
  readonly sigma: number;
}

/** A crystal: rows a* b* c* in 1/angstrom. */
export interface OracleCrystal {
  readonly rows: Cell;
  readonly wavelength: number;
  readonly bandwidth: number;
  readonly observations: readonly OracleObservation[];
}

/** What is fitted. */
export interface OracleFit {
  readonly model: 'gaussian' | 'xsphere' | 'unity' | 'mean';
  readonly cycles: number;
}

/** A merged reflection on the scale of the fit. */
interface OracleReflection {
  readonly intensity: number;
  readonly sigma: number;
  readonly count: number;
}

/** The result of a merge. */
export interface OracleMerge {
  readonly reflections: ReadonlyMap<string, OracleReflection>;
  /** ln G, B, ln r, rotations about x and y, and the root mean squared deviation of each crystal. */
  readonly crystals: readonly (readonly number[])[];
  readonly proportionalError: number;
}

/** ln G, B, ln r, and rotations about x and y. */
type Parameters = [lnG: number, b: number, lnR: number, x: number, y: number];

interface State {
  readonly kind: OracleFit['model'];
  readonly crystals: readonly OracleCrystal[];
  readonly parameters: readonly Parameters[];
  weights: number[];
  proportional2: number;
}

/** Intensities by unique reflection. */
type Merge = ReadonlyMap<string, number>;
type Sums = ReadonlyMap<string, { readonly numerator: number; readonly information: number }>;

const sumOf = <T>(list: readonly T[], value: (item: T) => number): number =>
  list.reduce((sum, item) => sum + value(item), 0);
const clamp = (x: number, most: number): number => Math.max(-most, Math.min(most, x));

interface Placement {
  /** Distance from the Ewald sphere, and its derivatives by the two rotations. */
  readonly excitation: number;
  readonly slopes: readonly [number, number];
  readonly q2: number;
  readonly spread2: number;
}

/** Where an observation lies after two small rotations of its crystal. */
function placeObservation(
  { rows, wavelength, bandwidth }: OracleCrystal,
  indices: Vector,
  x: number,
  y: number,
): Placement {
  const wave = 1 / wavelength;
  const [g0, g1, g2] = nodeOf(rows, indices);
  const g: Vector = [g0 + y * g2, g1 - x * g2, g2 + x * g1 - y * g0];
  const s: Vector = [g[0], g[1], g[2] + wave];
  // The change caused by a small rotation of the vector itself.
  const turned = (about: Vector): number => dot(s, cross(about, g)) / norm(s);
  return {
    excitation: norm(s) - wave,
    slopes: [turned([1, 0, 0]), turned([0, 1, 0])],
    q2: dot(g, g),
    spread2: ((1 - s[2] / norm(s)) * wave * bandwidth) ** 2,
  };
}

function factorOf(kind: OracleFit['model'], [lnG, b, lnR]: Parameters, place: Placement): number {
  const scale = lnG - (b * place.q2) / 2;
  if (kind === 'unity' || kind === 'mean') return Math.exp(clamp(scale, 60));
  const r2 = Math.exp(lnR) ** 2;
  const wide = r2 + place.spread2;
  const share = Math.exp(clamp(scale - place.excitation ** 2 / (2 * wide), 60));
  return kind === 'xsphere' ? share * Math.sqrt(r2 / wide) : share;
}

const quietVariance = ({ intensity, sigma }: OracleObservation): number =>
  Math.max(sigma ** 2 - Math.max(intensity, 0), 0.3 * sigma ** 2);

function weightOf(one: OracleObservation, expected: number, proportional2: number): number {
  const positive = Math.max(expected, 0);
  const variance = quietVariance(one) + positive + proportional2 * positive ** 2;
  const share = (one.intensity - expected) ** 2 / variance / 36;
  return share >= 1 ? 0 : (1 - share) ** 2 / variance;
}

/** The factor of each observation of a crystal, its weight against a merge, and what the merge expects. */
function termsOf({ kind, crystals, parameters, weights, proportional2 }: State, c: number, merge: Merge | undefined) {
  const crystal = crystals[c] as OracleCrystal;
  const own = parameters[c] as Parameters;
  return crystal.observations.map((observation) => {
    const g = factorOf(kind, own, placeObservation(crystal, observation.indices, own[3], own[4]));
    const expected = g * (merge?.get(observation.unique) ?? 0);
    const weight = merge ? weightOf(observation, expected, proportional2) : 1 / observation.sigma ** 2;
    return { one: observation, g, expected, w: (weights[c] as number) * weight };
  });
}

/** Merges crystals that are all in one setting. */
export function mergeByOracle(crystals: readonly OracleCrystal[], fit: OracleFit): OracleMerge {
  if (fit.model === 'mean') return plainMean(crystals);
  const lnR = Math.log(firstRadius(crystals));
  const state: State = {
    kind: fit.model,
    crystals,
    parameters: crystals.map(() => [0, 0, lnR, 0, 0]),
    weights: crystals.map(() => 1),
    proportional2: 0.15 ** 2,
  };
  let [merge, sums] = mergeInRounds(state, undefined);
  let deviations = crystals.map(() => 0);
  for (let cycle = 0; cycle < fit.cycles; cycle++) {
    const { deviation2, excess } = refineAll(state, merge, sums, cycle > 0 && fit.model !== 'unity');
    const [meanG, meanB] = [0, 1].map(
      (which) => sumOf(state.parameters, (own) => own[which] as number) / crystals.length,
    );
    for (const own of state.parameters) {
      own[0] -= meanG as number;
      own[1] -= meanB as number;
    }
    const before = new Map([...merge].map(([id, value]) => [id, value * Math.exp(meanG as number)]));
    const usual = median(deviation2.filter((d) => d !== undefined));
    state.weights = deviation2.map((d) => (d === undefined ? 1 : 1 / Math.max(1, d / usual)));
    if (excess.length > 200) state.proportional2 = Math.max(0.02 ** 2, Math.min(0.6 ** 2, median(excess)));
    deviations = deviation2.map((d) => Math.sqrt(d ?? 0));
    [merge, sums] = mergeInRounds(state, before);
    if (cycle >= 2 && angleBetween(before, merge, sums) < 1e-3) break;
  }
  return {
    reflections: finishReflections(state, merge),
    crystals: state.parameters.map((own, c) => [...own, deviations[c] as number]),
    proportionalError: Math.sqrt(state.proportional2),
  };
}

function plainMean(crystals: readonly OracleCrystal[]): OracleMerge {
  const all = new Map<string, number[]>();
  for (const { observations } of crystals)
    for (const { unique, intensity } of observations) all.set(unique, [...(all.get(unique) ?? []), intensity]);
  const reflections = new Map(
    [...all].map(([id, values]) => {
      const intensity = sumOf(values, (x) => x) / values.length;
      const square = sumOf(values, (x) => (x - intensity) ** 2);
      return [id, { intensity, sigma: Math.sqrt(square) / values.length, count: values.length }];
    }),
  );
  return { reflections, crystals: [], proportionalError: Number.NaN };
}

function firstRadius(crystals: readonly OracleCrystal[]): number {
  const squares = crystals.flatMap((crystal) =>
    crystal.observations
      .filter(({ intensity, sigma }) => intensity > 5 * sigma)
      .map(({ indices }) => placeObservation(crystal, indices, 0, 0).excitation ** 2),
  );
  return Math.max(Math.sqrt(sumOf(squares, (x) => x) / squares.length), 1e-6);
}

/** Three rounds of merging, each with the weights that follow from the merge before. */
function mergeInRounds(state: State, first: Merge | undefined): [Merge, Sums] {
  let merge = first;
  const sums = new Map<string, { numerator: number; information: number }>();
  for (let round = 0; round < 3; round++) {
    sums.clear();
    for (const c of state.crystals.keys())
      for (const { one, g, w } of termsOf(state, c, merge)) {
        const at = sums.get(one.unique) ?? { numerator: 0, information: 0 };
        at.numerator += w * g * one.intensity;
        at.information += w * g * g;
        sums.set(one.unique, at);
      }
    merge = new Map(
      [...sums].map(([id, { numerator, information }]) => [id, information > 0 ? numerator / information : 0]),
    );
  }
  return [merge as Merge, sums];
}

interface Refined {
  /** Mean squared deviation of each crystal; undefined of one without observations to compare. */
  readonly deviation2: readonly (number | undefined)[];
  readonly excess: readonly number[];
}

/** Two steps of least squares for each crystal, against what the other crystals say about its reflections. */
function refineAll(state: State, merge: Merge, sums: Sums, all: boolean): Refined {
  const centre = [0, 1, 2, 3, 4].map((which) =>
    which === 0 || which === 2 ? median(state.parameters.map((own) => own[which] as number)) : 0,
  );
  const excess: number[] = [];
  const deviation2 = state.crystals.map((crystal, c) => {
    const own = state.parameters[c] as Parameters;
    const references = termsOf(state, c, merge).map(({ one, g, w }) => {
      const { numerator, information } = sums.get(one.unique) ?? { numerator: 0, information: 0 };
      const others = information - w * g * g;
      const value = (numerator - w * g * one.intensity) / others;
      return others > 1e-3 * information && value > 0 ? { value, variance: 1 / others } : undefined;
    });
    let squares: number[] = [];
    for (let step = 0; step < 2; step++) {
      const size = all ? 5 : 2;
      const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
      const right = new Array<number>(size).fill(0);
      squares = [];
      for (const [i, one] of crystal.observations.entries()) {
        const reference = references[i];
        if (!reference) continue;
        const place = placeObservation(crystal, one.indices, own[3], own[4]);
        const g = factorOf(state.kind, own, place);
        const m = g * reference.value;
        const quiet = quietVariance(one) + m + g ** 2 * reference.variance;
        const v = quiet + state.proportional2 * m ** 2;
        const d = one.intensity - m;
        const weight = 1 / v / (1 + d ** 2 / v / 9);
        const slopes = slopesOf(state.kind, own, place).map((slope) => slope * m);
        for (const [a, row] of matrix.entries()) {
          right[a] = (right[a] as number) + weight * (slopes[a] as number) * d;
          for (const b of row.keys())
            row[b] = (row[b] as number) + weight * (slopes[a] as number) * (slopes[b] as number);
        }
        squares.push(Math.min(d ** 2 / v, 25));
        if (step === 1 && m ** 2 > 9 * one.sigma ** 2) excess.push((d ** 2 / 0.455 - quiet) / m ** 2);
      }
      for (const [a, row] of matrix.entries()) {
        const prior = 1 / ([3, 10, 0.3, 6e-4, 6e-4][a] as number) ** 2;
        right[a] = (right[a] as number) - prior * ((own[a] as number) - (centre[a] as number));
        row[a] = (row[a] as number) * 1.01 + prior;
      }
      for (const [a, shift] of solve(matrix, right).entries())
        own[a] = (own[a] as number) + clamp(shift, [1, 10, 0.2, 5e-4, 5e-4][a] as number);
    }
    return squares.length > 0 ? sumOf(squares, (x) => x) / squares.length : undefined;
  });
  return { deviation2, excess };
}

/** Derivatives of ln g with respect to each parameter. */
function slopesOf(kind: OracleFit['model'], own: Parameters, { q2, excitation, slopes, spread2 }: Placement): number[] {
  const r2 = Math.exp(2 * own[2]);
  const wide = r2 + spread2;
  return [
    1,
    -q2 / 2,
    (excitation ** 2 * r2) / wide ** 2 + (kind === 'xsphere' ? 1 - r2 / wide : 0),
    (-excitation * slopes[0]) / wide,
    (-excitation * slopes[1]) / wide,
  ];
}

/** Sine of the angle between two merges, with each reflection weighted by its information. */
function angleBetween(a: Merge, b: Merge, sums: Sums): number {
  const product = (merge: Merge, other: Merge): number =>
    sumOf([...sums], ([id, { information }]) => information * (merge.get(id) ?? 0) * (other.get(id) ?? 0));
  const [aa, bb, ab] = [product(a, a), product(b, b), product(a, b)];
  return aa > 0 && bb > 0 ? Math.sqrt(Math.max(0, 1 - ab ** 2 / (aa * bb))) : 0;
}

/**
 * Counts and sigmas: the sigmas that follow from the weights, multiplied by the root of the reduced χ² among
 * reflections of similar intensity.
 */
function finishReflections(state: State, merge: Merge): Map<string, OracleReflection> {
  const all = [...merge].map(([id, intensity]) => ({ id, intensity, count: 0, information: 0, scatter: 0, q2: 0 }));
  const byId = new Map(all.map((one) => [one.id, one]));
  for (const c of state.crystals.keys())
    for (const { one, g, w, expected } of termsOf(state, c, merge)) {
      const at = byId.get(one.unique);
      if (!at || w === 0) continue;
      at.q2 = placeObservation(state.crystals[c] as OracleCrystal, one.indices, 0, 0).q2;
      at.count++;
      at.information += w * g * g;
      at.scatter += w * (one.intensity - expected) ** 2;
    }
  all.sort((a, b) => a.intensity - b.intensity);
  const result = new Map<string, OracleReflection>();
  for (let bin = 0; bin < 20; bin++) {
    const members = all.slice(Math.floor((bin * all.length) / 20), Math.floor(((bin + 1) * all.length) / 20));
    const judged = members.filter(({ count }) => count > 2);
    const freedom = sumOf(judged, ({ count }) => count - 1);
    const scatter = sumOf(judged, ({ count, scatter: own }) => Math.min(own / (count - 1), 5) * (count - 1));
    const factor = judged.length > 10 ? Math.sqrt(Math.max(1, scatter / freedom)) : 1;
    for (const { id, intensity, count, information } of members)
      result.set(id, { intensity, sigma: factor / Math.sqrt(information), count });
  }
  if (state.kind === 'unity') return result;
  // Those of which an observation tells less than a hundredth of what is usual among some 200 of like resolution.
  const counted = all.filter(({ count }) => count > 0).sort((a, b) => a.q2 - b.q2);
  const groups = Math.max(1, Math.round(counted.length / 200));
  for (let group = 0; group < groups; group++) {
    const [begin, end] = [group, group + 1].map((n) => Math.round((n * counted.length) / groups));
    const own = counted.slice(begin, end);
    const usual = median(own.map(({ information, count }) => information / count));
    for (const { id, information, count } of own) if (information / count < usual / 100) result.delete(id);
  }
  return result;
}
