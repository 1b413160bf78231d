/**
 * Where a detector is, by few spots of a known cell: how it is moved along and across the beam, for images whose crystals
 * are turned anyhow. Lengths on the detector are in pixels.
 */
import { dot, reciprocal, type Vector } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { inverseOf, solved } from '../../util/linear.js';
import type { IndexingInput } from '../input.js';
import type { Crystal, IndexingResult } from '../result.js';
import { type FewModel, fewModel } from './choice.js';
import { type Scatter, scatterOf } from './scatter.js';

/** Spots of images as places from the crystal, in pixels; those of image i are from `offsets[i]` to `offsets[i + 1]`. */
export interface PlacedSpots {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly offsets: Uint32Array;
}

/** By how much a detector is moved, in pixels. */
export type Move = readonly [x: number, y: number, z: number];

/** How images are indexed, in batches of several hundred. */
export interface StillSearch {
  readonly run: (input: IndexingInput) => Promise<IndexingResult>;
  readonly cells: readonly KnownCell[];
  readonly wavelengthA: number;
  readonly bandwidth: number | undefined;
}

/** An image at one of several places of the detector. */
interface At {
  readonly image: number;
  readonly move: Move;
}

/** A place of the detector by all images. */
export interface FoundMove {
  readonly move: Move;
  readonly error: Move;
  /** Images that tell it, and spots on nodes. */
  readonly used: number;
  readonly spots: number;
}

/** Odds from which an image takes part, as a power of ten: 3 000. */
const acceptedOdds = Math.log10(3000);

/** Images of few spots of a known cell on a detector. */
export class PlacedStills {
  readonly #search: StillSearch;
  readonly #seen: PlacedSpots;
  readonly #distance: number;

  constructor(search: StillSearch, seen: PlacedSpots) {
    this.#search = search;
    this.#seen = seen;
    this.#distance = seen.z.reduce((sum, z) => sum + z, 0) / Math.max(1, seen.z.length);
  }

  get images(): number {
    return this.#seen.offsets.length - 1;
  }

  get distance(): number {
    return this.#distance;
  }

  /** What is expected of spots whose places are so many pixels wrong. */
  #model(errorPx: number): FewModel {
    const { wavelengthA, bandwidth } = this.#search;
    return fewModel(
      { spotError: errorPx / (this.#distance * wavelengthA), ...(bandwidth && { bandwidth }) },
      wavelengthA,
    );
  }

  #index(all: readonly At[], errorPx: number): Promise<IndexingResult> {
    const { run, cells, wavelengthA } = this.#search;
    const { x, y, z, offsets: from } = this.#seen;
    const offsets = new Uint32Array(all.length + 1);
    for (const [n, { image }] of all.entries())
      offsets[n + 1] = (offsets[n] as number) + (from[image + 1] as number) - (from[image] as number);
    const spots = new Float32Array(3 * (offsets[all.length] as number));
    let at = 0;
    for (const { image, move } of all)
      for (let i = from[image] as number; i < (from[image + 1] as number); i++, at += 3)
        spots.set(vectorOf([x[i] as number, y[i] as number, z[i] as number], move, wavelengthA).q, at);
    const model = this.#model(errorPx);
    return run({
      spots,
      offsets,
      ...model,
      cells: [...cells],
      wavelengthA,
      maxCrystals: 1,
      acceptLog10: -acceptedOdds,
    });
  }

  /** Ln of the odds of a lattice in each image at its place, all orientations together; −∞ where none was found. */
  async odds(all: readonly At[], errorPx: number): Promise<Float64Array> {
    const result = await this.#index(all, errorPx);
    return Float64Array.from(all, (_, n) => {
      const [first] = result.image(n).cells();
      return first ? -first.log10Chance * Math.LN10 : Number.NEGATIVE_INFINITY;
    });
  }

  /**
   * A step of the least squares at a place, with the turn of each image eliminated. Orientations with less than
   * `leastShare` of the odds of their image take no part; `prior` are standard deviations about `about`. Undefined if no
   * image takes part.
   */
  async step(
    move: Move,
    errorPx: number,
    { leastShare, prior, about }: { readonly leastShare: number; readonly prior: Move; readonly about: Move },
  ): Promise<FoundMove | undefined> {
    const result = await this.#index(
      Array.from({ length: this.images }, (_, image) => ({ image, move })),
      errorPx,
    );
    const [normal, right] = [new Float64Array(9), new Float64Array(3)];
    let [used, spots] = [0, 0];
    for (let image = 0; image < this.images; image++) {
      const [crystal] = result.image(image).crystals();
      if (!crystal || !(crystal.labelsDecided || shareOf(crystal) >= leastShare)) continue;
      const own = this.#equations(crystal, image, move, this.#model(errorPx));
      if (!own) continue;
      used++;
      spots += crystal.mask.reduce((sum, one) => sum + one, 0);
      for (let i = 0; i < 9; i++) normal[i] = (normal[i] as number) + (own.normal[i] as number);
      for (let i = 0; i < 3; i++) right[i] = (right[i] as number) + (own.right[i] as number);
    }
    if (used === 0) return undefined;
    for (const i of [0, 1, 2] as const) {
      normal[4 * i] = (normal[4 * i] as number) + prior[i] ** -2;
      right[i] = (right[i] as number) + (about[i] - move[i]) / prior[i] ** 2;
    }
    const by = solved(normal, right, 3);
    const inverse = inverseOf(normal, 3);
    if (!by || !inverse) return undefined;
    const three = (of: (i: 0 | 1 | 2) => number): Move => [of(0), of(1), of(2)];
    return {
      move: three((i) => move[i] + (by[i] as number)),
      error: three((i) => Math.sqrt(inverse[4 * i] as number)),
      used,
      spots,
    };
  }

  /** The equations of an image for the motion of the detector: 3 x 3 and 3 numbers. */
  #equations({ cell, mask }: Crystal, image: number, move: Move, model: FewModel) {
    const { x, y, z, offsets } = this.#seen;
    const { wavelengthA } = this.#search;
    const from = offsets[image] as number;
    const star = reciprocal(cell);
    // Motion, then turn.
    const [normal, right] = [new Float64Array(36), new Float64Array(6)];
    for (let i = 0; i < mask.length; i++) {
      if (!mask[i]) continue;
      const at: Vector = [x[from + i] as number, y[from + i] as number, z[from + i] as number];
      const { q, moved } = vectorOf(at, move, wavelengthA);
      const [h, k, l] = cell.map((edge) => Math.round(dot(edge, q))) as [number, number, number];
      const node = [0, 1, 2].map(
        (a) => h * (star[0][a] as number) + k * (star[1][a] as number) + l * (star[2][a] as number),
      ) as unknown as Vector;
      const off: Vector = [q[0] - node[0], q[1] - node[1], q[2] - node[2]];
      const precision = precisionOf(scatterOf(q, wavelengthA, model));
      if (!precision) continue;
      // A spot is moved by the detector and its node by the turn, of which the difference has to vanish.
      const columns: Vector[] = [
        ...moved.map(([a, b, c]): Vector => [-a, -b, -c]),
        [0, -node[2], node[1]],
        [node[2], 0, -node[0]],
        [-node[1], node[0], 0],
      ];
      for (const [u, column] of columns.entries()) {
        const weighed = along(precision, column);
        right[u] = (right[u] as number) + dot(weighed, off);
        for (const [v, other] of columns.entries())
          normal[6 * u + v] = (normal[6 * u + v] as number) + dot(weighed, other);
      }
    }
    for (let a = 3; a < 6; a++) normal[7 * a] = (normal[7 * a] as number) + 1e-6;
    return withoutTurn(normal, right);
  }
}

/** The part of the odds of an image that its best orientation has. */
const shareOf = ({ rivalOdds = [] }: Crystal): number => 1 / (1 + rivalOdds.reduce((sum, odds) => sum + odds, 0));

/** The reciprocal vector of a place on a moved detector, and its derivatives by the motion along x, y and z. */
function vectorOf([x, y, z]: Vector, [dx, dy, dz]: Move, wavelengthA: number) {
  const size = Math.hypot(x + dx, y + dy, z + dz);
  const s: Vector = [(x + dx) / size, (y + dy) / size, (z + dz) / size];
  const scale = 1 / (size * wavelengthA);
  const by = (axis: 0 | 1 | 2): Vector => {
    const of = (i: 0 | 1 | 2): number => scale * ((i === axis ? 1 : 0) - s[i] * s[axis]);
    return [of(0), of(1), of(2)];
  };
  const q: Vector = [s[0] / wavelengthA, s[1] / wavelengthA, (s[2] - 1) / wavelengthA];
  return { q, moved: [by(0), by(1), by(2)] };
}

function precisionOf([xx, xy, xz, yy, yz, zz]: Scatter): Float64Array | undefined {
  return inverseOf(Float64Array.of(xx, xy, xz, xy, yy, yz, xz, yz, zz), 3);
}

const along = (p: Float64Array, [x, y, z]: Vector): Vector => {
  const row = (i: number): number => (p[i] as number) * x + (p[i + 1] as number) * y + (p[i + 2] as number) * z;
  return [row(0), row(3), row(6)];
};

/** Equations of six unknowns without the last three. */
function withoutTurn(normal: Float64Array, right: Float64Array) {
  const turns = new Float64Array(9);
  for (let a = 0; a < 3; a++) for (let b = 0; b < 3; b++) turns[3 * a + b] = normal[6 * (a + 3) + b + 3] as number;
  const inverse = inverseOf(turns, 3);
  if (!inverse) return undefined;
  const own = { normal: new Float64Array(9), right: new Float64Array(3) };
  for (let u = 0; u < 3; u++) {
    const weights = [0, 1, 2].map((b) =>
      [0, 1, 2].reduce((sum, a) => sum + (normal[6 * u + a + 3] as number) * (inverse[3 * a + b] as number), 0),
    );
    const less = (of: (b: number) => number): number => weights.reduce((sum, w, b) => sum + w * of(b), 0);
    own.right[u] = (right[u] as number) - less((b) => right[b + 3] as number);
    for (let v = 0; v < 3; v++)
      own.normal[3 * u + v] = (normal[6 * u + v] as number) - less((b) => normal[6 * (b + 3) + v] as number);
  }
  return own;
}

/** The centre of a frame: grid of centres in pixels, prior standard deviation, and how far the grid goes. */
const grid = { step: 0.8, prior: 3, reach: 2.6 } as const;
/** What a place between those of the grid adds to the error of a spot. */
const [spotErrorPx, ofGrid] = [0.4, 0.45 * grid.step];
/** A centre is told if this part of the odds is within so many pixels of the best place. */
const [sure, near] = [0.95, 1.5];
/** The distance is known where the centre of a frame is looked for, pixels. */
const held = 1e-6;
/** Places of the grid, a circle about the stated centre. */
const places: readonly Move[] = (() => {
  const most = grid.reach * grid.prior;
  const steps = Math.floor(most / grid.step);
  const along = Array.from({ length: 2 * steps + 1 }, (_, i) => (i - steps) * grid.step);
  return along.flatMap((x) => along.filter((y) => Math.hypot(x, y) <= most).map((y): Move => [x, y, 0]));
})();
/** Images of a batch that looks for the centre of one frame. */
export const centrePlaces = places.length;

/**
 * The move of the detector at which an image has the known cell, with its errors, in pixels; undefined if the image does
 * not tell one.
 */
export async function moveOfImage(stills: PlacedStills): Promise<FoundMove | undefined> {
  const odds = await stills.odds(
    places.map((move) => ({ image: 0, move })),
    Math.hypot(spotErrorPx, ofGrid),
  );
  const total = odds.map(
    (ln, n) => ln - (places[n] as Move).reduce((sum, by) => sum + by * by, 0) / 2 / grid.prior ** 2,
  );
  const best = total.reduce((most, ln, n) => (ln > (total[most] as number) ? n : most), 0);
  if (!((odds[best] as number) > acceptedOdds * Math.LN10)) return undefined;
  const [x0, y0] = places[best] as Move;
  let [all, around] = [0, 0];
  for (const [n, [x, y]] of places.entries()) {
    const part = Math.exp((total[n] as number) - (total[best] as number));
    all += part;
    if (Math.hypot(x - x0, y - y0) < near) around += part;
  }
  if (around < sure * all) return undefined;
  const how = { leastShare: 0, prior: [grid.prior, grid.prior, held], about: [0, 0, 0] } as const;
  let found: FoundMove | undefined;
  for (const errorPx of [Math.hypot(spotErrorPx, ofGrid), spotErrorPx, spotErrorPx]) {
    const next = await stills.step(found?.move ?? (places[best] as Move), errorPx, how);
    if (!next) return undefined;
    found = next;
  }
  return found;
}

/** Distances that are tried, as parts of the given one, and those of pink beams, whose odds change more slowly. */
const [farthest, step, pinkStep, pinkFrom] = [0.03, 0.004, 0.006, 0.003];
/** Images by which distances are tried, and errors of spots meanwhile and from step to step, pixels. */
const [tried, tryError, errors] = [16, 1.8, [1.8, 1.2, 0.7, 0.4, 0.4]] as const;
/** An image takes part if one orientation has this part of its odds. */
const leastShare = 0.8;

/** The move of a detector by many images of one cell: from one of several places, at other distances as well. */
export async function moveOfStills(
  stills: PlacedStills,
  bandwidth: number | undefined,
  starts: readonly Move[],
): Promise<FoundMove | undefined> {
  const by = (bandwidth ?? 0) > pinkFrom ? pinkStep : step;
  const parts = Array.from(
    { length: 2 * Math.floor(farthest / by) + 1 },
    (_, i) => by * (i - Math.floor(farthest / by)),
  );
  const images = Array.from({ length: Math.min(tried, stills.images) }, (_, i) =>
    Math.floor((i * stills.images) / Math.min(tried, stills.images)),
  );
  let best: { readonly move: Move; readonly sum: number } | undefined;
  for (const [x, y, z] of starts)
    for (const part of parts) {
      const move: Move = [x, y, z + part * stills.distance];
      const odds = await stills.odds(
        images.map((image) => ({ image, move })),
        tryError,
      );
      const sum = odds.reduce((all, ln) => all + Math.max(0, ln) + Math.log(0.5 + 0.5 * Math.exp(-Math.abs(ln))), 0);
      if (!best || sum > best.sum) best = { move, sum };
    }
  let found: FoundMove | undefined;
  for (const errorPx of errors) {
    const about: Move = found?.move ?? best?.move ?? [0, 0, 0];
    const next = await stills.step(about, errorPx, { leastShare, prior: [5, 5, 0.01 * stills.distance], about });
    if (!next) return undefined;
    found = next;
  }
  return found;
}
