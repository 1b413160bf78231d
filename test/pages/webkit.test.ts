// @module-tag all: it starts WebKitGTK.
/** The page of frames, and rows of `ewald validate` on wasm, in Safari's engine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as validate from '../../dist/validate.js';
import { inBrowser } from '../conformance/table.js';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, serve } from './visit.js';
import { startWebKit, type WebKit, webkitAbsent } from './webkit-tab.js';

const absent = webkitAbsent || (dataFolder ? '' : ' (absent: no test data)');

browsing();
describe.skipIf(absent !== '')(`WebKitGTK${absent}`, () => {
  let tab: WebKit | undefined;
  beforeAll(async () => {
    tab = await startWebKit();
  });
  afterAll(() => tab?.close());

  test('a frame is drawn with its peaks, in a page that shares memory with its workers', async () => {
    await tab?.goto(await serve(filesOf('sim/run.h5', 'sim/run')));
    await expect.poll(() => tab?.evaluate('viewer.peaks?.count ?? 0'), { timeout: 60_000 }).toBeGreaterThan(100);
    expect(await tab?.evaluate('crossOriginIsolated')).toBe(true);
    // What WebGL has drawn cannot be read from the page: without the picture, its place
    // has a third of the bytes as a PNG.
    const seen = await tab?.picture('#pane');
    await tab?.evaluate(`document.querySelector('#pane .picture').style.visibility = 'hidden'`);
    const without = await tab?.picture('#pane');
    expect(seen?.length).toBeGreaterThan(2 * (without?.length ?? Number.NaN));
    expect(await tab?.evaluate(`document.querySelector('#message')?.textContent ?? ''`)).toBe('');
  });

  test('a row of each kind is right on wasm', async () => {
    await tab?.goto(await serve(filesOf('sim/run.h5', 'sim/run')));
    const ids = [...inBrowser(validate, 'wasm')];
    const told = await tab?.evaluate(`(async () => {
      const [{ validate }, { createContext }] = await Promise.all([import('/validate.js'), import('/index.browser.js')]);
      const { rows } = await validate({ createContext, ids: ${JSON.stringify(ids)}, backends: ['wasm'], budget: 1e9 });
      return rows.map(({ id, outcome, why }) => [id, outcome, why]);
    })()`);
    const rows = told as [id: string, outcome: string, why?: string][];
    expect(rows.filter(([, outcome]) => outcome === 'fail' || outcome === 'absent')).toEqual([]);
    expect(rows.filter(([, outcome]) => outcome === 'pass').length).toBeGreaterThan(30);
  }, 600_000);
});
