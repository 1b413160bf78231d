/** Ports of what the web platform offers: workers of browsers, and the scopes of all workers. */
import type { Port, WorkerPort } from './worker-port.js';

/** A worker, or its scope as it sees itself. */
interface MessageTarget {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** The port of what posts messages and receives events. */
export const portOf = (target: MessageTarget): Port => ({
  post: (message, transfer = []) => target.postMessage(message, transfer as Transferable[]),
  onMessage: (listener) => target.addEventListener('message', ({ data }) => listener(data)),
});

/** The port of a worker of a browser; `errorOf` states a failure, whose reason the browser may keep to itself. */
export const webWorkerPort = (
  worker: Worker,
  errorOf: (event: Event, reason: string | undefined) => Error,
): WorkerPort => ({
  ...portOf(worker),
  onFailure(listener) {
    const unread = 'it sent a message that cannot be read';
    worker.addEventListener('error', (event) => listener(errorOf(event, event.message || undefined)));
    worker.addEventListener('messageerror', (event) => listener(errorOf(event, unread)));
  },
  end: async () => worker.terminate(),
});
