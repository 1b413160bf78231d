/** Helpers of the HDF5 tests: a file opened by our reader, and the values of whole datasets. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { ByteSource } from '../../src/bytes/byte-source.js';
import type { Codecs } from '../../src/bytes/codecs/codecs.js';
import { openCodecs } from '../../src/bytes/codecs/node.js';
import { fileSource } from '../../src/frames/opening.node.js';
import type { Hdf5Dataset } from '../../src/hdf5/dataset.js';
import { Hdf5File } from '../../src/hdf5/file.js';
import { Pace } from '../../src/util/pace.js';

export const addonPath = `${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`;

/** The codecs of this machine: native if it is built. */
export const codecsHere = (backend?: 'wasm' | 'native'): Promise<Codecs> =>
  backend !== 'wasm' && existsSync(addonPath)
    ? openCodecs({ addonPath })
    : openCodecs({ backend: 'wasm', wasm: readFileSync('dist/ewald.wasm') });

let shared: Promise<Codecs> | undefined;

/** A file opened by our reader. */
export async function openHdf5(source: string | ByteSource, allowOutside = false, checksums = true): Promise<Hdf5File> {
  shared ??= codecsHere();
  const codecs = shared;
  return Hdf5File.open(typeof source === 'string' ? await fileSource(source) : source, {
    open: new Map(),
    opened: new Map(),
    raw: new Map(),
    maxFrameBytes: 2 ** 30,
    pace: new Pace(),
    allowOutside,
    checksums,
    codecs: () => codecs,
  });
}

/** Every element of a dataset, in the byte order of this machine. */
export async function readAll(dataset: Hdf5Dataset): Promise<Uint8Array> {
  const { shape, type } = dataset;
  const bytes = new Uint8Array(shape.reduce((product, n) => product * n, type.size));
  return dataset.read({ start: shape.map(() => 0), count: shape }, bytes);
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
