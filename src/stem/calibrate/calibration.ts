/** The result of `calibrate`: what a scan tells about its optics, each part with its error or the reason why not. */

import { scanRotationRange } from '../../udf/shared-rows.js';
import { isObject } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** What the data cannot tell, and why. */
export interface Refused {
  readonly refused: string;
}

/** Pixels of some rows: row, first column, end column. */
export type PixelRuns = readonly (readonly [y: number, first: number, end: number])[];

/** The size of a pixel in reciprocal space, in inverse nanometres. */
export interface RingScale {
  readonly value: number;
  readonly error: number;
  /** Radii in pixels, errors and d spacings in nm of the rings that were used. */
  readonly rings: readonly (readonly [radius: number, error: number, d: number])[];
}

/** The size of a pixel in reciprocal space, in inverse nanometres, from a crystal whose lattice is known. */
export interface LatticeScale {
  readonly value: number;
  readonly error: number;
  /** Vectors (y, x) in pixels of the sum, how many disks are on them, and their distortion as that of `ellipse`. */
  readonly lattice: {
    readonly a: readonly [y: number, x: number];
    readonly b: readonly [y: number, x: number];
    readonly disks: number;
    readonly e1: number;
    readonly e2: number;
    readonly errors: readonly [e1: number, e2: number];
  };
}

/** What frames do not state: an option of `calibrate`, or what the file says. */
export interface Stated {
  readonly value: number;
  readonly source: 'given' | 'file';
}

/** What a scan tells about its optics; `JSON.stringify` makes the file of `ewald calibrate` of it. */
export interface Calibration {
  readonly format: 'ewald calibration';
  readonly version: 1;
  /** The name of the scan. */
  readonly file: string;
  /** Rows and columns of the scan, height and width of its frames. */
  readonly shape: readonly [rows: number, columns: number, height: number, width: number];
  /** Mean over the scan of the centre of the direct beam, in pixels, whose centres are at whole numbers. */
  readonly centre:
    | { readonly cy: number; readonly cx: number; readonly errors: readonly [y: number, x: number] }
    | Refused;
  /** Radius of the bright field and width of its edge (standard deviation), in pixels. */
  readonly disk: { readonly radius: number; readonly error: number; readonly edge: number } | Refused;
  /** Variance of the mean pattern along one axis about its centre of mass, in pixels squared, without bad pixels. */
  readonly spread?: number | undefined;
  /** Milliradians a pixel, if the semi-angle is given. */
  readonly milliradians?: { readonly value: number; readonly error: number } | Refused | undefined;
  /** Size of a pixel by the rings of a known powder or by a known lattice, if its spacings are given. */
  readonly scale?: RingScale | LatticeScale | Refused | undefined;
  /** Voltage in kV, semi-angle in mrad and step of the scan in nm, as given or else as the file has them. */
  readonly optics?:
    | {
        readonly voltage?: Stated | undefined;
        readonly semiconv?: Stated | undefined;
        readonly dpix?: Stated | undefined;
      }
    | undefined;
  /**
   * Distortion of the bright field, or of rings without one: R(φ) = R (1 + e1 cos 2φ + e2 sin 2φ), φ from x to y. `ellipticity` is the
   * difference of the axes divided by R, `angle` that of the longer one in degrees.
   */
  readonly ellipse:
    | {
        readonly e1: number;
        readonly e2: number;
        readonly errors: readonly [e1: number, e2: number];
        readonly ellipticity: number;
        readonly angle: number;
      }
    | Refused;
  /**
   * How the pattern moves over the scan: (y, x) in pixels for 1, u, v, u² − ⟨u²⟩, u v, v² − ⟨v²⟩, as many as the
   * order of the polynomial has, with u and v from −1 at the first row and column to 1 at the last. `span` is the
   * largest difference within the scan.
   */
  readonly descan:
    | {
        readonly order: 0 | 1 | 2;
        readonly coefficients: readonly (readonly [y: number, x: number])[];
        readonly errors: readonly (readonly [y: number, x: number])[];
        readonly span: number;
      }
    | Refused;
  /**
   * `scanRotation` and `flipY` of analyses, in degrees; with `halfTurn` open, the angle may be half a turn away. It is
   * assumed where the fields point to atoms with this angle: a phase and its negative have the same frames, half a turn
   * apart, so that in an object of dips, such as pores, it is the other one.
   */
  readonly rotation:
    | {
        readonly scanRotation: number;
        readonly error: number;
        readonly flipY: boolean;
        readonly halfTurn: 'assumed' | 'open';
      }
    | Refused;
  /** Pixels (y, x) that are too bright or dead, and those in gaps, or not a number in some frame. */
  readonly badPixels: {
    readonly hot: readonly (readonly [y: number, x: number])[];
    readonly dead: readonly (readonly [y: number, x: number])[];
    readonly gap: PixelRuns;
    readonly invalid: PixelRuns;
  };
  /** What a beam stop covers; empty without one. */
  readonly stop: PixelRuns;
  /** What the data cannot decide, in words. */
  readonly notes: readonly string[];
}

/** Whether a part has a value. */
export const isKnown = <T extends object>(part: T | Refused): part is T => !('refused' in part);

const parts = ['centre', 'disk', 'ellipse', 'descan', 'rotation'] as const;
const isPair = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((one) => Number.isFinite(one));

const isRun = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 3 && value.every((n) => Number.isInteger(n) && n >= 0 && n <= 2 ** 24);

/** Whether an ellipse is more than chance: a circle is as far off in one of a hundred patterns. */
export const isDistorted = (ellipse: {
  readonly e1: number;
  readonly e2: number;
  readonly errors: readonly [number, number];
}): boolean => (ellipse.e1 / ellipse.errors[0]) ** 2 + (ellipse.e2 / ellipse.errors[1]) ** 2 > 2 * Math.log(100);

/** An ellipse with its axes in words of a user. */
export const ellipseOf = ([e1, e2]: readonly [number, number], errors: readonly [number, number]) => ({
  e1,
  e2,
  errors,
  ellipticity: 2 * Math.hypot(e1, e2),
  angle: (Math.atan2(e2, e1) * 90) / Math.PI,
});

/** Width of the edge of a disk, a standard deviation in pixels; 0 if it is unknown. */
export const edgeOf = (disk: Calibration['disk']): number =>
  isKnown(disk) && Number.isFinite(disk.edge) ? disk.edge : 0;

/**
 * Radius about the centre that holds the disk wherever it moves in the scan, pixels; undefined if it is unknown. Bright
 * fields and centres of mass begin with it: a smaller disk would cut the beam where descan has moved it, and its image
 * would be one of the descan.
 */
export function reachOf({ disk, descan }: Pick<Calibration, 'disk' | 'descan'>): number | undefined {
  if (!isKnown(disk)) return undefined;
  return disk.radius + 2 * edgeOf(disk) + 1 + (isKnown(descan) ? descan.span / 2 : 0);
}

/** Radii of the dark field of a calibration: from what the disk reaches to the nearest edge of the frame, pixels. */
export function darkFieldRadii(
  reach: number,
  { cy, cx, width, height }: Readonly<Record<'cy' | 'cx' | 'width' | 'height', number>>,
): { readonly ri: number; readonly ro: number } {
  const nearest = 0.5 + Math.min(cx, cy, width - 1 - cx, height - 1 - cy);
  return { ri: reach, ro: Math.max(nearest, reach + 1) };
}

/** The ranges of numbers that are not any real one, by their names. */
const ranges: Readonly<Record<string, readonly [least: number, most: number]>> = {
  radius: [Number.MIN_VALUE, 1e6],
  edge: [0, 1e6],
  error: [0, Number.MAX_VALUE],
  span: [0, 1e6],
  order: [0, 2],
  e1: [-1, 1],
  e2: [-1, 1],
  scanRotation: [scanRotationRange.low, scanRotationRange.high],
};

/** The numbers that analyses use of each part. */
const numbers: Readonly<Record<(typeof parts)[number], readonly string[]>> = {
  centre: ['cy', 'cx'],
  disk: ['radius'],
  ellipse: ['e1', 'e2'],
  descan: ['order', 'span'],
  rotation: ['scanRotation'],
};

/** A calibration, such as the content of its file. Throws `Format`. */
export function checkCalibration(what: string, given: unknown): Calibration {
  const refuse = (found: string): EwaldError =>
    new EwaldError('Format', `${what}: ${found}; expected the result of ctx.calibrate, or what ewald calibrate wrote`);
  if (!isObject(given) || given.format !== 'ewald calibration')
    throw refuse(
      isObject(given) && given.format !== undefined
        ? `a file of the format ${inspect(given.format)} is no calibration`
        : `${isObject(given) ? 'an object without a format' : inspect(given)} is no calibration`,
    );
  if (given.version !== 1) throw refuse(`its version is ${inspect(given.version)}, and this release knows 1`);
  const { shape } = given;
  if (!Array.isArray(shape) || shape.length !== 4 || !shape.every((n) => Number.isInteger(n) && n > 0))
    throw refuse(`its shape is ${inspect(shape)}`);
  for (const name of parts) {
    const part = given[name];
    if (!isObject(part)) throw refuse(`its ${name} is ${inspect(part)}`);
    if (typeof part.refused === 'string') continue;
    for (const key of new Set([...numbers[name], ...Object.keys(part).filter((key) => Object.hasOwn(ranges, key))])) {
      const value = part[key];
      const [least, most] = ranges[key] ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
      // JSON has no infinity: what was not determined is null there.
      const isUnknown = !numbers[name].includes(key) && (value === null || value === undefined);
      if (!isUnknown && !(typeof value === 'number' && value >= least && value <= most))
        throw refuse(`${key} of its ${name} is ${inspect(value)}`);
    }
  }
  const { descan, rotation, badPixels } = given as unknown as Calibration;
  if (isKnown(rotation) && typeof rotation.flipY !== 'boolean')
    throw refuse(`flipY of its rotation is ${inspect(rotation.flipY)}`);
  const coefficients: unknown = isKnown(descan) ? descan.coefficients : [];
  if (!Array.isArray(coefficients) || ![0, 1, 3, 6].includes(coefficients.length) || !coefficients.every(isPair))
    throw refuse(`the coefficients of its descan are ${inspect(coefficients)}`);
  for (const [name, one] of Object.entries(given.optics ?? {}))
    if (!isObject(one) || !((one.value as number) > 0) || !Number.isFinite(one.value))
      throw refuse(`${name} of its optics is ${inspect(isObject(one) ? one.value : one)}`);
  const { dead = [], gap = [], invalid = [], hot } = badPixels ?? {};
  const { stop = [] } = given as unknown as Calibration;
  for (const [name, list] of Object.entries({ hot, dead }))
    if (!Array.isArray(list) || !list.every(isPair)) throw refuse(`the ${name} pixels of it are ${inspect(list)}`);
  for (const [name, runs] of Object.entries({ gap, invalid, stop }))
    if (!Array.isArray(runs) || !runs.every(isRun)) throw refuse(`the ${name} of it is ${inspect(runs)}`);
  return given as unknown as Calibration;
}
