// Makes the picture of the README, of view.html: `node scripts/picture.mjs [--to FOLDER]`, after a build. It is not
// part of the package.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { chromiumArgs, findChromium } from './lib/chromium.mjs';
import { root } from './lib/run.mjs';

const args = process.argv.slice(2);
const at = args.indexOf('--to');
const path = at < 0 ? join(root, 'src/pages/view/view.jpg') : join(args[at + 1], 'view.jpg');
const browser = await chromium.launch({
  executablePath: findChromium() ?? '/usr/bin/chromium',
  args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
try {
  await pictureOfIndexing();
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
    await page.screenshot({ path, type: 'jpeg', quality: 48 });
    console.log(path);
  } finally {
    await view.close();
    rmSync(folder, { recursive: true });
  }
}
