/** Remarks on a geometry and its match with the frames of a file, in the words of `ewald geometry check`. */
import { checkGeometry } from '../../crystal/geometry/check.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { extentOf } from '../../crystal/geometry/pixels.js';
import type { Dataset } from '../dataset.js';
import { beamsOfFile, type FileBeams } from './beams.js';
import { type Contradiction, contradictions } from './contradictions.js';
import { otherInFrames } from './each-frame.js';
import { frameSize } from './from-file.js';
import { refuseImpossible } from './impossible.js';
import type { OpenOther } from './open-other.js';
import { stackedGeometry } from './stacked.js';

/** A remark, and what of the geometry the file contradicts. */
export interface GeometryRemark {
  readonly text: string;
  readonly contradicts?: Contradiction['of'];
  readonly isFar?: boolean | undefined;
}

/** The remarks as warnings about a geometry of some name; contradictions of a kind in `doubted` put a cell in doubt. */
export const warningsOf = (
  name: string | undefined,
  remarks: readonly GeometryRemark[],
  doubted: readonly Contradiction['of'][],
): { kind: 'warning'; text: string; isDoubtful: boolean }[] =>
  remarks.map(({ text, contradicts }) => {
    const isDoubtful = contradicts !== undefined && doubted.includes(contradicts);
    const doubt = isDoubtful ? '; if the file is right, the cell that is found is wrong by as much' : '';
    return { kind: 'warning', text: `${name}: ${text}${doubt}`, isDoubtful };
  });

/** The warning of a run without a known cell whose crystals do not tell a distance that the file contradicts. */
export const unsettledDistance = {
  kind: 'warning',
  text:
    'the crystals do not tell the distance, which differs between the geometry and the file: if the file is right, ' +
    'the cell is wrong by as much',
  isDoubtful: true,
} as const;

/**
 * Remarks on a geometry. Throws `Format` if the geometry lacks something that every frame requires, or
 * refers to numbers that the file does not contain.
 */
export async function geometryRemarks(
  given: Geometry,
  { first, openOther }: { readonly first: Dataset; readonly openOther: OpenOther },
): Promise<GeometryRemark[]> {
  const geometry = stackedGeometry(given, first);
  const beams = await beamsOfFile(geometry, first.name, openOther);
  const remarks: GeometryRemark[] = beams.surplus(first.frames).map((text) => ({ text }));
  const { width, height } = frameSize(first);
  const { fs, ss } = extentOf(geometry);
  if (fs < width || ss < height)
    remarks.push({
      text: `the panels end at ${fs} x ${ss} pixels, frames have ${width} x ${height}: the rest is not searched`,
    });
  for (const text of await otherInFrames(geometry, first, openOther)) remarks.push({ text });
  const beam = firstOf(beams);
  // What cannot be is refused before anything else is remarked.
  if (beam) refuseImpossible(geometry, beam);
  try {
    if (!beam) return remarks;
    const facts = checkGeometry(geometry, beam);
    // The parser has already reported the gain.
    for (const text of facts.problems) if (!text.includes('adu_per_')) remarks.push({ text });
    for (const { of, text, isFar } of contradictions(given, beam, facts, first))
      remarks.push({ text, contradicts: of, isFar });
  } catch {
    // Frames that state nothing that can be compared are searched all the same.
  }
  return remarks;
}

/** The beam of the first frame; one that is missing is reported when that frame is searched. */
function firstOf(beams: FileBeams): Beam | undefined {
  try {
    return beams.first();
  } catch {
    return undefined;
  }
}
