/** The truth of a problem in float64: from sums, or for many points from a fast transform. */
import type { FftScale } from '../../../fft/fft.js';
import { fastLine } from '../../oracle/fft/long.js';
import { directSum, transform } from '../../oracle/fft/sums.js';
import { axesOf, type Problem } from './problem.js';
import { boxElements, embed, fillReduced, perTransform, product, takeReduced } from './shapes.js';

/** The factor of a scale. */
export function factorOf({ logical }: Problem, scale: FftScale): number {
  return scale === 'full' ? 1 / logical : scale === 'symmetric' ? 1 / Math.sqrt(logical) : 1;
}

/** What the plan must write, in C order, batch first. */
export function expectedOutput(p: Problem, by: 'sums' | 'fast'): Float64Array {
  const { options, shape, from, to } = p;
  const { axes, reduced } = axesOf(options);
  const half = options.kind === 'r2c' || options.kind === 'c2r';
  const runs = p.arrays === 'twice' ? 2 : 1;
  const factor = factorOf(p, p.scale) ** runs;
  return perTransform(p.input, options.batch ?? 1, (given) => {
    const part = embed(given, from.shape, from.box, from.complex ? 2 : 1);
    let out: Float64Array = new Float64Array(2 * product(shape));
    if (!from.complex) for (const [i, x] of part.entries()) out[2 * i] = x;
    else out = half ? fillReduced(part, shape, axes, reduced) : part;
    for (let run = 0; run < runs; run++) out = transform(out, shape, p.kinds, by === 'fast' ? fastLine : directSum);
    if (!to.complex) out = out.filter((_, i) => i % 2 === 0);
    else if (half) out = takeReduced(out, shape, reduced);
    return boxElements(out, to.shape, to.box, to.complex ? 2 : 1).map((x) => x * factor);
  });
}
