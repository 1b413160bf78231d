// Why aims are missed, as far as it is known. The report lists every missed aim with its reason.

/** Reasons by the sections and lines that they explain; the first one that fits a line is its reason. */
const reasons = [
  {
    section: 'udf',
    line: /^(native|wasm) (com|disk|masks16) /,
    reason:
      'NumPy computes these as products of matrices, by OpenBLAS with AVX-512, the fastest it has. WebAssembly has ' +
      'vectors of 128 bits.',
  },
  {
    section: 'fft',
    line: /^c2c:.* wasm$/,
    reason: 'WebAssembly has vectors of 128 bits; this FFTW is built for 512.',
  },
  {
    section: 'fft',
    line: /^r2c over c2c/,
    reason: 'Separating the spectra of two halves is a separate pass, which short rows do not hide.',
  },
  {
    line: /^workers, wasm: two ranks over one$/,
    reason:
      'Instances of WebAssembly do not share memory, so ranks exchange messages, with which two native ranks are not ' +
      'faster than one either.',
  },
  {
    line: /two workers,? .*over one/,
    reason: 'Both processors share the path to memory; two independent processes (see Data) do not reach twice one.',
  },
  {
    section: 'frames',
    line: /gzip, native over zlib/,
    reason: 'It was 1.17 to 1.22 in three rounds.',
  },
];

/** The reason why a line of a section misses its aim; undefined if it is unknown. */
export const reasonOf = (section, what) =>
  reasons.find((known) => (known.section ?? section) === section && known.line.test(what))?.reason;
