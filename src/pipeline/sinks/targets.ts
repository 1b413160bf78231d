/** The files and functions that a run writes to: their names, and whether they can be written. */
import type { Inputs } from '../../frames/files/inputs.js';
import type { WriteOptions } from '../../frames/files/write.js';
import { argumentError, setting } from '../../options/parameters.js';
import { type MapFile, mapWriting, parseMapFile } from '../grid/map-files.js';
import type { OutputTarget, RunPlace } from '../inputs/place.js';
import type { CheckedRun } from '../run-options.js';
import { fileKinds } from './output-options.js';
import { sinkWriting } from './sink.js';

/** The name of an output in messages. */
export const targetName = (target: OutputTarget, what: string): string => (typeof target === 'string' ? target : what);

/** The file of calibration data; undefined if none is wanted. */
export const milleTarget = ({ mille, milleFile }: Pick<CheckedRun, 'mille' | 'milleFile'>): OutputTarget | undefined =>
  mille ? milleFile : undefined;

/** The geometry of a file of hits, with its name and another ending; undefined if the hits go to a function. */
export const geometryBeside = (hits: OutputTarget | undefined): string | undefined =>
  typeof hits === 'string' ? `${hits.replace(/\.(cxi|h5|hdf5|nxs)$/i, '')}.geom` : undefined;

/** The files of maps of a chip. */
export const mapFiles = ({ map = [] }: Pick<CheckedRun, 'map'>): MapFile[] => map.map(parseMapFile);

/** Rejects outputs that have one name, before anything is read. Throws `Argument`. */
export async function checkNames(options: CheckedRun, place: RunPlace): Promise<void> {
  const targets = ['output' as const, ...fileKinds].map((name) => options[name]);
  const maps = mapFiles(options).map(({ file }) => file);
  await place.refuseSame(
    [...targets, milleTarget(options), geometryBeside(options.hits), ...maps].filter((target) => target !== undefined),
  );
}

/**
 * Rejects early outputs that cannot be written; `most` is how many frames the run may have. Returns what is under the name
 * of the stream, for `openStream`.
 */
export async function checkTargets(
  options: CheckedRun,
  place: RunPlace,
  { reads, most, isLive }: { readonly reads: Inputs; readonly most: number; readonly isLive: boolean },
): Promise<string | undefined> {
  const { force, resume, output } = options;
  const before = output === undefined ? undefined : await place.checkStream(output, { force, resume, reads, most });
  for (const kind of fileKinds) {
    const target = options[kind];
    if (target !== undefined) await place.checkOutput(target, { force, ...reads, ...writingOf(kind, options, isLive) });
  }
  if (options.hits !== undefined && options.codec === 'bszstd') await refuseWithoutZstd(place);
  const beside = geometryBeside(options.hits);
  if (beside !== undefined) await place.checkOutput(beside, { force, ...reads, ...writingOf('hitsGeometry', options) });
  for (const map of mapFiles(options))
    await place.checkOutput(map.file, { force, ...reads, ...mapWriting(map, options) });
  const mille = milleTarget(options);
  if (mille !== undefined) await place.checkOutput(mille, { force, ...reads, ...writingOf('milleFile', options) });
  return before;
}

/** Throws `Unsupported` where Zstandard can only be unpacked. */
async function refuseWithoutZstd(place: RunPlace): Promise<void> {
  const codecs = await place.openCodecs();
  const { zstd } = codecs;
  await codecs.dispose();
  if (zstd === undefined)
    throw argumentError(
      'pipeline',
      (said) =>
        `${setting(said, 'codec', 'bszstd')} needs an encoder of Zstandard, which Node has from 22.15 on; take ` +
        setting(said, 'codec', 'bslz4'),
      {},
      'Unsupported',
    );
}

/** Which files an output may replace: a run that is resumed writes those of its earlier sessions anew. */
export function writingOf(
  kind: keyof typeof sinkWriting,
  { resume }: Pick<CheckedRun, 'resume'>,
  isLive = false,
): WriteOptions {
  const { left, ...writing }: WriteOptions = sinkWriting[kind];
  // A report that is there may be of received frames as well.
  if (isLive && writing.replaces)
    return { ...writing, replaces: undefined, otherwise: 'may be of frames that cannot come again' };
  return { ...writing, left, ...(resume && left ? { replaces: left } : {}) };
}
