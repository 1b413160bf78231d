/** Makes a source from whatever the user passes to `open`. */
import { isAddress } from '../util/addresses.js';
import { bytesIn } from '../util/buffers.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformBlob, PlatformSignal, PlatformUrl } from '../util/globals.js';
import { checkSignal, inspect } from '../util/options.js';
import type { ByteSource } from './byte-source.js';
import { blobSource } from './sources/blob.js';
import { givenSource } from './sources/given.js';
import { httpSource } from './sources/http.js';
import { memorySource } from './sources/memory.js';

/** The bytes of a file of frames under the name of the file in messages, and in the stream of a run. */
export interface BytesInput {
  readonly bytes: Uint8Array | ArrayBuffer;
  readonly name: string;
}

/** A path (Node), an address, a File or Blob, bytes with or without a name, or a source. */
export type DataInput = string | PlatformUrl | PlatformBlob | Uint8Array | ArrayBuffer | BytesInput | ByteSource;

/** The source for an input; `files` opens paths. */
export async function sourceOf(
  input: DataInput,
  options: { readonly signal?: PlatformSignal | undefined },
  files: (path: string) => Promise<ByteSource>,
): Promise<ByteSource> {
  const { signal } = options;
  checkSignal(signal);
  if (typeof input === 'string') {
    if (input.trim() === '') throw new EwaldError('Argument', 'open: the name of the file is empty');
    if (!isAddress(input)) return files(input);
    const url = addressOf(input);
    if (url.protocol === 'file:') return files(pathOf(url));
    if (/^https?:$/.test(url.protocol)) return httpSource(input, { signal });
    throw new EwaldError(
      'Argument',
      `${input}: only http:, https: and file: ` + `addresses can be read, not ${url.protocol}`,
    );
  }
  if (input instanceof Uint8Array || input instanceof ArrayBuffer) return memorySource(bytesIn('open', input));
  if (typeof input === 'object' && input !== null) {
    if ('read' in input && 'size' in input) return givenSource(input, signal);
    if ('arrayBuffer' in input && 'slice' in input) return blobSource(input);
    if ('bytes' in input) {
      const { bytes, name } = input;
      if ((bytes instanceof Uint8Array || bytes instanceof ArrayBuffer) && typeof name === 'string')
        return memorySource(bytesIn('open', bytes), name);
    }
    if ('href' in input) return input.protocol === 'file:' ? files(pathOf(input)) : httpSource(input, { signal });
  }
  throw new EwaldError(
    'Argument',
    `open was given ${inspect(input)}; expected a path, a URL, a File, a Blob, bytes, { bytes, name } or a ByteSource`,
  );
}

function addressOf(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new EwaldError('Argument', `${text} is not a valid address`, { cause });
  }
}

const pathOf = (url: PlatformUrl): string => {
  const path = decodeURIComponent(url.pathname);
  // file:///C:/data has a slash before the drive.
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
};
