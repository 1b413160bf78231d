/** The port of a worker thread of Node. */
import { Worker } from 'node:worker_threads';
import type { OpenPort } from '../wasm/port.js';

export const nodePort: OpenPort = (code) => {
  const worker = new Worker(
    `${code}const { parentPort } = require('node:worker_threads'); parentPort.on('message', start(parentPort));`,
    { eval: true },
  );
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    listen: (reply, fail) => {
      worker.on('message', reply);
      worker.on('error', fail);
    },
    waiting: (someone) => (someone ? worker.ref() : worker.unref()),
    close: () => void worker.terminate(),
  };
};
