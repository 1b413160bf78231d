/** Names of who computes and how: ours, and those of heFFTe. */

import type { ExternalEngine } from '../backends/engines.js';
import type { BackendName } from '../backends/names.js';
import { EwaldError } from '../base/errors.js';
import { nearest } from '../base/options.js';
import type { R2rKind } from '../fft/options.js';

/** Who transforms what each rank holds. */
export type HeffteBackend =
  | BackendName
  /** The kernels of ewald on the CPU: native where it is, else wasm. */
  | 'stock'
  | ExternalEngine
  | 'rocm';

/** What a tag means. */
export interface Engine {
  /** Undefined: the CPU's best. */
  readonly backend: BackendName | undefined;
  readonly engine: ExternalEngine | undefined;
  readonly r2r: R2rKind | undefined;
}

const engines: Readonly<Record<string, Omit<Engine, 'r2r'>>> = {
  stock: { backend: undefined, engine: undefined },
  wasm: { backend: 'wasm', engine: undefined },
  native: { backend: 'native', engine: undefined },
  webgpu: { backend: 'webgpu', engine: undefined },
  cuda: { backend: 'cuda', engine: undefined },
  'cuda-emulated': { backend: 'cuda-emulated', engine: undefined },
  fftw: { backend: 'native', engine: 'fftw' },
  mkl: { backend: 'native', engine: 'mkl' },
  cufft: { backend: 'native', engine: 'cufft' },
  rocfft: { backend: 'native', engine: 'rocfft' },
  rocm: { backend: 'native', engine: 'rocfft' },
};
/** Kinds of the tags of its real transforms, as in `fftw_cos`. */
const realKinds: Readonly<Record<string, R2rKind>> = { cos: 'dct2', sin: 'dst2', cos1: 'dct1', sin1: 'dst1' };
/** The numbers of its C and Python interfaces. */
const numbers: Readonly<Record<number, string>> = { 0: 'stock', 1: 'fftw', 2: 'mkl', 10: 'cufft', 11: 'rocfft' };

/** Reads a tag of a backend: a name or a number. Throws `Argument`. */
export function parseEngine(tag: string | number): Engine {
  const name = typeof tag === 'number' ? numbers[tag] : tag;
  const [, base = '', kind] = /^(.*?)(?:_(cos1?|sin1?))?$/.exec(String(name)) ?? [];
  if (!Object.hasOwn(engines, base)) {
    const near = nearest(String(tag), Object.keys(engines));
    const known = `${Object.keys(engines).join(', ')}, or the numbers 0, 1, 2, 10, 11`;
    throw new EwaldError(
      'Argument',
      `heffte: there is no backend ${typeof tag === 'number' ? tag : `"${tag}"`}; ` +
        `${near ? `did you mean "${near}"?` : `known are ${known}`}`,
    );
  }
  return { ...(engines[base] as Omit<Engine, 'r2r'>), r2r: kind === undefined ? undefined : realKinds[kind] };
}

export const algorithms = ['auto', 'alltoallv', 'p2p-plined', 'p2p', 'alltoall', 'shared'] as const;
/**
 * How elements get to other ranks: `alltoallv` and `alltoall` (equal parts, padded) by one collective call; `p2p` by
 * messages of pairs; `p2p-plined` the same, each packed while others are under way; `shared` not as messages at all:
 * transforms write to and read from memory that all ranks see. `auto` is shared where there is such memory, else
 * alltoallv.
 */
export type ReshapeAlgorithm = (typeof algorithms)[number];
/** heFFTe's numbers of them. */
const algorithmNumbers: readonly ReshapeAlgorithm[] = ['alltoallv', 'p2p-plined', 'p2p', 'alltoall'];

/** Reads an algorithm. Throws `Argument`. */
export function parseAlgorithm(given: string | number | undefined): ReshapeAlgorithm {
  if (given === undefined) return 'auto';
  const name = typeof given === 'number' ? algorithmNumbers[given] : given.replace('_', '-');
  if (!algorithms.includes(name as ReshapeAlgorithm))
    throw new EwaldError(
      'Argument',
      `heffte: algorithm is ${given}; expected one of ${algorithms.join(', ')}, or heFFTe's numbers 0 to 3`,
    );
  return name as ReshapeAlgorithm;
}

/** Scales: none, 1/√N or 1/N. */
export const scales = ['none', 'full', 'symmetric'] as const;
export type HeffteScale = (typeof scales)[number];

/** Reads a scale: a name, or heFFTe's number 0, 1, 2. Throws `Argument`. */
export function parseScale(given: HeffteScale | number | undefined): HeffteScale {
  const name = given === undefined ? 'none' : typeof given === 'number' ? scales[given] : given;
  if (!scales.includes(name as HeffteScale))
    throw new EwaldError('Argument', `heffte: scale is ${given}; expected one of ${scales.join(', ')}, or 0, 1, 2`);
  return name as HeffteScale;
}
