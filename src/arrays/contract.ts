/** What a backend does for arrays. */
import type { Op } from '../backends/feature.js';
import type { Disposable } from '../base/resource.js';
import type { NumberType } from './numbers.js';

/** Memory to reserve for an array. */
export interface ArrayDescriptor {
  readonly bytes: number;
  /** Of its numbers: a backend without double precision holds no f64 arrays. */
  readonly number: NumberType;
}

/**
 * Memory of a backend that stays there between calls; zeroed at first, counted in `liveBytes`, never read unless `read`
 * is called.
 */
export interface ArrayMemory extends Disposable {
  readonly bytes: number;
  /**
   * Copies `data` to byte `offset`; both are whole numbers of the array, of one byte perhaps. The data may be changed
   * once the promise settles.
   */
  write(data: Uint8Array, offset: number): Promise<void>;
  /** Fills `into` from byte `offset` on, after all work on this memory that was submitted before. */
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** Arrays of a backend. */
export type ArrayOp = Op<ArrayDescriptor, ArrayMemory>;
