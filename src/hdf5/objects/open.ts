/** Opens a file for `ewald/hdf5`. */

import { defaultFrameBytes } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import type { Codecs } from '../../bytes/codecs/codecs.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { inspect } from '../../util/options.js';
import { Pace } from '../../util/pace.js';
import { endedByUsing, type MaybeAsyncDisposable, type MaybeDisposable } from '../../util/resource.js';
import { closeLinked, type FileSet, Hdf5File } from '../file.js';
import type { Hdf5Reference } from '../references.js';
import { type HdfGroup, type HdfNode, nodeOf } from './nodes.js';

/** Options of `open`. */
export interface HdfOpenOptions {
  /**
   * Allows links, virtual datasets and external storage to lead to files outside the folder of the file. Default false:
   * a file may only name others beside it and below its folder.
   */
  readonly allowOutside?: boolean | undefined;
  /** Reads parts of virtual datasets whose files do not exist as their fill value. Default false. */
  readonly allowMissing?: boolean | undefined;
  /** Verifies checksums of chunks and metadata. Default true. */
  readonly checksums?: boolean | undefined;
  /** Bytes of the largest chunk, and of the largest selection of one read. Default 1 GiB. */
  readonly maxFrameBytes?: number | undefined;
  /** Codecs that were opened before; the caller disposes them. Default: opened with the first packed chunk. */
  readonly codecs?: Codecs | undefined;
  /** Aborts opening with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** An open file. */
export interface HdfFile {
  /** Its path, address or name. */
  readonly name: string;
  readonly root: HdfGroup;
  /** The object at a path from the root; undefined if there is none. Errors are those of `HdfGroup.get`. */
  get(path: string): Promise<HdfNode | undefined>;
  /** The object to which a reference leads; `Argument` for one that was never set. */
  at(reference: Hdf5Reference): Promise<HdfNode>;
  /** Closes it and the files that it led to. Calling it again does nothing. */
  dispose(): Promise<void>;
}

/** An open file, which `await using` closes. */
export type OpenHdfFile = HdfFile & MaybeAsyncDisposable & MaybeDisposable;

const rows = {
  allowOutside: row.flag,
  allowMissing: row.flag,
  checksums: row.on,
  maxFrameBytes: row.integer(1, Number.MAX_SAFE_INTEGER, defaultFrameBytes),
  codecs: row.any,
  signal: row.signal,
} as const;

/** Opens a file. Its source is closed with it, or after an error. */
export async function openObjects(
  openSource: (options: Pick<HdfOpenOptions, 'signal'>) => Promise<ByteSource>,
  options: HdfOpenOptions,
  openCodecs: () => Promise<Codecs>,
): Promise<OpenHdfFile> {
  const { codecs: given, signal, ...checked } = checkedOptions('open', options, rows);
  const source = await openSource({ signal });
  let codecs: Promise<Codecs> | undefined;
  let own: Promise<Codecs> | undefined;
  let files: FileSet | undefined;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (files) await closeLinked(files);
    await source.close();
    await own?.then((each) => each.dispose()).catch(() => undefined);
  };
  const assertOpen = (): void => {
    if (closed) throw new EwaldError('Disposed', `${source.name} was disposed; open it again before using it`);
  };
  try {
    files = {
      open: new Map(),
      opened: new Map(),
      raw: new Map(),
      missing: new Set(),
      pace: new Pace(signal),
      ...checked,
      codecs() {
        if (given) codecs ??= Promise.resolve(given as Codecs);
        else codecs ??= own = openCodecs();
        return codecs;
      },
    };
    const file = await Hdf5File.open(source, files);
    const root = nodeOf(await file.root(), assertOpen) as HdfGroup;
    files.pace.signal = undefined;
    const opened = {
      name: source.name,
      root,
      get: (path: string) => root.get(path),
      async at(reference: Hdf5Reference) {
        assertOpen();
        const address = (reference as { readonly address?: unknown } | undefined)?.address;
        if (typeof address !== 'number')
          throw new EwaldError(
            'Argument',
            `at: ${inspect(reference)} leads nowhere; expected a reference with an address`,
          );
        return nodeOf(await file.at(address), assertOpen);
      },
      dispose() {
        closed ??= close();
        return closed;
      },
    };
    return endedByUsing(opened, opened.dispose);
  } catch (error) {
    await close();
    throw error;
  }
}
