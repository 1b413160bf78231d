/** Options of `simulateDectris`. */

import type { OpenOptions } from '../frames/open.js';
import type { Disposable } from '../util/resource.js';
import type { DectrisSimulation } from './parameter-types.js';

/** Options of `simulateDectris`. */
export interface SimulateDectrisOptions extends DectrisSimulation {
  /** How the file is opened. */
  readonly open?: OpenOptions | undefined;
}

/** A simulated detector; end it with `dispose`, `close` or `await using`. */
export interface DectrisSimulator extends Disposable {
  readonly host: string;
  readonly port: number;
  /** Frames sent so far. */
  readonly sent: number;
  close(): Promise<void>;
}
