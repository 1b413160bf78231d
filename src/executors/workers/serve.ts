/** The worker's side: receives tasks through a port, runs them one after the other, and returns results. */

import { EwaldError, errorFromPlain, plainError } from '../../base/errors.js';
import { version } from '../../base/version.js';
import { workersComm } from '../../core/communicator/workers.js';
import { TaskHost } from '../host.js';
import { build } from '../identity.js';
import type { HostPlace } from '../place.js';
import { markWorker } from './mark.js';
import type { FromHost, HostStart, ToHost } from './protocol.js';

/**
 * Handles the call that starts a host, and returns whether a request was such a call; `ewald/worker` tries it first.
 */
export function makeHostHandler(
  place: HostPlace,
  post: (reply: unknown, transfer: ArrayBuffer[]) => void,
): (request: { readonly id: number; readonly call: string; readonly options?: unknown }) => boolean {
  return ({ id, call, options }) => {
    if (call !== 'host') return false;
    serveHost(options as HostStart, place);
    post({ id, value: null }, []);
    return true;
  };
}

/** Serves an executor until it sends `close`. */
function serveHost(
  { port, worker, threads, modules, context, crowded, namesOnly, shards }: HostStart,
  place: HostPlace,
): void {
  markWorker();
  if (crowded) place.computeHere?.(context);
  const post = (message: FromHost, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer as ArrayBuffer[]);
  const wanted = new Map<string, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const host = new TaskHost({
    worker,
    threads,
    modules,
    namesOnly,
    shards,
    contextOptions: context,
    place,
    fetchShared: (hash) =>
      new Promise((resolve, reject) => {
        wanted.set(hash, { resolve, reject });
        post({ say: 'want', hash });
      }),
  });
  const aborts = new Map<number, AbortController>();
  let last: Promise<void> = Promise.resolve();

  const run = async ({ number, spec, group }: Extract<ToHost, { say: 'task' }>): Promise<void> => {
    const controller = aborts.get(number) ?? new AbortController();
    try {
      if (controller.signal.aborted) throw new EwaldError('Aborted', `task ${spec.id} was aborted before it started`);
      const comm = group && (await workersComm(group));
      const { value, transfer, seconds } = await host.run({ ...spec, transfer: [] }, controller.signal, comm);
      await comm?.free();
      try {
        post({ say: 'done', number, value, seconds }, transfer);
      } catch (error) {
        throw new EwaldError('Argument', `the result of task ${spec.id} cannot be sent: ${(error as Error).message}`);
      }
    } catch (error) {
      post({ say: 'failed', number, error: plainError(error) });
    } finally {
      aborts.delete(number);
    }
  };

  port.onmessage = ({ data }: MessageEvent<ToHost>) => {
    switch (data.say) {
      case 'task':
        aborts.set(data.number, new AbortController());
        last = last.then(() => run(data));
        return;
      case 'abort':
        aborts.get(data.number)?.abort();
        return;
      case 'share': {
        const waiting = wanted.get(data.hash);
        wanted.delete(data.hash);
        if (data.error) waiting?.reject(errorFromPlain(data.error));
        else waiting?.resolve(data.value);
        return;
      }
      case 'rest':
        last = last.then(() => host.rest()).catch(() => {});
        return;
      case 'close':
        last.then(() => host.dispose()).finally(() => post({ say: 'closed' }));
    }
  };
  post({ say: 'ready', version, build });
}
