/** The only mapping from pixels to reciprocal space, in float64: q = X/(λ|X|) − (0, 0, 1/λ). */

import { expects, expectsMembers } from '../../util/arguments.js';
import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { Vector } from '../cell.js';
import {
  type BadRegion,
  type Beam,
  factorOfUnit,
  type Geometry,
  type Given,
  type Panel,
  type RadiationKind,
  wavelengthOf,
} from './geometry.js';

/** Looks up a number in the file of the frames by the path that the geometry names, with its unit if the file states it. */
export type HeaderValues = (path: string) => number | { readonly value: number; readonly unit: string } | undefined;

/** What is said of a number that the geometry refers to, if no file is given. */
const unread = 'a number in the file of the frames: (await ctx.detector(dataset, { geometry })).beam reads it';

/**
 * The beam of a geometry; `header` supplies the numbers that the geometry refers to by path.
 *
 * Throws `Format` if neither the geometry nor the file gives the photon energy or the distance, or if the wavelength or
 * the bandwidth is impossible.
 */
export function beamOf(geometry: Geometry, header?: HeaderValues): Beam {
  expectsGeometry('beamOf: the geometry', geometry);
  expects(
    header === undefined || typeof header === 'function',
    'beamOf: the header',
    header,
    'a function that returns a number of the file by its path; ctx.detector(dataset, { geometry }) reads them itself',
  );
  const { radiation, distance, shift, bandwidth = 0 } = geometry;
  const known = (given: Given, kind: RadiationKind | 'length', what: string): number => {
    if ('value' in given) return given.value;
    const found = header && callback('beamOf: the header', header)(given.path);
    const value = typeof found === 'object' ? found.value : found;
    if (value === undefined)
      throw new EwaldError(
        'Format',
        `the geometry takes ${what} from ${given.path}, ${header ? 'which is not in the file' : unread}`,
      );
    if (!Number.isFinite(value))
      throw new EwaldError('Format', `the geometry takes ${what} from ${given.path}, which is ${value} there`);
    const stated = given.isUnitAssumed && typeof found === 'object' ? found.unit : undefined;
    const factor = factorOfUnit(kind, stated ?? given.unit);
    if (factor === undefined)
      throw new EwaldError(
        'Format',
        `the geometry takes ${what} from ${given.path}, whose unit is "${stated ?? given.unit}"; state a unit in the ` +
          'geometry, behind the path',
      );
    return value * factor;
  };
  if (!radiation)
    throw new EwaldError(
      'Format',
      'the geometry has no wavelength; expected one of photon_energy, wavelength, electron_voltage',
    );
  if (!distance) throw new EwaldError('Format', 'the geometry has no distance; expected a line such as "clen = 0.1 m"');
  const wavelengthA = wavelengthOf(
    radiation.kind,
    known(radiation.given, radiation.kind, 'the energy of the radiation'),
  );
  if (!(wavelengthA > 0))
    throw new EwaldError('Format', `the wavelength is ${wavelengthA} Å; expected a positive number`);
  // Shells of nodes become as thick as it says.
  if (!(bandwidth >= 0 && bandwidth <= 1))
    throw new EwaldError(
      'Format',
      `the bandwidth is ${bandwidth}; expected a part of the wavelength from 0 to 1, such as 0.001`,
    );
  return {
    wavelengthA,
    distanceM: known(distance, 'length', 'the distance'),
    shiftM: [known(shift[0], 'length', 'detector_shift_x'), known(shift[1], 'length', 'detector_shift_y')],
  };
}

/**
 * The mean distance of the panels of a geometry from the crystal, in metres: `clen`, which may be a negative position of
 * a stage, and the mean of their `coffset`. Throws `Argument` for anything else.
 */
export function meanDistance(geometry: Pick<Geometry, 'panels'>, beam: Pick<Beam, 'distanceM'>): number {
  const panels = geometry?.panels;
  if (!Array.isArray(panels)) expects(false, 'meanDistance: the geometry', geometry, 'the result of parseGeometry');
  if (typeof beam?.distanceM !== 'number') expects(false, 'meanDistance: the beam', beam, 'the result of beamOf');
  return beam.distanceM + panels.reduce((sum, { offsetM }) => sum + offsetM, 0) / panels.length;
}

/**
 * Position in the laboratory, in metres, of a point of a panel given in pixels from its outer corner; pixel centres are
 * at + 0.5.
 */
export function positionOf(panel: Panel, beam: Beam, fs: number, ss: number): Vector {
  const { fs: f, ss: s, corner, resolution } = panel;
  return [
    (corner[0] + (fs * f[0] + ss * s[0])) / resolution + beam.shiftM[0],
    (corner[1] + (fs * f[1] + ss * s[1])) / resolution + beam.shiftM[1],
    beam.distanceM + panel.offsetM + (fs * f[2] + ss * s[2]) / resolution,
  ];
}

/** Throws `Argument` unless `geometry` is a result of `parseGeometry`. */
export const expectsGeometry = (what: string, geometry: Geometry): void =>
  expectsMembers(what, geometry, ['panels', 'radiation', 'distance', 'shift'], 'the result of parseGeometry');

/** Reciprocal vector in 1/Å (no 2π, +z along the beam) of a point of a panel. */
export function reciprocalOf(panel: Panel, beam: Beam, fs: number, ss: number): Vector {
  if (typeof panel?.resolution !== 'number')
    expects(false, 'reciprocalOf: the panel', panel, 'one of the panels of a geometry');
  if (typeof beam?.wavelengthA !== 'number') expects(false, 'reciprocalOf: the beam', beam, 'the result of beamOf');
  const [x, y, z] = positionOf(panel, beam, fs, ss);
  // A square root of squares is rounded identically by all engines, unlike Math.hypot, and takes a tenth of its time.
  const k = 1 / (beam.wavelengthA * Math.sqrt(x * x + y * y + z * z));
  return [x * k, y * k, z * k - 1 / beam.wavelengthA];
}

/**
 * Intersects rays with a panel. One instance serves many rays: `fs` and `ss` are overwritten, so nothing is allocated
 * per ray.
 */
export class PanelPlace {
  /** Pixels from the outer corner of the panel. */
  fs = 0;
  ss = 0;
  readonly #width: number;
  readonly #height: number;
  readonly #f: Vector;
  readonly #s: Vector;
  readonly #to: Vector;
  readonly #numerator: number;

  constructor(panel: Panel, beam: Beam) {
    [this.#width, this.#height] = [widthOf(panel), heightOf(panel)];
    [this.#f, this.#s] = [panel.fs, panel.ss];
    this.#to = [
      -(panel.corner[0] + beam.shiftM[0] * panel.resolution),
      -(panel.corner[1] + beam.shiftM[1] * panel.resolution),
      -((beam.distanceM + panel.offsetM) * panel.resolution),
    ];
    const [f, s, to] = [this.#f, this.#s, this.#to];
    this.#numerator = determinant(f, s, to[0], to[1], to[2]);
  }

  /** Finds where the ray along a vector meets the panel; returns whether it does. */
  find(kx: number, ky: number, kz: number): boolean {
    // corner + fs F + ss S = t k, in pixels: three equations for fs, ss and t.
    const d = determinant(this.#f, this.#s, -kx, -ky, -kz);
    // The ray is parallel to the panel, or points away from it.
    if (d === 0 || !(this.#numerator / d > 0)) return false;
    this.fs = determinant(this.#to, this.#s, -kx, -ky, -kz) / d;
    this.ss = determinant(this.#f, this.#to, -kx, -ky, -kz) / d;
    return this.fs >= 0 && this.ss >= 0 && this.fs < this.#width && this.ss < this.#height;
  }
}

const determinant = (a: Vector, b: Vector, x: number, y: number, z: number): number =>
  a[0] * (b[1] * z - b[2] * y) - b[0] * (a[1] * z - a[2] * y) + x * (a[1] * b[2] - a[2] * b[1]);

/** The panel that holds a pixel of the file's array; undefined between panels. */
export function panelAt(geometry: Geometry, fs: number, ss: number): Panel | undefined {
  return geometry.panels.find(
    ({ minFs, maxFs, minSs, maxSs }) => fs >= minFs && fs < maxFs + 1 && ss >= minSs && ss < maxSs + 1,
  );
}

/** Width and height of a panel in pixels. */
export const widthOf = ({ minFs, maxFs }: Panel): number => maxFs - minFs + 1;
export const heightOf = ({ minSs, maxSs }: Panel): number => maxSs - minSs + 1;

/** Size of the file's array that the panels cover, in pixels along each axis. */
export function extentOf(geometry: Geometry): { readonly fs: number; readonly ss: number } {
  expectsGeometry('the geometry', geometry);
  const { panels } = geometry;
  return {
    fs: Math.max(...panels.map(({ maxFs }) => maxFs)) + 1,
    ss: Math.max(...panels.map(({ maxSs }) => maxSs)) + 1,
  };
}

const inside = (panel: Panel, region: BadRegion, fs: number, ss: number): boolean => {
  if ('minFs' in region) {
    const [x, y] = [fs + panel.minFs, ss + panel.minSs];
    return (
      (region.panel === undefined || region.panel === panel.name) &&
      x >= region.minFs &&
      x <= region.maxFs &&
      y >= region.minSs &&
      y <= region.maxSs
    );
  }
  // Position of the pixel's centre, in pixels of the laboratory.
  const x = panel.corner[0] + (fs + 0.5) * panel.fs[0] + (ss + 0.5) * panel.ss[0];
  const y = panel.corner[1] + (fs + 0.5) * panel.fs[1] + (ss + 0.5) * panel.ss[1];
  return x >= region.minX && x <= region.maxX && y >= region.minY && y <= region.maxY;
};

/** The range of pixels of a row that may be in a region, half open, clipped to the panel's width. */
function reachOf(panel: Panel, region: BadRegion, width: number, ss: number): readonly [from: number, to: number] {
  if ('minFs' in region) {
    const y = ss + panel.minSs;
    if (y < region.minSs || y > region.maxSs) return [0, 0];
    return [Math.max(0, Math.floor(region.minFs - panel.minFs)), Math.min(width, region.maxFs - panel.minFs + 1)];
  }
  let [from, to] = [0, width];
  for (const [axis, least, most] of [
    [0, region.minX, region.maxX],
    [1, region.minY, region.maxY],
  ] as const) {
    const start = panel.corner[axis] + 0.5 * panel.fs[axis] + (ss + 0.5) * panel.ss[axis];
    const step = panel.fs[axis];
    if (Math.abs(step) < 1e-9) continue;
    const ends = [(least - start) / step, (most - start) / step];
    // One extra pixel on both sides; each pixel is then tested exactly.
    from = Math.max(from, Math.floor(Math.min(...ends)) - 1);
    to = Math.min(to, Math.ceil(Math.max(...ends)) + 2);
  }
  return [from, to];
}

/**
 * Marks the pixels of a frame that the geometry itself declares bad (regions, edges, ignored panels, and pixels outside
 * all panels): 1 where bad, [ss, fs] of the file's array. Masks and bad values of the frames are not included.
 */
export function badPixels(geometry: Geometry, size = extentOf(geometry)): Uint8Array {
  const bad = new Uint8Array(size.fs * size.ss).fill(1);
  for (const panel of geometry.panels) {
    if (panel.ignored) continue;
    const [width, height] = [widthOf(panel), heightOf(panel)];
    const edge = Math.ceil(panel.badEdge);
    const regions = geometry.badRegions.filter(
      (region) => !('panel' in region) || region.panel === undefined || region.panel === panel.name,
    );
    for (let ss = edge; ss < height - edge; ss++) {
      const row = (ss + panel.minSs) * size.fs + panel.minFs;
      if (width > 2 * edge) bad.fill(0, row + edge, row + width - edge);
      for (const region of regions) {
        const [from, to] = reachOf(panel, region, width, ss);
        for (let fs = from; fs < to; fs++) if (inside(panel, region, fs, ss)) bad[row + fs] = 1;
      }
    }
  }
  return bad;
}
