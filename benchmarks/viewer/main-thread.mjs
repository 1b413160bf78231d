// What a page does to its main thread: the time to the first paint, and the longest task while all frames are indexed,
// in the viewer and in examples/page. Tasks below 50 ms are not reported by browsers and count as 0.
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { serve } from '../../scripts/lib/serve.mjs';

/** Milliseconds from the start of the navigation to the first content, in fresh browser contexts: their median. */
export async function firstPaint(browser, address, rounds = 5) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(await address());
    const found = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
    times.push(await (await page.waitForFunction(found)).jsonValue());
    await context.close();
  }
  return times.sort((a, b) => a - b)[rounds >> 1];
}

/** In the page: starts to record the longest task. */
function watch() {
  globalThis.longestTask = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) globalThis.longestTask = Math.max(globalThis.longestTask, duration);
  }).observe({ type: 'longtask' });
}

/** The longest task of the viewer while it indexes all frames of the open file. */
export async function longestInViewer(page) {
  await page.evaluate(watch);
  await page.keyboard.press('Shift+X');
  await page.waitForFunction(() => globalThis.viewer.stream && !globalThis.viewer.running, undefined, {
    timeout: 600_000,
  });
  return page.evaluate(() => globalThis.longestTask);
}

/** The longest task of examples/page while it indexes files. */
export async function longestInExample(browser, files, folder) {
  const site = join(folder, 'site');
  mkdirSync(join(site, 'node_modules'), { recursive: true });
  cpSync('examples/page', site, { recursive: true });
  symlinkSync(resolve('.'), join(site, 'node_modules/ewald'));
  const server = await serve(site);
  const page = await browser.newPage();
  try {
    await page.goto(`${server.url}/index.html`);
    await page.evaluate(watch);
    await page.setInputFiles('#files', files);
    await page.waitForFunction(() => /Finished/.test(document.querySelector('#status').textContent), undefined, {
      timeout: 600_000,
    });
    return await page.evaluate(() => globalThis.longestTask);
  } finally {
    await page.close();
    await server.close();
  }
}
