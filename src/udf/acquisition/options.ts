/** Options of connections to detectors. */

import type { PlatformSignal } from '../../util/globals.js';
import type { LiveParameters } from '../parameter-types.js';

export interface DetectorOptions extends Pick<LiveParameters, 'dataPort' | 'reconnectS' | 'ringBytes'> {
  /** Host of the detector. Default: that of the address, or 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port: of merlin that for commands, default 6341; of dectris 31001 by default, which is that of stream V2. */
  readonly port?: number | undefined;
  /** Which threshold of a DECTRIS detector with several is received: threshold_2, or 2. Default: the first one. */
  readonly thresholdChannel?: string | undefined;
  readonly signal?: PlatformSignal | undefined;
}

/** Kinds of detectors that a context connects to, and their default ports. */
export const detectorPorts = { merlin: 6341, dectris: 31001 } as const;
export type DetectorKind = keyof typeof detectorPorts;
