/**
 * The oracle of merging: the whole fit in float64, one observation at a time, as src/serial/merging/README.md defines
 * it. It shares no code with cpp/ and src/serial/merging: constants are repeated, derivatives of excitation errors are
 * computed from the change of the rotated vector, and linear systems are solved by Gaussian elimination.
 */

/** An observation of a crystal, with its unique reflection as a string. */
export interface OracleObservation {
  readonly indices: readonly [number, number, number];
  readonly unique: string;
  readonly intensity: number;
  readonly sigma: number;
}

/** A crystal: rows a* b* c* in 1/angstrom. */
export interface OracleCrystal {
  readonly rows: readonly (readonly number[])[];
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

interface State {
  readonly parameters: number[][];
  weights: number[];
  proportional2: number;
}

type Sums = Map<string, { numerator: number; information: number }>;

const middle = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[half] as number)
    : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
};

/** The scattering vector of an observation after two small rotations. */
function vectorOf({ rows }: OracleCrystal, indices: readonly number[], x: number, y: number): number[] {
  const g = [0, 1, 2].map((axis) => indices.reduce((sum, index, i) => sum + index * (rows[i]?.[axis] ?? 0), 0));
  const [g0, g1, g2] = g as [number, number, number];
  return [g0 + y * g2, g1 - x * g2, g2 + x * g1 - y * g0];
}

const vectorNorm = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

/** Distance of a vector from the Ewald sphere. */
const excitationOf = (g: readonly number[], wave: number): number =>
  vectorNorm([g[0] ?? 0, g[1] ?? 0, (g[2] ?? 0) + wave]) - wave;

interface Placed {
  readonly excitation: number;
  readonly slopes: readonly [number, number];
  readonly q2: number;
  readonly spread2: number;
}

function placed(crystal: OracleCrystal, indices: readonly number[], x: number, y: number): Placed {
  const wave = 1 / crystal.wavelength;
  const g = vectorOf(crystal, indices, x, y);
  const s = [g[0] ?? 0, g[1] ?? 0, (g[2] ?? 0) + wave];
  // The change caused by a small rotation of the vector itself.
  const turned = (about: readonly [number, number, number]): number => {
    const [a0, a1, a2] = about;
    const [g0, g1, g2] = g as [number, number, number];
    const moved = [a1 * g2 - a2 * g1, a2 * g0 - a0 * g2, a0 * g1 - a1 * g0];
    return s.reduce((sum, component, i) => sum + component * (moved[i] ?? 0), 0) / vectorNorm(s);
  };
  const cosine = (s[2] ?? 0) / vectorNorm(s);
  return {
    excitation: excitationOf(g, wave),
    slopes: [turned([1, 0, 0]), turned([0, 1, 0])],
    q2: g.reduce((sum, component) => sum + component * component, 0),
    spread2: ((1 - cosine) * wave * crystal.bandwidth) ** 2,
  };
}

function factorOf(model: OracleFit['model'], [lnG = 0, b = 0, lnR = 0]: readonly number[], place: Placed): number {
  const scale = lnG - (b * place.q2) / 2;
  if (model === 'unity' || model === 'mean') return Math.exp(Math.max(-60, Math.min(60, scale)));
  const r2 = Math.exp(lnR) ** 2;
  const wide = r2 + place.spread2;
  const share = Math.exp(Math.max(-60, Math.min(60, scale - place.excitation ** 2 / (2 * wide))));
  return model === 'xsphere' ? share * Math.sqrt(r2 / wide) : share;
}

const quietVariance = ({ intensity, sigma }: OracleObservation): number =>
  Math.max(sigma ** 2 - Math.max(intensity, 0), 0.3 * sigma ** 2);

function weightOf(one: OracleObservation, expected: number, proportional2: number): number {
  const positive = Math.max(expected, 0);
  const variance = quietVariance(one) + positive + proportional2 * positive ** 2;
  const share = (one.intensity - expected) ** 2 / variance / 36;
  return share >= 1 ? 0 : (1 - share) ** 2 / variance;
}

/** Merges crystals that are all in one setting. */
export function mergeByOracle(crystals: readonly OracleCrystal[], fit: OracleFit): OracleMerge {
  if (fit.model === 'mean') return plainMean(crystals);
  const radius = firstRadius(crystals);
  const state: State = {
    parameters: crystals.map(() => [0, 0, Math.log(radius), 0, 0]),
    weights: crystals.map(() => 1),
    proportional2: 0.15 ** 2,
  };
  let [model, sums] = rounds(crystals, fit, state, undefined);
  let deviations = crystals.map(() => 0);
  for (let cycle = 0; cycle < fit.cycles; cycle++) {
    const { deviation2, excess } = refineAll(crystals, fit, state, model, sums, cycle > 0 && fit.model !== 'unity');
    const means = [0, 1].map(
      (which) => state.parameters.reduce((sum, p) => sum + (p[which] ?? 0), 0) / crystals.length,
    );
    for (const own of state.parameters)
      for (const which of [0, 1]) own[which] = (own[which] ?? 0) - (means[which] ?? 0);
    const scaled = new Map([...model].map(([id, value]) => [id, value * Math.exp(means[0] ?? 0)]));
    const known = deviation2.filter((d) => d !== undefined);
    state.weights = deviation2.map((d) => (d === undefined ? 1 : 1 / Math.max(1, d / middle(known))));
    if (excess.length > 200) state.proportional2 = Math.max(0.02 ** 2, Math.min(0.6 ** 2, middle(excess)));
    deviations = deviation2.map((d) => Math.sqrt(d ?? 0));
    const before = scaled;
    [model, sums] = rounds(crystals, fit, state, scaled);
    if (cycle >= 2 && angleBetween(before, model, sums) < 1e-3) break;
  }
  return {
    reflections: finished(crystals, fit, state, model),
    crystals: state.parameters.map((own, c) => [...own, deviations[c] ?? 0]),
    proportionalError: Math.sqrt(state.proportional2),
  };
}

function plainMean(crystals: readonly OracleCrystal[]): OracleMerge {
  const all = new Map<string, number[]>();
  for (const { observations } of crystals)
    for (const { unique, intensity } of observations) all.set(unique, [...(all.get(unique) ?? []), intensity]);
  const reflections = new Map(
    [...all].map(([id, values]) => {
      const intensity = values.reduce((sum, x) => sum + x, 0) / values.length;
      const square = values.reduce((sum, x) => sum + (x - intensity) ** 2, 0);
      return [id, { intensity, sigma: Math.sqrt(square) / values.length, count: values.length }];
    }),
  );
  return { reflections, crystals: [], proportionalError: Number.NaN };
}

function firstRadius(crystals: readonly OracleCrystal[]): number {
  const squares = crystals.flatMap((crystal) =>
    crystal.observations
      .filter(({ intensity, sigma }) => intensity > 5 * sigma)
      .map(({ indices }) => placed(crystal, indices, 0, 0).excitation ** 2),
  );
  return Math.max(Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length), 1e-6);
}

/** Three rounds of merging, each with the weights that follow from the merge before. */
function rounds(
  crystals: readonly OracleCrystal[],
  fit: OracleFit,
  state: State,
  first: Map<string, number> | undefined,
): [Map<string, number>, Sums] {
  let model = first;
  let sums: Sums = new Map();
  for (let round = 0; round < 3; round++) {
    sums = new Map();
    for (const [c, crystal] of crystals.entries()) {
      const own = state.parameters[c] ?? [];
      for (const observation of crystal.observations) {
        const g = factorOf(fit.model, own, placed(crystal, observation.indices, own[3] ?? 0, own[4] ?? 0));
        const w =
          (state.weights[c] ?? 0) *
          (model
            ? weightOf(observation, g * (model.get(observation.unique) ?? 0), state.proportional2)
            : 1 / observation.sigma ** 2);
        const at = sums.get(observation.unique) ?? { numerator: 0, information: 0 };
        at.numerator += w * g * observation.intensity;
        at.information += w * g * g;
        sums.set(observation.unique, at);
      }
    }
    model = new Map(
      [...sums].map(([id, { numerator, information }]) => [id, information > 0 ? numerator / information : 0]),
    );
  }
  return [model ?? new Map(), sums];
}

function refineAll(
  crystals: readonly OracleCrystal[],
  fit: OracleFit,
  state: State,
  model: Map<string, number>,
  sums: Sums,
  all: boolean,
): { deviation2: (number | undefined)[]; excess: number[] } {
  const centre = [0, 1, 2, 3, 4].map((which) =>
    which === 0 || which === 2 ? middle(state.parameters.map((own) => own[which] ?? 0)) : 0,
  );
  const excess: number[] = [];
  const deviation2 = crystals.map((crystal, c) => {
    const own = state.parameters[c] ?? [];
    const references = crystal.observations.map((observation) => {
      const g = factorOf(fit.model, own, placed(crystal, observation.indices, own[3] ?? 0, own[4] ?? 0));
      const w =
        (state.weights[c] ?? 0) * weightOf(observation, g * (model.get(observation.unique) ?? 0), state.proportional2);
      const { numerator, information } = sums.get(observation.unique) ?? { numerator: 0, information: 0 };
      const others = information - w * g * g;
      const value = (numerator - w * g * observation.intensity) / others;
      return others > 1e-3 * information && value > 0 ? { value, variance: 1 / others } : undefined;
    });
    let found: number | undefined;
    for (let step = 0; step < 2; step++) {
      const size = all ? 5 : 2;
      const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
      const right = new Array<number>(size).fill(0);
      const squares: number[] = [];
      for (const [i, one] of crystal.observations.entries()) {
        const reference = references[i];
        if (!reference) continue;
        const place = placed(crystal, one.indices, own[3] ?? 0, own[4] ?? 0);
        const g = factorOf(fit.model, own, place);
        const m = g * reference.value;
        const quiet = quietVariance(one) + m + g ** 2 * reference.variance;
        const v = quiet + state.proportional2 * m ** 2;
        const d = one.intensity - m;
        const weight = 1 / v / (1 + d ** 2 / v / 9);
        const r2 = Math.exp(2 * (own[2] ?? 0));
        const wide = r2 + place.spread2;
        // Derivatives of ln g with respect to each parameter.
        const slopes = [
          1,
          -place.q2 / 2,
          (place.excitation ** 2 * r2) / wide ** 2 + (fit.model === 'xsphere' ? 1 - r2 / wide : 0),
          (-place.excitation * place.slopes[0]) / wide,
          (-place.excitation * place.slopes[1]) / wide,
        ].map((slope) => slope * m);
        for (let a = 0; a < size; a++) {
          right[a] = (right[a] ?? 0) + weight * (slopes[a] ?? 0) * d;
          for (let b = 0; b < size; b++)
            (matrix[a] as number[])[b] = (matrix[a]?.[b] ?? 0) + weight * (slopes[a] ?? 0) * (slopes[b] ?? 0);
        }
        squares.push(Math.min(d ** 2 / v, 25));
        if (step === 1 && m ** 2 > 9 * one.sigma ** 2) excess.push((d ** 2 / 0.455 - quiet) / m ** 2);
      }
      const priors = [3, 10, 0.3, 6e-4, 6e-4].map((sigma) => 1 / sigma ** 2);
      for (let a = 0; a < size; a++) {
        right[a] = (right[a] ?? 0) - (priors[a] ?? 0) * ((own[a] ?? 0) - (centre[a] ?? 0));
        (matrix[a] as number[])[a] = (matrix[a]?.[a] ?? 0) * 1.01 + (priors[a] ?? 0);
      }
      const most = [1, 10, 0.2, 5e-4, 5e-4];
      for (const [a, shift] of solved(matrix, right).entries())
        own[a] = (own[a] ?? 0) + Math.max(-(most[a] ?? 0), Math.min(most[a] ?? 0, shift));
      found = squares.length > 0 ? squares.reduce((sum, x) => sum + x, 0) / squares.length : undefined;
    }
    return found;
  });
  return { deviation2, excess };
}

/** Gaussian elimination with pivoting. */
function solved(matrix: number[][], right: number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    let best = column;
    for (let row = column; row < size; row++)
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[best]?.[column] ?? 0)) best = row;
    [rows[column], rows[best]] = [rows[best] as number[], rows[column] as number[]];
    const pivot = rows[column] as number[];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const share = (rows[row]?.[column] ?? 0) / (pivot[column] ?? 1);
      rows[row] = (rows[row] as number[]).map((x, i) => x - share * (pivot[i] ?? 0));
    }
  }
  return rows.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}

/** Sine of the angle between two merges, with each reflection weighted by its information. */
function angleBetween(a: Map<string, number>, b: Map<string, number>, sums: Sums): number {
  let [aa, bb, ab] = [0, 0, 0];
  for (const [id, { information }] of sums) {
    const [x, y] = [a.get(id) ?? 0, b.get(id) ?? 0];
    aa += information * x * x;
    bb += information * y * y;
    ab += information * x * y;
  }
  return aa > 0 && bb > 0 ? Math.sqrt(Math.max(0, 1 - ab ** 2 / (aa * bb))) : 0;
}

/**
 * Counts and sigmas: the sigmas that follow from the weights, multiplied by the root of the reduced χ² among
 * reflections of similar intensity.
 */
function finished(
  crystals: readonly OracleCrystal[],
  fit: OracleFit,
  state: State,
  model: Map<string, number>,
): Map<string, OracleReflection> {
  const all = new Map<string, { count: number; information: number; scatter: number }>(
    [...model.keys()].map((id) => [id, { count: 0, information: 0, scatter: 0 }]),
  );
  for (const [c, crystal] of crystals.entries()) {
    const own = state.parameters[c] ?? [];
    for (const observation of crystal.observations) {
      const g = factorOf(fit.model, own, placed(crystal, observation.indices, own[3] ?? 0, own[4] ?? 0));
      const expected = g * (model.get(observation.unique) ?? 0);
      const w = (state.weights[c] ?? 0) * weightOf(observation, expected, state.proportional2);
      const at = all.get(observation.unique);
      if (!at || w === 0) continue;
      at.count++;
      at.information += w * g * g;
      at.scatter += w * (observation.intensity - expected) ** 2;
    }
  }
  const order = [...all].sort(([a], [b]) => (model.get(a) ?? 0) - (model.get(b) ?? 0));
  const result = new Map<string, OracleReflection>();
  for (let bin = 0; bin < 20; bin++) {
    const members = order.slice(Math.floor((bin * order.length) / 20), Math.floor(((bin + 1) * order.length) / 20));
    const judged = members.filter(([, { count }]) => count > 2);
    const freedom = judged.reduce((sum, [, { count }]) => sum + count - 1, 0);
    const scatter = judged.reduce(
      (sum, [, { count, scatter: own }]) => sum + Math.min(own / (count - 1), 5) * (count - 1),
      0,
    );
    const factor = judged.length > 10 ? Math.sqrt(Math.max(1, scatter / freedom)) : 1;
    for (const [id, { count, information }] of members)
      result.set(id, { intensity: model.get(id) ?? 0, sigma: factor / Math.sqrt(information), count });
  }
  return result;
}
