/** Opens what the user passes, in browsers. */

import { openCodecs } from '../bytes/codecs/browser.js';
import type { DataInput } from '../bytes/source-of.js';
import { absoluteAddress } from '../util/addresses.js';
import { endedByUsing, type MaybeAsyncDisposable, type MaybeDisposable } from '../util/resource.js';
import type { Dataset } from './dataset.js';
import type { Candidate, OpenOptions } from './open.js';
import { formatsOfInput, openInput, openInputs } from './open-inputs.js';
import { fileSource, openPlatform as platform } from './open-platform.browser.js';

/**
 * Opens frames: a File or Blob (use blobSource with `siblings` for formats of several files), an address, which may be
 * relative to the page, bytes or a source. An array of them is one stack, sorted by the numbers in their names; files
 * that another one reads (an Eiger master's data, dropped together with it) belong to that one. The caller disposes the
 * dataset.
 *
 * Throws `Format` for a file of unknown format or a damaged one, `File` if it cannot be read, `Argument` for options
 * that do not apply, `Shape` if navShape or sigShape do not match the file.
 */
export async function open(
  input: DataInput | readonly DataInput[],
  options: OpenOptions = {},
): Promise<Dataset & MaybeAsyncDisposable & MaybeDisposable> {
  const dataset = await opened(input, options);
  return endedByUsing(dataset, () => dataset.dispose());
}

async function opened(input: DataInput | readonly DataInput[], options: OpenOptions): Promise<Dataset> {
  if (Array.isArray(input)) return openInputs(Array.from(input, placed), options, platform);
  return openInput(placed(input as DataInput), options, platform);
}

/** Formats that a file may have, highest confidence first, each with the evidence. */
export async function formatsOf(input: DataInput, options: Pick<OpenOptions, 'signal'> = {}): Promise<Candidate[]> {
  return formatsOfInput(placed(input), options, platform);
}

/** An input, with its whole address if it is one. */
const placed = (input: DataInput): DataInput =>
  typeof input === 'string' && input.trim() !== '' ? absoluteAddress(input) : input;

export { fileSource, openCodecs };
