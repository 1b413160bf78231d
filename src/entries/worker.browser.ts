/** Entry of the browser's worker: `new Worker(new URL('ewald/worker', …), { type: 'module' })`. */

import { serve } from '../context/serve.js';
import { openFramesInBrowser, readBytesInBrowser } from '../parallel/files-browser.js';
import { serveHost } from '../parallel/workers/serve.js';
import { portOf } from '../util/web-port.js';
import { createContext } from './index.js';
import { tasks } from './tasks.js';

const port = portOf(globalThis as never);
const place = { tasks, createContext, readBytes: readBytesInBrowser, openFrames: openFramesInBrowser };
serve(port, createContext, serveHost(port, place));

export type * from '../context/public.worker.js';
