/** Checks options, sizes, centres and radii of analyses. */

import { argumentError, checked, type Parameters } from '../../options/parameters.js';
import type { Scan } from '../../udf/scans/scan.js';
import { expectsMembers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, knownOptions } from '../../util/options.js';
import { type AnalysisName, rowsOfAnalysis } from '../parameters.js';
import { calibratedBy } from './calibrated.js';

/** Throws `Argument` unless `scan` is a result of `load`. */
export const expectsScan = (what: string, scan: Scan): void =>
  expectsMembers(
    `${what}: the scan`,
    scan,
    ['shape', 'dataset', 'sync'],
    'the result of load or fromMemory of a Context',
  );

/** Width and height of a scan's frames. */
export function detectorSize(scan: Scan, what: string): { width: number; height: number } {
  expectsScan(what, scan);
  const [height, width] = scan.shape.sig;
  if (scan.shape.sig.length !== 2 || height === undefined || width === undefined)
    throw new EwaldError(
      'Shape',
      `${what} requires frames of two axes; those of ${scan.name} are ${scan.shape.sig.join(' × ')}`,
    );
  return { width, height };
}

/** Options by their flags, such as `maskRadius` by `r`: who knows the shell, or LiberTEM, may give those. */
const flagsOf = (rows: Parameters): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(rows).flatMap(([name, { short, flag }]) =>
      [short, flag].flatMap((one) => (one ? [[one, name]] : [])),
    ),
  );

/** Throws `Argument` for options that an analysis does not have, or whose values its rows do not allow. */
export function checkOptions(what: string, analysis: AnalysisName, options: object): void {
  const rows = rowsOfAnalysis(analysis);
  const known = [...Object.keys(rows), ...(analysis.startsWith('pick') ? ['x', 'y', 'z'] : [])];
  knownOptions(what, options, known, undefined, flagsOf(rows));
  checked(rows, { ...options } as Readonly<Record<string, unknown>>, (name) => `${what}: ${name}`);
}

/**
 * A centre within the frame: as given, that of a calibration, or the middle pixel, half the size rounded down; and what
 * is uncertain about that of a calibration, in words. `names` are the options that specify it.
 */
export function centreOf(
  scan: Scan,
  what: string,
  given: { cx?: number | undefined; cy?: number | undefined; calibration?: unknown },
  [x, y]: readonly [string, string] = ['cx', 'cy'],
) {
  const centre = anyCentreOf(scan, what, given);
  for (const [name, value, length] of [
    [x, centre.cx, centre.width],
    [y, centre.cy, centre.height],
  ] as const)
    if (!isWithin(value, length))
      throw argumentError(
        what,
        (said) => `${said(name)} is ${inspect(value)}, which is outside the frame; expected 0 to ${length - 1}`,
      );
  return centre;
}

/** A centre as that of `centreOf`, which may be outside of the frame. */
export function anyCentreOf(
  scan: Scan,
  what: string,
  given: { cx?: number | undefined; cy?: number | undefined; calibration?: unknown },
) {
  const { width, height } = detectorSize(scan, what);
  const { options, notes, drift } = calibratedBy(what, scan, given);
  return {
    width,
    height,
    cx: options.cx ?? Math.floor(width / 2),
    cy: options.cy ?? Math.floor(height / 2),
    notes: [...notes, ...(drift === undefined ? [] : [drift])],
  };
}

const isWithin = (value: number, length: number): boolean => value >= 0 && value <= length - 1;

/** A ring, or a disk if `ri` is null; `ro` is null for one without an end. */
interface Ring {
  readonly ri: number | null;
  readonly ro: number | null;
}

/** The pixels of rows from `top` to before `bottom` and columns from `left` to before `right` that lie in a ring. */
function pixelsIn(
  { cx, cy }: { readonly cx: number; readonly cy: number },
  { ri, ro }: { readonly ri: number | null; readonly ro: number },
  [top, bottom, left, right]: readonly [number, number, number, number],
): number {
  const within = (y: number, radius: number): number => {
    const square = radius * radius - (y - cy) ** 2;
    if (square < 0) return 0;
    const half = Math.sqrt(square);
    return Math.max(0, Math.min(right - 1, Math.floor(cx + half)) - Math.max(left, Math.ceil(cx - half)) + 1);
  };
  let pixels = 0;
  for (let y = Math.max(top, Math.ceil(cy - ro)); y < bottom && y <= cy + ro; y++)
    pixels += within(y, ro) - (ri === null ? 0 : within(y, ri));
  return pixels;
}

/**
 * What share of a ring or disk is within the frame, in words, if its centre is outside. Throws `Argument` if nothing is,
 * and for a ring without an end, which has no share.
 */
export function partNotes(
  what: string,
  centre: { readonly width: number; readonly height: number; readonly cx: number; readonly cy: number },
  { ri, ro }: Ring,
): string[] {
  const { width, height, cx, cy } = centre;
  if (isWithin(cx, width) && isWithin(cy, height)) return [];
  const far = Number.POSITIVE_INFINITY;
  const found = ro === null ? 0 : pixelsIn(centre, { ri, ro }, [0, height, 0, width]);
  if (ro === null || found === 0) {
    const [name, value, length] = isWithin(cx, width) ? (['cy', cy, height] as const) : (['cx', cx, width] as const);
    const why =
      ro === null ? '' : `, and no pixel of it is ${ri === null ? `within ${ro}` : `from ${ri} to ${ro}`} of it`;
    throw argumentError(
      what,
      (said) =>
        `${said(name)} is ${inspect(value)}, which is outside the frame${why}; expected 0 to ${length - 1}, or a ` +
        'radius that reaches the frame',
    );
  }
  const all = pixelsIn(centre, { ri, ro }, [-far, far, -far, far]);
  return [
    `the centre, cy ${Number(cy.toFixed(2))}, cx ${Number(cx.toFixed(2))}, is outside of the frame of ${height} × ` +
      `${width}, which has ${found} of ${all} pixels of the ${ri === null ? 'disk' : 'ring'}, ` +
      `${((100 * found) / all).toPrecision(2)} %`,
  ];
}

/** Rejects a radius that no pixel is as far away as: all pixels, or none, would be selected. */
export function refuseBeyond(
  what: string,
  {
    width,
    height,
    cx,
    cy,
  }: { readonly width: number; readonly height: number; readonly cx: number; readonly cy: number },
  name: string,
  radius: number | null,
): void {
  const farthest = Math.hypot(Math.max(cx, width - 1 - cx), Math.max(cy, height - 1 - cy));
  if (radius === null || !Number.isFinite(radius) || radius <= farthest + 1) return;
  throw argumentError(
    what,
    (said) =>
      `${said(name)} is ${radius}, and no pixel of a frame of ${height} × ${width} is farther than ` +
      `${farthest.toFixed(0)} from the centre; expected pixels, at most ${Math.ceil(farthest)}`,
  );
}

/** Validates the two radii of a ring. */
export function radii(
  what: string,
  given: { ri?: number | undefined; ro?: number | undefined },
  ri: number,
  ro: number,
) {
  const outer = given.ro ?? ro;
  const inner = given.ri ?? (given.ro === undefined ? ri : Math.min(ri, 0.8 * outer));
  checkRing(what, [inner, outer]);
  return { ri: inner, ro: outer };
}

/** Ring k of rings of equal width. */
export function ringOf({ ri, ro, bins }: Readonly<Record<'ri' | 'ro' | 'bins', number>>, k: number) {
  const width = (ro - ri) / bins;
  return { ri: ri + k * width, ro: ri + (k + 1) * width };
}

/** Rings of which more is there are not worth a word: the outermost one of an even frame lacks some percent. */
const wholeShare = 0.9;

/** That rings reach beyond the frame, by the share of each that is in it, and what is done. */
export function beyondNotes(shares: ArrayLike<number>, what: 'ring' | 'radius', done: string): string[] {
  const cut = Array.from(shares).filter((share) => share < wholeShare);
  if (cut.length === 0) return [];
  const names = { ring: ['ring', 'rings'], radius: ['radius', 'radii'] }[what];
  const [least, all] = [Math.min(...cut), shares.length];
  const isOne = cut.length === 1;
  const held = `${(100 * least).toFixed(0)} % of ${isOne ? 'it' : 'one and more of the others'}`;
  return [
    `${cut.length} of ${all} ${names[all === 1 ? 0 : 1]} ${isOne ? 'reaches' : 'reach'} beyond the frame, which holds ` +
      `${held}: ${done}`,
  ];
}

/** The radii of a ring in words, in the unit of a pixel of this size. */
export function radiiText(
  { ri, ro }: { readonly ri: number; readonly ro: number },
  { value, unit }: { readonly value: number; readonly unit: string },
): string {
  const [from, to] = [ri, ro].map((radius) => Number((radius * value).toPrecision(5)));
  return `${from} to ${to} ${unit}`;
}

/** Rejects an inner radius that is not below the outer one. `names` are the options that specify them. */
export function checkRing(
  what: string,
  [inner, outer]: readonly [number, number],
  [ri, ro]: readonly [string, string] = ['ri', 'ro'],
): void {
  if (!(inner < outer))
    throw argumentError(
      what,
      (said) => `${said(ri)} is ${inner} and ${said(ro)} ${outer}; expected an inner radius below the outer one`,
    );
}
