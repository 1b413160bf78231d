/** Checks options, sizes, centres and radii of analyses. */
import { expectsMembers } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import { inspect, knownOptions } from '../../base/options.js';
import { argumentError, checked, type Parameters } from '../../base/parameters.js';
import { type AnalysisName, rowsOfAnalysis } from '../parameters.js';
import type { Scan } from '../scans/scan.js';
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
  const { width, height } = detectorSize(scan, what);
  const { options, notes, drift } = calibratedBy(what, scan, given);
  return {
    width,
    height,
    cx: inside(what, x, options.cx, Math.floor(width / 2), width),
    cy: inside(what, y, options.cy, Math.floor(height / 2), height),
    notes: [...notes, ...(drift === undefined ? [] : [drift])],
  };
}

function inside(what: string, name: string, value: number | undefined, fallback: number, length: number): number {
  if (value === undefined) return fallback;
  if (!(value >= 0 && value <= length - 1))
    throw argumentError(
      what,
      (said) => `${said(name)} is ${inspect(value)}, which is outside the frame; expected 0 to ${length - 1}`,
    );
  return value;
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
