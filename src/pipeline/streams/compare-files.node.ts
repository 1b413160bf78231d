/** `compareStreamFiles`: compares streams, given the names of their files. */
import { stat } from 'node:fs/promises';
import {
  compareStreams,
  readTruth,
  type StreamComparison,
  type TruthComparison,
} from '../../crystal/stream/compare.js';
import { readStream } from '../../crystal/stream/read.js';
import { linesOf } from '../../frames/files/lines.js';
import { readText } from '../../frames/files/read.js';
import { type Progress, progressOf } from '../../util/callbacks.js';

/**
 * Compares a stream file with another one of the same frames, or with the truth written by `ewald simulate frames` (a
 * file whose name ends in .json). `onProgress` receives the bytes that are read, and all of them. See `compareStreams`.
 * Throws `File`, `Format`, `Argument`.
 */
export async function compareStreamFiles(
  file: string,
  other: string,
  onProgress?: (progress: Progress) => void,
): Promise<StreamComparison | TruthComparison> {
  const report = progressOf('compareStreamFiles', { onProgress });
  const isTruth = other.endsWith('.json');
  let [read, all] = [0, 0];
  for (const name of isTruth ? [file] : [file, other]) all += (await stat(name).catch(() => ({ size: 0 }))).size;
  const onRead = (bytes: number): void => {
    read += bytes;
    // The size of a pipe is unknown.
    report(read, Math.max(all, read));
  };
  const chunksOf = async (name: string) => (await readStream(linesOf(name, onRead), name)).chunks();
  if (!isTruth) return compareStreams(await chunksOf(file), await chunksOf(other));
  const truth = readTruth(await readText(other), other);
  // Older truth files do not state which frames they belong to; their names do.
  const named = /([^/]+)\.truth\.json$/.exec(other)?.[1];
  return compareStreams(await chunksOf(file), { ...(named === undefined ? {} : { file: `${named}.h5` }), ...truth });
}
