/** What is strange about the geometry that a run was given: told before it begins, as `ewald geometry check` tells it. */
import { checkGeometry } from '../crystal/geometry/check.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { extentOf } from '../crystal/geometry/pixels.js';
import { beamsOfFile } from '../detector/beams.js';
import { frameSize } from '../detector/from-file.js';
import { stackedGeometry } from '../detector/stacked.js';
import type { RunSource } from './sources/source.js';

/**
 * Remarks on a geometry beside the frames. Throws `Format` where it lacks what every frame needs, or points at numbers
 * that the first file does not hold.
 */
export async function geometryRemarks(given: Geometry, source: RunSource): Promise<string[]> {
  const { first } = source;
  const geometry = stackedGeometry(given, first);
  const beams = await beamsOfFile(geometry, first.name, source.openOther);
  const remarks: string[] = [];
  const { width, height } = frameSize(first);
  const { fs, ss } = extentOf(geometry);
  if (fs < width || ss < height)
    remarks.push(`the panels end at ${fs} x ${ss} pixels, frames have ${width} x ${height}: the rest is not searched`);
  try {
    // Of the gain its reader has spoken.
    remarks.push(...checkGeometry(geometry, beams(0)).problems.filter((text) => !text.includes('adu_per_')));
  } catch {
    // The first frame has no beam of its own: it is told when it is searched.
  }
  return remarks;
}
