/** Entry of Node's worker: `new Worker(new URL(import.meta.resolve('ewald/worker')))`. */
import { parentPort } from 'node:worker_threads';
import { computeHere } from '../compute/backends/native/addon-calls.js';
import { serve } from '../context/serve.js';
import { openFramesOnNode, readBytesOnNode } from '../parallel/files-node.js';
import type { HostPlace } from '../parallel/place.js';
import { openShard, shardsFolder } from '../parallel/shards-node.js';
import { serveHost } from '../parallel/workers/serve.js';
import { portOf } from '../util/web-port.js';
import { createContext } from './index.node.js';
import { tasks } from './tasks.js';

const place: HostPlace = {
  tasks,
  createContext,
  readBytes: readBytesOnNode,
  openFrames: openFramesOnNode,
  shards: { allowed: shardsFolder, open: openShard },
  computeHere: (context) => {
    const addonPath = context?.addonPath;
    computeHere(typeof addonPath === 'string' ? addonPath : addonPath?.native);
  },
};
if (parentPort) {
  const port = portOf(parentPort as never);
  serve(port, createContext, serveHost(port, place));
}

export type * from '../context/public.worker.js';
