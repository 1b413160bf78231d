/** Parameters of the transform of a file. */

import { engineRow } from '../compute/backends/engines.js';
import type { BackendName } from '../compute/backends/names.js';
import { type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';

export const r2rKinds = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const;

/** Options of `transformFile`. */
export const transformRows = {
  inverse: { kind: 'boolean', sentence: 'computes the inverse transform' },
  kind: {
    kind: 'choice',
    sentence: 'kind of the transform; real gives the whole complex spectrum of real numbers',
    choices: ['c2c', 'r2c', 'c2r', 'real', ...r2rKinds],
    defaultText: 'c2c for complex numbers, r2c for real ones',
    value: 'kind',
  },
  axes: {
    kind: 'integers',
    sentence:
      'axes to transform, negative ones counted from the last; r2c halves the last one given: 0,1 or -1; ranks of MPI need all',
    range: range(-8, 7, Number.NaN),
    defaultText: 'all',
    value: 'list',
  },
  length: {
    kind: 'integer',
    sentence: 'real length of the last transformed axis of m complex numbers',
    range: range(1, 2 ** 27, Number.NaN),
    defaultText: 'the even one, 2 (m - 1)',
    of: ['c2r'],
  },
  scale: {
    kind: 'choice',
    sentence: 'full divides by the number of elements, symmetric by its square root',
    choices: ['none', 'symmetric', 'full'],
    fallback: 'none',
    value: 'how',
  },
  precision: {
    kind: 'choice',
    sentence: 'precision of the transform',
    choices: ['f32', 'f64'],
    defaultText: "the file's; f64 for integers, f32 for integers of up to 16 bits",
    value: 'p',
  },
  backend: {
    kind: 'text',
    sentence: 'where to compute',
    type: typed<BackendName>('BackendName'),
    defaultText: 'the best available backend',
    value: 'name',
  },
  engine: {
    ...engineRow,
    sentence: 'what computes: ewald, or an installed library',
  },
  tune: {
    kind: 'choice',
    sentence: 'how fftw plans: measure times its choices first, estimate chooses by rule',
    choices: ['estimate', 'measure'],
    defaultText: 'measure',
    value: 'how',
  },
  force: { kind: 'boolean', sentence: 'replaces existing files; never the input' },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  TransformFileParameters: transformRows,
} as const;
