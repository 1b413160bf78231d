/** The steps of a pass and their results. */

/** Pixels of a frame as ascending runs: [first, end) pairs of flat pixel indices, each run within one row. */
export type Spans = Uint32Array;

/** Masks with few pixels, as rows of CSR: mask k has entries `starts[k]` … `starts[k + 1] - 1`. */
export interface SparseMasks {
  readonly starts: Uint32Array;
  readonly pixels: Uint32Array;
  readonly weights: Float32Array | Float64Array;
}

/** A step whose weights were made for it alone, so that they stay as they are. */
interface OwnWeights {
  readonly ownWeights?: true;
}

/** A step of dense masks whose weights nobody else has. */
export const ownDense = (weights: Float32Array | Float64Array, masks: number): PassStep & OwnWeights => ({
  kind: 'dense',
  weights,
  masks,
  ownWeights: true,
});

export const hasOwnWeights = (step: PassStep & OwnWeights): boolean => step.ownWeights === true;

/**
 * One step of a pass. Products have the type of the weights: with float32 weights a product and a sum of up to 512
 * products are rounded to float32, with float64 weights nothing is rounded to float32. WebGPU has no float64 and leaves
 * such steps to the next backend. A pixel of weight 0 does not contribute, even if it is NaN or infinite.
 */
export type PassStep =
  /** Σ over the spans: one column. */
  | { readonly kind: 'sumOf'; readonly spans: Spans }
  /** Σ and Σ² over the spans: two columns. */
  | { readonly kind: 'squaresOf'; readonly spans: Spans }
  /** Σ, Σ y·v and Σ x·v over the spans: three columns. */
  | { readonly kind: 'com'; readonly spans: Spans }
  /** Σ weight·v for each of `masks`, [masks, pixels]: one column each. */
  | { readonly kind: 'dense'; readonly weights: Float32Array | Float64Array; readonly masks: number }
  /** The same with sparse masks. */
  | { readonly kind: 'sparse'; readonly masks: SparseMasks }
  /** Σ of each pixel: one plane. */
  | { readonly kind: 'sum' }
  /** Σ and Σ² of each pixel for integers up to 16 bits, Σ and Σ (v − mean)² for the others: two planes. */
  | { readonly kind: 'moments' }
  /** Σ log(v − minimum of the frame + 1) of each pixel: one plane. */
  | { readonly kind: 'logSum' };

/** Number of columns and planes of a step. */
export function shapeOfStep(step: PassStep): { columns: number; planes: number } {
  switch (step.kind) {
    case 'sumOf':
      return { columns: 1, planes: 0 };
    case 'squaresOf':
      return { columns: 2, planes: 0 };
    case 'com':
      return { columns: 3, planes: 0 };
    case 'dense':
      return { columns: step.masks, planes: 0 };
    case 'sparse':
      return { columns: step.masks.starts.length - 1, planes: 0 };
    case 'moments':
      return { columns: 0, planes: 2 };
    default:
      return { columns: 0, planes: 1 };
  }
}
