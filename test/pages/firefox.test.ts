// @module-tag all: it starts Firefox
/** The page of frames in Firefox, with WebGL switched off: the processor draws, by way of WebDriver BiDi. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { type Firefox, firefoxAbsent, startFirefox, type Tab } from './firefox-tab.js';
import { browsing, filesOf, serve } from './visit.js';

const absent = firefoxAbsent || (dataFolder ? '' : ' (absent: no test data)');

browsing();
describe.skipIf(absent !== '')(`Firefox without WebGL${absent}`, () => {
  let firefox: Firefox | undefined;
  beforeAll(async () => {
    firefox = await startFirefox('user_pref("webgl.disabled", true);\n');
  }, 60_000);
  afterAll(() => firefox?.close());

  test('the frame is drawn with its peaks, moves with the pointer, and nothing is reported', async () => {
    const page = firefox?.tab as Tab;
    await page.goto(await serve(filesOf('sim/run.h5', 'sim/run')));
    expect(await page.evaluate(`String(document.createElement('canvas').getContext('webgl2'))`)).toBe('null');
    await expect.poll(() => page.evaluate('viewer.peaks?.count ?? 0'), { timeout: 20_000 }).toBeGreaterThan(100);
    const colours = `(() => {
      const { width, height } = document.querySelector('#pane .picture');
      const pen = document.querySelector('#pane .picture').getContext('2d');
      return new Set(new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer)).size;
    })()`;
    await expect.poll(() => page.evaluate(colours)).toBeGreaterThan(20);
    const centre = () => page.evaluate('String(viewer.pane.viewport.centre)');
    const before = await centre();
    await page.drag([300, 300], [360, 260]);
    await expect.poll(centre).not.toBe(before);
    expect(page.faults).toEqual([]);
  }, 60_000);
});
