/** What a calibration says of a scan, as options of analyses; options of the user come first. */

import { argumentError } from '../../options/parameters.js';
import type { Scan } from '../../udf/scans/scan.js';
import { EwaldError } from '../../util/errors.js';
import { type Calibration, checkCalibration, isKnown, reachOf } from '../calibrate/calibration.js';
import type { Trend } from '../calibrate/trend.js';
import { type PatternAxes, patternAxes, unknownAxes } from './pattern-axes.js';

/** The options that a calibration can give. */
interface Given {
  readonly calibration?: unknown;
  readonly cx?: number | undefined;
  readonly cy?: number | undefined;
  readonly scanRotation?: number | undefined;
  readonly flipY?: boolean | undefined;
  readonly voltage?: number | undefined;
  readonly dpix?: number | undefined;
  readonly semiconv?: number | undefined;
}

/** Options of a calibration, and what is uncertain in words. */
interface Calibrated<Options> extends PatternAxes {
  /** Those of the user, and of the calibration what they omit. */
  readonly options: Omit<Options, 'calibration'> & Omit<Given, 'calibration'>;
  readonly radius: number | undefined;
  /** Why a calibration has no radius. */
  readonly noRadius: string | undefined;
  /** The radius that holds the disk in the whole scan, about the centre of the calibration. */
  readonly reach: number | undefined;
  /** Whether the centre is that of the calibration, so that the disk is within its reach. */
  readonly isCentred: boolean;
  /** On the centre, and on a drift of the disk. */
  readonly notes: readonly string[];
  readonly drift: string | undefined;
  /** The coefficients of the descan if they are those of this scan, null without any. */
  readonly moves: Trend['coefficients'] | null;
  /** On the axes of the scan. */
  readonly axesNotes: readonly string[];
  /** The coefficients of the descan. Throws `Argument` without any, `Shape` for those of another scan. */
  descan(what: string): Trend['coefficients'] | null;
}

/** Throws `Shape` for a calibration of other frames, `Format` for other objects. */
export function calibratedBy<Options extends Given>(
  what: string,
  scan: Scan,
  { calibration: given, ...user }: Options,
): Calibrated<Options> {
  const wanted = (): EwaldError =>
    argumentError(
      what,
      (said) => `${said('regression')} is calibrated, but there is no ${said('calibration')} with a descan`,
    );
  if (given === undefined)
    return {
      options: user,
      radius: undefined,
      noRadius: undefined,
      reach: undefined,
      isCentred: false,
      ...unknownAxes,
      notes: [],
      drift: undefined,
      moves: null,
      axesNotes: [],
      descan() {
        throw wanted();
      },
    };
  const calibration = checkCalibration(`${what}: calibration`, given);
  const { shape, centre, disk, rotation, descan, optics = {} } = calibration;
  const [rows, columns, ...frame] = shape;
  if (scan.shape.sig.join() !== frame.join())
    throw new EwaldError(
      'Shape',
      `${what}: the calibration is of frames of ${frame.join(' × ')}, those of ${scan.name} are ` +
        `${scan.shape.sig.join(' × ')}; calibrate this scan`,
    );
  const notes: string[] = [];
  if (!isKnown(centre) && user.cx === undefined && user.cy === undefined)
    notes.push(`the middle of the frame is used, because the calibration has no centre (${centre.refused})`);
  const drift =
    isKnown(descan) && descan.order > 0
      ? `the disk moves by ${descan.span.toFixed(2)} pixels over the scan, which remains in the result`
      : undefined;
  const axesNotes: string[] = [];
  return {
    options: {
      ...Object.fromEntries(Object.entries(optics).map(([name, stated]) => [name, stated?.value])),
      ...(isKnown(centre) && { cx: centre.cx, cy: centre.cy }),
      ...calibratedAxes(rotation, user, axesNotes),
      ...(Object.fromEntries(Object.entries(user).filter(([, value]) => value !== undefined)) as typeof user),
    },
    radius: isKnown(disk) ? disk.radius : undefined,
    noRadius: isKnown(disk) ? undefined : disk.refused,
    reach: reachOf(calibration),
    isCentred: isKnown(centre) && user.cx === undefined && user.cy === undefined,
    ...patternAxes(calibration),
    notes,
    drift,
    moves:
      drift !== undefined && isKnown(descan) && scan.shape.nav.join() === `${rows},${columns}`
        ? descan.coefficients
        : null,
    axesNotes,
    descan() {
      if (!isKnown(descan)) throw wanted();
      if (scan.shape.nav.join() !== `${rows},${columns}`)
        throw new EwaldError(
          'Shape',
          `${what}: the descan of the calibration is that of a scan of ${rows} × ${columns}, and ${scan.name} has ` +
            `${scan.shape.nav.join(' × ')} positions; calibrate a scan of this shape`,
        );
      return descan.order > 0 ? descan.coefficients : null;
    },
  };
}

/** Rotation and flip where they are certain, and a note on what is open. */
function calibratedAxes(rotation: Calibration['rotation'], { scanRotation, flipY }: Given, notes: string[]): Given {
  if (scanRotation !== undefined && flipY !== undefined) return {};
  if (!isKnown(rotation)) {
    if (scanRotation === undefined)
      notes.push(`the scan rotation is taken as 0 degrees, because the calibration has none (${rotation.refused})`);
    return {};
  }
  if (scanRotation !== undefined) return { flipY: rotation.flipY };
  if (flipY !== undefined && flipY !== rotation.flipY) {
    notes.push(
      `the scan rotation is taken as 0 degrees: that of the calibration, ${rotation.scanRotation.toFixed(1)}, is of scans ` +
        `that are ${rotation.flipY ? '' : 'not '}flipped`,
    );
    return {};
  }
  if (rotation.halfTurn === 'open')
    notes.push(
      `the scan rotation is ${rotation.scanRotation.toFixed(1)} degrees or half a turn more; the first is used, and ` +
        'with the other one atoms are dark instead of bright, or bright instead of dark',
    );
  return { scanRotation: rotation.scanRotation, flipY: rotation.flipY };
}
