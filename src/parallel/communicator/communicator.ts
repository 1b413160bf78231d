/** The interface of communication between ranks, which is the same for threads and for processes. */
import type { Disposable, MaybeAsyncDisposable } from '../../util/resource.js';

/** Arrays that can be sent; both sides must have the same type. */
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

/** The names of the ways in which `allreduce` combines numbers. */
export const reduceOps = ['sum', 'product', 'min', 'max'] as const;
/** Memory of a whole group. */
export interface SharedMemory {
  readonly buffer: ArrayBufferLike;
  /** Frees the memory; every rank calls it when no rank uses the memory any more. */
  free(): Promise<void>;
}

/** How `allreduce` combines two numbers. */
export type ReduceOp = (typeof reduceOps)[number];

/** Where the parts of an `alltoallv` are: counts and offsets in elements, one of each per rank. */
export interface Parts {
  readonly counts: ArrayLike<number>;
  /** Default: the parts follow one another. */
  readonly offsets?: ArrayLike<number> | undefined;
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
  /** Sends part r of `send` to rank r, and receives the part from rank r in part r of `recv`. */
  alltoallv(send: CommArray, sendParts: Parts, recv: CommArray, recvParts: Parts): Promise<void>;
  /** The same with equal parts: both arrays hold size × n elements. */
  alltoall(send: CommArray, recv: CommArray): Promise<void>;
  /** Copies the data of `root` (default 0) to every rank. */
  bcast(data: CommArray, root?: number): Promise<void>;
  /** `root` (default 0) receives the `send` of every rank, in the order of ranks, in `recv` of size × n elements. */
  gather(send: CommArray, recv: CommArray | undefined, root?: number): Promise<void>;
  /**
   * Gives every rank the element-wise sum, product, minimum or maximum of all `send`. Numbers are combined in the order
   * of ranks, so that the bits do not depend on the kind of communicator.
   */
  allreduce(send: CommArray, recv: CommArray, op?: ReduceOp): Promise<void>;
  /** Resolves when every rank has made this call. */
  barrier(): Promise<void>;
  /** Groups ranks of the same colour, ordered by `key` and then by rank; undefined for a negative colour. */
  split(color: number, key?: number): Promise<Communicator | undefined>;
  /** Allocates zeroed memory from which messages are sent most cheaply: shared memory between threads. */
  allocate(bytes: number): ArrayBufferLike;
  /** Releases memory from `allocate` once no message from it is in progress; other ranks release it as well. */
  release(memory: ArrayBufferLike): void;
  /** Whether all ranks can access the same memory: threads, a single rank, processes of one machine under MPI. */
  readonly sharesMemory: boolean;
  /**
   * Memory shared by every rank of the group, zeroed; collective, with the same `bytes` on all ranks. What a rank
   * writes before a `barrier` the others can read after it. Throws `Unsupported` if `sharesMemory` is false.
   */
  share(bytes: number): Promise<SharedMemory>;
  /**
   * Ends this rank's participation: waits until its messages have been received, then frees the communicator. Ranks
   * that still wait for this one fail with `Lost`. The same as `dispose`.
   */
  free(): Promise<void>;
}
/** See {@link CommunicatorMethods}; disposable by `await using` where the language level has it. */
export type Communicator = CommunicatorMethods & MaybeAsyncDisposable;
