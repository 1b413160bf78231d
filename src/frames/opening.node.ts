/** Opens what the user passes, on Node, including paths. */

import { openCodecs } from '../bytes/codecs/node.js';
import type { DataInput } from '../bytes/source-of.js';
import { isAddress } from '../util/addresses.js';
import { endedByUsing, type MaybeAsyncDisposable, type MaybeDisposable } from '../util/resource.js';
import type { Dataset, Note } from './dataset.js';
import type { Candidate, OpenOptions } from './open.js';
import { formatsOfInput, openInput, openInputs } from './open-inputs.js';
import { fileSource, openPlatform as platform } from './open-platform.node.js';
import { seriesNames } from './series-files.js';

/**
 * Opens frames: a path, URL (file:, http:, https:), File, Blob, bytes or a source. A folder, a path with `*` or `?` in
 * its last part, or an array of inputs is one stack of the frames of all its files. Errors are as in the browser build.
 */
export async function open(
  input: DataInput | readonly DataInput[],
  options: OpenOptions = {},
): Promise<Dataset & MaybeAsyncDisposable & MaybeDisposable> {
  const dataset = await opened(input, options);
  return endedByUsing(dataset, () => dataset.dispose());
}

async function opened(input: DataInput | readonly DataInput[], options: OpenOptions): Promise<Dataset> {
  if (Array.isArray(input)) return openInputs(input, options, platform);
  const series = typeof input === 'string' && !isAddress(input) ? await seriesNames(input) : undefined;
  const notes: Note[] = series?.guess ? [{ kind: 'guess', text: series.guess }] : [];
  if (series) return openInputs(series.files, options, platform, { name: String(input), notes });
  return openInput(input as DataInput, options, platform);
}

/**
 * Formats that a file may have, highest confidence first, each with the evidence; of a series, the first file is
 * examined.
 */
export async function formatsOf(input: DataInput, options: Pick<OpenOptions, 'signal'> = {}): Promise<Candidate[]> {
  const series = typeof input === 'string' && !isAddress(input) ? await seriesNames(input) : undefined;
  return formatsOfInput(series?.files[0] ?? input, options, platform);
}

export { fileSource, openCodecs };
