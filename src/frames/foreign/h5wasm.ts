/**
 * h5wasm, the HDF5 library itself in wasm, as the foreign library. It is an optional peer dependency, and so are its
 * plugins.
 */
import { EwaldError, messageOf } from '../../util/errors.js';
import { type ByteSource, baseName } from '../byte-source.js';
import type { ForeignFile, ForeignFilter, ForeignLibrary } from './foreign.js';

/** The parts of h5wasm's module that are used. */
export interface H5Module {
  readonly FS: {
    writeFile(path: string, bytes: Uint8Array): void;
    unlink(path: string): void;
    mkdirTree(path: string): void;
  };
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
  insert_plugin_search_path(path: string, index: number): number;
  get_dataset_data(
    file: bigint,
    path: string,
    count: bigint[],
    offset: bigint[],
    strides: bigint[],
    address: bigint,
  ): number;
}

/** The exports of h5wasm. */
export interface H5Exports {
  readonly ready: Promise<H5Module>;
  readonly File: new (path: string, mode: 'r') => { readonly file_id: bigint; close(): unknown };
}

/** h5wasm, loaded. */
export interface Loaded {
  readonly module: H5Module;
  readonly File: H5Exports['File'];
}

/** Waits for the module. */
export const loaded = async ({ ready, File }: H5Exports): Promise<Loaded> => ({ module: await ready, File });

/** Filters built into the library that ewald does not decode itself. */
const builtIn = [4, 5, 6];

/** Names of h5wasm-plugins by filter number. */
export const plugins: Readonly<Record<number, string>> = {
  307: 'bz2',
  32008: 'bshuf',
  32013: 'zfp',
  32015: 'zstd',
  32019: 'jpeg',
  32022: 'bitgroom',
  32023: 'bitround',
  32026: 'blosc2',
};

/**
 * Files without a path are copied into the library's memory; larger ones would not fit into memory together with their
 * readers.
 */
const maxCopied = 2 ** 30;

/** The functions that the platform contributes. */
interface H5Platform {
  /** The module that reads files by path; undefined if there is none, as in browsers. */
  readonly byPath: Loaded | undefined;
  /** The module with files in memory. */
  inMemory(): Promise<Loaded>;
  /** Names of the available plugins. */
  readonly plugins: ReadonlySet<string>;
}

/** The library on top of what the platform loaded. */
export function h5wasmLibrary(platform: H5Platform): ForeignLibrary {
  let copies = 0;
  return {
    knows: ({ id, values }: ForeignFilter) =>
      builtIn.includes(id) ||
      // The plugin's bitshuffle is built without Zstandard.
      ((id === 32008 ? (values[4] ?? 0) !== 3 : true) && platform.plugins.has(plugins[id] ?? '')),
    async open(source) {
      if (source.path !== undefined && platform.byPath) return opened(platform.byPath, source, source.path);
      if (source.size > maxCopied)
        throw new EwaldError(
          'Limit',
          `${source.name} has ${source.size} bytes; h5wasm, which is required for it, accepts at most ${maxCopied} ` +
            'unless it is a file of ' +
            'this machine',
        );
      const library = await platform.inMemory();
      const { FS } = library.module;
      const folder = `/ewald/${++copies}`;
      const path = `${folder}/${baseName(source.name)}`;
      FS.mkdirTree(folder);
      FS.writeFile(path, await source.read(0, source.size));
      return opened(library, source, path, () => FS.unlink(path));
    },
  };
}

function opened({ module, File }: Loaded, source: ByteSource, path: string, after?: () => void): ForeignFile {
  const failed = (what: string, cause?: unknown): EwaldError =>
    new EwaldError('Format', `${source.name}: ${what}${cause === undefined ? '' : ` (${messageOf(cause)})`}`, {
      cause,
      detail: { path: source.name },
    });
  let file: InstanceType<H5Exports['File']>;
  try {
    file = new File(path, 'r');
  } catch (cause) {
    after?.();
    throw failed('h5wasm cannot open it', cause);
  }
  return {
    read(name, box, into) {
      const words = (numbers: readonly number[]): bigint[] => numbers.map((n) => BigInt(n));
      const address = module._malloc(Math.max(1, into.length));
      if (address === 0)
        throw new EwaldError(
          'OutOfMemory',
          `${source.name}: h5wasm cannot allocate ${into.length} bytes for a ` + `read of ${name}`,
        );
      try {
        const ones = box.count.map(() => 1n);
        const status = module.get_dataset_data(
          file.file_id,
          name,
          words(box.count),
          words(box.start),
          ones,
          BigInt(address),
        );
        // On failure the library fills nothing, so the memory holds unrelated data.
        if (status < 0)
          throw failed(
            `${name}: h5wasm cannot read [${box.start.join(', ')}] + [${box.count.join(', ')}]; is it damaged?`,
          );
        into.set(module.HEAPU8.subarray(address, address + into.length));
      } catch (cause) {
        throw cause instanceof EwaldError ? cause : failed(`${name}: h5wasm cannot read it`, cause);
      } finally {
        module._free(address);
      }
    },
    close() {
      file.close();
      after?.();
    },
  };
}

/** The error for a missing peer dependency, with the command that installs it. */
export const noH5wasm = (cause: unknown): EwaldError =>
  new EwaldError('Load', `h5wasm cannot be loaded (${messageOf(cause)}): npm install h5wasm@0.10.3`, { cause });
