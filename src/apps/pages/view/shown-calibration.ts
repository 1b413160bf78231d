/** What is known of the optics of a scan, in the form in which the page shows and uses it. */
import {
  calibrationTexts,
  checkCalibration,
  isKnown,
  milliradiansOf,
  opticsOf,
  reachOf,
} from '../../../entries/pages.js';
import { electronWavelength } from '../../../entries/udf.js';
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

/** A calibration in the form in which the page shows and uses it. */
export function shownCalibration(given: unknown, stated: ScanUnits): ShownCalibration {
  const found = checkCalibration('the calibration', given);
  const { centre, disk, rotation, milliradians, badPixels, optics = {}, notes } = found;
  const known = isKnown(disk) ? disk : undefined;
  return {
    texts: calibrationTexts(found),
    notes,
    centre: isKnown(centre) ? [centre.cy, centre.cx] : undefined,
    radius: known?.radius,
    reach: reachOf(found),
    ...(isKnown(rotation)
      ? { scanRotation: rotation.scanRotation, flipY: rotation.flipY }
      : { scanRotation: undefined, flipY: undefined }),
    hot: badPixels.hot,
    optics: Object.fromEntries(Object.entries(optics).map(([name, one]) => [name, one?.value])),
    units: {
      stepNm: optics.dpix?.value ?? stated.stepNm,
      milliradians: milliradians && isKnown(milliradians) ? milliradians.value : stated.milliradians,
      wavelengthNm: wavelengthNm(optics.voltage?.value) ?? stated.wavelengthNm,
    },
    json: `${JSON.stringify(found, null, 2)}\n`,
  };
}
