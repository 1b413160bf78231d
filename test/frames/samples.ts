/** The samples of ../shared/data with the values that other readers report. */

import { bytesOfArray, elements } from '../../src/bytes/dtype.js';
import type { Dataset } from '../../src/frames/dataset.js';

/** An array of a sample, as expect.json of formats-em describes it. */
export interface ExpectedArray {
  readonly shape: readonly number[];
  readonly navigationShape?: readonly number[];
  readonly signalShape?: readonly number[];
  readonly dtype: string;
  readonly sha256: string;
  readonly sum: number | string | readonly [number, number];
  readonly axes?: readonly {
    name: string | null;
    size: number;
    scale?: number;
    offset?: number;
    units?: string | null;
  }[];
  readonly metadata?: Record<string, unknown>;
  readonly dxtbx?: Record<string, unknown>;
}

/** A sample of formats-em. */
export interface Sample {
  readonly file: string;
  readonly format: string;
  readonly companions?: readonly string[];
  /** A companion file that is not stored, and is generated: the numbers 0, 1, 2, … as float32. */
  readonly generate?: { readonly file: string; readonly bytes: number };
  readonly datasets: readonly ExpectedArray[];
}

/** Whether a sample is an HDF5 file, which other tests read. */
export const isHdf5 = ({ file }: Sample): boolean => /\.(h5|hdf5|nxs|emd|hspy|dm5|app5)$/.test(file);

/** Every property of a dataset that expect.json describes. */
export interface Found {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly sha256: string;
}

/** Reads a whole dataset in pieces of irregular sizes and hashes it. */
export async function summary(dataset: Dataset): Promise<Found> {
  const { frames, frameLength, dtype } = dataset;
  const { array, numbers } = elements[dtype];
  const all = new array(frames * frameLength * numbers);
  const piece = Math.max(1, Math.ceil(frames / 3));
  const reads: Promise<unknown>[] = [];
  // Several reads at a time, out of order.
  for (let first = 0; first < frames; first += piece) {
    const count = Math.min(piece, frames - first);
    const length = frameLength * numbers;
    reads.unshift(dataset.read(first, count, all.subarray(first * length, (first + count) * length)));
  }
  await Promise.all(reads);
  const digest = await crypto.subtle.digest('SHA-256', bytesOfArray(all));
  return {
    shape: [...dataset.shape.nav, ...dataset.shape.sig],
    dtype: elements[dtype].numpy,
    sha256: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
  };
}

/** A file of formats, sim or real with the values that independent readers found in it: frames-known.json. */
export interface Known extends Found {
  readonly folder: string;
  readonly file: string;
  readonly dataset?: string;
  readonly reader: string;
}

/** What an opened file of `known` must return; NXmx frames are a series, even if there are only a few. */
export const wanted = ({ shape, dtype, sha256 }: Known): Found => ({ shape, dtype, sha256 });

/** The values of expect.json for an array in our terms: bool is uint8 of 0 and 1. */
export const expected = ({ shape, dtype, sha256 }: ExpectedArray): Found => ({
  shape,
  dtype: dtype === 'bool' ? 'uint8' : dtype,
  sha256,
});

/** Generates the companion file of a sample. */
export function generated({ file, bytes }: NonNullable<Sample['generate']>): Record<string, Uint8Array> {
  const numbers = Float32Array.from({ length: bytes / 4 }, (_, i) => i);
  return { [file]: bytesOfArray(numbers) };
}

/** Samples that are refused, with the expected error. */
export const refused: Readonly<Record<string, { tag: 'File' | 'Format' | 'Unsupported'; says: RegExp }>> = {
  'EMPAD_v1.2.2_x32_y64_size0.8.xml': { tag: 'File', says: /scan_x32_y64\.raw/ },
  'map128x128_version1.2.0.xml': { tag: 'File', says: /scan_x128_y128\.raw/ },
  'mib_2x16_quad.hdr': { tag: 'Format', says: /its frames are in mib_2x16_quad\.mib, which is not next to it/ },
  'tiff_olympus_SIS.tif': { tag: 'Unsupported', says: /compressed by JPEG \(7\)/ },
};

/**
 * Samples for which our result differs from that of the only reader that supports them, with the reason why ours is
 * correct.
 */
export const deviations: Readonly<Record<string, Found>> = {
  // The file stores 3 columns of a transform of 5 × 5 real numbers; the reader mirrors them as if the width were even
  // (4).
  'dm_test_fft_packed_complex8.dm4': {
    shape: [5, 3],
    dtype: 'complex64',
    sha256: '16ffe3744f02a46518879751dd0043e0268e8949aa20edebbec4e3543d37ebd8',
  },
};
