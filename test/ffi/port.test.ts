/** The worker of asynchronous calls in a page: what its failures tell. */
import { expect, test, vi } from 'vitest';
import { webPort } from '../../src/ffi/wasm/port.js';

/** A worker whose error has a message, or none, as where the policy of the page forbids it. */
class FailingWorker extends EventTarget {
  terminate(): void {}
  postMessage(message: string): void {
    if (message === 'answer') this.dispatchEvent(Object.assign(new Event('message'), { data: {} }));
    else this.dispatchEvent(Object.assign(new Event('error'), { message: message || undefined }));
  }
}

test.for([
  [[''], 'Unsupported', /Content-Security-Policy forbids it; add blob: to its worker-src, or pass \{ worker/],
  [['x is not defined'], 'Internal', /the worker failed: x is not defined/],
  [['answer', ''], 'Internal', /the worker failed/],
] as const)('a worker that gets %j ends with %s', ([messages, tag, words]) => {
  vi.stubGlobal('Worker', FailingWorker);
  const errors: unknown[] = [];
  const port = webPort()('const start = () => {};');
  port.onFailure((error) => errors.push(error));
  for (const message of messages) port.post(message as never);
  vi.unstubAllGlobals();
  expect(errors).toEqual([expect.objectContaining({ tag, message: expect.stringMatching(words) })]);
});
