/** Parameters of opening files of frames, and of writing frames to another file. */
import { sliceRows } from '../options/frame-slice.js';
import { grouped, namesOf, type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';
import { numpyWords } from './numpy-types.js';

const bytes = { kind: 'bytes', range: range(0, Number.MAX_SAFE_INTEGER, 0), of: ['raw'], value: 'bytes' } as const;

/**
 * What a caller may state about a file, or override. Each format accepts the parameters that it uses and rejects the
 * others by name.
 */
export const openRows = /* @__PURE__ */ grouped('input', {
  format: {
    kind: 'text',
    sentence: 'the format of the file, one of those that ewald info lists',
    defaultText: 'recognised by its contents',
    value: 'name',
  },
  navShape: {
    common: true,
    kind: 'integers',
    sentence:
      'shape of the scan, slowest axis first, whose product is the number of frames: 128,128; -1 stands for a length ' +
      'that follows from it',
    range: range(-1, Number.MAX_SAFE_INTEGER, Number.NaN),
    defaultText: 'stated by the file',
    value: 'n,…',
  },
  sigShape: {
    common: true,
    kind: 'integers',
    sentence: 'shape of a frame, slowest axis first: 256,256',
    range: range(1, Number.MAX_SAFE_INTEGER, Number.NaN),
    defaultText: 'stated by the file',
    value: 'n,…',
  },
  dtype: {
    common: true,
    kind: 'choice',
    sentence:
      "element type and its bits, for files that do not state it; flags take NumPy's words, too: uint16, <u2, >u2",
    choices: ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f16', 'f32', 'f64', 'c64', 'c128'],
    words: numpyWords,
    defaultText: 'stated by the file',
  },
  endian: {
    kind: 'choice',
    sentence: 'byte order of the numbers',
    choices: ['little', 'big'],
    defaultText: 'stated by the file, otherwise little',
    value: 'order',
  },
  offset: { ...bytes, sentence: 'bytes before the first frame' },
  frameHeader: { ...bytes, sentence: 'bytes before each frame' },
  frameFooter: { ...bytes, sentence: 'bytes after each frame' },
  order: {
    kind: 'choice',
    sentence: 'which axes vary fastest, those of the frame or of the scan',
    more: "For HDF5, 'navigation' reverses all axes, as rosettasciio does with EMD files of NCEM.",
    choices: ['signal', 'navigation'],
    fallback: 'signal',
    value: 'axes',
    of: ['raw', 'dm', 'hdf5'],
  },
  skipPerLine: {
    kind: 'integer',
    sentence: 'frames at the end of each line of a scan that are no positions of it, such as those of the flyback',
    more:
      'A negative number: at the beginning of each line. The length of a line is the last number of navShape, or ' +
      'what the .hdr says.',
    range: range(-65536, 65536, 0),
    defaultText: 'stated by the .hdr',
    of: ['mib'],
    value: 'n',
  },
  dataset: {
    common: true,
    kind: 'text',
    sentence: 'which array of a file that contains several: a name, an HDF5 path or part of one, or a number from 0',
    type: typed<string | number>('string | number'),
    defaultText: 'chosen by shape and name',
    value: 'name',
  },
  thresholdChannel: {
    kind: 'text',
    sentence:
      'which energy threshold of a detector with several: threshold_2, or 2; all are named when such frames are opened',
    defaultText: 'the first one',
    of: ['hdf5'],
    value: 'name',
  },
  maxFrameBytes: {
    kind: 'bytes',
    sentence: 'largest frame or chunk that is read',
    more:
      'The largest cameras have 0.4 GB, and a damaged header may claim any size. A file that is compressed as a whole ' +
      '(.gz, .bz2) may have as many bytes after decompression.',
    range: range(1, Number.MAX_SAFE_INTEGER, 2 ** 30),
    unit: 'bytes',
  },
  growing: {
    kind: 'boolean',
    sentence: 'opens a file that is still being written: data files of a master that do not exist yet are omitted',
    flag: null,
  },
  until: {
    kind: 'integer',
    sentence: 'number of frames that are needed: data files of a master that are missing after these are omitted',
    range: range(1, 2 ** 31, Number.NaN),
    defaultText: 'all',
    flag: null,
  },
  allowMissing: {
    kind: 'boolean',
    sentence: 'reads a file without the files that it refers to and that do not exist',
    more:
      'Their frames are left out of a master, and parts of a virtual dataset have its fill value. Each is named in a ' +
      'warning.',
  },
  constants: {
    kind: 'text',
    sentence: 'files of a JUNGFRAU that turn raw words into quarter photons',
    value: 'gains.h5,pedestals.h5',
  },
  energy: {
    kind: 'number',
    sentence: 'photon energy of raw words',
    range: range(100, 1e6, Number.NaN),
    unit: 'eV',
    defaultText: 'stated by the file',
  },
  allowOutside: { kind: 'boolean', sentence: 'allows the file to refer to files outside its folder' },
  checksums: {
    kind: 'boolean',
    sentence: 'verifies checksums in the file (CBF, HDF5, TIFF, Zarr, zip)',
    off: 'do not verify checksums in the file (CBF, HDF5, TIFF, Zarr, zip): faster, but damage goes unnoticed',
    fallback: true,
  },
} as const satisfies Parameters);

/** Names of all options of `open`. */
export const openNames = [...namesOf(openRows), 'dark', 'gainMap', 'codecs', 'signal'] as const;

/** Parameters of describing a file of frames. */
export const inspectRows = {
  first: { ...sliceRows.first, sentence: 'describes the values of the first frames, too' },
  frames: {
    ...sliceRows.frames,
    sentence: 'describes the values of these frames, too, counted from 0, each or every n-th: 0:100, 100:, 0:1000:10',
  },
} as const satisfies Parameters;

/** Parameters of converting a file of frames. */
export const convertRows = {
  ...sliceRows,
  packing: {
    group: 'output',
    kind: 'choice',
    sentence: 'compression of the chunks; bitshuffle is followed by LZ4',
    choices: ['bitshuffle', 'gzip', 'none'],
    fallback: 'bitshuffle',
    of: ['h5'],
  },
  force: { common: true, group: 'output', kind: 'boolean', sentence: 'replaces an existing file; never the input' },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  OpenParameters: openRows,
  ConvertParameters: convertRows,
} as const;
