/** What a run has kept of its frames. */
import type { Proof } from './proof.js';

/** What a file of hits holds, and what it leaves out. */
export interface KeptHits {
  readonly file: string | undefined;
  /** The geometry beside it; undefined where there is no file. */
  readonly geometry: string | undefined;
  /** Frames that were searched, those with enough peaks, those that are in the file, and those of them without. */
  readonly frames: number;
  readonly hits: number;
  readonly kept: number;
  readonly blanks: number;
  /** Hits that are whole because crystals explain less than half of their peaks, where the others have their spots alone (`keep: 'spots'`). */
  readonly whole: number;
  /** Share of the pixels that indexed hits have on average; 1 for whole hits. */
  readonly pixels: number;
  /** What a proof found; undefined if none was asked for, or the run was ended. */
  readonly proof?: Proof | undefined;
  /** Bytes of the file, and of all frames that were searched as plain numbers. */
  readonly bytes: number;
  readonly rawBytes: number;
}
