/** The room of transforms. */
import { range, threadRange } from '../../util/range.js';
import { type Field, type Struct, u32 } from './struct.js';

/** Axes of a transform. */
const maxRank = 8;
const eight = (name: string, doc: string): Field => ({ name, type: 'u32', doc, count: maxRank });

/** The descriptor of a transform plan. */
export const fftDescriptor: Struct = {
  name: 'FftDescriptor',
  doc:
    'A transform: axis 0 is the slowest of a C array. Strides and distances count elements (complex or real) of ' +
    'their side; a side whose strides are all 0 is contiguous in C order (in-place R2C: the last axis of the real ' +
    'side is padded to 2 (n / 2 + 1)).',
  fields: [
    u32('rank', '1 to 8'),
    u32('kind', 'an FftKind'),
    u32('precision', 'an FftPrecision'),
    u32('flags', 'FftFlag bits'),
    u32('axes', 'bit i: axis i is transformed; 0 takes all'),
    u32('reduced', 'the axis that r2c and c2r halve; it must be transformed'),
    u32('batch', 'transforms of a run; 0 is 1'),
    u32('threads', 'host threads; 0 takes one a core'),
    u32('inDistance', 'elements from one transform of the batch to the next, input side; 0 is one behind the other'),
    u32('outDistance', 'the same on the output side'),
    u32('tune', '0: choose by rule; other values force a choice'),
    u32('pad0', 'zero'),
    eight('shape', 'logical (real) lengths'),
    eight('axisKind', 'an FftAxisKind for each transformed axis of r2r'),
    eight('inStride', 'elements from one index of an axis to the next, input side'),
    eight('outStride', 'the same on the output side'),
    eight('inStart', 'index along an axis of the first element that the input side holds'),
    eight(
      'inCount',
      'elements along an axis that the input side holds, from inStart on and around; the others are zero; 0 is all',
    ),
    eight('outStart', 'the same on the output side'),
    eight('outCount', 'elements along an axis that the output side holds; the others are left out; 0 is all'),
  ],
};

export const fftEnums = {
  /** c2r has input and output of r2c exchanged; realC2c has real input and a full complex output. */
  FftKind: { c2c: 0, r2c: 1, c2r: 2, realC2c: 3, r2r: 4 },
  FftPrecision: { f32: 0, f64: 1 },
  /** FFTW's REDFT00, 10, 01, 11 and RODFT00, 10, 01, 11, unnormalised. */
  FftAxisKind: { dct1: 0, dct2: 1, dct3: 2, dct4: 3, dst1: 4, dst2: 5, dst3: 6, dst4: 7 },
  /** Forward is the negative exponent; backward runs the inverse kinds. */
  FftDirection: { forward: 0, backward: 1 },
  /** Factor on a result: 1, 1/N or 1/sqrt(N). */
  FftScale: { none: 0, full: 1, symmetric: 2 },
  FftFlag: { inPlace: 1, userWorkspace: 2 },
} as const;

/** Options of a plan: axes of a shape, lengths of an axis, transforms of a run, elements of a side. */
export const fftRanges = {
  rank: range(1, maxRank, 1),
  length: range(1, 2 ** 27, 1),
  batch: range(1, 2 ** 24, 1),
  elements: range(1, 2 ** 31 - 1, 1),
  threads: threadRange,
} as const;

export const fftConstants = { fftMaxRank: maxRank } as const;
