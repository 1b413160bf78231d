// @module-tag all: Chromium, whose WebGPU is the Dawn of Node.
/** The case tables on every backend that is available in a browser, in a window and in a worker. */
import { createContext } from '../../dist/index.browser.js';
import * as validate from '../../dist/validate.js';
import { describeElsewhere, describeHere, everywhere, room, roomOf } from './table.js';

const names = ['wasm', 'webgpu'] as const;
// The other backends never exist in a browser, so their absence is not a failure.
const require = validate
  .parseRequire(import.meta.env.EWALD_REQUIRE)
  .filter((name: string) => (names as readonly string[]).includes(name))
  .join(',');

describeHere('a window', names, validate, createContext, require);

// A worker uses the same core and kernels as the window, so on wasm it runs an eighth of the rows of each room, and on
// WebGPU, where each kernel is compiled again for a software device, one. A room without any would be an empty suite.
const rooms = [...new Set(validate.rows.map(({ id }: { id: string }) => roomOf(id)))];
const inWorker = (backend: (typeof names)[number]) => {
  if (everywhere) return validate.rows;
  const drawn = rooms.flatMap((name) => {
    const rows = validate.rows.filter(({ id }: { id: string }) => roomOf(id) === name);
    const eighth = rows.filter(({ id }: { id: string }) => backend === 'wasm' && validate.seedOf(id) % 8 === 0);
    return eighth.length > 0 ? eighth : rows.slice(0, 1);
  });
  return room === '' ? drawn : drawn.filter(({ id }: { id: string }) => roomOf(id) === room);
};

describeElsewhere('a worker', names, inWorker, async (backend) => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  try {
    const reply = await new Promise<{ rows?: never[]; error?: string }>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message || 'the worker did not start'));
      worker.postMessage({ backend, require, ids: inWorker(backend).map(({ id }: { id: string }) => id) });
    });
    if (!reply.rows) throw new Error(reply.error);
    return reply.rows;
  } finally {
    worker.terminate();
  }
});
