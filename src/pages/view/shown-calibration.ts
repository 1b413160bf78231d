/** What is known of the optics of a scan, in the form in which the page shows and uses it. */
import {
  type Calibration,
  calibrationTexts,
  checkCalibration,
  coveredBy,
  darkFieldRadii,
  isKnown,
  milliradiansOf,
  opticsOf,
  reachOf,
} from '../../entries/pages.js';
import { electronWavelength } from '../../entries/udf.js';
import type { OpenDataset } from './open-dataset.js';
import type { LoadedScan, ShownCalibration } from './protocol.js';
import type { ScanUnits } from './scan-quantities.js';

const wavelengthNm = (voltage: number | undefined): number | undefined =>
  voltage === undefined ? undefined : electronWavelength(voltage * 1e3) * 1e9;

/** What a file states about its optics. */
export function statedBy({ meta }: OpenDataset): Pick<LoadedScan, 'optics' | 'units'> {
  const { voltage, dpix, semiconv } = opticsOf(meta, { voltage: undefined, semiconv: undefined, dpix: undefined });
  const [axis] = meta.axes?.slice(-1) ?? [];
  const units = {
    stepNm: dpix?.value,
    milliradians: axis && milliradiansOf(axis, voltage?.value),
    wavelengthNm: wavelengthNm(voltage?.value),
  };
  return { optics: { voltage: voltage?.value, semiconv: semiconv?.value, dpix: dpix?.value }, units };
}

/** The virtual detectors that a calibration knows, as `disk`, `ring`, `com` and `icom` of a run use them. */
function fieldsOf(calibration: Calibration): ShownCalibration['fields'] {
  const { centre, shape } = calibration;
  const reach = reachOf(calibration);
  if (!isKnown(centre) || reach === undefined) return undefined;
  const [, , height, width] = shape;
  const { ri, ro } = darkFieldRadii(reach, { ...centre, width, height });
  // A calibration counts from the centre of the first pixel, the page counts from its corner.
  const at = { cx: centre.cx + 0.5, cy: centre.cy + 0.5 };
  return {
    bright: { kind: 'disk', ...at, outer: reach, inner: reach / 2 },
    dark: { kind: 'ring', ...at, inner: ri, outer: ro },
  };
}

/** A calibration in the form in which the page shows and uses it. */
export function shownCalibration(given: unknown, stated: ScanUnits): ShownCalibration {
  const calibration = checkCalibration('the calibration', given);
  const { centre, disk, rotation, milliradians, optics = {}, notes } = calibration;
  const known = isKnown(disk) ? disk : undefined;
  return {
    texts: calibrationTexts(calibration),
    notes,
    centre: isKnown(centre) ? [centre.cy, centre.cx] : undefined,
    radius: known?.radius,
    fields: fieldsOf(calibration),
    ...(isKnown(rotation)
      ? { scanRotation: rotation.scanRotation, flipY: rotation.flipY }
      : { scanRotation: undefined, flipY: undefined }),
    without: coveredBy(calibration),
    optics: Object.fromEntries(Object.entries(optics).map(([name, one]) => [name, one?.value])),
    units: {
      stepNm: optics.dpix?.value ?? stated.stepNm,
      milliradians: milliradians && isKnown(milliradians) ? milliradians.value : stated.milliradians,
      wavelengthNm: wavelengthNm(optics.voltage?.value) ?? stated.wavelengthNm,
    },
    json: `${JSON.stringify(calibration, null, 2)}\n`,
  };
}
