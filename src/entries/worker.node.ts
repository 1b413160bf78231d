/** Entry of Node's worker: `new Worker(new URL(import.meta.resolve('ewald/worker')))`. */
import { parentPort } from 'node:worker_threads';
import { openFramesOnNode, readBytesOnNode } from '../executors/files-node.js';
import { servedHost } from '../executors/workers/serve.js';
import { createContext } from '../node.js';
import { tasks } from '../tasks/tasks.js';
import { serve, type WorkerRequest } from './serve.js';

const post = (reply: unknown, transfer: ArrayBuffer[]): void => parentPort?.postMessage(reply, transfer);
const handle = serve(createContext, post);
const host = servedHost({ tasks, createContext, readBytes: readBytesOnNode, openFrames: openFramesOnNode }, post);
parentPort?.on('message', (request: WorkerRequest) => void (host(request) || handle(request)));
