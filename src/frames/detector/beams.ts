/** The beam of each frame: wavelength, distance and shift, from the geometry or from numbers in the frames' file. */

import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { beamOf, type HeaderValues } from '../../crystal/geometry/pixels.js';
import { sixDigits } from '../../util/amounts.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { halfToNumber } from '../../util/number-bytes.js';
import type { Dataset } from '../dataset.js';
import { indexInGroup, inGroups, isOfGroups } from '../group-paths.js';
import { ofBeam } from './impossible.js';
import type { OpenOther } from './open-other.js';

/** The beam of each frame of a file. */
export type BeamOfFrame = (frame: number) => Beam;

/** The beams of a file's frames, and where it has numbers for others. */
export interface FileBeams {
  readonly of: BeamOfFrame;
  /** The beam of the first frame that has a possible one; without any, that of the first frame. */
  first(): Beam;
  /** Remarks on numbers of which the file has more than frames, although each frame should have one. */
  surplus(frames: number): string[];
}

/**
 * The beams of a file's frames. A geometry may refer to numbers in the file of the frames, one for all frames or one
 * for each. Throws `Format` if the file lacks them.
 */
export async function beamsOfFile(geometry: Geometry, file: string, openOther: OpenOther): Promise<FileBeams> {
  const values = new Map<string, HeaderNumbers>();
  const given = [geometry.radiation?.given, geometry.distance, ...geometry.shift];
  for (const one of given) {
    if (!one || !('path' in one) || values.has(one.path)) continue;
    const dataset = await openOther(file, one.path).catch((cause) => {
      throw new EwaldError(
        'Format',
        `${
          cause instanceof EwaldError && cause.detail?.isThere
            ? `${one.path} of ${file}, which the geometry names, is no number; expected one there`
            : `${file} has no ${one.path}, which the geometry names; expected that dataset`
        }, or the number itself in the geometry (${messageOf(cause)})`,
        { cause },
      );
    });
    try {
      values.set(one.path, await numbersOf(dataset, one.path, await groupsOf(geometry, file, one.path, openOther)));
    } finally {
      await dataset.dispose();
    }
  }
  const at =
    (frame: number): HeaderValues =>
    (path) => {
      const headerNumbers = values.get(path);
      if (!headerNumbers) return undefined;
      const { numbers, unit } = headerNumbers;
      // No function of the user's: these errors keep their words.
      const missing = (text: string): EwaldError => new EwaldError('Format', text, { detail: { threw: true } });
      if (numbers.length === 0) throw missing(`${path} of ${file} has no number; expected one`);
      if (numbers.length > 1 && frame >= numbers.length)
        throw missing(
          `${path} of ${file} has ${numbers.length} numbers, none of them for frame ${frame}; expected one for all ` +
            'frames, or one for each',
        );
      const stored = numbers[numbers.length > 1 ? frame : 0];
      if (stored === undefined) throw missing(`the group of frame ${frame} of ${file} has no number at ${path}`);
      const value = Number(stored);
      return unit === undefined ? value : { value, unit };
    };
  // Anything missing from the geometry is reported before frames are read; a single frame without its number fails
  // alone.
  const alone = standing(geometry, beamOf(geometry, values.size === 0 ? undefined : () => 1), values.size === 0);
  const stated: BeamOfFrame =
    values.size === 0 ? () => alone : (frame) => standing(geometry, beamOf(geometry, at(frame)), true);
  const count = Math.max(1, ...Array.from(values.values(), ({ numbers }) => numbers.length));
  return {
    // The beam of all frames is judged with the geometry.
    of: count === 1 ? stated : (frame) => diffracting(stated(frame), frame),
    first() {
      for (let frame = 0; frame < count; frame++)
        try {
          return diffracting(stated(frame), frame);
        } catch {
          // A pulse that was not there.
        }
      return stated(0);
    },
    surplus(frames) {
      const texts: string[] = [];
      for (const [path, { numbers }] of values)
        if (numbers.length > 1 && numbers.length > frames)
          texts.push(
            `${path} has ${numbers.length} numbers for ${frames} frames: the first ${frames} are taken, one a frame in order`,
          );
      return texts;
    },
  };
}

/** Numbers of a file that a geometry names: one for all frames, or one for each. */
interface HeaderNumbers {
  readonly numbers: ArrayLike<number | bigint | string | undefined>;
  /** As the file states it. */
  readonly unit?: string | undefined;
}

/** The groups of each frame, if the path of a number depends on them. */
async function groupsOf(
  { panels: [panel] }: Geometry,
  file: string,
  path: string,
  openOther: OpenOther,
): Promise<Dataset['groups']> {
  if (!isOfGroups(path) || panel?.data === undefined) return undefined;
  const frames = await openOther(file, panel.data);
  try {
    return frames.groups;
  } finally {
    await frames.dispose();
  }
}

async function numbersOf(dataset: Dataset, path: string, groups: Dataset['groups']): Promise<HeaderNumbers> {
  if (groups) {
    const numbers: (number | string | undefined)[] = [];
    let unit: string | undefined;
    for (const [frame, names] of groups.entries()) {
      const own = await dataset.field?.(inGroups(path, names));
      const values = own?.values ?? [];
      numbers.push(values[values.length > 1 ? indexInGroup(groups, frame) : 0]);
      unit ??= own?.unit;
    }
    return { numbers, unit };
  }
  const field = await dataset.field?.(path);
  if (field) return { numbers: field.values, unit: field.unit };
  const read = await dataset.read(0, dataset.frames);
  return { numbers: dataset.dtype === 'f16' ? Array.from(read as Uint16Array, halfToNumber) : read };
}

/** Rejects the beam of a frame with which no crystal diffracts. */
function diffracting(beam: Beam, frame: number): Beam {
  const text = ofBeam(beam);
  if (text !== undefined) throw new EwaldError('Format', `of frame ${frame} ${text}`);
  return beam;
}

/** Rejects a beam for which a panel lies at or behind the sample. */
function standing({ panels }: Geometry, beam: Beam, known: boolean): Beam {
  const behind = known ? panels.find(({ offsetM }) => !(beam.distanceM + offsetM > 0)) : undefined;
  if (behind)
    throw new EwaldError(
      'Format',
      `the panel ${behind.name} is at ${sixDigits(beam.distanceM + behind.offsetM)} m (clen ${beam.distanceM} m, ` +
        `coffset ${behind.offsetM} m); expected a distance above 0`,
    );
  return beam;
}
