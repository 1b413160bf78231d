/** Runs the case tables in a browser worker and posts the results; see chromium.browser.test.ts. */
import { createContext } from '../../dist/index.browser.js';
import { validate } from '../../dist/validate.js';

addEventListener('message', async ({ data }: MessageEvent) => {
  try {
    const { rows } = await validate({ createContext, backends: [data.backend], require: data.require, ids: data.ids });
    postMessage({ rows });
  } catch (error) {
    postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
});
