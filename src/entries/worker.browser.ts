/** Entry of the browser's worker: `new Worker(new URL('ewald/worker', …), { type: 'module' })`. */

import { openFramesInBrowser, readBytesInBrowser } from '../executors/files-browser.js';
import { makeHostHandler } from '../executors/workers/serve.js';
import { serve } from '../whole/assembly/serve.js';
import { createContext } from './index.js';
import { tasks } from './tasks.js';

const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
};
const post = (reply: unknown, transfer: ArrayBuffer[]): void => scope.postMessage(reply, transfer);
const handle = serve(createContext, post);
const host = makeHostHandler(
  { tasks, createContext, readBytes: readBytesInBrowser, openFrames: openFramesInBrowser },
  post,
);
scope.addEventListener('message', (event) => void (host(event.data) || handle(event.data)));

export type * from '../whole/assembly/public.worker.js';
