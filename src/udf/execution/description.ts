/** The description of a run that is sent to the workers that compute its partitions: plain data. */
import type { CorrectionOptions } from '../../frames/corrections.js';
import type { CountLimits } from '../../frames/count-limits.js';
import type { FrameSums } from '../../frames/frame-sums.js';
import type { OpenOptions } from '../../frames/open.js';
import type { UdfMeta } from '../functions/udf.js';

/** The data that every task of a run receives. */
export interface RunDescription {
  readonly udfs: readonly {
    readonly module: string;
    readonly name: string;
    readonly params: Readonly<Record<string, unknown>>;
    /** The bytes of its WebAssembly module, if it has one. */
    readonly wasm?: Uint8Array | undefined;
  }[];
  /** Frames of the largest partition. */
  readonly largest: number;
  /** Frames that are read and processed together. */
  readonly piece: number;
  readonly meta: Omit<UdfMeta, 'inputDtype'>;
  /** How the worker opens the frames; absent if they are sent with the task. */
  readonly source:
    | { readonly path: string; readonly options: OpenOptions }
    | { readonly url: string; readonly options: OpenOptions }
    | undefined;
  /** Some frames of the client's file, by which a worker on another machine recognises its own; absent for threads. */
  readonly sums?: FrameSums | undefined;
  readonly corrections: CorrectionOptions | undefined;
  /** Which values are no counts; absent if all are. */
  readonly limits?: CountLimits | undefined;
}
