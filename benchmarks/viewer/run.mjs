#!/usr/bin/env node
// `npm run bench -- viewer`: what a person waits for in the viewer, in Chromium: the first paint, upload and contrast
// of a frame, a slider of the peak search, indexing a frame, a main thread that is busy while all frames are indexed,
// a virtual detector that is dragged, and times between pictures without a graphics card.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { serveView } from '../../dist/view.node.js';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { record } from '../lib/lines.mjs';
import { firstPaint, longestInExample, longestInViewer } from './main-thread.mjs';
import { chartOfRun, draggedDetector, withoutCard } from './no-card.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ewald-bench-viewer-'));
const print = (what, value, aim) => {
  record({ what, value, unit: 'ms', aim, most: true });
  const judged = aim === undefined ? '    ' : value <= aim ? 'pass' : 'MISS';
  process.stdout.write(
    `  ${judged}  ${what}: ${value.toFixed(2)} ms${aim === undefined ? '' : ` (aim at most ${aim})`}\n`,
  );
};

/** In the page: CPU time of upload and contrast, and of the peak search per megapixel. */
async function timeFrame() {
  const { viewer } = globalThis;
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const { picture } = viewer.pane;
  const data = Uint16Array.from({ length: 2048 * 2048 }, (_, i) => (i * 7919) % 61);
  const bad = new Uint8Array(data.length);
  const upload = [];
  for (let round = 0; round < 9; round++) {
    const start = performance.now();
    picture.show({ data, width: 2048, height: 2048, bad, validRange: [0, 65535] });
    viewer.auto();
    upload.push(performance.now() - start);
  }
  const pixels = (viewer.opened.width * viewer.opened.height) / 1e6;
  const peaks = [];
  for (let round = 0; round < 15; round++) {
    await viewer.setParameters({ minSnr: 5 + round / 10 });
    peaks.push(viewer.peaks.ms / pixels);
  }
  return { upload: median(upload), peaks: median(peaks), limits: [...picture.limits] };
}

/** In the page: what indexing a frame takes, and what its stages take. */
async function timeIndexing() {
  const { viewer } = globalThis;
  const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const { parameters } = viewer;
  const [whole, inWorker] = [[], []];
  for (let round = 0; round < 9; round++) {
    const start = performance.now();
    const { ms } = await viewer.engine.call('index', { frame: 0, parameters });
    whole.push(performance.now() - start);
    inWorker.push(ms);
  }
  return { whole: median(whole), stages: median(inWorker) };
}

/** In the page: a step of a pixel, from the request to the image. */
async function timeDrag() {
  const { scan } = globalThis;
  const steps = [];
  for (let step = 0; step < 40; step++) {
    const start = performance.now();
    await scan.move(step % 20 < 10 ? 1 : -1, 0);
    steps.push(performance.now() - start);
  }
  return steps.sort((a, b) => a - b)[20];
}

/** A scan of 128 × 128 positions with 128 × 128 pixels of u16, as .npy; 512 MB. */
function writeScan(file) {
  const words = "{'descr': '<u2', 'fortran_order': False, 'shape': (128, 128, 128, 128), }".padEnd(117);
  const head = Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([1, 0, 118, 0])]);
  writeFileSync(file, Buffer.concat([head, Buffer.from(`${words}\n`)]));
  const row = Uint16Array.from({ length: 128 ** 3 }, (_, i) => (i * 7919) % 101);
  for (let y = 0; y < 128; y++) appendFileSync(file, row);
}

const browser = await chromium.launch({
  executablePath: findChromium() ?? '/usr/bin/chromium',
  args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
const views = [];
try {
  const visit = async (files, options = {}) => {
    const view = await serveView(files, options);
    views.push(view);
    const page = await browser.newPage();
    await page.goto(view.url);
    return page;
  };
  const welcome = async () => {
    const view = await serveView([]);
    views.push(view);
    return view.url;
  };
  print('first paint on loopback', await firstPaint(browser, welcome), 1000);
  const frames = ['simulate', 'frames', '-o', folder, '--images', '16', '--name', 'run'];
  execFileSync(process.execPath, [resolve('dist/cli.js'), ...frames]);
  const page = await visit([join(folder, 'run.h5')], {
    geometry: join(folder, 'run.geom'),
    cell: join(folder, 'run.cell'),
  });
  await page.waitForFunction(() => globalThis.viewer.peaks?.count > 20, undefined, { timeout: 120_000 });
  const { upload, peaks, limits } = await page.evaluate(timeFrame);
  if (!(limits[0] === 0 && limits[1] > 100)) throw new Error(`the limits are ${limits}`);
  print('upload and contrast of 4 megapixels', upload, 20);
  print('a slider of the peak search, per megapixel', peaks, 50);
  const { whole, stages } = await page.evaluate(timeIndexing);
  print(`indexing a frame, whose search takes ${stages.toFixed(1)} ms`, whole, stages + 20);
  const inViewer = await longestInViewer(page);
  print('the longest task of the main thread while the viewer indexes 16 frames', inViewer, 50);
  await page.close();
  const dropped = ['run.h5', 'run.geom', 'run.cell'].map((name) => join(folder, name));
  const inExample = await longestInExample(browser, dropped, folder);
  print('the longest task of the main thread while examples/page indexes 16 frames', inExample, 50);
  await chartOfRun(print);
  await withoutCard(folder, print);
  const scanFile = join(folder, 'scan.npy');
  writeScan(scanFile);
  await draggedDetector(scanFile, print);
  const scanned = await visit([scanFile]);
  await scanned.waitForFunction(() => globalThis.scan.idle && globalThis.scan.image, undefined, { timeout: 300_000 });
  for (const kind of ['disk', 'ring', 'square']) {
    await scanned.evaluate((name) => globalThis.scan.change({ kind: name, outer: 12, inner: 6 }), kind);
    const name = `a step of a ${kind} of radius 12 on 128 × 128 positions of 128 × 128 pixels`;
    print(name, await scanned.evaluate(timeDrag), 16);
  }
} finally {
  await browser.close();
  for (const view of views) await view.close();
  rmSync(folder, { recursive: true });
}
// Scans that are computed where their files are.
await import('./there.mjs');
