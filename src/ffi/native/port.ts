/** The port of a worker thread of Node. */
import { Worker } from 'node:worker_threads';
import { threadPort } from '../../util/thread-port.node.js';
import type { OpenPort } from '../wasm/port.js';

export const nodePort: OpenPort = (code) =>
  threadPort(
    new Worker(
      `${code}const { parentPort } = require('node:worker_threads'); parentPort.on('message', start(parentPort));`,
      { eval: true },
    ),
  );
