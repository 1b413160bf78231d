/** The files and functions that a run writes to: their names, and whether they can be written. */
import type { Inputs } from '../../../io/files/inputs.js';
import type { WriteOptions } from '../../../io/files/write.js';
import type { GridOptions } from '../grid/grid-options.js';
import { type MapFile, mapWriting, parseMapFile } from '../grid/map-files.js';
import type { OutputTarget, RunPlace } from '../inputs/place.js';
import { milleDefaults } from '../parameters.js';
import { fileKinds, type OutputOptions } from './output-options.js';
import { sinkWriting } from './sink.js';

/** What is written: the outputs, and the maps of a chip. */
export type RunOutputs = OutputOptions & Pick<GridOptions, 'map'>;

/** The name of an output in messages. */
export const targetName = (target: OutputTarget, what: string): string => (typeof target === 'string' ? target : what);

/** The file of calibration data; undefined if none is wanted. */
export const milleTarget = ({ mille, milleFile = milleDefaults.file }: OutputOptions): OutputTarget | undefined =>
  mille ? milleFile : undefined;

/** The files of maps of a chip. */
export const mapFiles = ({ map = [] }: Pick<GridOptions, 'map'>): MapFile[] => map.map(parseMapFile);

/** Rejects outputs that have one name, before anything is read. Throws `Argument`. */
export async function checkNames(options: RunOutputs, place: RunPlace): Promise<void> {
  const targets = ['output' as const, ...fileKinds].map((name) => options[name]);
  const maps = mapFiles(options).map(({ file }) => file);
  await place.refuseSame([...targets, milleTarget(options), ...maps].filter((target) => target !== undefined));
}

/**
 * Rejects early outputs that cannot be written; `most` is how many frames the run may have. Returns what is under the name
 * of the stream, for `openStream`.
 */
export async function checkTargets(
  options: RunOutputs,
  place: RunPlace,
  { reads, most, isLive }: { readonly reads: Inputs; readonly most: number; readonly isLive: boolean },
): Promise<string | undefined> {
  const { output, force = false, resume = false } = options;
  const before = output === undefined ? undefined : await place.checkStream(output, { force, resume, reads, most });
  for (const kind of fileKinds) {
    const target = options[kind];
    if (target !== undefined) await place.checkOutput(target, { force, ...reads, ...writingOf(kind, options, isLive) });
  }
  for (const map of mapFiles(options))
    await place.checkOutput(map.file, { force, ...reads, ...mapWriting(map, options) });
  const mille = milleTarget(options);
  if (mille !== undefined) await place.checkOutput(mille, { force, ...reads, ...writingOf('milleFile', options) });
  return before;
}

/** Which files an output may replace: a run that is resumed writes those of its earlier sessions anew. */
export function writingOf(kind: keyof typeof sinkWriting, { resume }: OutputOptions, isLive = false): WriteOptions {
  const { left, ...writing }: WriteOptions = sinkWriting[kind];
  // A report that is there may be of received frames as well.
  if (isLive && writing.replaces)
    return { ...writing, replaces: undefined, otherwise: 'may be of frames that cannot come again' };
  return { ...writing, left, ...(resume && left ? { replaces: left } : {}) };
}
