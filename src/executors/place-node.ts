/** Node's surroundings of executors. */
import { availableParallelism, hostname } from 'node:os';
import { createContext, devices } from '../node.js';
import { startNodeWorker } from '../workers/start.node.js';
import { readBytesOnNode } from './files-node.js';
import type { Place } from './place.js';

export const nodePlace: Place = {
  platform: 'node',
  host: hostname(),
  cores: availableParallelism(),
  createContext,
  devices,
  startWorker: startNodeWorker,
  readBytes: readBytesOnNode,
  hold(port, alive) {
    const held = port as unknown as { ref(): void; unref(): void };
    if (alive) held.ref();
    else held.unref();
  },
};
