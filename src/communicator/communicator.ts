/** What ranks say to each other, the same between threads and between processes. */
import type { Disposable, MaybeAsyncDisposable } from '../base/resource.js';

/** Arrays that travel; both sides have the same kind. */
export type CommArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export const reduceOps = ['sum', 'product', 'min', 'max'] as const;
/** Memory of a whole group. */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike;
  /** Frees the memory; every rank calls it when no rank uses the memory any more. */
  free(): Promise<void>;
}

/** How `allreduce` joins two numbers. */
export type ReduceOp = (typeof reduceOps)[number];

/** Where the parts of an `alltoallv` are: counts and offsets in elements, one of each per rank. */
export interface Parts {
  readonly counts: ArrayLike<number>;
  /** Default: the parts follow one another. */
  readonly offsets?: ArrayLike<number>;
}

/**
 * A group of ranks. Every call is asynchronous: without `await` it is what MPI calls non-blocking, and its promise is
 * the request. Arrays must not be touched until the promise of the call has settled. Collective calls are made by every
 * rank in the same order.
 *
 * An invalid call throws `Argument` or `Shape` on its own rank before anything is sent. A collective call in which
 * ranks disagree (another call, type, length, root, operation or count) throws the same `Argument` or `Shape` on every
 * rank, naming the difference, and changes nothing; the next call is in step again. A message with an unexpected type
 * or length throws `Shape` on the receiving rank. All calls throw `Lost` when a rank they wait for has ended or freed
 * the communicator, `Disposed` after `free`.
 */
export interface CommunicatorMethods extends Disposable {
  readonly kind: 'self' | 'workers' | 'mpi';
  /** This rank, 0 … size − 1. */
  readonly rank: number;
  readonly size: number;
  /** Sends to another rank; resolves when the array may be changed. `tag` is 0 … 32767, default 0. */
  send(data: CommArray, to: number, tag?: number): Promise<void>;
  /**
   * Receives exactly as much as `into` holds, of the same type; messages of one rank and tag arrive in the order in
   * which they were sent.
   */
  recv(into: CommArray, from: number, tag?: number): Promise<void>;
  /** Part r of `send` goes to rank r, the part of rank r comes to part r of `recv`. */
  alltoallv(send: CommArray, sendParts: Parts, recv: CommArray, recvParts: Parts): Promise<void>;
  /** The same with equal parts: both arrays hold size × n elements. */
  alltoall(send: CommArray, recv: CommArray): Promise<void>;
  /** Everybody gets what `root` (default 0) has. */
  bcast(data: CommArray, root?: number): Promise<void>;
  /** `root` (default 0) gets everybody's `send`, in the order of ranks, in `recv` of size × n elements. */
  gather(send: CommArray, recv: CommArray | undefined, root?: number): Promise<void>;
  /**
   * Everybody gets the element-wise sum, product, least or greatest of everybody's `send`. Numbers are joined in the
   * order of ranks, so the bits do not depend on the kind of communicator.
   */
  allreduce(send: CommArray, recv: CommArray, op?: ReduceOp): Promise<void>;
  /** Resolves when every rank has come here. */
  barrier(): Promise<void>;
  /** Ranks of one colour become a group, ordered by `key` and then by rank; none for a negative colour. */
  split(color: number, key?: number): Promise<Communicator | undefined>;
  /** Bytes where this communicator moves them most cheaply: shared memory between threads, zeroed. */
  allocate(bytes: number): ArrayBufferLike;
  /** Lets go of what `allocate` gave, once no message from it is under way; other ranks then forget it, too. */
  release(memory: ArrayBufferLike): void;
  /** All ranks can see the same memory: threads, one rank alone, processes of one machine under MPI. */
  readonly sharesMemory: boolean;
  /**
   * Memory shared by every rank of the group, zeroed; collective, with the same `bytes` on all ranks. What a rank
   * writes before a `barrier` the others can read after it. Throws `Unsupported` if `sharesMemory` is false.
   */
  share(bytes: number): Promise<SharedMemory>;
  /**
   * Ends this rank's part: waits for what it has sent, then frees. Other ranks that still wait for this one here get
   * `Lost`. The same as `dispose`.
   */
  free(): Promise<void>;
}
/** See {@link CommunicatorMethods}; disposable by `await using` where the language level has it. */
export type Communicator = CommunicatorMethods & MaybeAsyncDisposable;
