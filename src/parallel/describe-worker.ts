/** This process as one worker of an executor. */
import { version } from '../util/version.js';
import type { WorkerInfo } from './executor.js';
import { build } from './identity.js';
import type { InlineOptions } from './options.js';
import type { Place } from './place.js';

/** Describes this process as one worker with `slots` concurrent tasks. */
export async function describeWorker(
  place: Place,
  name: string,
  slots: number,
  context: InlineOptions['context'],
): Promise<WorkerInfo> {
  const reports = await place.devices(context);
  const backends = reports.map(({ device: _, ...report }) => report);
  return { name, host: place.host, platform: place.platform, version, build, slots, backends };
}
