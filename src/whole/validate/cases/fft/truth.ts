/** The truth of a problem, from sums in float64. */
import type { FftScale } from '../../../../transforms/fft/fft.js';
import { transform } from '../../oracle/fft/sums.js';
import { boxElements, embed } from './boxes.js';
import type { Problem } from './problem.js';
import { fillReduced, halved, perTransform, takeReduced } from './shapes.js';

/** The factor of a scale. */
export function factorOf({ logical }: Problem, scale: FftScale): number {
  return scale === 'full' ? 1 / logical : scale === 'symmetric' ? 1 / Math.sqrt(logical) : 1;
}

/** What the plan must write, in C order, batch first. */
export function oracle(p: Problem): Float64Array {
  const { options, shape, kinds, inputComplex, outputComplex, inputBox, outputBox } = p;
  const batch = options.batch ?? 1;
  const axes = options.axes ?? shape.map((_, i) => i);
  const reduced = options.reducedAxis ?? axes.at(-1) ?? 0;
  const half = options.kind === 'r2c' || options.kind === 'c2r';
  const once = factorOf(p, p.scale);
  const factor = p.arrays === 'twice' ? once * once : once;
  const halves = (complex: boolean): readonly number[] => (half && complex ? halved(shape, reduced) : shape);
  return perTransform(p.input, batch, (given) => {
    const part = embed(given, halves(inputComplex), inputBox, inputComplex ? 2 : 1);
    let complex: Float64Array;
    if (!inputComplex) {
      complex = new Float64Array(2 * part.length);
      part.forEach((x, i) => {
        complex[2 * i] = x;
      });
    } else complex = half ? fillReduced(part, shape, axes, reduced) : part;
    let out = transform(complex, shape, kinds);
    if (p.arrays === 'twice') out = transform(out, shape, kinds);
    if (!outputComplex) out = Float64Array.from({ length: out.length / 2 }, (_, i) => out[2 * i] as number);
    else if (half) out = takeReduced(out, shape, reduced);
    return boxElements(out, halves(outputComplex), outputBox, outputComplex ? 2 : 1).map((x) => x * factor);
  });
}
