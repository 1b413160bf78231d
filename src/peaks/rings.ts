/** Rings around the beam: the ring of each pixel of a frame, and the pixels that are excluded. */

import { maskedBin } from '../compute/layout/peaks.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { badPixels, heightOf, widthOf } from '../crystal/geometry/pixels.js';
import { checkPanels, type Detector } from '../frames/detector/detector.js';
import { EwaldError } from '../util/errors.js';

/** A rectangle of the frame that is searched independently, half open. */
export interface SearchedPanel {
  readonly name: string;
  readonly fs: number;
  readonly ss: number;
  readonly endFs: number;
  readonly endSs: number;
}

/** Rings and panels of a detector. */
export interface Rings {
  /** Ring of every pixel, [ss, fs]; `maskedBin` is excluded. */
  readonly bins: Uint16Array;
  readonly rings: number;
  readonly panels: readonly SearchedPanel[];
}

/** Radii between which pixels are used, in pixels; 0 for no limit. */
export interface Reach {
  readonly minRadius: number;
  readonly maxRadius: number;
}

/**
 * The ring of a position: its distance from the beam as CrystFEL computes it, from the truncated x and y, rounded. Only
 * then are the peak lists identical. The root of an integer is never halfway between two integers, so the rounding mode
 * does not matter.
 */
function ringOf(x: number, y: number, minRadius: number, maxRadius: number): number {
  const wx = Math.trunc(x);
  const wy = Math.trunc(y);
  const radius = Math.sqrt(wx * wx + wy * wy);
  if (radius <= minRadius || radius >= maxRadius) return maskedBin;
  if (radius >= maskedBin - 0.5)
    throw new EwaldError('Limit', `a pixel is ${radius} pixels from the beam; the limit is ${maskedBin - 1}`);
  return Math.floor(radius + 0.5);
}

/** Limits of radii as numbers for comparison, infinite if there is none. */
const limitsOf = ({ minRadius, maxRadius }: Reach): readonly [least: number, most: number] => [
  minRadius > 0 ? minRadius : -1,
  maxRadius > 0 ? maxRadius : Number.POSITIVE_INFINITY,
];

/** Rings of one flat panel that fills the frame, around a centre in pixels from its corner. */
export function ringsAround(
  width: number,
  height: number,
  centre: readonly [number, number],
  reach: Reach,
  bad: Uint8Array | undefined,
): Rings {
  const bins = new Uint16Array(width * height);
  const [least, most] = limitsOf(reach);
  const [cx, cy] = centre;
  let rings = 0;
  for (let ss = 0; ss < height; ss++)
    for (let fs = 0; fs < width; fs++) {
      const i = ss * width + fs;
      const bin = bad?.[i] ? maskedBin : ringOf(fs - cx, ss - cy, least, most);
      bins[i] = bin;
      if (bin >= rings && bin !== maskedBin) rings = bin + 1;
    }
  return { bins, rings, panels: [{ name: 'p0', fs: 0, ss: 0, endFs: width, endSs: height }] };
}

/** Rings of a geometry: distances from truncated x and y in the laboratory, of the corner of each pixel. */
export function ringsOf(
  geometry: Geometry,
  width: number,
  height: number,
  reach: Reach,
  bad: Uint8Array | undefined,
): Rings {
  const own = badPixels(geometry, { fs: width, ss: height });
  for (let i = 0; bad !== undefined && i < bad.length; i++) if (bad[i] !== 0) own[i] = 1;
  return ringsBeside(geometry, width, height, reach, own);
}

/** Rings of a geometry of which all bad pixels are given. */
function ringsBeside(geometry: Geometry, width: number, height: number, reach: Reach, bad: Uint8Array): Rings {
  checkPanels(geometry, width, height);
  const bins = new Uint16Array(width * height).fill(maskedBin);
  const [least, most] = limitsOf(reach);
  let rings = 0;
  for (const panel of geometry.panels) {
    const { minFs, minSs } = panel;
    const [x0, y0] = panel.corner;
    const [fx, fy] = panel.fs;
    const [sx, sy] = panel.ss;
    const columns = widthOf(panel);
    const rows = heightOf(panel);
    for (let ss = 0; ss < rows; ss++) {
      const from = (ss + minSs) * width + minFs;
      const row = { bins, bad, from, columns, x0, fx, sx: ss * sx, y0, fy, sy: ss * sy, least, most };
      rings = Math.max(rings, setRingsOfRow(row));
    }
  }
  const panels = geometry.panels.map(({ name, minFs, maxFs, minSs, maxSs }) => ({
    name,
    fs: minFs,
    ss: minSs,
    endFs: maxFs + 1,
    endSs: maxSs + 1,
  }));
  return { bins, rings, panels };
}

/** A row of a panel: its pixels from `from` on, and where they are. */
interface Row {
  readonly bins: Uint16Array;
  readonly bad: Uint8Array;
  readonly from: number;
  readonly columns: number;
  readonly x0: number;
  readonly fx: number;
  readonly sx: number;
  readonly y0: number;
  readonly fy: number;
  readonly sy: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Sets the rings of a row, and returns the largest one plus 1. It is of one row, so that its compiled code is used from
 * the next one on: millions of pixels are looked at when a run starts.
 */
function setRingsOfRow(row: Row): number {
  const { bins, bad, from, columns, x0, fx, sx, y0, fy, sy, least, most } = row;
  // Most rows have no limits, and are not compared with them.
  const rings = least < 0 && most === Number.POSITIVE_INFINITY ? setAllRingsOfRow(row) : 0;
  if (rings > 0 && rings <= maskedBin) return rings;
  let limited = 0;
  for (let fs = 0, i = from; fs < columns; fs++, i++) {
    if (bad[i] !== 0) continue;
    const bin = ringOf(x0 + fs * fx + sx, y0 + fs * fy + sy, least, most);
    bins[i] = bin;
    if (bin >= limited && bin !== maskedBin) limited = bin + 1;
  }
  return limited;
}

/** The same without limits of radii, in two thirds of the time. Rings from `maskedBin` on are wrong. */
function setAllRingsOfRow({ bins, bad, from, columns, x0, fx, sx, y0, fy, sy }: Row): number {
  let rings = 0;
  for (let fs = 0, i = from; fs < columns; fs++, i++) {
    if (bad[i] !== 0) continue;
    const wx = Math.trunc(x0 + fs * fx + sx);
    const wy = Math.trunc(y0 + fs * fy + sy);
    const bin = Math.floor(Math.sqrt(wx * wx + wy * wy) + 0.5);
    bins[i] = bin;
    if (bin >= rings) rings = bin + 1;
  }
  return rings;
}

const known = new WeakMap<Detector, Map<string, Rings>>();

/** Rings of a detector, computed once for each pair of radii and shared by all its finders. */
export function ringsOfDetector(detector: Detector, reach: Reach): Rings {
  const { geometry, width, height, bad } = detector;
  const rings = known.get(detector)?.get(keyOf(reach)) ?? ringsBeside(geometry, width, height, reach, bad);
  keepRings(detector, reach, rings);
  return rings;
}

/** Keeps rings of a detector that another thread has computed. */
export function keepRings(detector: Detector, reach: Reach, rings: Rings): void {
  const own = known.get(detector) ?? new Map<string, Rings>();
  known.set(detector, own);
  const key = keyOf(reach);
  own.delete(key);
  own.set(key, rings);
  // A slider of the radii passes through many pairs.
  const [oldest] = own.keys();
  if (own.size > maxReaches && oldest !== undefined) own.delete(oldest);
}

const keyOf = ({ minRadius, maxRadius }: Reach): string => `${minRadius} ${maxRadius}`;

/** Number of pairs of radii whose rings are cached. */
const maxReaches = 4;
