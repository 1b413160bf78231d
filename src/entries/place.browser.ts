/** The browser as an environment of executors. */

import { startBrowserWorker } from '../compute/workers/start.browser.js';
import { openFramesInBrowser, readBytesInBrowser } from '../parallel/files-browser.js';
import type { Place } from '../parallel/place.js';
import { createContext, devices } from './index.js';
import { tasks } from './tasks.js';

function randomName(): string {
  return Math.random().toString(36).slice(2, 8);
}

export const browserPlace: Place = {
  platform: 'browser',
  get host() {
    return globalThis.location?.host || 'browser';
  },
  get cores() {
    return globalThis.navigator?.hardwareConcurrency ?? 1;
  },
  processName: /* @__PURE__ */ randomName(),
  connectTcp: undefined,
  readCreds: async (creds) => creds,
  tasks,
  createContext,
  devices,
  startWorker: startBrowserWorker,
  readBytes: readBytesInBrowser,
  openFrames: openFramesInBrowser,
};
