// Makes the pictures of the README, of fft.html and view.html: `node scripts/picture.mjs [fft] [view] [--to FOLDER]`,
// after a build. It is not part of the package.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { chromiumArgs, findChromium } from './lib/chromium.mjs';
import { root } from './lib/run.mjs';
import { serve } from './lib/serve.mjs';

const args = process.argv.slice(2);
const at = args.indexOf('--to');
const names = args.filter((arg, i) => arg !== '--to' && (at < 0 || i !== at + 1));
const pathOf = (name) =>
  at < 0 ? join(root, 'src/apps/pages', name, `${name}.jpg`) : join(args[at + 1], `${name}.jpg`);
const wanted = (name) => names.length === 0 || names.includes(name);
const browser = await chromium.launch({
  executablePath: findChromium() ?? '/usr/bin/chromium',
  args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
try {
  if (wanted('fft')) await pictureOfFilter();
  if (wanted('view')) await pictureOfIndexing();
} finally {
  await browser.close();
}

/** A simulated frame, the same each time, with its peaks and the reflections of its crystal. */
async function pictureOfIndexing() {
  const { serveView } = await import('../dist/view.node.js');
  const folder = mkdtempSync(join(tmpdir(), 'ewald-picture-'));
  const file = (ending) => join(folder, `run.${ending}`);
  const frames = ['simulate', 'frames', '-o', folder, '--images', '4', '--size', '700,700', '--seed', '4'];
  execFileSync(process.execPath, [join(root, 'dist/cli.js'), ...frames]);
  const view = await serveView([file('h5')], { geometry: file('geom'), cell: file('cell') });
  try {
    const page = await browser.newPage({ viewport: { width: 1060, height: 700 } });
    await page.goto(view.url);
    await page.waitForFunction(() => globalThis.viewer.peaks?.count > 20, undefined, { timeout: 120_000 });
    await page.keyboard.press('x');
    await page.waitForFunction(() => globalThis.viewer.crystals.length > 0, undefined, { timeout: 120_000 });
    // Times differ from run to run; the picture does not show them.
    await page.evaluate(() => {
      globalThis.viewer.peaks.ms = undefined;
      globalThis.viewer.onMessage('', false);
      globalThis.viewer.onChange();
    });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const path = pathOf('view');
    await page.screenshot({ path, type: 'jpeg', quality: 48 });
    console.log(path);
  } finally {
    await view.close();
    rmSync(folder, { recursive: true });
  }
}

async function pictureOfFilter() {
  const server = await serve(join(root, 'dist'));
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(`${server.url}/fft.html?sample=lattice&backend=wasm`);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'ready');
  // The picture shows only the three images, without the rest of the page below them.
  await page.addStyleTag({ content: '#readout{display:none}figure{border-color:transparent}' });
  const boxes = await Promise.all((await page.locator('figure').all()).map((figure) => figure.boundingBox()));
  const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))];
  const [right, bottom] = [
    Math.max(...boxes.map(({ x, width }) => x + width)),
    Math.max(...boxes.map(({ y, height }) => y + height)),
  ];
  const path = pathOf('fft');
  await page.screenshot({
    path,
    type: 'jpeg',
    quality: 62,
    clip: { x: left, y: top, width: right - left, height: bottom - top },
  });
  console.log(path);
  await server.close();
}
