/** Checks sizes, centres and radii of analyses. */
import { expectsMembers } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import { real } from '../../base/options.js';
import type { Scan } from '../scan.js';

/** Throws `Argument` unless `scan` is a result of `load`. */
export const expectsScan = (what: string, scan: Scan): void =>
  expectsMembers(
    `${what}: the scan`,
    scan,
    ['shape', 'dataset', 'sync'],
    'the result of load or fromMemory of a Context',
  );

/** Width and height of a scan's frames. */
export function sizeOf(scan: Scan, what: string): { width: number; height: number } {
  expectsScan(what, scan);
  const [height, width] = scan.shape.sig;
  if (scan.shape.sig.length !== 2 || height === undefined || width === undefined)
    throw new EwaldError(
      'Shape',
      `${what} requires frames of two axes; those of ${scan.name} are ${scan.shape.sig.join(' × ')}`,
    );
  return { width, height };
}

/** A centre within the frame; default the middle, half the size. */
export function centreOf(scan: Scan, what: string, given: { cx?: number | undefined; cy?: number | undefined }) {
  const { width, height } = sizeOf(scan, what);
  return {
    width,
    height,
    cx: inside(`${what}: cx`, given.cx, width / 2, width),
    cy: inside(`${what}: cy`, given.cy, height / 2, height),
  };
}

function inside(what: string, value: number | undefined, fallback: number, length: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= 0 && value <= length - 1))
    throw new EwaldError('Argument', `${what} is ${value}, which is outside the frame; expected 0 to ${length - 1}`);
  return value;
}

export const radius = (what: string, value: number | undefined, fallback: number): number =>
  real(what, value, fallback, 0, 1e6);

/** Validates the two radii of a ring. */
export function radii(
  what: string,
  given: { ri?: number | undefined; ro?: number | undefined },
  ri: number,
  ro: number,
) {
  const outer = radius(`${what}: ro`, given.ro, ro);
  const inner = radius(`${what}: ri`, given.ri, given.ro === undefined ? ri : Math.min(ri, 0.8 * outer));
  if (!(inner < outer))
    throw new EwaldError(
      'Argument',
      `${what}: ri is ${inner} and ro ${outer}; expected an inner radius below the outer one`,
    );
  return { ri: inner, ro: outer };
}
