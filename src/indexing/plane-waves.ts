/**
 * Lattice vectors from the spots of one image, without a known cell: along a lattice vector v the projections v·s of
 * all spots are integers, so the density of projections on its direction has a strong Fourier coefficient at |v|.
 *
 * Directions sample the half sphere; the density of each is transformed, the strongest coefficient in the range of
 * lengths kept; the best are refined by least squares on the rounded indices and made distinct. Source of the idea:
 * Steller, Bolotovsky and Rossmann, J. Appl. Cryst. 30 (1997) 1036; Gildea et al., Acta Cryst. D70 (2014) 2652.
 */
import { type Cell, cellFrom, cross, dot, norm, reciprocal, scale, subtract, type Vector } from '../crystal/cell.js';

/** A lattice vector found in an image. */
export interface LatticeVector {
  /** In angstrom, laboratory frame. */
  readonly v: Vector;
  /** Spots whose projection is within 0.15 of an integer, zeroth plane left out of the count's weight. */
  readonly support: number;
}

/** The forward transform of real signals of one power-of-two length, two at a time; only the powers are wanted. */
class PowerSpectrum {
  readonly size: number;
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #order: Uint32Array;
  readonly re: Float64Array;
  readonly im: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    const bits = Math.log2(size);
    this.#order = Uint32Array.from({ length: size }, (_, i) => {
      let reversed = 0;
      for (let b = 0; b < bits; b++) if (i & (1 << b)) reversed |= 1 << (bits - 1 - b);
      return reversed;
    });
    this.re = new Float64Array(size);
    this.im = new Float64Array(size);
  }

  /** Place of sample i: fill `re` (first signal) and `im` (second) there. */
  place(i: number): number {
    return this.#order[i] as number;
  }

  /** Transforms in place, radix 2. */
  run(): void {
    const { re, im, size } = this;
    const [cos, sin] = [this.#cos, this.#sin];
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [c, s] = [cos[k * step] as number, sin[k * step] as number];
          const [i, j] = [start + k, start + k + half];
          const [x, y] = [re[j] as number, im[j] as number];
          const [tr, ti] = [x * c - y * s, x * s + y * c];
          re[j] = (re[i] as number) - tr;
          im[j] = (im[i] as number) - ti;
          re[i] = (re[i] as number) + tr;
          im[i] = (im[i] as number) + ti;
        }
      }
    }
  }

  /** Squared modulus of coefficient k of the first (0) and second (1) signal. */
  power(k: number): [number, number] {
    const { re, im, size } = this;
    const m = (size - k) % size;
    const [a, b, c, d] = [re[k] as number, im[k] as number, re[m] as number, im[m] as number];
    return [((a + c) / 2) ** 2 + ((b - d) / 2) ** 2, ((b + d) / 2) ** 2 + ((c - a) / 2) ** 2];
  }
}

/** What is looked for. */
export interface VectorSearch {
  /** Shortest and longest lattice vector in angstrom. */
  readonly minLengthA: number;
  readonly maxLengthA: number;
  /** Vectors kept. */
  readonly keep: number;
}

/** Spots as triples, lowest resolution first. */
function sorted(spots: ArrayLike<number>): Vector[] {
  const list: Vector[] = [];
  for (let i = 0; i + 2 < spots.length; i += 3)
    list.push([spots[i] as number, spots[i + 1] as number, spots[i + 2] as number]);
  return list.sort((a, b) => dot(a, a) - dot(b, b));
}

/** Lattice vectors of an image, best supported first, distinct up to sign. */
export function findVectors(spots: ArrayLike<number>, { minLengthA, maxLengthA, keep }: VectorSearch): LatticeVector[] {
  const all = sorted(spots);
  if (all.length < 8) return [];
  const low = all.slice(0, 80);
  const reach = norm(low.at(-1) as Vector);
  // A neighbouring direction moves the outermost projection by about a quarter of a period of the longest vector.
  const directions = Math.min(60_000, Math.max(2_000, Math.ceil(2 * Math.PI * ((maxLengthA * reach) / 0.45) ** 2)));
  // Bins of an eighth of the shortest period, so that the histogram blurs no wave; twice the range, so that frequencies
  // are fine.
  const size = 2 ** Math.ceil(Math.log2(Math.max(64, 8 * reach * maxLengthA)));
  const width = (4 * reach) / size;
  const spectrum = new PowerSpectrum(size);
  // The spots' own spread looks like a wave of about 1/reach: shorter vectors are not told from it.
  const kMin = Math.max(1, Math.floor(Math.max(minLengthA, 1.6 / reach) * width * size));
  const kMax = Math.min(size / 2 - 1, Math.ceil(maxLengthA * width * size));
  const found: { u: Vector; length: number; power: number }[] = [];
  const golden = Math.PI * (3 - Math.sqrt(5));
  const direction = (p: number): Vector => {
    const z = 1 - (p + 0.5) / directions;
    const r = Math.sqrt(1 - z * z);
    return [r * Math.cos(golden * p), r * Math.sin(golden * p), z];
  };
  const fill = (into: Float64Array, u: Vector): void => {
    for (const s of low) {
      // Linear sharing between two bins: half the error of the nearest one.
      const x = (dot(u, s) + 2 * reach) / width;
      const bin = Math.floor(x);
      const place = spectrum.place(bin % size);
      const next = spectrum.place((bin + 1) % size);
      into[place] = (into[place] as number) + 1 - (x - bin);
      into[next] = (into[next] as number) + (x - bin);
    }
  };
  for (let p = 0; p + 1 < directions; p += 2) {
    spectrum.re.fill(0);
    spectrum.im.fill(0);
    const pair = [direction(p), direction(p + 1)] as const;
    fill(spectrum.re, pair[0]);
    fill(spectrum.im, pair[1]);
    spectrum.run();
    const best = [
      { k: 0, power: 0 },
      { k: 0, power: 0 },
    ];
    for (let k = kMin; k <= kMax; k++) {
      const powers = spectrum.power(k);
      for (const i of [0, 1] as const) {
        const top = best[i] as { k: number; power: number };
        if (powers[i] > top.power) best[i] = { k, power: powers[i] };
      }
    }
    for (const i of [0, 1] as const) {
      const { k, power } = best[i] as { k: number; power: number };
      found.push({ u: pair[i], length: k / (width * size), power });
    }
  }
  found.sort((a, b) => b.power - a.power);
  const vectors: LatticeVector[] = [];
  // Neighbouring directions show the same vector: of each bunch the strongest is enough.
  const starts: Vector[] = [];
  for (const { u, length } of found) {
    if (starts.length >= 4 * keep) break;
    const start = scale(length, u);
    if (starts.some((other) => apart(start, other) < 0.08 * length + 1)) continue;
    starts.push(start);
    const refined = refine(start, all);
    if (!refined || norm(refined.v) < minLengthA || norm(refined.v) > maxLengthA) continue;
    const twin = vectors.findIndex(({ v }) => apart(v, refined.v) < 0.02 * norm(v) + 0.3);
    if (twin < 0) vectors.push(refined);
    else if (refined.support > (vectors[twin] as LatticeVector).support) vectors[twin] = refined;
  }
  return vectors.sort((a, b) => b.support - a.support).slice(0, keep);
}

/** Distance of two vectors, signs aside. */
const apart = (u: Vector, v: Vector): number => Math.min(norm(subtract(u, v)), norm(subtract(u, scale(-1, v))));

/**
 * Least squares of v·s = round(v·s) over more and more spots with tighter and tighter tolerances; undefined when too
 * few agree.
 */
function refine(start: Vector, spots: readonly Vector[]): LatticeVector | undefined {
  let v = start;
  let used = Math.min(80, spots.length);
  for (const tolerance of [0.3, 0.25, 0.2, 0.15, 0.12, 0.12]) {
    const next = solve(v, spots.slice(0, used), tolerance);
    if (!next) return undefined;
    v = next;
    used = Math.min(spots.length, used * 2);
  }
  if (Math.abs(norm(v) / norm(start) - 1) > 0.08) return undefined;
  let support = 0;
  for (const s of spots) {
    const t = dot(v, s);
    const d = Math.abs(t - Math.round(t));
    // Spots of the zeroth plane say less: any short vector has them.
    if (d < 0.15) support += Math.abs(t) < 0.5 ? 0.5 : 1;
  }
  return { v, support };
}

function solve(v: Vector, spots: readonly Vector[], tolerance: number): Vector | undefined {
  const m = new Float64Array(9);
  const b = new Float64Array(3);
  let count = 0;
  for (const s of spots) {
    const t = dot(v, s);
    const n = Math.round(t);
    if (Math.abs(t - n) > tolerance) continue;
    count++;
    for (let i = 0; i < 3; i++) {
      b[i] = (b[i] as number) + (s[i] as number) * n;
      for (let j = 0; j < 3; j++) m[3 * i + j] = (m[3 * i + j] as number) + (s[i] as number) * (s[j] as number);
    }
  }
  if (count < 6) return undefined;
  // A little of the start's own weight keeps directions that no spot speaks of.
  const damping = 1e-3 * (((m[0] as number) + (m[4] as number) + (m[8] as number)) / 3);
  for (let i = 0; i < 3; i++) {
    m[4 * i] = (m[4 * i] as number) + damping;
    b[i] = (b[i] as number) + damping * (v[i] as number);
  }
  const dual = reciprocal(cellFrom(m));
  const out = [0, 1, 2].map(
    (i) =>
      (b[0] as number) * (dual[0][i] as number) +
      (b[1] as number) * (dual[1][i] as number) +
      (b[2] as number) * (dual[2][i] as number),
  );
  return out.every(Number.isFinite) ? (out as unknown as Vector) : undefined;
}

/** A cell made of three found vectors, with the spots it explains. */
export interface VectorCell {
  readonly cell: Cell;
  readonly volume: number;
  /** Spots within 0.2 (Euclidean, index units) of a node, and how many chance alone would give. */
  readonly explained: number;
  readonly expected: number;
}

/** The best cells that three of the vectors span: most spots beyond chance, then the smallest volume. */
export function combineVectors(
  vectors: readonly LatticeVector[],
  spots: ArrayLike<number>,
  keep: number,
): VectorCell[] {
  const all = sorted(spots);
  const limit = 0.2;
  const occupancy = (4 / 3) * Math.PI * limit ** 3;
  const indices = vectors.map(({ v }) =>
    Float64Array.from(all, (s) => {
      const t = dot(v, s);
      return (t - Math.round(t)) ** 2;
    }),
  );
  const cells: VectorCell[] = [];
  for (let i = 0; i < vectors.length; i++) {
    for (let j = i + 1; j < vectors.length; j++) {
      const [a, b] = [(vectors[i] as LatticeVector).v, (vectors[j] as LatticeVector).v];
      const normal = cross(a, b);
      if (norm(normal) < 0.2 * norm(a) * norm(b)) continue;
      for (let k = j + 1; k < vectors.length; k++) {
        const c = (vectors[k] as LatticeVector).v;
        const volume = dot(normal, c);
        if (Math.abs(volume) < 0.15 * norm(a) * norm(b) * norm(c)) continue;
        let explained = 0;
        const [x, y, z] = [indices[i] as Float64Array, indices[j] as Float64Array, indices[k] as Float64Array];
        for (let n = 0; n < all.length; n++)
          if ((x[n] as number) + (y[n] as number) + (z[n] as number) < limit * limit) explained++;
        cells.push({
          cell: volume > 0 ? [a, b, c] : [a, c, b],
          volume: Math.abs(volume),
          explained,
          expected: all.length * occupancy,
        });
      }
    }
  }
  const most = Math.max(0, ...cells.map(({ explained }) => explained));
  // A supercell explains as much as the cell: among the good ones the smallest volume comes first.
  return cells
    .filter(({ explained, expected }) => explained >= 0.85 * most && explained > expected + 4 * Math.sqrt(expected) + 4)
    .sort((p, q) => p.volume - q.volume || q.explained - p.explained)
    .slice(0, keep);
}
