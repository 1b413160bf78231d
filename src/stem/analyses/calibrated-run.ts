/** The analyses of whole frames that the viewer shows, which take a calibration of the scan. */

import type { Scan } from '../../udf/scans/scan.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { type Calibration, isKnown } from '../calibrate/calibration.js';
import type { UdfContext } from '../context.js';
import type { Analysis } from './analysis.js';

/** What is stated of the optics: voltage in kV, semi-angle in mrad, step of the scan in nm. */
export interface StatedOptics {
  readonly voltage?: number | undefined;
  readonly semiconv?: number | undefined;
  readonly dpix?: number | undefined;
}

/** The calibration for an analysis of disks, whose radius it has to know. Throws an Error otherwise. */
function withDisk(calibration: Calibration): { readonly calibration: Calibration } {
  if (isKnown(calibration.disk)) return { calibration };
  throw new Error(`This takes the radius of the disks, which is not known here: ${calibration.disk.refused}.`);
}

function ssbOf(ctx: UdfContext, scan: Scan, calibration: Calibration, optics: StatedOptics): Analysis {
  const { voltage, semiconv, dpix } = calibration.optics ?? {};
  const known = {
    ...{ voltage: voltage?.value, semiconv: semiconv?.value, dpix: dpix?.value },
    ...omitUndefined(optics),
  };
  if (known.voltage === undefined || known.semiconv === undefined || known.dpix === undefined)
    throw new Error(
      'Single side band ptychography takes the voltage, the semi-angle and the step of the scan, which this file ' +
        'does not state: write them into the fields below "Calibration".',
    );
  return ctx.createSsbAnalysis(scan, { calibration, ...omitUndefined(optics) });
}

/** How each analysis is made. */
const makers = {
  ssb: ssbOf,
  polar: (ctx, scan, calibration) => ctx.createPolarAnalysis(scan, { calibration }),
  bragg: (ctx, scan, calibration) => ctx.createBraggAnalysis(scan, withDisk(calibration)),
  strain: (ctx, scan, calibration) => ctx.createStrainAnalysis(scan, withDisk(calibration)),
} as const satisfies Readonly<
  Record<string, (ctx: UdfContext, scan: Scan, calibration: Calibration, optics: StatedOptics) => Analysis>
>;

/** The names of these analyses. */
export type CalibratedName = keyof typeof makers;
export const isCalibratedName = (name: unknown): name is CalibratedName =>
  typeof name === 'string' && Object.hasOwn(makers, name);

/** An analysis with a calibration. Throws an Error, in words for the viewer, for what is not known. */
export const calibratedRun = (
  name: CalibratedName,
  [ctx, scan]: readonly [ctx: UdfContext, scan: Scan],
  calibration: Calibration,
  optics: StatedOptics,
): Analysis => makers[name](ctx, scan, calibration, optics);
