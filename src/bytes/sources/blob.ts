/** A Blob or File as a source, from a browser's file dialog or drag and drop. Only what is read is loaded. */
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformBlob, PlatformFile } from '../../util/globals.js';
import { checkSignal, inspect } from '../../util/options.js';
import {
  absentFile,
  type ByteSource,
  baseName,
  partsInside,
  type ReadOptions,
  readTarget,
  type SiblingOptions,
} from '../byte-source.js';

/** A browser provides no access from a File to its neighbours, so they are passed along with it. */
export interface BlobSourceOptions {
  readonly name?: string | undefined;
  /** Files that this one may refer to: those of the same dialog or folder. */
  readonly siblings?: readonly PlatformFile[] | undefined;
}

/** A source over a Blob or File. */
export function blobSource(blob: PlatformBlob, options: BlobSourceOptions = {}): ByteSource {
  if (typeof (blob as PlatformBlob | null)?.size !== 'number')
    throw new EwaldError('Argument', `blobSource was given ${inspect(blob)}; expected a Blob or a File`);
  const name = options.name ?? ('name' in blob && typeof blob.name === 'string' ? blob.name : 'Blob');
  const siblings = options.siblings ?? [];
  const source: ByteSource = {
    name,
    size: blob.size,
    async read(offset: number, into: number | Uint8Array, { signal }: ReadOptions = {}) {
      checkSignal(signal);
      const out = readTarget(source, offset, into);
      let bytes: ArrayBuffer;
      try {
        bytes = await blob.slice(offset, offset + out.byteLength).arrayBuffer();
      } catch (cause) {
        // Browsers reject a File that was changed or removed after it was chosen.
        throw new EwaldError('File', `${name} could not be read (${messageOf(cause)}); choose the file again`, {
          cause,
          detail: { path: name },
        });
      }
      checkSignal(signal);
      if (bytes.byteLength !== out.byteLength)
        throw new EwaldError('File', `${name} returned ${bytes.byteLength} bytes instead of ${out.byteLength}`, {
          detail: { path: name },
        });
      out.set(new Uint8Array(bytes));
      return out;
    },
    async sibling(path: string, siblingOptions: SiblingOptions = {}) {
      const parts = partsInside(name, path, siblingOptions);
      const whole = parts.join('/');
      const found = filesAt(whole, blob, siblings);
      if (found.length > 1)
        throw new EwaldError(
          'File',
          `${name} refers to ${whole}, and ${found.length} files of this name were passed with it; choose the folder ` +
            'of each measurement by itself',
          { detail: { path: name, link: whole } },
        );
      const [sibling] = found;
      if (!sibling)
        throw absentFile(
          baseName(whole),
          `among the ${siblings.length} files passed with ${name}; choose the files together`,
        );
      return blobSource(sibling, { siblings });
    },
    close: async () => undefined,
  };
  return source;
}

const pathOf = (file: PlatformBlob): string =>
  'webkitRelativePath' in file && typeof file.webkitRelativePath === 'string' ? file.webkitRelativePath : '';

/** The files that a path from a Blob may mean: other folders of those chosen may have files of the same name. */
function filesAt(path: string, from: PlatformBlob, siblings: readonly PlatformFile[]): readonly PlatformFile[] {
  const files = [...new Set(siblings)];
  // Files of a folder chosen in a browser have relative paths, those of a dialog only names.
  const own = pathOf(from);
  const inFolder = own
    ? files.filter((file) => pathOf(file) === `${own.replace(/[^/]*$/, '')}${path}`)
    : files.filter((file) => pathOf(file).endsWith(`/${path}`));
  return inFolder.length > 0 ? inFolder : files.filter((file) => !pathOf(file) && file.name === baseName(path));
}
