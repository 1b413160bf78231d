/** The worker's side: runs the tasks that it is sent one after the other. */

import { EwaldError, errorFromPlain, plainError } from '../../util/errors.js';
import { Caller, type Handlers } from '../../util/port-calls.js';
import { version } from '../../util/version.js';
import type { Port } from '../../util/worker-port.js';
import { workersComm } from '../communicator/workers.js';
import { TaskHost } from '../host.js';
import { build } from '../identity.js';
import type { HostPlace } from '../place.js';
import { markWorker } from './mark.js';
import type { ExecutorCalls, HostCalls } from './protocol.js';

/** How a worker answers an executor at `port`. */
export function serveHost(port: Port, place: HostPlace): { calls: Handlers<HostCalls>; close(): Promise<void> } {
  let host: TaskHost | undefined;
  const calls: Handlers<HostCalls> = {
    async host({ context, crowded, ...parts }) {
      markWorker();
      if (crowded) place.computeHere?.(context);
      const executor = new Caller<ExecutorCalls>(port, errorFromPlain);
      const fetchShared = (hash: string): Promise<unknown> => executor.ask('shared', hash);
      host = new TaskHost({ ...parts, contextOptions: context, place, fetchShared });
      return [{ version, build }];
    },
    async task({ group, ...spec }, signal) {
      if (!host) throw new EwaldError('Internal', 'a task came before its host');
      try {
        if (signal.aborted) throw new EwaldError('Aborted', `task ${spec.id} was aborted before it started`);
        const comm = group && (await workersComm(group));
        const { value, transfer, seconds } = await host.run({ ...spec, transfer: [] }, signal, comm);
        await comm?.free();
        return [{ value, seconds }, transfer];
      } catch (error) {
        return [{ error: plainError(error) }];
      }
    },
    async rest() {
      await host?.rest();
      return [undefined];
    },
  };
  return { calls, close: async () => host?.dispose() };
}
