/** The virtual detector with which a scan begins. */
import type { ShownCalibration, VirtualShape } from './protocol.js';

/** A detector as it begins with a calibration: what that knows of its centre and radii. */
export function beginsAt(
  shape: VirtualShape,
  { centre, fields }: Pick<ShownCalibration, 'centre' | 'fields'>,
): VirtualShape {
  const { kind } = shape;
  if (fields) return { ...fields[kind === 'ring' ? 'dark' : 'bright'], kind };
  // A calibration counts from the centre of the first pixel, the page counts from its corner.
  return centre ? { ...shape, cx: centre[1] + 0.5, cy: centre[0] + 0.5 } : shape;
}
