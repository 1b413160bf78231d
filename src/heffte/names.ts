/** Names of backends, algorithms and scales: ewald's and heFFTe's. */

import type { ExternalEngine } from '../compute/backends/engines.js';
import type { BackendName } from '../compute/backends/names.js';
import type { R2rKind } from '../fft/options.js';
import { EwaldError } from '../util/errors.js';
import { inspect, nearest } from '../util/options.js';

/** The implementation of the local transforms. */
export type HeffteBackend =
  | BackendName
  /** The kernels of ewald on the CPU: native if available, otherwise wasm. */
  | 'stock'
  | ExternalEngine
  | 'rocm';

/** The implementation denoted by a tag. */
export interface Engine {
  /** Undefined: the best CPU backend. */
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
/** The numbers of heFFTe's C and Python interfaces. */
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
        `${near ? `did you mean "${near}"?` : `expected one of ${known}`}`,
    );
  }
  return { ...(engines[base] as Omit<Engine, 'r2r'>), r2r: kind === undefined ? undefined : realKinds[kind] };
}

export const algorithms = ['auto', 'alltoallv', 'p2p-plined', 'p2p', 'alltoall', 'shared'] as const;
/**
 * How elements are sent to other ranks: `alltoallv` and `alltoall` (equal parts, padded) use one collective call; `p2p`
 * uses messages between pairs; `p2p-plined` packs each of these while others are in transit; `shared` sends no
 * messages, because transforms write to and read from memory that all ranks share. `auto` is `shared` if there is such
 * memory, otherwise `alltoallv`.
 */
export type ReshapeAlgorithm = (typeof algorithms)[number];
/** The algorithms by heFFTe's numbers. */
const algorithmNumbers: readonly ReshapeAlgorithm[] = ['alltoallv', 'p2p-plined', 'p2p', 'alltoall'];

/** Reads an algorithm. Throws `Argument`. */
export function parseAlgorithm(given: string | number | undefined): ReshapeAlgorithm {
  if (given === undefined) return 'auto';
  const name = typeof given === 'number' ? algorithmNumbers[given] : given.replace('_', '-');
  if (!algorithms.includes(name as ReshapeAlgorithm))
    throw new EwaldError(
      'Argument',
      `heffte: algorithm is ${inspect(given)}; expected one of ${algorithms.join(', ')}, or heFFTe's numbers 0 to 3`,
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
    throw new EwaldError(
      'Argument',
      `heffte: scale is ${inspect(given)}; expected one of ${scales.join(', ')}, or 0, 1, 2`,
    );
  return name as HeffteScale;
}
