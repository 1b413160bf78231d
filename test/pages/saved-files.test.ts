// @module-tag all: it opens Chromium and Firefox
/** Saved files opened from a disk with the network off, in Chromium and Firefox: they are drawn, and ask for nothing. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { formatNpy } from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Firefox, firefoxAbsent, startFirefox, type Tab } from './firefox-tab.js';
import { browsing, Visit } from './visit.js';

const temporary = browsing();
const cli = (...words: string[]): void =>
  void execFileSync(process.execPath, ['dist/cli.js', ...words], { stdio: 'pipe' });
const [rows, columns] = [6, 9];
const names = ['run', 'scan', 'frames', 'report'] as const;
const file = (name: string): string => temporary(`${name}.html`);

beforeAll(() => {
  const data = Float32Array.from({ length: rows * columns * 64 }, (_, i) => Math.floor(i / 64) + (i % 64));
  writeFileSync(temporary('scan.npy'), formatNpy({ shape: [rows, columns, 8, 8], data, complex: false }));
  cli('run', 'sumsig', temporary('scan.npy'), '--html', file('run'), '--backend', 'wasm');
  cli('view', temporary('scan.npy'), '--save', file('scan'));
  const size = ['--size', '96,96', '--distance', '20', '--images', '2', '--name', 'small'];
  cli('simulate', 'frames', '-o', temporary(''), ...size);
  const beside = ['-g', temporary('small.geom'), '-p', temporary('small.cell')];
  cli('view', temporary('small.h5'), ...beside, '--save', file('frames'));
  cli(
    'index',
    temporary('small.h5'),
    ...beside,
    '--threshold',
    '5',
    '-j',
    '1',
    '--html',
    file('report'),
    '--backend=wasm',
  );
});

/** In a page: how many pictures there are, of how many colours the first is, and what is said of its numbers. */
const seen = `(() => {
  const [canvas] = document.querySelectorAll('.picture canvas');
  const { width, height } = canvas;
  const bytes = canvas.getContext('2d').getImageData(0, 0, width, height).data;
  const colours = new Set(new Uint32Array(bytes.buffer)).size;
  return JSON.stringify({
    ready: document.documentElement.dataset.ready,
    pictures: document.querySelectorAll('.picture canvas').length,
    marks: document.querySelectorAll('.picture circle, .picture rect').length,
    size: [width, height],
    isColourful: colours > 8,
    texts: [...document.querySelectorAll('.readout')].map(({ textContent }) => textContent),
    wide: document.documentElement.scrollWidth <= innerWidth,
  });
})()`;

const seenInChromium = new Map<string, string>();

describe('a saved file', () => {
  test.each(names)('%s.html is drawn in Chromium from a disk, with the network off', async (name) => {
    const address = pathToFileURL(file(name)).href;
    const visit = await Visit.open('about:blank', { width: 800, height: 900 }, { offline: true });
    const requests: string[] = [];
    visit.page.on('request', (request) => requests.push(request.url()));
    await visit.page.goto(address);
    await visit.page.waitForSelector('html[data-ready]');
    const found = (await visit.page.evaluate(seen)) as string;
    expect(JSON.parse(found)).toMatchObject({ ready: 'yes', isColourful: true, wide: true });
    expect(requests).toEqual([address]);
    expect(visit.faults).toEqual([]);
    seenInChromium.set(name, found);
  });
});

describe.skipIf(firefoxAbsent !== '')(`a saved file in Firefox${firefoxAbsent}`, () => {
  let firefox: Firefox | undefined;
  beforeAll(async () => {
    // Whatever is asked of another computer goes to a proxy that is not there.
    const proxy = { type: 1, http: '"127.0.0.1"', http_port: 9, ssl: '"127.0.0.1"', ssl_port: 9 };
    const lines = Object.entries(proxy).map(([name, value]) => `user_pref("network.proxy.${name}", ${value});\n`);
    firefox = await startFirefox(lines.join(''));
  }, 60_000);
  afterAll(() => firefox?.close());

  test.each(names)('%s.html is drawn as in Chromium', async (name) => {
    const page = firefox?.tab as Tab;
    const address = pathToFileURL(file(name)).href;
    await page.picture(800, 900);
    page.requests.length = 0;
    await page.goto(address);
    await expect.poll(() => page.evaluate('document.documentElement.dataset.ready'), { timeout: 20_000 }).toBe('yes');
    expect(JSON.parse(String(await page.evaluate(seen)))).toEqual(JSON.parse(seenInChromium.get(name) ?? '{}'));
    // Firefox counts pictures within the page as well.
    expect(page.requests.filter((one) => one !== address && !one.startsWith('data:'))).toEqual([]);
    expect(page.faults).toEqual([]);
  });
});
