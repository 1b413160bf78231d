/** Entry of the browser's worker: `new Worker(new URL('ewald/worker', …), { type: 'module' })`. */
import { createContext } from '../index.js';
import { serve } from './serve.js';

const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
};
const handle = serve(createContext, (reply, transfer) => scope.postMessage(reply, transfer));
scope.addEventListener('message', (event) => void handle(event.data));
