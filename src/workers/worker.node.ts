/** Entry of Node's worker: `new Worker(new URL(import.meta.resolve('ewald/worker')))`. */
import { parentPort } from 'node:worker_threads';
import { createContext } from '../node.js';
import { serve, type WorkerRequest } from './serve.js';

const handle = serve(createContext, (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', (request: WorkerRequest) => void handle(request));
