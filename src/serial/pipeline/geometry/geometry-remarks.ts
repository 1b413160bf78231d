/** Problems of the geometry given to a run, reported before it starts in the words of `ewald geometry check`. */
import { checkGeometry } from '../../../crystal/geometry/check.js';
import type { Geometry } from '../../../crystal/geometry/geometry.js';
import { extentOf } from '../../../crystal/geometry/pixels.js';
import { beamsOfFile } from '../../../io/detector/beams.js';
import { frameSize } from '../../../io/detector/from-file.js';
import { stackedGeometry } from '../../../io/detector/stacked.js';
import type { RunSource } from '../sources/source.js';

/**
 * Remarks on a geometry and its match with the frames. Throws `Format` if the geometry lacks something that every frame
 * requires, or refers to numbers that the first file does not contain.
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
    // The parser has already reported the gain.
    remarks.push(...checkGeometry(geometry, beams(0)).problems.filter((text) => !text.includes('adu_per_')));
  } catch {
    // The beam of the first frame is missing, which is reported when that frame is searched.
  }
  return remarks;
}
