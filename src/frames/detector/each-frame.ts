/** Numbers of which a file has one for each frame, beside a geometry that has one for all. */

import type { Geometry } from '../../crystal/geometry/geometry.js';
import { sixDigits } from '../../util/amounts.js';
import type { Dataset } from '../dataset.js';
import { beamsOfFile } from './beams.js';
import type { OpenOther } from './open-other.js';

/** Distances and wavelengths of frames differ by more: a spot 1000 pixels from the beam moves by five. */
const minShare = 0.005;

/**
 * Says of how many frames a file states another wavelength or distance than a geometry that has one for all of them, and
 * how the geometry takes that of each frame; nothing where it differs in all frames, which is a contradiction of the
 * file. Numbers that cannot be read are passed over.
 */
export async function otherInFrames(given: Geometry, dataset: Dataset, openOther: OpenOther): Promise<string[]> {
  // The number of a single frame is that of the header.
  if (dataset.frames < 2) return [];
  const { radiation, distance } = dataset.meta.ofEachFrame ?? {};
  const texts: string[] = [];
  const compare = async (geometry: Geometry, of: 'wavelengthA' | 'distanceM', words: Words): Promise<void> => {
    const stated = await beamsOfFile(geometry, dataset.name, openOther).catch(() => undefined);
    const own = (await beamsOfFile(given, dataset.name, openOther).catch(() => undefined))?.first()[of];
    if (!stated || !own) return;
    const others: number[] = [];
    for (let frame = 0; frame < dataset.frames; frame++) {
      try {
        const value = stated.of(frame)[of];
        if (Math.abs(value / own - 1) > minShare) others.push(value);
      } catch {
        // A pulse that was not there, or a number that is missing.
      }
    }
    const [first] = others;
    if (first === undefined || others.length === dataset.frames) return;
    texts.push(
      `${others.length} of ${dataset.frames} frames of ${dataset.name} state another ${words.what}, such as ` +
        `${sixDigits(words.scale * first)} ${words.unit}, than the ${sixDigits(words.scale * own)} ${words.unit} of the ` +
        `geometry: ${words.line} takes that of each frame`,
    );
  };
  const { radiation: fixed } = given;
  if (radiation && fixed && !('path' in fixed.given)) {
    const { kind, path, unit } = radiation;
    const line = `${kind === 'wavelength' ? 'wavelength' : 'photon_energy'} = ${path} ${unit}`;
    const words = { what: 'wavelength', unit: 'Å', scale: 1, line };
    await compare({ ...given, radiation: { kind, given: { path, unit } } }, 'wavelengthA', words);
  }
  if (distance && given.distance && !('path' in given.distance)) {
    const words = { what: 'distance', unit: 'mm', scale: 1000, line: `clen = ${distance.path} ${distance.unit}` };
    await compare({ ...given, distance }, 'distanceM', words);
  }
  return texts;
}

/** How a number is said. */
interface Words {
  readonly what: string;
  readonly unit: string;
  readonly scale: number;
  /** The line of a geometry with which it is that of each frame. */
  readonly line: string;
}
