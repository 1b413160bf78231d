/** `compareStreamFiles`: compares streams, given the names of their files. */
import { compareStreams, readTruth, type StreamComparison, type TruthComparison } from '../crystal/stream/compare.js';
import { readStream } from '../crystal/stream/read.js';
import { linesOf } from '../files/lines.js';
import { readText } from '../files/read.js';

const chunksOf = async (file: string) => (await readStream(linesOf(file), file)).chunks();

/**
 * Compares a stream file with another one of the same frames, or with the truth written by `ewald simulate frames` (a
 * file whose name ends in .json). See `compareStreams`. Throws `File`, `Format`, `Argument`.
 */
export async function compareStreamFiles(file: string, other: string): Promise<StreamComparison | TruthComparison> {
  if (!other.endsWith('.json')) return compareStreams(await chunksOf(file), await chunksOf(other));
  const truth = readTruth(await readText(other), other);
  // Older truth files do not state which frames they belong to; their names do.
  const named = /([^/]+)\.truth\.json$/.exec(other)?.[1];
  return compareStreams(await chunksOf(file), { ...(named === undefined ? {} : { file: `${named}.h5` }), ...truth });
}
