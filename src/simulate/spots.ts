/**
 * Simulates spot lists of stills with known truth: random orientations, the reflections near the Ewald sphere, a flat
 * detector.
 *
 * A reflection is excited by exp(−e²/2σ²), where e is its distance from the sphere in 1/Å and σ² the sum of the
 * contributions of domain size, mosaicity and bandwidth; intensities follow Wilson's exponential law with a temperature
 * factor. Positions get pixel noise and are mapped back to the nominal sphere, so that the excitation error becomes the
 * systematic error that it is in reality. Spurious spots are uniform on the detector. Images are not simulated here.
 */

import { Random } from '../compute/random/random.js';
import { type Cell, checkCell, norm, reciprocal, type Vector } from '../crystal/cell.js';
import { type Centring, checkCentring, primitiveOf } from '../crystal/centring.js';
import { checkedOptions } from '../options/call-options.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal, yieldToEventLoop } from '../util/options.js';
import type { SpotSimulation } from './parameter-types.js';
import { spotSimulationRows } from './parameters.js';

export type { SpotSimulation } from './parameter-types.js';

/** One simulated image. */
export interface SimulatedImage {
  /** [n, 3] reciprocal vectors, 1/angstrom, beam along +z, in random order. */
  readonly spots: Float64Array;
  /** The oriented cells. */
  readonly lattices: readonly Cell[];
  /** [n] 0 for a spurious spot, k for one of the k-th lattice. */
  readonly owner: Uint8Array;
}

interface Beamline {
  readonly k: number;
  readonly bandwidth: number;
  readonly mosaicity: number;
  readonly domain: number;
  readonly distance: number;
  readonly pixel: number;
  readonly half: readonly [number, number];
  readonly qMax: number;
  readonly bFactor: number;
  readonly missing: number;
  readonly noise: number;
}

/** Simulates spot lists; the same options give the same lists on every machine. Throws `Argument`. */
export function simulateSpots(options: SpotSimulation): SimulatedImage[] {
  const { images, image } = prepare(options);
  return Array.from({ length: images }, (_, i) => {
    const steps = image(i);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  });
}

/**
 * Yields the lists of `simulateSpots` one by one. Timers and input are served between and within them, and a signal
 * aborts. Throws `Argument`, `Aborted`.
 */
export async function* simulateSpotImages(
  options: SpotSimulation,
  signal?: PlatformSignal,
): AsyncGenerator<SimulatedImage, void, undefined> {
  const { images, image } = prepare(options);
  let rested = performance.now();
  for (let i = 0; i < images; i++) {
    const steps = image(i);
    for (;;) {
      if (performance.now() - rested > 20) {
        await yieldToEventLoop();
        rested = performance.now();
      }
      checkSignal(signal);
      const { done, value } = steps.next();
      if (done) {
        yield value;
        break;
      }
    }
  }
}

/** An image being generated; it pauses now and then to let others run. */
type Steps<T> = Generator<undefined, T, undefined>;

/** Validates the options; returns the number of images and a generator for each. */
function prepare(options: SpotSimulation): { images: number; image: (i: number) => Steps<SimulatedImage> } {
  const values = checkedOptions('simulateSpots', options, spotSimulationRows);
  checkCell(options.cell, 'the cell to simulate');
  const centring = checkCentring(options.centring ?? 'P', 'simulateSpots: centring');
  const { images, seed, spots: wanted, crystals, pixelMm: pixel } = values;
  const spurious = Math.round(wanted * values.spurious);
  const [nx = 0, ny = 0] = values.detectorPx;
  const beamline: Beamline = {
    k: 1 / values.wavelengthA,
    bandwidth: values.bandwidth,
    mosaicity: values.mosaicityRad,
    domain: values.domainA,
    distance: values.distanceMm,
    pixel,
    half: [(nx * pixel) / 2, (ny * pixel) / 2],
    qMax: 1 / values.dMinA,
    bFactor: values.bFactorA2,
    missing: values.missing,
    noise: values.noisePx * pixel,
  };
  const crystal = { cell: options.cell, centring };
  return { images, image: (i) => simulateImage(crystal, wanted, spurious, crystals, beamline, new Random(seed, i)) };
}

function* simulateImage(
  { cell, centring }: { readonly cell: Cell; readonly centring: Centring },
  wanted: number,
  spurious: number,
  crystals: number,
  beamline: Beamline,
  random: Random,
): Steps<SimulatedImage> {
  const spots: { q: Vector; owner: number }[] = [];
  const lattices: Cell[] = [];
  for (let crystal = 1; crystal <= crystals; crystal++) {
    const oriented = rotateRandomly(cell, random);
    lattices.push(oriented);
    const share =
      Math.floor(((wanted - spurious) * crystal) / crystals) -
      Math.floor(((wanted - spurious) * (crystal - 1)) / crystals);
    for (const q of yield* reflections(primitiveOf(oriented, centring), share, beamline, random))
      spots.push({ q, owner: crystal });
  }
  for (let i = 0; i < spurious; i++) {
    spots.push({
      q: fromDetector(
        (random.uniform() * 2 - 1) * beamline.half[0],
        (random.uniform() * 2 - 1) * beamline.half[1],
        beamline,
      ),
      owner: 0,
    });
  }
  random.shuffle(spots);
  return {
    spots: Float64Array.from(spots.flatMap(({ q }) => q)),
    lattices,
    owner: Uint8Array.from(spots, ({ owner }) => owner),
  };
}

/** The cell in a random orientation (a uniformly distributed unit quaternion). */
export function rotateRandomly(cell: Cell, random: Random): Cell {
  const q = [random.normal(), random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...q);
  const [w, x, y, z] = q.map((c) => c / length) as [number, number, number, number];
  const rotate = ([a, b, c]: Vector): Vector => [
    (1 - 2 * (y * y + z * z)) * a + 2 * (x * y - z * w) * b + 2 * (x * z + y * w) * c,
    2 * (x * y + z * w) * a + (1 - 2 * (x * x + z * z)) * b + 2 * (y * z - x * w) * c,
    2 * (x * z - y * w) * a + 2 * (y * z + x * w) * b + (1 - 2 * (x * x + y * y)) * c,
  ];
  return [rotate(cell[0]), rotate(cell[1]), rotate(cell[2])];
}

/** Converts a detector position in millimetres from the beam to the reciprocal vector on the nominal Ewald sphere. */
function fromDetector(x: number, y: number, { k, distance }: Beamline): Vector {
  const length = Math.hypot(x, y, distance);
  return [(k * x) / length, (k * y) / length, k * (distance / length - 1)];
}

/** The strongest `count` reflections of an oriented cell, at the positions where a spot finder would find them. */
function* reflections(cell: Cell, count: number, beamline: Beamline, random: Random): Steps<Vector[]> {
  const { k, qMax, domain, mosaicity, bandwidth, distance, half, noise } = beamline;
  const dual = reciprocal(cell);
  const [hMax, kMax, lMax] = cell.map((row) => Math.floor(norm(row) * qMax)) as [number, number, number];
  const sigma2 = (q2: number): number =>
    1 / domain ** 2 + mosaicity ** 2 * q2 * Math.max(0, 1 - q2 / (4 * k * k)) + ((bandwidth * q2) / (2 * k)) ** 2;
  const reach =
    3 * Math.sqrt(Math.max(...[0, 0.25, 0.5, 0.75, 1].map((f) => sigma2((f * Math.min(qMax, 2 * k)) ** 2))));
  const found: { intensity: number; x: number; y: number }[] = [];
  for (let h = -hMax; h <= hMax; h++) {
    yield;
    for (let kk = -kMax; kk <= kMax; kk++) {
      const base = [0, 1, 2].map((i) => h * (dual[0][i] ?? 0) + kk * (dual[1][i] ?? 0)) as unknown as Vector;
      // Along c*, the line base + l c* meets the shell of thickness `reach` in at most two ranges: between its outer
      // and inner roots.
      const outer = shellCrossing(base, dual[2], k, k + reach);
      if (!outer) continue;
      const inner = shellCrossing(base, dual[2], k, k - reach);
      const from = Math.max(-lMax, Math.ceil(outer[0]));
      const to = Math.min(lMax, Math.floor(outer[1]));
      for (let l = from; l <= to; l++) {
        if (inner && l > inner[0] && l < inner[1]) {
          l = Math.max(l, Math.ceil(inner[1]) - 1);
          continue;
        }
        if (h === 0 && kk === 0 && l === 0) continue;
        const q: Vector = [base[0] + l * dual[2][0], base[1] + l * dual[2][1], base[2] + l * dual[2][2]];
        const q2 = q[0] ** 2 + q[1] ** 2 + q[2] ** 2;
        if (q2 > qMax * qMax) continue;
        const s: Vector = [q[0], q[1], q[2] + k];
        if (s[2] <= 0) continue;
        const error = norm(s) - k;
        const variance = sigma2(q2);
        if (error * error > 9 * variance) continue;
        if (random.uniform() < beamline.missing) continue;
        const intensity =
          (-Math.log(random.uniform()) *
            Math.exp(-(beamline.bFactor * q2) / 2) *
            Math.exp(-(error * error) / (2 * variance))) /
          Math.sqrt(q2);
        const x = (s[0] / s[2]) * distance + random.normal() * noise;
        const y = (s[1] / s[2]) * distance + random.normal() * noise;
        if (Math.abs(x) <= half[0] && Math.abs(y) <= half[1]) found.push({ intensity, x, y });
      }
    }
  }
  found.sort((a, b) => b.intensity - a.intensity);
  return found.slice(0, count).map(({ x, y }) => fromDetector(x, y, beamline));
}

/**
 * The parameters l at which the line base + l · step crosses the sphere of `radius` about (0, 0, −k); undefined if it
 * misses.
 */
export function shellCrossing(base: Vector, step: Vector, k: number, radius: number): [number, number] | undefined {
  const start: Vector = [base[0], base[1], base[2] + k];
  const a = step[0] ** 2 + step[1] ** 2 + step[2] ** 2;
  const b = start[0] * step[0] + start[1] * step[1] + start[2] * step[2];
  const c = start[0] ** 2 + start[1] ** 2 + start[2] ** 2 - radius * radius;
  const root = b * b - a * c;
  if (root < 0 || radius <= 0) return undefined;
  const s = Math.sqrt(root);
  return [(-b - s) / a, (-b + s) / a];
}
