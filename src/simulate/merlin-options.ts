/** Options of `simulateMerlin`. */

import type { OpenOptions } from '../frames/open.js';
import type { Disposable } from '../util/resource.js';
import type { MerlinSimulation } from './parameter-types.js';

/** Something that goes wrong before the frame with this index is sent. */
export interface MerlinFault {
  /** Index of the frame in the acquisition, from 0. */
  readonly at: number;
  /**
   * `gap`: this and further frames (`frames`, default 1) are not sent. `close`: the connection is closed; frames are
   * sent again when a client connects, except for those of `frames` (default 0). `garbage`: bytes that are no message.
   * `shape`: the frame has another shape. `restart`: another acquisition starts with this frame. `stall`: nothing more
   * is sent. `half`: half of the frame is sent before the connection is closed. `slow`: half of the frame is sent, and
   * the rest 150 ms later.
   */
  readonly kind: 'gap' | 'close' | 'garbage' | 'shape' | 'restart' | 'stall' | 'half' | 'slow';
  readonly frames?: number | undefined;
}

/** Options of `simulateMerlin`. */
export interface SimulateMerlinOptions extends MerlinSimulation {
  /** How the file is opened. */
  readonly open?: OpenOptions | undefined;
  /** Frames of an acquisition; a shorter file is repeated. Default: those of the file. */
  readonly frames?: number | undefined;
  /** Messages are sent in pieces of this many bytes, so that they arrive in parts. Default: as a whole. */
  readonly pieceBytes?: number | undefined;
  /** Default: none. */
  readonly faults?: readonly MerlinFault[] | undefined;
}

/** A simulated detector; end it with `dispose`, `close` or `await using`. */
export interface MerlinSimulator extends Disposable {
  readonly host: string;
  readonly port: number;
  readonly dataPort: number;
  /** Frames sent so far. */
  readonly sent: number;
  close(): Promise<void>;
}
