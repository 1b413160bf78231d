// Drops 10^4 damaged files into the viewer in Chromium: each is shown or refused with a message, within a bounded time.
// A run continues where the one before ended, so that ten runs with `--scale 0.1` are a whole one:
// build/soak/viewer.json counts the drops.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { damaged } from '../frames/mutations.mjs';

export const name = 'viewer';
export const about = '10^4 damaged files dropped into the viewer: shown or refused in words, and no page that hangs';
export const minutes = 15;

/** Time after which a drop counts as stuck. */
const longestMs = 20_000;
/** Number of drops of a whole run. */
const allDrops = 1e4;
/** The file with the number of drops that have passed. */
const progressFile = 'build/soak/viewer.json';
/** Messages of the language or the browser that no user can act on. */
const raw = /^(TypeError|RangeError|ReferenceError)|is not a function|undefined \(reading|is not iterable|of null/;

export async function run({ scale, note }) {
  const { serveView } = await import('../../dist/view.node.js');
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-viewer-'));
  const size = ['--size', '96,96', '--distance', '20', '--images', '2', '--name', 'small'];
  execFileSync(process.execPath, [resolve('dist/cli.js'), 'simulate', 'frames', '-o', folder, ...size]);
  const data = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data');
  const originals = [
    ...['small.h5', 'small.geom', 'small.cell'].map((file) => join(folder, file)),
    ...['formats/frame.npy', 'formats-em/phi_scan_001.cbf'].map((file) => join(data, file)).filter(existsSync),
  ].map((path) => ({ name: path.replace(/.*[/\\]/, ''), bytes: readFileSync(path) }));
  const view = await serveView([]);
  const browser = await chromium.launch({
    executablePath: findChromium() ?? '/usr/bin/chromium',
    args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('crash', () => faults.push('the page crashed'));
    await page.goto(view.url);
    const counts = { shown: 0, refused: 0 };
    const first = existsSync(progressFile) ? JSON.parse(readFileSync(progressFile, 'utf8')).passed : 0;
    const end = Math.min(allDrops, first + Math.max(1, Math.round(allDrops * scale)));
    mkdirSync('build/soak', { recursive: true });
    let slowest = 0;
    for (let drop = first; drop < end; drop++) {
      const which = drop % originals.length;
      const { name: file } = originals[which];
      // The other files of the set are intact, so that a geometry or a cell is used.
      const beside = which < 3 ? originals.slice(0, 3) : [originals[which]];
      const files = beside.map((original) => ({
        name: original.name,
        text: Buffer.from(original.name === file ? damaged(original.bytes, drop) : original.bytes).toString('base64'),
      }));
      const { message, opened, ms } = await page.evaluate(dropFiles, { files, longestMs });
      slowest = Math.max(slowest, ms);
      if (faults.length > 0) throw new Error(`drop ${drop}, ${file}: ${faults[0]}`);
      if (ms >= longestMs) throw new Error(`drop ${drop}, ${file}: no answer within ${longestMs} ms`);
      if (raw.test(message)) throw new Error(`drop ${drop}, ${file}: ${message}`);
      if (!opened && message === '') throw new Error(`drop ${drop}, ${file}: neither shown nor refused`);
      counts[opened ? 'shown' : 'refused']++;
      // A whole run starts the next one anew.
      writeFileSync(progressFile, JSON.stringify({ passed: (drop + 1) % allDrops }));
    }
    note(
      `drops ${first} to ${end - 1} of ${allDrops}: ${counts.shown} shown, ${counts.refused} refused; ` +
        `slowest ${(slowest / 1000).toFixed(1)} s`,
    );
  } finally {
    await browser.close();
    await view.close();
    rmSync(folder, { recursive: true });
  }
}

/** In the page: opens files as a drop does and indexes the frame; returns the message and the time. */
async function dropFiles({ files, longestMs }) {
  const { viewer } = globalThis;
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const before = viewer.opened;
  let message = '';
  viewer.onMessage = (text) => {
    message = text || message;
  };
  const start = performance.now();
  const late = new Promise((resolve) => setTimeout(resolve, longestMs));
  const work = async () => {
    await viewer.open(files.map(({ name, text }) => ({ name, blob: new File([bytesOf(text)], name) })));
    if (viewer.opened !== before) await viewer.index();
  };
  await Promise.race([work(), late]);
  return { message, opened: viewer.opened !== before, ms: performance.now() - start };
}
