/** The port of a worker thread of Node. */
import { Worker } from 'node:worker_threads';
import type { OpenPort } from '../wasm/port.js';

export const nodePort: OpenPort = (code) => {
  const worker = new Worker(
    `${code}const { parentPort } = require('node:worker_threads'); parentPort.on('message', start(parentPort));`,
    { eval: true },
  );
  // Only a call that is pending keeps the process alive.
  let pending = 0;
  worker.unref();
  return {
    post: (request, transfer) => {
      if (pending++ === 0) worker.ref();
      worker.postMessage(request, transfer);
    },
    onReply: (listener) =>
      worker.on('message', (reply) => {
        if (--pending === 0) worker.unref();
        listener(reply);
      }),
    onFailure: (listener) => worker.on('error', listener),
    end: async () => void (await worker.terminate()),
  };
};
