/** Weighted masks as steps of a pass: dense or sparse, with products in float32 or in float64. */
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { isIntegerDtype } from '../functions/dtypes.js';
import { type MaskArray, sparseOf } from './masks.js';
import type { PassStep } from './pass.js';
import { ownDense } from './steps.js';

/** Whether float32 cannot hold the numbers: NumPy's result_type of them and float32 is float64. */
const needsDouble = (dtype: DataType): boolean =>
  dtype === 'f64' || dtype === 'c128' || (isIntegerDtype(dtype) && elementBytes(dtype) > 2);

const groups = ['few', 'fewDouble', 'many', 'manyDouble'] as const;
type Group = (typeof groups)[number];

/** Masks in the order in which they were added, and the resulting steps. */
export class WeightedMasks {
  readonly #dtype: DataType;
  readonly #masks: Readonly<Record<Group, MaskArray[]>> = { few: [], fewDouble: [], many: [], manyDouble: [] };
  readonly #numbers: Readonly<Record<Group, number[]>> = { few: [], fewDouble: [], many: [], manyDouble: [] };
  #count = 0;

  /** For frames of the given dtype. */
  constructor(dtype: DataType) {
    this.#dtype = dtype;
  }

  /** Adds a mask, as sparse if `few`; returns its index. */
  add(mask: MaskArray, few: boolean): number {
    const double = mask instanceof Float64Array || needsDouble(this.#dtype);
    const group: Group = `${few ? 'few' : 'many'}${double ? 'Double' : ''}`;
    this.#masks[group].push(mask);
    this.#numbers[group].push(this.#count);
    return this.#count++;
  }

  /** The steps, at most one of each kind. */
  steps(): PassStep[] {
    return groups.flatMap((group): PassStep[] => {
      const masks = this.#masks[group];
      const [first] = masks;
      if (!first) return [];
      const Weights = group.endsWith('Double') ? Float64Array : Float32Array;
      if (group.startsWith('few')) return [{ kind: 'sparse', masks: sparseOf(masks, Weights) }];
      const weights = new Weights(masks.length * first.length);
      for (const [k, mask] of masks.entries()) weights.set(mask, k * first.length);
      return [ownDense(weights, masks.length)];
    });
  }

  /** The index of the mask of each column of the steps. */
  order(): number[] {
    return groups.flatMap((group) => this.#numbers[group]);
  }
}
