/** The connection to the worker of asynchronous calls. */
import { callback } from '../../util/callbacks.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { webWorkerPort } from '../../util/web-port.js';
import type { WorkerPort } from '../../util/worker-port.js';

/** Starts a worker that runs `code`, which defines `start(port)`; this returns the function that receives messages. */
export type OpenPort = (code: string) => WorkerPort;

const forbidden =
  'this page may not start a worker from a blob: its Content-Security-Policy forbids it; add blob: to its ' +
  'worker-src, or pass { worker: () => new Worker(…) }';

/** The port of a Web Worker; `make` creates the worker on pages that must not start one from a blob. */
export const webPort =
  (make?: () => unknown): OpenPort =>
  (code) => {
    let worker: Worker;
    try {
      worker = make
        ? (callback('worker', make)() as Worker)
        : new Worker(
            URL.createObjectURL(
              new Blob([code, 'const answer = start(self); self.onmessage = (event) => answer(event.data);'], {
                type: 'text/javascript',
              }),
            ),
          );
    } catch (cause) {
      if (isEwaldError(cause)) throw cause;
      throw new EwaldError('Unsupported', forbidden, { cause });
    }
    let isStarted = false;
    const port = webWorkerPort(worker, (_, reason) =>
      // A worker that the policy of the page forbids fails without a word, in most browsers after it was made.
      isStarted || reason
        ? new EwaldError('Internal', `the worker failed: ${reason}`)
        : new EwaldError('Unsupported', forbidden),
    );
    port.onMessage(() => {
      isStarted = true;
    });
    return port;
  };
