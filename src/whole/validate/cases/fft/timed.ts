/**
 * The transforms that `ewald bench` times: only the forward one, between existing arrays, with nothing else inside the
 * run.
 */
import type { FftArray, FftOptions } from '../../../../transforms/fft/fft.js';
import type { Row } from '../../case.js';
import { relativeL2 } from '../../compare.js';
import * as bounds from '../../tolerances.js';
import { type Problem, problem } from './problem.js';
import { product } from './shapes.js';
import { oracle } from './truth.js';

function timed(
  name: string,
  options: FftOptions & { readonly shape: readonly number[] },
  about: string,
): Row<Problem, FftArray, Float64Array> {
  const { shape, batch = 1, kind = 'c2c' } = options;
  const points = product(shape);
  const flops = (kind === 'c2c' ? 5 : 2.5) * points * Math.log2(points) * batch;
  const { l2 } = bounds.fft('f32', points, false);
  return {
    id: `fft:timed:${name}`,
    about,
    cost: flops / 1e9,
    work: { amount: batch, unit: 'transforms' },
    flops,
    bytes: (kind === 'c2c' ? 16 : 8) * points * batch,
    bench: true,
    make: (seed) => problem(options, { direction: 'forward', scale: 'none', back: 'full', fill: 'centred' }, seed),
    oracle,
    async plan(context, { input }) {
      const fft = await context.fft(options);
      const [from, to] = [Float32Array.from(input), new Float32Array(fft.outputLength)];
      return { backend: fft.backend, run: () => fft.forward(from, to), dispose: () => fft.dispose() };
    },
    compare: (found, expected) => ({ errors: { l2: relativeL2(Float64Array.from(found), expected).error } }),
    bounds: () => ({ l2: l2 as bounds.Bound }),
  };
}

/** The rows. */
export const timedRows: readonly Row[] = [
  timed('lines=1024:batch=64', { shape: [1024], batch: 64 }, 'many short lines'),
  timed('image=512x512', { shape: [512, 512], kind: 'r2c' }, 'an image'),
  timed('volume=64x64x64', { shape: [64, 64, 64] }, 'a volume'),
];
