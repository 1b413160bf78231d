/** The virtual detectors that a calibration knows: the bright field, and the ring outside it. */
import { darkFieldRadii } from '../../../entries/pages.js';
import type { ShownCalibration, VirtualShape } from './protocol.js';

/**
 * The disk that holds the bright field at every position of the scan, or the ring outside it, as `disk`, `ring`, `com`
 * and `icom` of a run use them; undefined if the calibration has no centre or no radius.
 */
export function fieldShape(
  field: 'bright' | 'dark',
  { centre, reach }: Pick<ShownCalibration, 'centre' | 'reach'>,
  [width, height]: readonly [width: number, height: number],
): VirtualShape | undefined {
  if (!centre || reach === undefined) return undefined;
  // A calibration counts from the centre of the first pixel, the page counts from its corner.
  const [cy, cx] = [centre[0] + 0.5, centre[1] + 0.5];
  if (field === 'bright') return { kind: 'disk', cx, cy, outer: reach, inner: reach / 2 };
  const { ri, ro } = darkFieldRadii(reach, { cy: centre[0], cx: centre[1], width, height });
  return { kind: 'ring', cx, cy, inner: ri, outer: ro };
}

/** A detector as it begins with a calibration: what that knows of its centre and radii. */
export function beginsAt(
  shape: VirtualShape,
  calibration: Pick<ShownCalibration, 'centre' | 'reach'>,
  size: readonly [width: number, height: number],
): VirtualShape {
  const { kind } = shape;
  const { centre } = calibration;
  const known = fieldShape(kind === 'ring' ? 'dark' : 'bright', calibration, size);
  if (known) return { ...known, kind };
  return centre ? { ...shape, cx: centre[1] + 0.5, cy: centre[0] + 0.5 } : shape;
}
