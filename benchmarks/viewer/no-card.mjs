// What a person waits for between two pictures without a graphics card, as in remote desktops and virtual machines:
// a frame of 4.5 megapixels that is moved, zoomed and whose contrast is dragged, with all of Chromium on software GL,
// with a software compositor, and without WebGL. `draw=gpu` in the address has the shaders run in software.
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { serveView } from '../../dist/view.node.js';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';

export const kinds = {
  'software GL': ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
  'a software compositor': ['--disable-gpu', '--enable-unsafe-swiftshader'],
  'no WebGL': ['--disable-gpu', '--disable-software-rasterizer'],
};
const seconds = 3;
const size = { width: 1440, height: 900 };

/** In the page: records the times between two pictures. */
function watch() {
  const times = [];
  globalThis.times = times;
  let last = performance.now();
  const next = () => {
    const now = performance.now();
    times.push(now - last);
    last = now;
    if (globalThis.times === times) requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

/** Where the picture of a frame is, and its limits. */
const shownFrame = () => [viewer.pane.viewport.centre, viewer.pane.viewport.zoom, viewer.pane.picture.limits].join();

/**
 * The median and the 95th percentile of the times between two pictures while something is done again and again, which
 * changes `state`.
 */
async function between(page, act, state = shownFrame) {
  const place = () => page.evaluate(state);
  const before = await place();
  await act(0);
  await page.evaluate(watch);
  const end = performance.now() + 1000 * seconds;
  for (let i = 1; performance.now() < end; i++) await act(i);
  const times = await page.evaluate(() => {
    const { times } = globalThis;
    globalThis.times = undefined;
    return times.slice(1);
  });
  if (before === (await place())) throw new Error('nothing has changed on the page');
  times.sort((a, b) => a - b);
  return { median: times[times.length >> 1], most: times[Math.floor(0.95 * times.length)] };
}

/** Chromium with only these flags on graphics. */
const launched = (args) =>
  chromium.launch({
    executablePath: findChromium() ?? '/usr/bin/chromium',
    args: [...chromiumArgs.filter((one) => !/gl|gpu|swiftshader/i.test(one)), ...args],
  });

/** Times by what is done, for a kind of browser and a way of drawing. */
async function timesOf(args, address) {
  const browser = await launched(args);
  try {
    const page = await browser.newPage({ viewport: size });
    await page.goto(address);
    await page.waitForFunction(() => globalThis.viewer?.peaks?.count > 5, undefined, { timeout: 120_000 });
    await page.waitForTimeout(1500);
    const pane = await page.locator('#pane .overlay').boundingBox();
    const chart = await page.locator('#histogram').boundingBox();
    const [x, y] = [Math.round(pane.x + pane.width / 3), Math.round(pane.y + pane.height / 2.5)];
    const found = {};
    await page.mouse.move(x, y);
    await page.mouse.down();
    const around = (i) => [Math.round(x + 90 * Math.sin(i / 24)), Math.round(y + 60 * Math.sin(i / 18))];
    found['a picture that is moved'] = await between(page, (i) => page.mouse.move(...around(i + 1)));
    await page.mouse.up();
    await page.mouse.move(x, y);
    const turn = (i) => page.mouse.wheel(0, i % 16 < 8 ? -50 : 50);
    found['a picture that is zoomed'] = await between(page, turn);
    const top = Math.round(chart.y + chart.height / 2);
    const along = (i) => Math.round(chart.x + chart.width * (0.5 + 0.3 * Math.sin(i / 9)));
    await page.mouse.move(along(0), top);
    await page.mouse.down();
    found['contrast that is dragged'] = await between(page, (i) => page.mouse.move(along(i), top));
    await page.mouse.up();
    return found;
  } finally {
    await browser.close();
  }
}

/** Calls `print` with the times between two pictures while a virtual detector is dragged, with two and four panes. */
export async function draggedDetector(file, print) {
  const view = await serveView([file]);
  const browser = await launched(kinds['software GL']);
  try {
    const page = await browser.newPage({ viewport: size });
    await page.goto(view.url);
    const isIdle = () => page.waitForFunction(() => scan.idle && scan.image, undefined, { timeout: 300_000 });
    await isIdle();
    for (const [panes, more] of Object.entries({ two: [], four: ['field', 'icom'] })) {
      for (const name of more) await page.locator('#add-pane').selectOption(name);
      await isIdle();
      const pane = await page.locator('#pane .overlay').boundingBox();
      const [x, y] = [pane.x + (pane.width - 78) / 2, pane.y + pane.height / 2].map(Math.round);
      await page.mouse.move(x, y);
      await page.mouse.down();
      const around = (i) =>
        page.mouse.move(x + Math.round(40 * Math.sin(i / 12)), y + Math.round(30 * Math.sin(i / 9)));
      const { median, most } = await between(page, around, () => scan.image.slice(0, 64).join());
      await page.mouse.up();
      await isIdle();
      // The browser joins the panes in software as well, which takes most of the time of four.
      const [aim, aimOfMost] = panes === 'two' ? [33, 50] : [];
      print(`a virtual detector that is dragged, ${panes} panes, software GL: median`, median, aim);
      print(`a virtual detector that is dragged, ${panes} panes, software GL: 95th percentile`, most, aimOfMost);
    }
  } finally {
    await browser.close();
    await view.close();
  }
}

/** In the page: the median time for drawing the chart of a run of ten million frames, ms. */
async function timeChart() {
  // The script by which the page draws it.
  const { series, writeStrip, stripState } = await import('./chunk-page-pages-view-strip-controls.js');
  const frame = (i) => ({
    at: 4.2 * i,
    index: i,
    hit: (i * 7919) % 100 < 40,
    indexed: (i * 7919) % 100 < 30,
    failed: false,
  });
  for (let i = 0; i < 1e7; i++) {
    series.add(frame(i));
    if (i % 1000 === 0) series.add({ at: 4.2 * i, name: 'lag', value: (i / 1000) % 7 });
  }
  const times = [];
  for (let i = 0; i < 60; i++) {
    series.add(frame(1e7 + i));
    writeStrip({ nowMs: 4.2e7 + i, isOver: false, shownAt: undefined, connected: true, note: undefined });
    times.push(stripState().tookMs);
  }
  return times.sort((a, b) => a - b)[30];
}

/** Calls `print` with the time for drawing the chart of a long run without a graphics card, and its aim. */
export async function chartOfRun(print) {
  const view = await serveView([]);
  const browser = await launched(kinds['software GL']);
  try {
    const page = await browser.newPage({ viewport: size });
    await page.goto(view.url);
    print('the chart of a run of 10⁷ frames, drawn', await page.evaluate(timeChart), 5);
  } finally {
    await browser.close();
    await view.close();
  }
}

/** Calls `print` with each of the times: what, the time in ms, and the aim in ms. */
export async function withoutCard(folder, print) {
  const words = ['simulate', 'frames', '-o', folder, '--images', '2', '--name', 'large', '--size', '2120,2120'];
  execFileSync(process.execPath, [resolve('dist/cli.js'), ...words]);
  const at = (kind) => join(folder, `large.${kind}`);
  const view = await serveView([at('h5')], { geometry: at('geom'), cell: at('cell') });
  try {
    for (const [kind, args] of Object.entries(kinds))
      for (const [what, { median, most }] of Object.entries(await timesOf(args, view.url))) {
        print(`${what}, 4.5 megapixels, ${kind}: median`, median, 33);
        print(`${what}, 4.5 megapixels, ${kind}: 95th percentile`, most, 50);
      }
    for (const [what, { median }] of Object.entries(await timesOf(kinds['software GL'], `${view.url}&draw=gpu`)))
      print(`${what}, 4.5 megapixels, shaders on software GL: median`, median, undefined);
  } finally {
    await view.close();
  }
}

if (process.argv[1] === import.meta.filename) {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-card-'));
  const print = (what, ms, aim) =>
    process.stdout.write(`  ${what}: ${ms.toFixed(1)} ms${aim ? ` (aim at most ${aim})` : ''}\n`);
  await chartOfRun(print);
  await withoutCard(folder, print).finally(() => rmSync(folder, { recursive: true }));
}
