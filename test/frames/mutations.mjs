// Damages files: each parser must give a tagged error or a result, never hang, crash or use more memory than the file
// justifies. The functions under test are passed in: the tests take them from src, the soak from the build.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const dataFolder = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data');
const em = 'formats-em';
/**
 * Two or three small files for each parser, [format, folder, file, …companions], of different versions and storage
 * layouts.
 */
const files = [
  ['blo', em, 'test2.blo'],
  ['cbf', em, 'phi_scan_001.cbf'],
  ['cbf', em, 'fit2d_data.cbf'],
  ['dm', em, 'dm_2D_test-1.dm3'],
  ['dm', em, 'nion_ref_F_2_1.dm4'],
  ['edf', em, 'face.edf'],
  ['emi', em, 'tia_16x16x5_STEM_BF_DF_preview.emi', 'tia_16x16x5_STEM_BF_DF_preview_1.ser'],
  ['mib', em, 'mib_Single_9_Frames_CounterDepth_1_Rows_32RAW.mib', 'mib_Single_9_Frames_CounterDepth_1_Rows_32RAW.hdr'],
  ['mib', em, 'mib_002_4x2_6bit_roi128.mib'],
  ['mrc', em, 'de_20241021_00405_movie.mrc'],
  ['mrc', em, 'EMD-3197.map'],
  ['npy', 'formats', 'frame.npy'],
  ['npz', em, 'panta_rhei_sample_legacy.prz'],
  ['oxd', em, 'oxd_b191_1_9_1.img'],
  ['seq', em, 'sample_norpix6.seq'],
  ['ser', em, 'tia_16x16x5_STEM_BF_DF_preview_1.ser'],
  ['ser', em, 'tia_64x64_diffraction_acquire_1.ser'],
  ['smv', 'formats', 'frame.img'],
  ['tiff', em, 'tiff_seq-1c-8b-lzw-hpredict-20f3db0c.tiff'],
  ['tiff', em, 'tiff_seq-1c-32f-deflate-fpredict-390fe673.tiff'],
  ['tiff', em, 'tiff_seq-1c-8b-tiled-bigtiff-20f3db0c.tiff'],
  ['tiff', em, 'tiff_seq-1c-8b-multipage-adeefdcc.tiff'],
  ['tvips', em, 'test_tvips_2345_split_000.tvips', ...['1', '2'].map((n) => `test_tvips_2345_split_00${n}.tvips`)],
];

const bytesOf = (folder, file) => new Uint8Array(readFileSync(join(dataFolder, folder, file)));

/** Stores of Zarr, versions 2 and 3, and sparse frames of LiberTEM: the metadata is damaged, the rest is beside it. */
function stores() {
  const text = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  const [shape, chunks] = [
    [2, 3, 4, 5],
    [1, 3, 4, 5],
  ];
  const chunk = new Uint8Array(Uint16Array.from({ length: 60 }, (_, i) => 7 * i).buffer);
  const second = {
    zarr_format: 2,
    shape,
    chunks,
    dtype: '<u2',
    compressor: null,
    filters: null,
    fill_value: 0,
    order: 'C',
  };
  const third = {
    ...{ zarr_format: 3, node_type: 'array', shape, data_type: 'uint16', fill_value: 0 },
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
  };
  const toml = `[params]
filetype = "raw_csr"
nav_shape = [2, 3]
sig_shape = [3, 4]
[raw_csr]
indptr_file = "indptr.raw"
indptr_dtype = "<i4"
indices_file = "indices.raw"
indices_dtype = "<u2"
data_file = "data.raw"
data_dtype = "<f4"
`;
  const bytesOf = (array) => new Uint8Array(array.buffer);
  const sparse = {
    'indptr.raw': bytesOf(Int32Array.from([0, 2, 4, 6, 8, 10, 12])),
    'indices.raw': bytesOf(Uint16Array.from({ length: 12 }, (_, i) => (5 * i) % 12)),
    'data.raw': bytesOf(new Float32Array(12).fill(3)),
  };
  return [
    { format: 'zarr', file: '.zarray', bytes: text(second), siblings: { '0.0.0.0': chunk, '1.0.0.0': chunk } },
    { format: 'zarr', file: 'zarr.json', bytes: text(third), siblings: { 'c/0/0/0/0': chunk, 'c/1/0/0/0': chunk } },
    { format: 'raw_csr', file: 'scan.toml', bytes: text(toml), siblings: sparse },
  ];
}

/** Files of the pnCCD and of the K2 IS, of which no public sample is known. */
function cameras() {
  const frms = new Uint8Array(1024 + 3 * (64 + 2 * 8 * 2));
  const view = new DataView(frms.buffer);
  for (const [at, value] of [
    [0, 1024],
    [2, 64],
    [88, 8],
    [90, 2],
    [1020, 3],
  ])
    view.setUint16(at, value, true);
  view.setUint8(7, 6);
  const hdr = new TextEncoder().encode(
    '[measurementInfo]\nsignalframes = 6\nstemimagesize = 2x3\nreadoutmode = "bin: 2, windowing: 264 x 264"\n',
  );
  const beside = { 'a.hdr': hdr, 'a_000.frms6': frms, 'a_001.frms6': frms, 'a_002.frms6': frms };
  const [blocks, blockBytes] = [32, 0x5758];
  const sector = new Uint8Array(blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    const head = new DataView(sector.buffer, block * blockBytes);
    head.setUint32(0, 0xffff0055);
    head.setUint8(9, 1);
    head.setUint32(16, block);
    head.setUint16(20, 256);
    head.setUint16(22, 1860);
    head.setUint32(36, blockBytes);
  }
  const sectors = Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((i) => [`a${i}.bin`, sector]));
  return [
    { format: 'frms6', file: 'a.hdr', bytes: hdr, siblings: beside },
    { format: 'frms6', file: 'a_001.frms6', bytes: frms, siblings: beside },
    // A frame has four million pixels, so only a few copies are tried.
    { format: 'k2is', file: 'a1.bin', bytes: sector, siblings: sectors, cost: 25 },
  ];
}

/**
 * Every intact file; an empty list if the data is absent. EMPAD's raw file is generated, because no real one is stored.
 */
export function seeds() {
  if (!existsSync(join(dataFolder, 'README.md'))) return [];
  const raw = new Uint8Array(2 * 130 * 128 * 4).fill(7);
  const xml = 'stack_images.xml';
  return [
    ...files.map(([format, folder, file, ...beside]) => ({
      format,
      file,
      bytes: bytesOf(folder, file),
      siblings: Object.fromEntries(beside.map((name) => [name, bytesOf(folder, name)])),
    })),
    { format: 'empad', file: xml, bytes: bytesOf(em, xml), siblings: { 'series_x10.raw': raw } },
    ...stores(),
    ...cameras(),
  ];
}

/** Random numbers from a seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A damaged copy: truncated, bytes changed, words set to extreme values, or ranges moved; mostly in the header. */
function mutate(bytes, next) {
  const whole = (below) => Math.floor(next() * below);
  let out = bytes.slice();
  for (let i = 1 + whole(4); i > 0; i--) {
    const header = next() < 0.8 ? Math.min(out.length, 2048) : out.length;
    const at = whole(Math.max(1, header));
    const kind = whole(6);
    if (kind === 0) out = out.slice(0, whole(out.length + 1));
    else if (kind === 1 && at < out.length) out[at] ^= 1 << whole(8);
    else if (kind === 2 && at < out.length) out[at] = whole(256);
    else if (kind === 3 && at + 4 <= out.length)
      new DataView(out.buffer).setUint32(at, extremes[whole(extremes.length)], next() < 0.5);
    else if (kind === 4) out.copyWithin(at, whole(out.length), whole(out.length));
    else if (kind === 5) {
      // A digit of a text header, if there is one.
      const digit = out.findIndex((byte, place) => place >= at && byte >= 0x30 && byte <= 0x39);
      if (digit >= 0) out[digit] = 0x30 + whole(10);
    }
  }
  return out;
}

/** A damaged copy of a file; the same seed gives the same damage. */
export const damaged = (bytes, seed) => mutate(new Uint8Array(bytes), random(seed));

const allowed = ['Format', 'Shape', 'File', 'Unsupported', 'Argument', 'Limit'];
/**
 * The number of pixel bytes that one byte of a file can encode: large for LZW and deflate, eight for 1-bit counters.
 */
/**
 * Chunks of HDF5 and Zarr that were never written, and pixels without counts of sparse frames, take no space, so the
 * shapes in a file are unrelated to its size.
 */
const mostRatio = { tiff: 5000, npz: 1100, hdf5: Infinity, zarr: Infinity, raw_csr: Infinity };
/** Larger frames are not read here. */
const mostFrame = 2 ** 24;

/** Opens damaged bytes and reads the first and the last frame. Returns 'opened' or 'refused'; throws anything else. */
export async function tryBytes({ openSource, memorySource, elementBytes, isEwaldError }, seed, bytes) {
  const room = bytes.length + Object.values(seed.siblings).reduce((sum, { length }) => sum + length, 0);
  let dataset;
  try {
    dataset = await openSource(memorySource(bytes, seed.file, seed.siblings), { format: seed.format });
    const frameBytes = dataset.frameLength * elementBytes(dataset.dtype);
    if (!(frameBytes * dataset.frames <= room * (mostRatio[seed.format] ?? 8)))
      throw new Error(`${dataset.frames} frames of ${frameBytes} bytes out of ${room}`);
    if (frameBytes <= mostFrame) {
      await dataset.read(0, 1);
      await dataset.read(dataset.frames - 1, 1);
    }
    return 'opened';
  } catch (error) {
    if (isEwaldError(error) && allowed.includes(error.tag)) return 'refused';
    throw error;
  } finally {
    await dataset?.dispose();
  }
}

/** Tries `count` damaged copies of a seed. The message of a failure describes how to reproduce the file. */
export async function storm(data, seed, count, first = 1) {
  const tally = { opened: 0, refused: 0 };
  for (let i = first; i < first + count; i++) {
    try {
      tally[await tryBytes(data, seed, mutate(seed.bytes, random(i)))]++;
    } catch (cause) {
      throw new Error(`${seed.file}, mutation ${i}: ${cause instanceof Error ? cause.stack : String(cause)}`, {
        cause,
      });
    }
  }
  return tally;
}
