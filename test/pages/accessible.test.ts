// @module-tag all: it opens Chromium
/** The pages and reports, examined by axe: narrow and wide, light and dark, with their parts opened. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { tier, variants } from '../support/variants.js';
import { browsing, filesOf, serve, Visit } from './visit.js';

const temporary = browsing();
const rulesText = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
declare const axe: {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
};

/** What axe finds in a page, in words. */
async function found(page: Page): Promise<string[]> {
  await page.evaluate(() => document.fonts.ready);
  const { violations } = await page.evaluate(() => axe.run({ resultTypes: ['violations'] }));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

/** What axe finds in all appearances of a page. */
async function everywhere(page: Page): Promise<string[]> {
  // The content security policy of the server refuses other scripts; this one is not part of the page.
  await page.evaluate(rulesText);
  const all: string[] = [];
  // Colours do not change the layout, so that dark is looked at in one window.
  for (const [colorScheme, width, height] of [
    ['light', 390, 844],
    ['light', 3840, 2160],
    ['light', 1440, 900],
    ['dark', 1440, 900],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    for (const text of await found(page)) all.push(`${colorScheme} ${width}: ${text}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (overflow > 1) all.push(`${colorScheme} ${width}: wider than the window by ${overflow} pixels`);
  }
  return all;
}

describe('axe finds nothing', () => {
  test.each(variants(['view.html', 'index.html', 'validate.html']))('in %s', { tags: tier }, async (name) => {
    const visit = await Visit.open(await serve([]));
    if (name !== 'view.html') await visit.page.goto(new URL(name, visit.page.url()).href);
    expect(await everywhere(visit.page)).toEqual([]);
  });

  test.skipIf(!dataFolder)('in the page of frames with everything open', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(filesOf('sim/run.h5', 'sim/run')));
    const { page } = visit;
    await visit.peaks();
    await page.keyboard.press('Shift+X');
    await visit.message(/^Searched 12 frames/);
    await page.locator('#list-of-frames summary').click();
    await page.locator('#tools summary').click();
    await expect.poll(() => page.inputValue('#beam-distance'), { timeout: 60_000 }).not.toBe('');
    expect(await everywhere(page)).toEqual([]);
    for (const tab of ['cells', 'powder', 'peakogram']) {
      await page.click(`[role=tab][data-tab=${tab}]`);
      await visit.drawn();
      expect(await found(page), tab).toEqual([]);
    }
    await page.keyboard.press('?');
    expect(await found(page), 'keys').toEqual([]);
  });

  test.skipIf(!dataFolder)('in the report of a run', async () => {
    const report = temporary('report.html');
    const words = [...filesOf('sim/run.h5', 'sim/run'), '-o', temporary('run.stream'), '--html', report, '-j', '1'];
    execFileSync(process.execPath, ['dist/cli.js', 'index', ...words, '--backend=wasm'], { stdio: 'pipe' });
    const visit = await Visit.open(pathToFileURL(report).href);
    expect(await everywhere(visit.page)).toEqual([]);
  });
});
