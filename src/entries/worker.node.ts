/** Entry of Node's worker: `new Worker(new URL(import.meta.resolve('ewald/worker')))`. */
import { parentPort } from 'node:worker_threads';
import { computeHere } from '../core/backends/native/addon-calls.js';
import { openFramesOnNode, readBytesOnNode } from '../executors/files-node.js';
import { openShard, shardsFolder } from '../executors/shards-node.js';
import { makeHostHandler } from '../executors/workers/serve.js';
import type { WorkerRequest } from '../whole/assembly/public.worker.js';
import { serve } from '../whole/assembly/serve.js';
import { createContext } from './index.node.js';
import { tasks } from './tasks.node.js';

const post = (reply: unknown, transfer: ArrayBuffer[]): void => parentPort?.postMessage(reply, transfer);
const handle = serve(createContext, post);
const host = makeHostHandler(
  {
    tasks,
    createContext,
    readBytes: readBytesOnNode,
    openFrames: openFramesOnNode,
    shards: { allowed: shardsFolder, open: openShard },
    computeHere: (context) => {
      const given = context?.addonPath;
      computeHere(typeof given === 'string' ? given : given?.native);
    },
  },
  post,
);
parentPort?.on('message', (request: WorkerRequest) => void (host(request) || handle(request)));

export type * from '../whole/assembly/public.worker.js';
