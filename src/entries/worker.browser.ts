/** Entry of the browser's worker: `new Worker(new URL('ewald/worker', …), { type: 'module' })`. */

import { portOf } from '../base/web-port.js';
import { openFramesInBrowser, readBytesInBrowser } from '../executors/files-browser.js';
import { serveHost } from '../executors/workers/serve.js';
import { serve } from '../whole/assembly/serve.js';
import { createContext } from './index.js';
import { tasks } from './tasks.js';

const port = portOf(globalThis as never);
const place = { tasks, createContext, readBytes: readBytesInBrowser, openFrames: openFramesInBrowser };
serve(port, createContext, serveHost(port, place));

export type * from '../whole/assembly/public.worker.js';
