/** The detectors that Node can connect to. */
import type { DetectorDriver } from './connection.js';
import { DectrisDriver } from './dectris.node.js';
import { MerlinDriver } from './merlin.node.js';
import type { DetectorOptions } from './options.js';

/** Receives frames of a detector; the options are complete. */
export async function openDetector(kind: string, options: DetectorOptions): Promise<DetectorDriver> {
  const { host = '', port = 0, dataPort = 0, reconnectS = 0 } = options;
  const { thresholdChannel: channel } = options;
  if (kind === 'dectris') return new DectrisDriver({ host, port, ...(channel !== undefined && { channel }) });
  return new MerlinDriver({ host, port, dataPort, reconnectS });
}
