/** Entry of Node's worker: `new Worker(new URL(import.meta.resolve('ewald/worker')))`. */
import { parentPort } from 'node:worker_threads';
import { portOf } from '../base/web-port.js';
import { computeHere } from '../core/backends/native/addon-calls.js';
import { openFramesOnNode, readBytesOnNode } from '../executors/files-node.js';
import type { HostPlace } from '../executors/place.js';
import { openShard, shardsFolder } from '../executors/shards-node.js';
import { serveHost } from '../executors/workers/serve.js';
import { serve } from '../whole/assembly/serve.js';
import { createContext } from './index.node.js';
import { tasks } from './tasks.node.js';

const place: HostPlace = {
  tasks,
  createContext,
  readBytes: readBytesOnNode,
  openFrames: openFramesOnNode,
  shards: { allowed: shardsFolder, open: openShard },
  computeHere: (context) => {
    const given = context?.addonPath;
    computeHere(typeof given === 'string' ? given : given?.native);
  },
};
if (parentPort) {
  const port = portOf(parentPort as never);
  serve(port, createContext, serveHost(port, place));
}

export type * from '../whole/assembly/public.worker.js';
