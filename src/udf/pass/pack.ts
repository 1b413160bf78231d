/** Packs the steps of a pass into the layout of the core: structures, spans and sparse masks, weights. */

import { pack } from '../../compute/layout/struct.js';
import { udfStep, udfStepKinds } from '../../compute/layout/udf.js';
import { EwaldError } from '../../util/errors.js';
import { joined } from '../../util/joined.js';
import { hasOwnWeights, type PassStep, type Spans, shapeOfStep } from './steps.js';

function checkSpans(spans: Spans, pixels: number, width: number): void {
  let before = 0;
  if (!(spans instanceof Uint32Array) || spans.length % 2 !== 0)
    throw new EwaldError('Shape', 'framePass: spans are pairs of [first, end) in a Uint32Array');
  for (let i = 0; i < spans.length; i += 2) {
    const [first, end] = [spans[i] as number, spans[i + 1] as number];
    if (first < before || end <= first || end > pixels || Math.floor(first / width) !== Math.floor((end - 1) / width))
      throw new EwaldError(
        'Argument',
        `framePass: the span ${first} … ${end} is empty, beyond the ${pixels} pixels, on two rows, or not after ` +
          'the previous one',
      );
    before = end;
  }
}

interface Packed {
  readonly steps: Uint8Array;
  readonly indices: Uint32Array;
  readonly weights: Float32Array;
  readonly columns: number;
  readonly planes: number;
  readonly seen: { readonly first: number; readonly end: number };
}

/** Pixels that a step reads: [first, end). */
function seenBy(step: PassStep, pixels: number): readonly [number, number] {
  if ('spans' in step) return [step.spans[0] ?? pixels, step.spans.at(-1) ?? 0];
  if (step.kind !== 'sparse') return [0, pixels];
  let [first, end] = [pixels, 0];
  for (const place of step.masks.pixels) {
    first = Math.min(first, place);
    end = Math.max(end, place + 1);
  }
  return [first, end];
}

/** The kind of a step in the layout, which also implies the type of its weights. */
export function stepKind(step: PassStep): keyof typeof udfStepKinds {
  if (step.kind === 'dense' && step.weights instanceof Float64Array) return 'denseDouble';
  if (step.kind === 'sparse' && step.masks.weights instanceof Float64Array) return 'sparseDouble';
  return step.kind;
}

/** Packs steps for the core. Throws `Shape`, `Argument`. */
export function packSteps(steps: readonly PassStep[], pixels: number, width: number): Packed {
  const parts: Uint8Array[] = [];
  const indices: Uint32Array[] = [];
  const weights: Float32Array[] = [];
  let [index, weight, columns, planes] = [0, 0, 0, 0];
  let [first, end] = [pixels, 0];
  const add = (
    kind: keyof typeof udfStepKinds,
    more: { firstIndex?: number; firstWeight?: number; count?: number },
  ): void => {
    parts.push(
      pack(udfStep, {
        kind: udfStepKinds[kind],
        firstIndex: 0,
        firstWeight: 0,
        count: 0,
        column: columns,
        plane: planes,
        ...more,
      }),
    );
  };
  const addWeights = (values: Float32Array | Float64Array): { readonly firstWeight: number } => {
    const wide = values instanceof Float64Array;
    if (wide && weight % 2 !== 0) {
      // Float64 weights start at an even word.
      weights.push(new Float32Array(1));
      weight++;
    }
    const words = wide ? new Float32Array(values.buffer, values.byteOffset, 2 * values.length) : values;
    weights.push(words);
    weight += words.length;
    return { firstWeight: weight - words.length };
  };
  for (const step of steps) {
    if (step.kind === 'sumOf' || step.kind === 'squaresOf' || step.kind === 'com') {
      checkSpans(step.spans, pixels, width);
      add(step.kind, { firstIndex: index, count: step.spans.length / 2 });
      indices.push(step.spans);
      index += step.spans.length;
    } else if (step.kind === 'dense') {
      if (step.weights.length !== step.masks * pixels)
        throw new EwaldError(
          'Shape',
          `framePass: ${step.masks} masks of ${pixels} pixels do not match ${step.weights.length} weights`,
        );
      add(stepKind(step), { ...addWeights(step.weights), count: step.masks });
    } else if (step.kind === 'sparse') {
      const { starts, pixels: places, weights: values } = step.masks;
      if (starts[0] !== 0 || starts.at(-1) !== places.length || places.length !== values.length)
        throw new EwaldError('Shape', 'framePass: the starts of sparse masks do not fit their pixels and weights');
      if (
        starts.some((start, i) => i > 0 && start < (starts[i - 1] as number)) ||
        places.some((place) => place >= pixels)
      )
        throw new EwaldError('Argument', `framePass: sparse masks have pixels beyond ${pixels}, or decreasing starts`);
      add(stepKind(step), { firstIndex: index, ...addWeights(values), count: starts.length - 1 });
      indices.push(starts, places);
      index += starts.length + places.length;
    } else add(step.kind, {});
    const shape = shapeOfStep(step);
    columns += shape.columns;
    planes += shape.planes;
    const [low, high] = seenBy(step, pixels);
    first = Math.min(first, low);
    end = Math.max(end, high);
  }
  return {
    seen: { first: Math.min(first, end), end },
    steps: joined(Uint8Array, parts),
    indices: joined(Uint32Array, indices),
    // Backends copy a stack of masks, which is as large as many frames: one that nobody changes needs no copy before.
    weights:
      weights.length === 1 && steps.some((step) => hasOwnWeights(step))
        ? (weights[0] as Float32Array)
        : joined(Float32Array, weights),
    columns,
    planes,
  };
}
