/** The interface of a backend for arrays. */

import type { Disposable } from '../../util/resource.js';
import type { Op } from '../backends/feature.js';
import type { NumberType } from './numbers.js';

/** Size of an array's memory. */
interface ArrayDescriptor {
  readonly bytes: number;
  /** Type of its numbers: a backend without double precision has no f64 arrays. */
  readonly number: NumberType;
  /** A part of a buffer of the caller's, which is the memory; the backend webgpu alone has those. */
  readonly part?: { readonly buffer: object; readonly offset: number } | undefined;
  /** Memory of another addon, which the array is; the backend cuda alone has that. */
  readonly memory?: { readonly address: bigint; readonly owner: unknown } | undefined;
}

/** Why a backend has no array over memory of another addon. */
export const onlyCuda = { why: 'an address is memory of a card; open the backend cuda' } as const;

/** Memory that stays on a backend between calls: zeroed at first unless it is the caller's, counted in `liveBytes`, read only by `read`. */
export interface ArrayMemory extends Disposable {
  readonly bytes: number;
  /** Where it is on a card. */
  readonly deviceAddress?: bigint;
  /**
   * Copies `data` to byte `offset`; both are multiples of a number's size, which may be one byte. The data may be
   * changed once the promise settles.
   */
  write(data: Uint8Array, offset: number): Promise<void>;
  /** Fills `into` from byte `offset`, after all work on this memory that was submitted before. */
  read(into: Uint8Array, offset: number): Promise<void>;
}

/** Arrays of a backend. */
export type ArrayOp = Op<ArrayDescriptor, ArrayMemory>;
