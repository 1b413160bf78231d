// @module-tag all: Chromium, whose WebGPU is the Dawn of Node.
/** The case tables on every backend that is available in a browser, in a window and in a worker. */
import { createContext } from '../../dist/index.browser.js';
import * as validate from '../../dist/validate.js';
import { describeElsewhere, describeHere, everywhere, inBrowser, isInShare, room, roomOf } from './table.js';

const names = ['wasm', 'webgpu'] as const;
// The other backends never exist in a browser, so their absence is not a failure.
const require = validate
  .parseRequire(import.meta.env.EWALD_REQUIRE)
  .filter((name: string) => (names as readonly string[]).includes(name))
  .join(',');

await describeHere('a window', names, validate, createContext, require);

// A worker uses the same core and kernels as the window: it runs the rows that the window runs on WebGPU.
const inWorker = (): typeof validate.rows => {
  if (everywhere) return validate.rows.filter(({ id }: { id: string }) => isInShare(validate, id));
  const ids = inBrowser(validate, 'webgpu');
  return validate.rows.filter(({ id }: { id: string }) => ids.has(id) && (room === '' || roomOf(id) === room));
};

describeElsewhere('a worker', names, inWorker, async (backend) => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  try {
    const reply = await new Promise<{ rows?: never[]; error?: string }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
      worker.postMessage({ backend, require, ids: inWorker().map(({ id }: { id: string }) => id) });
    });
    if (!reply.rows) throw new Error(reply.error);
    return reply.rows;
  } finally {
    worker.terminate();
  }
});
