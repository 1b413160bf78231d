/**
 * Simulates detector frames of stills with known truth: crystals in random orientations on a flat detector with gaps, a
 * beam stop and bad pixels, on a background of solvent scattering, with Poisson counting noise.
 *
 * A reflection of a lattice is excited by p = exp(−e²/2σ²), where e is its distance from the Ewald sphere in 1/Å and σ²
 * the sum of the contributions of domain size, mosaicity and bandwidth. It gives strength · W(hkl) · exp(−B q²/2) · p ·
 * P counts, where W follows Wilson's exponential law and is the same in all frames and for equivalent reflections, and
 * P is the polarisation factor of X-rays. Its spot is where its ray hits the detector and is a Gaussian: the detector's
 * own width, extended radially by the bandwidth and tangentially by mosaicity. Absorption, parallax and diffuse
 * scattering of the crystal are not simulated. The arithmetic shares no code with the cores.
 */

import { philox } from '../compute/random/philox.js';
import { Random } from '../compute/random/random.js';
import { anglesOf, type Cell, checkCell, lengthsOf, norm, reciprocal, type Vector } from '../crystal/cell.js';
import { type Centring, checkCentring, primitiveOf } from '../crystal/centring.js';
import { centric, epsilon, type Indices, representative } from '../crystal/symmetry/asymmetric-unit.js';
import { orientedGroup } from '../crystal/symmetry/oriented.js';
import { laueGroup, type PointGroup } from '../crystal/symmetry/point-group.js';
import { checkedOptions } from '../options/call-options.js';
import { EwaldError } from '../util/errors.js';
import { type BeamTime, beamTimeAt, checkRanges, iceMap, lightLamp, pumped } from './beam-time.js';
import { friedelUnique } from './friedel.js';
import type { FrameSimulation } from './parameter-types.js';
import { frameSimulationRows } from './parameters.js';
import { pixelNoise, poisson } from './poisson.js';
import { rotateRandomly, shellCrossing } from './spots.js';

export type { FrameSimulation } from './parameter-types.js';

/** A true reflection: x, y in pixels from the corner of the detector, h, k, l, expected counts. */
type TrueSpot = readonly [x: number, y: number, h: number, k: number, l: number, counts: number];

/** A simulated frame. */
export interface SimulatedFrame {
  /** Where the beam hits in this frame, if it wanders. */
  readonly centrePx?: readonly [number, number] | undefined;
  /** [y, x]; `gapValue` in insensitive pixels. */
  readonly counts: Uint16Array;
  readonly lattices: readonly {
    /** The oriented cell, rows a, b, c in Å. */
    readonly cell: Cell;
    /** Reflections of at least ten counts, strongest first. */
    readonly spots: readonly TrueSpot[];
  }[];
}

/** The detector and beam of a simulation, with defaults filled in. */
export interface SimulatedDetector {
  readonly width: number;
  readonly height: number;
  readonly centrePx: readonly [number, number];
  readonly pixelM: number;
  readonly distanceM: number;
  readonly wavelengthA: number;
  readonly bandwidth: number;
  readonly beamStopPx: number;
  readonly radiation: 'xray' | 'electron';
  /** 1 where a pixel is in a gap, hot or dead, [y, x]. */
  readonly mask: Uint8Array;
}

/** Value of pixels in gaps, and the largest possible count. */
const gapValue = 65535;
export const saturation = 65534;
const faintest = 10;

/** A simulation whose frames can be generated in any order: frame 7 does not depend on frame 6. */
export class FrameSimulator {
  readonly images: number;
  readonly detector: SimulatedDetector;
  readonly #seed: number;
  readonly #cell: Cell;
  readonly #centring: Centring;
  /** The symmetry of the intensities; undefined if only Friedel mates are equal. */
  readonly #laue: PointGroup | undefined;
  readonly #drift: number;
  readonly #level: number;
  readonly #blank: number;
  readonly #crystals: number;
  readonly #beamline: Beamline;
  readonly #time: BeamTime;
  /** The excess of ice in each pixel; made for the first frame with ice. */
  #ice: Float32Array | undefined;
  /** Expected counts of every pixel without a crystal. */
  readonly #background: Float64Array;
  /** Values of bad pixels by index. */
  readonly #values: ReadonlyMap<number, number>;

  /** Throws `Argument`. */
  constructor(options: FrameSimulation) {
    const values = checkedOptions('simulateFrames', options, frameSimulationRows);
    checkCell(options.cell, 'the cell to simulate');
    const electron = values.radiation === 'electron';
    this.#centring = checkCentring(options.centring ?? 'P', 'simulateFrames: centring');
    this.#laue = values.symmetry === undefined ? undefined : laueGroupOf(values.symmetry, options.cell);
    const { iceFrames = [], jetOff = [], pump } = values;
    checkRanges('iceFrames', iceFrames);
    checkRanges('jetOff', jetOff);
    this.#time = { iceFrames, jetOff, pump };
    this.images = values.images;
    this.#seed = values.seed;
    this.#drift = values.driftPx;
    this.#level = values.background;
    this.#blank = values.blank;
    this.#crystals = values.crystals;
    this.#cell = options.cell;
    const [width = 0, height = 0] = values.detectorPx;
    const [nx = 1, ny = 1] = values.modules;
    const { centrePx: [x0 = 0, y0 = 0] = [width / 2 + 3.3, height / 2 - 5.7] } = values;
    const { wavelengthA = electron ? 0.02508 : 1.3, distanceMm: distance = electron ? 1000 : 60 } = values;
    const pixel = values.pixelMm;
    const mask = gapsBetween(width, height, [nx, ny], values.gapPx);
    const bad = Math.round(values.badPixels * width * height);
    this.#values = addBadPixels(mask, bad, new Random(this.#seed, bookOf('mask')));
    this.detector = {
      width,
      height,
      centrePx: [x0, y0],
      pixelM: pixel / 1000,
      distanceM: distance / 1000,
      wavelengthA,
      bandwidth: values.bandwidth,
      beamStopPx: values.beamStopPx,
      radiation: electron ? 'electron' : 'xray',
      mask,
    };
    const k = 1 / wavelengthA;
    const reach = Math.hypot(Math.max(x0, width - x0), Math.max(y0, height - y0)) * pixel;
    const corner = 2 * k * Math.sin(Math.atan2(reach, distance) / 2);
    this.#beamline = {
      k,
      qMax: Math.min(corner, values.dMinA === undefined ? corner : 1 / values.dMinA),
      distancePx: distance / pixel,
      domain: values.domainA,
      mosaicity: values.mosaicityRad,
      bFactor: values.bFactorA2,
      strength: values.strength,
      spread: values.spread,
      spotPx: values.spotPx,
    };
    this.#background = backgroundOf(this.detector, values.background);
  }

  /** Generates a frame. */
  frame(number: number): SimulatedFrame {
    const random = new Random(this.#seed, number);
    const { width, height, mask, beamStopPx, centrePx } = this.detector;
    const wandered = this.#drift > 0 ? this.#wandered(number) : undefined;
    const expected = wandered
      ? backgroundOf({ ...this.detector, centrePx: wandered }, this.#level)
      : Float64Array.from(this.#background);
    // The thickness of the jet, and with it the background, varies.
    const thickness = Math.exp(0.15 * random.normal());
    const { hasIce, jet, isPumped } = beamTimeAt(this.#time, number);
    const ice = hasIce ? this.#iceMap() : undefined;
    for (let i = 0; i < expected.length; i++)
      expected[i] = (expected[i] ?? 0) * thickness * jet * (ice ? 1 + (ice[i] as number) : 1);
    const count = random.uniform() < this.#blank || jet < 1 ? 0 : this.#crystals;
    const change = isPumped ? (this.#time.pump ?? 0) : 0;
    const lattices: { cell: Cell; spots: TrueSpot[] }[] = [];
    for (let i = 0; i < count; i++) {
      const cell = rotateRandomly(this.#cell, random);
      const strength = this.#beamline.strength * Math.exp(this.#beamline.spread * random.normal());
      lattices.push({ cell, spots: this.#shine(cell, [strength, change], expected, wandered ?? centrePx) });
    }
    if (isPumped) lightLamp(expected, width);
    const noise = pixelNoise(
      philox([number, 0, 0, bookOf('pixels')], [this.#seed >>> 0, Math.floor(this.#seed / 2 ** 32) >>> 0]),
    );
    const counts = new Uint16Array(width * height);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const i = y * width + x;
        const drawn = poisson(expected[i] ?? 0, noise);
        const stopped = Math.hypot(x + 0.5 - centrePx[0], y + 0.5 - centrePx[1]) < beamStopPx;
        counts[i] = mask[i] ? (this.#values.get(i) ?? gapValue) : stopped ? 0 : Math.min(saturation, drawn);
      }
    return { counts, lattices, ...(wandered && { centrePx: wandered }) };
  }

  /** Where the beam hits in a frame. */
  #wandered(number: number): [number, number] {
    const random = new Random(this.#seed, bookOf('drift') + number);
    const [x, y] = this.detector.centrePx;
    return [x + this.#drift * random.normal(), y + this.#drift * random.normal()];
  }

  #iceMap(): Float32Array {
    const { width, height, centrePx, pixelM, distanceM, wavelengthA } = this.detector;
    this.#ice ??= iceMap(width, height, (x, y) => {
      const radius = Math.hypot(x - centrePx[0], y - centrePx[1]) * pixelM;
      return ((4 * Math.PI) / wavelengthA) * Math.sin(Math.atan2(radius, distanceM) / 2);
    });
    return this.#ice;
  }

  /** Adds the reflections of a lattice to the expected counts; pumped frames have changed intensities. */
  #shine(
    cell: Cell,
    [strength, change]: readonly [number, number],
    expected: Float64Array,
    centrePx: readonly [number, number],
  ): TrueSpot[] {
    const { k, qMax, distancePx, domain, mosaicity, bFactor, spotPx } = this.#beamline;
    const { width, height, bandwidth, mask, beamStopPx } = this.detector;
    const variance = (q: number): number =>
      1 / (2 * domain) ** 2 + (mosaicity * q) ** 2 + ((bandwidth * q * q) / (2 * k)) ** 2;
    const spots: TrueSpot[] = [];
    for (const { h, k: kk, l, g } of nodesNearSphere(cell, this.#centring, k, qMax, 3.5 * Math.sqrt(variance(qMax)))) {
      const q = norm(g);
      const ray: Vector = [g[0], g[1], g[2] + k];
      const error = norm(ray) - k;
      const excited = Math.exp((-error * error) / (2 * variance(q)));
      if (excited < 1e-3 || ray[2] <= 0) continue;
      const [x, y] = [0, 1].map((i) => (centrePx[i] ?? 0) + ((ray[i] ?? 0) / ray[2]) * distancePx) as [number, number];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const polarised = this.detector.radiation === 'xray' ? polarisation(ray) : 1;
      const unique = this.#laue ? representative([h, kk, l], this.#laue) : ([h, kk, l] as const);
      const counts =
        strength *
        (this.#laue ? wilsonIn(this.#seed, unique, this.#laue) : wilson(this.#seed, ...unique)) *
        Math.exp((-bFactor * q * q) / 2) *
        excited *
        polarised *
        pumped(unique, change);
      if (counts < 0.5) continue;
      const radius = Math.hypot(x - centrePx[0], y - centrePx[1]);
      addSpot(expected, this.detector, [x, y, counts], {
        along: Math.hypot(spotPx, bandwidth * radius),
        across: Math.hypot(spotPx, mosaicity * radius),
        direction: radius > 0 ? [(x - centrePx[0]) / radius, (y - centrePx[1]) / radius] : [1, 0],
      });
      const stopped = Math.hypot(x - this.detector.centrePx[0], y - this.detector.centrePx[1]) < beamStopPx;
      const seen = !mask[Math.floor(y) * width + Math.floor(x)] && !stopped;
      if (seen && counts >= faintest) spots.push([x, y, h, kk, l, counts]);
    }
    return spots.sort((a, b) => b[5] - a[5]);
  }
}

/** The Laue group of a point group in the setting of a cell. Throws `Argument`. */
function laueGroupOf(symmetry: string, cell: Cell): PointGroup {
  const found = orientedGroup(symmetry, cell);
  if (found) return laueGroup(found.group);
  const parameters = [...lengthsOf(cell), ...anglesOf(cell)].map((x) => Number(x.toFixed(2))).join(' ');
  throw new EwaldError(
    'Argument',
    `simulateFrames: symmetry is "${symmetry}", which the cell ${parameters} does not have; expected a point group ` +
      'of its lattice',
  );
}

interface Beamline {
  readonly k: number;
  readonly qMax: number;
  readonly distancePx: number;
  readonly domain: number;
  readonly mosaicity: number;
  readonly bFactor: number;
  readonly strength: number;
  readonly spread: number;
  readonly spotPx: number;
}

/** Streams of random numbers in addition to those of the frames. */
const bookOf = (what: 'mask' | 'pixels' | 'wilson' | 'drift'): number =>
  ({ mask: 0xffff_fff1, pixels: 3, wilson: 5, drift: 0x8000_0000 })[what];

/** A uniform number of a reflection, in (0, 1), the same for both of a Friedel pair; `which` is 0 or 1. */
function drawnOf(seed: number, indices: Indices, which: 0 | 1): number {
  const words = friedelUnique(indices).map((index) => index >>> 0) as [number, number, number];
  const word = philox([...words, bookOf('wilson')], [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0])[which] ?? 0;
  return (word + 0.5) / 2 ** 32;
}

/** Relative intensity of a reflection: Wilson's law for noncentric cells. */
const wilson = (seed: number, ...indices: Indices): number => -Math.log(drawnOf(seed, indices, 0));

/**
 * The same in a Laue class: atoms that a rotation axis moves along its reflections scatter in phase, by which their mean is
 * ε times as large, and reflections that a rotation takes to their mates are centric, the squares of normal numbers.
 */
function wilsonIn(seed: number, indices: Indices, laue: PointGroup): number {
  const own = wilson(seed, ...indices);
  const part = centric(indices, laue) ? 2 * Math.cos(2 * Math.PI * drawnOf(seed, indices, 1)) ** 2 : 1;
  return epsilon(indices, laue) * part * own;
}

/** For a beam polarised along x: 1 − (x component of the ray's direction)². */
const polarisation = (ray: Vector): number => 1 - (ray[0] / norm(ray)) ** 2;

interface Node {
  readonly h: number;
  readonly k: number;
  readonly l: number;
  readonly g: Vector;
}

/** Nodes of a lattice within `reach` of the Ewald sphere; h, k, l are of the conventional cell. */
function* nodesNearSphere(cell: Cell, centring: Centring, k: number, qMax: number, reach: number): Generator<Node> {
  const primitive = primitiveOf(cell, centring);
  const [as, bs, cs] = reciprocal(primitive);
  const [hMax, kMax, lMax] = primitive.map((row) => Math.floor(norm(row) * qMax)) as [number, number, number];
  for (let h = -hMax; h <= hMax; h++)
    for (let kk = -kMax; kk <= kMax; kk++) {
      const base: Vector = [h * as[0] + kk * bs[0], h * as[1] + kk * bs[1], h * as[2] + kk * bs[2]];
      const outer = shellCrossing(base, cs, k, k + reach);
      if (!outer) continue;
      const inner = shellCrossing(base, cs, k, k - reach);
      const to = Math.min(lMax, Math.floor(outer[1]));
      for (let l = Math.max(-lMax, Math.ceil(outer[0])); l <= to; l++) {
        if (inner && l > inner[0] && l < inner[1]) {
          l = Math.max(l, Math.ceil(inner[1]) - 1);
          continue;
        }
        if (h === 0 && kk === 0 && l === 0) continue;
        const g: Vector = [base[0] + l * cs[0], base[1] + l * cs[1], base[2] + l * cs[2]];
        if (norm(g) > qMax) continue;
        const [hc = 0, kc = 0, lc = 0] = cell.map((row) => Math.round(row[0] * g[0] + row[1] * g[1] + row[2] * g[2]));
        yield { h: hc, k: kc, l: lc, g };
      }
    }
}

interface SpotShape {
  /** Standard deviations in pixels along and across the radius. */
  readonly along: number;
  readonly across: number;
  readonly direction: readonly [number, number];
}

/** Adds a Gaussian at x, y with the integral `counts`, evaluated at four points per pixel. */
function addSpot(
  into: Float64Array,
  { width, height }: SimulatedDetector,
  [x, y, counts]: readonly [number, number, number],
  { along, across, direction: [ux, uy] }: SpotShape,
): void {
  const reach = Math.ceil(4 * Math.max(along, across));
  const height0 = counts / (2 * Math.PI * along * across) / 4;
  const value = (px: number, py: number): number => {
    const [dx, dy] = [px - x, py - y];
    const [a, b] = [(dx * ux + dy * uy) / along, (dy * ux - dx * uy) / across];
    return Math.exp(-(a * a + b * b) / 2);
  };
  for (let j = Math.max(0, Math.floor(y) - reach); j <= Math.min(height - 1, Math.floor(y) + reach); j++)
    for (let i = Math.max(0, Math.floor(x) - reach); i <= Math.min(width - 1, Math.floor(x) + reach); i++) {
      const sum =
        value(i + 0.25, j + 0.25) + value(i + 0.75, j + 0.25) + value(i + 0.25, j + 0.75) + value(i + 0.75, j + 0.75);
      into[j * width + i] = (into[j * width + i] ?? 0) + height0 * sum;
    }
}

/** Expected counts of air and solvent: a slope towards the beam, the ring of water at 3.2 Å, and a constant. */
function backgroundOf(detector: SimulatedDetector, level: number): Float64Array {
  const { width, height, centrePx, pixelM, distanceM, wavelengthA, radiation } = detector;
  const expected = new Float64Array(width * height);
  const electron = radiation === 'electron';
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [(x + 0.5 - centrePx[0]) * pixelM, (y + 0.5 - centrePx[1]) * pixelM];
      const length = Math.hypot(dx, dy, distanceM);
      const cosine = distanceM / length;
      const q = (2 / wavelengthA) * Math.sqrt((1 - cosine) / 2);
      const ring = Math.exp(-(((q - 0.31) / 0.05) ** 2) / 2);
      // Electrons that lost energy accumulate around the beam.
      const slope = electron ? 12 * Math.exp(-q / 0.06) : 1.5 * Math.exp(-q / 0.12);
      const polarised = electron ? 1 : 1 - (dx / length) ** 2;
      expected[y * width + x] = level * (slope + ring + 0.25) * polarised * cosine ** 3;
    }
  return expected;
}

/** A mask of the gaps between modules: 1 in a gap. */
function gapsBetween(
  width: number,
  height: number,
  [columns, rows]: readonly [number, number],
  gap: number,
): Uint8Array {
  const mask = new Uint8Array(width * height);
  const inGap = (at: number, size: number, parts: number): boolean => {
    for (let i = 1; i < parts; i++) if (Math.abs(at + 0.5 - (size * i) / parts) < gap / 2) return true;
    return false;
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (inGap(x, width, columns) || inGap(y, height, rows)) mask[y * width + x] = 1;
  return mask;
}

/** Adds `count` pixels to a mask that are hot (with a constant value) or dead (0); returns their values. */
function addBadPixels(mask: Uint8Array, count: number, random: Random): Map<number, number> {
  const values = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = random.below(mask.length);
    if (mask[at]) continue;
    mask[at] = 1;
    values.set(at, random.uniform() < 0.5 ? 0 : 1000 + random.below(60000));
  }
  return values;
}
