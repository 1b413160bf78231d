/** Where a frame was recorded: in its file, or in the one from which an earlier reduction has taken it. */
import type { Dataset } from '../../frames/dataset.js';
import { isEwaldError } from '../../util/errors.js';
import { fieldOf } from '../inputs/copied-headers.js';
import type { FrameOrigin } from '../streams/chunk.js';

/** The group of a file of hits that says where they come from. */
export const reductionPath = '/entry/reduction';

/** The place of a frame when it was recorded. */
export interface FirstPlace {
  /** The file, and the number of the frame in it, from 0. */
  readonly source: string;
  readonly frame: number;
  /** Its serial number in the run that was reduced first. */
  readonly serial: number;
  /** How many frames that run had; undefined for a frame that was not reduced before. */
  readonly of?: number | undefined;
}

/** The values of a field, one for each frame; undefined if the file has none. */
async function valuesOf(dataset: Dataset, name: string): Promise<readonly (number | string)[] | undefined> {
  try {
    return (await fieldOf(dataset, `${reductionPath}/${name}`))?.values;
  } catch (error) {
    // Another program may have a group of this name.
    if (isEwaldError(error, 'Shape') || isEwaldError(error, 'Unsupported')) return undefined;
    throw error;
  }
}

/** Where the frames of a file of hits were recorded, in words: `4 of run.h5`; undefined for other files. */
export async function recordedNames(dataset: Dataset): Promise<readonly string[] | undefined> {
  if (!dataset.field) return undefined;
  const [frames, sources, indices] = await Promise.all(
    ['frame', 'source', 'source_index'].map((name) => valuesOf(dataset, name)),
  );
  if (frames?.length !== dataset.frames) return undefined;
  return frames.map((frame, i) => recordedName(Number(frame), String(sources?.[Number(indices?.[i])] ?? 'its file')));
}

/** The number of a frame in its file, of which the name is enough. */
export const recordedName = (frame: number, source: string): string => `${frame} of ${source.replace(/^.*[/\\]/, '')}`;

/** Where the frame of a run was recorded; hits of a file of hits have their first numbers. */
export async function firstPlaceOf(dataset: Dataset, origin: FrameOrigin): Promise<FirstPlace> {
  const { filename: source, event = 0, serial } = origin;
  const here = { source, frame: event, serial };
  if (!dataset.field) return here;
  const [frames, serials, sources, indices, of] = await Promise.all(
    ['frame', 'serial', 'source', 'source_index', 'frames_in_run'].map((name) => valuesOf(dataset, name)),
  );
  const [frame, first] = [frames?.[event], sources?.[Number(indices?.[event])]];
  if (frame === undefined || first === undefined) return here;
  const all = of?.[0] === undefined ? undefined : Number(of[0]);
  return { source: String(first), frame: Number(frame), serial: Number(serials?.[event] ?? serial), of: all };
}
