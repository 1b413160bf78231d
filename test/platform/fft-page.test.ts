// @module-tag all: Chromium.
/**
 * fft.html in Chromium, served by `ewald page`: its display is compared with waves whose transforms are known in closed
 * form.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';
import { node, root } from './support.js';

const cli = join(root, 'dist/cli.js');
let server: ChildProcess;
let address: string;
let browser: Browser;
let cookie: string;

beforeAll(async () => {
  server = spawn(process.execPath, [cli, 'page', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve, reject) => {
    server.stdout?.once('data', (data) => resolve(String(data)));
    server.once('exit', (code) => reject(new Error(`ewald page ended with ${code}`)));
  });
  const { url, pages } = JSON.parse(line);
  const token = new URL(url).search;
  address = `${new URL(url).origin}/`;
  expect(pages).toContain(`${address}fft.html${token}`);
  const entry = await fetch(url, { redirect: 'manual' });
  [cookie = ''] = entry.headers.get('set-cookie')?.split(';') ?? [];
  browser = await chromium.launch({ executablePath: findChromium() ?? '/usr/bin/chromium', args: chromiumArgs });
});
afterAll(async () => {
  await browser?.close();
  server?.kill();
});

/** An 8-bit RGB PNG file. */
function png(
  width: number,
  height: number,
  pixel: (x: number, y: number) => readonly [number, number, number],
): Buffer {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) rows.set(pixel(x, y).map(Math.round), y * (1 + 3 * width) + 1 + 3 * x);
  const chunk = (name: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const frame = Buffer.alloc(body.length + 8);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(crc32(body), body.length + 4);
    return frame;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const parts = [
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat(parts);
}

/** An open page with helpers for the actions of a person. */
class Visit {
  readonly page: Page;
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  static async open(query = '', prepare: (page: Page) => Promise<unknown> = async () => undefined): Promise<Visit> {
    const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
    const [name = '', value = ''] = cookie.split('=');
    await page.context().addCookies([{ name, value, url: address }]);
    const visit = new Visit(page);
    await prepare(page);
    await page.goto(`${address}fft.html${query}`);
    await visit.settled();
    return visit;
  }

  async settled(): Promise<void> {
    await this.page.waitForFunction(
      () => ['ready', 'error'].includes(document.documentElement.dataset.state ?? ''),
      undefined,
      { timeout: 120_000 },
    );
  }

  /** Performs an action and waits until the page has processed it. */
  async after(act: () => Promise<unknown>): Promise<void> {
    await act();
    await this.settled();
  }

  /** The page marks itself busy while it handles the event, so the wait cannot end too early. */
  bring(name: string, buffer: Buffer, mimeType = 'image/png'): Promise<void> {
    return this.after(() => this.page.setInputFiles('#file', { name, mimeType, buffer }));
  }

  pick(name: string, value: string): Promise<void> {
    return this.after(() => this.page.check(`[name=${name}][value=${value}]`, { force: true }));
  }

  tick(name: string): Promise<void> {
    return this.after(() => this.page.click(`[name=${name}]`));
  }

  slide(name: string, value: number): Promise<void> {
    return this.after(() => this.page.fill(`[name=${name}]`, String(value)));
  }

  /** The centre of a bin on the screen, counted from the zero frequency, y downwards. */
  async bin(x: number, y: number): Promise<readonly [number, number]> {
    await this.page.locator('#spectrum').scrollIntoViewIfNeeded();
    return this.page.locator('#spectrum').evaluate(
      (canvas: HTMLCanvasElement, [kx, ky]) => {
        const box = canvas.getBoundingClientRect();
        const place = (k: number, n: number, length: number): number => ((k + (n >> 1) + 0.5) / n) * length;
        return [box.left + place(kx, canvas.width, box.width), box.top + place(ky, canvas.height, box.height)] as const;
      },
      [x, y] as const,
    );
  }

  async paint(x: number, y: number): Promise<void> {
    const place = await this.bin(x, y);
    return this.after(() => this.page.mouse.click(...place));
  }

  async text(id: string): Promise<string> {
    return (await this.page.locator(`#${id}`).textContent()) ?? '';
  }

  /** The largest difference between a canvas and its expected content, in grey levels, over all channels. */
  async distance(
    id: string,
    width: number,
    height: number,
    expected: (x: number, y: number) => readonly [number, number, number],
  ): Promise<number> {
    const found = await this.page.locator(`#${id}`).evaluate((canvas: HTMLCanvasElement) => ({
      size: [canvas.width, canvas.height],
      data: [...(canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [])],
    }));
    expect(found.size).toEqual([width, height]);
    let worst = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const want = expected(x, y);
        for (let c = 0; c < 3; c++)
          worst = Math.max(worst, Math.abs((found.data[4 * (y * width + x) + c] ?? Number.NaN) - (want[c] ?? 0)));
      }
    }
    return worst;
  }

  async close(): Promise<void> {
    await this.page.close();
    expect(this.errors).toEqual([]);
  }
}

// Two waves on a mean. Half a grey level is lost by rounding in the file and half in the result; removing some bins of
// the file's rounding noise (0.3 levels per pixel, spread over 6930 bins) can change a pixel by slightly more.
const rounding = 1.25;
const [width, height] = [90, 77];
const grey = (value: number) => [value, value, value] as const;
const slow = (x: number, y: number): number => 40 * Math.cos(2 * Math.PI * ((3 * x) / width - (2 * y) / height));
const quick = (x: number, y: number): number => 30 * Math.cos(2 * Math.PI * ((17 * x) / width + (11 * y) / height) + 1);
const waves = png(width, height, (x, y) => grey(128 + slow(x, y) + quick(x, y)));
const withSlow = (x: number, y: number) => grey(128 + slow(x, y));
const withQuick = (x: number, y: number) => grey(128 + quick(x, y));

describe.each(['wasm', 'webgpu'])('on %s', (backend) => {
  test('an image is restored with its colours, and unchanged by a low-pass that passes everything', async ({
    skip,
  }) => {
    const visit = await Visit.open(`?backend=${backend}`);
    if (await visit.page.locator(`[name=backend][value=${backend}]`).isDisabled()) skip(`absent: ${backend}`);
    // Noise, so that every bin is nonzero.
    const noise = (x: number, y: number) =>
      [0, 1, 2].map((c) => ((x * 7919 + y * 104_729 + x * y * 31 + c * 613) * 2_654_435_761) % 256) as [
        number,
        number,
        number,
      ];
    await visit.bring('noise.png', png(61, 47, noise));
    expect(await visit.page.locator('[name=backend]:checked').inputValue()).toBe(backend);
    await visit.tick('colour');
    expect(await visit.text('half')).toContain('31 × 47');
    expect(await visit.distance('image', 61, 47, noise)).toBe(0);
    expect(await visit.distance('result', 61, 47, noise)).toBeLessThanOrEqual(1);
    await visit.pick('kind', 'low');
    expect(await visit.distance('result', 61, 47, noise)).toBeGreaterThan(20);
    await visit.slide('to', 100);
    expect(await visit.distance('result', 61, 47, noise)).toBeLessThanOrEqual(1);
    expect(await visit.text('energy')).toBe('100.00 %');
    await visit.close();
  });

  test('waves are separated by ring, notch and direction', async ({ skip }) => {
    const visit = await Visit.open(`?backend=${backend}`);
    if (await visit.page.locator(`[name=backend][value=${backend}]`).isDisabled()) skip(`absent: ${backend}`);
    await visit.bring('waves.png', waves);
    expect(await visit.text('status')).toContain('waves.png');

    await visit.slide('brush', 2);
    await visit.paint(17, 11);
    const f = Math.hypot(17 / width, 11 / height);
    expect(await visit.text('readout')).toBe(
      `(17, -11): period ${(1 / f).toPrecision(4)} px at -37.1°, ${f.toFixed(4)} cycles/px, amplitude 30.0 grey levels`,
    );
    expect(await visit.distance('result', width, height, withSlow)).toBeLessThan(rounding);
    // The energy of a wave is proportional to the square of its amplitude: 40² of 40² + 30².
    expect(Number.parseFloat(await visit.text('contrast'))).toBeCloseTo(64, 1);
    await visit.pick('painted', 'keep');
    expect(await visit.distance('result', width, height, withQuick)).toBeLessThan(rounding);
    await visit.after(() => visit.page.click('#undo'));
    expect(await visit.distance('result', width, height, () => grey(128))).toBeLessThan(rounding);
    await visit.after(() => visit.page.click('#start-over'));
    expect(await visit.distance('result', width, height, (x, y) => grey(128 + slow(x, y) + quick(x, y)))).toBeLessThan(
      rounding,
    );
    // At the mirror image of the bin, by dragging the mouse over it.
    const [from, to] = [await visit.bin(-17, -17), await visit.bin(-17, -6)];
    await visit.page.mouse.move(...from);
    await visit.page.mouse.down();
    await visit.page.mouse.move(...to, { steps: 4 });
    await visit.after(() => visit.page.mouse.up());
    expect(await visit.distance('result', width, height, withSlow)).toBeLessThan(rounding);
    await visit.after(() => visit.page.click('#clear'));

    // 0.043 and 0.237 cycles per pixel; the slider at 40 is 0.113.
    for (const [kind, slider, expected] of [
      ['low', 'to', withSlow],
      ['high', 'from', withQuick],
    ] as const) {
      await visit.pick('kind', kind);
      await visit.slide(slider, 40);
      await visit.slide('edge', 20);
      expect(await visit.distance('result', width, height, expected), kind).toBeLessThan(rounding);
    }
    await visit.pick('kind', 'stop');
    await visit.slide('to', 90);
    expect(await visit.distance('result', width, height, withSlow), 'stop').toBeLessThan(rounding);
    await visit.pick('kind', 'band');
    expect(await visit.distance('result', width, height, withQuick), 'band').toBeLessThan(rounding);
    await visit.pick('kind', 'all');

    // The fast wave runs along −37.1° counted anticlockwise, the slow one along +37.9°.
    await visit.tick('wedge');
    await visit.slide('angle', 143);
    expect(await visit.distance('result', width, height, withQuick), 'one direction').toBeLessThan(rounding);
    await visit.slide('angle', 38);
    expect(await visit.distance('result', width, height, withSlow), 'the other direction').toBeLessThan(rounding);
    await visit.close();
  });
});

test('images of any size are restored, and only very large ones are scaled down', async () => {
  const visit = await Visit.open();
  for (const [w, h] of [
    [1, 1],
    [1, 7],
    [64, 1],
    [2, 2],
    [31, 37],
    [2048, 3],
  ] as const) {
    const ramp = (x: number, y: number) => grey((x * 37 + y * 11) % 256);
    await visit.bring('ramp.png', png(w, h, ramp));
    expect(await visit.text('status')).toBe('ramp.png');
    expect(await visit.distance('result', w, h, ramp), `${w} × ${h}`).toBeLessThanOrEqual(1);
  }
  await visit.bring(
    'long.png',
    png(4100, 4, () => grey(200)),
  );
  expect(await visit.text('status')).toContain('scaled down from 4100 × 4');
  expect(await visit.distance('result', 2048, 2, () => grey(200))).toBeLessThanOrEqual(1);
  await visit.close();
});

test('a file that is not an image is refused with a message, and the page remains usable', async () => {
  const visit = await Visit.open('?backend=wasm');
  const sample = await visit.text('contrast');
  await visit.bring('cut.png', waves.subarray(0, 60));
  expect(await visit.text('contrast'), 'the sample keeps its filter').toBe(sample);
  await visit.bring('waves.png', waves);
  expect(await visit.text('contrast'), 'an image of the user starts without a filter').toBe('100.00 %');
  await visit.bring('notes.txt', Buffer.from('hello'), 'text/plain');
  expect(await visit.text('status')).toMatch(/^notes\.txt \(text\/plain, 1 kB\) is not an image .* use a PNG/);
  await visit.bring('cut.png', waves.subarray(0, 60));
  expect(await visit.text('status')).toContain('cut.png');
  expect(await visit.text('status')).toContain('is not an image');
  expect(await visit.distance('image', width, height, (x, y) => grey(Math.round(128 + slow(x, y) + quick(x, y))))).toBe(
    0,
  );
  await visit.page.evaluate(() => document.dispatchEvent(new DragEvent('drop', { dataTransfer: new DataTransfer() })));
  expect(await visit.text('status')).toContain('no file was supplied');
  await visit.pick('kind', 'low');
  await visit.slide('to', 40);
  expect(await visit.distance('result', width, height, withSlow)).toBeLessThan(rounding);
  await visit.close();
});

test('a browser that cannot compute shows the reason', async () => {
  const noWasm = await Visit.open('', (page) => page.route('**/ewald.wasm', (route) => route.abort()));
  expect(await noWasm.page.evaluate(() => document.documentElement.dataset.state)).toBe('error');
  expect(await noWasm.text('status')).toMatch(/wasm/);
  await noWasm.close();
  const wrong = await Visit.open('?backend=cuda');
  expect(await wrong.text('status')).toContain('CUDA needs Node');
  await wrong.pick('backend', 'wasm');
  expect(await wrong.text('device')).toContain('WebAssembly');
  expect(await wrong.text('energy')).toContain('%');
  await wrong.close();
  const page = await browser.newPage();
  await page.goto(pathToFileURL(join(root, 'dist/fft.html')).href);
  expect(await page.locator('#status').textContent()).toContain('npx ewald page');
  await page.close();
});

test('the keyboard replaces the mouse, a phone needs no horizontal scrolling, and results are saved', async () => {
  const visit = await Visit.open();
  await visit.bring('waves.png', waves);
  await visit.slide('brush', 2);
  await visit.page.focus('#pad');
  for (let i = 0; i < 17; i++) await visit.page.keyboard.press('ArrowRight');
  await visit.page.keyboard.press('Shift+ArrowDown');
  await visit.page.keyboard.press('ArrowDown');
  expect(await visit.text('readout')).toContain('(17, -11)');
  await visit.after(() => visit.page.keyboard.press('Enter'));
  expect(await visit.distance('result', width, height, withSlow)).toBeLessThan(rounding);

  const [download] = await Promise.all([visit.page.waitForEvent('download'), visit.page.click('#save-result')]);
  expect(download.suggestedFilename()).toBe('waves-filtered.png');
  const saved = await readFile((await download.path()) ?? '');
  await visit.after(() => visit.page.keyboard.press('Control+z'));
  await visit.after(() => visit.page.click('#start-over'));
  await visit.bring('again.png', saved);
  expect(await visit.distance('image', width, height, withSlow)).toBeLessThanOrEqual(1);

  for (const size of [380, 800, 1360]) {
    await visit.page.setViewportSize({ width: size, height: 800 });
    expect(await visit.page.evaluate(() => document.documentElement.scrollWidth), `${size} px`).toBeLessThanOrEqual(
      size,
    );
  }
  // Every control has a name.
  expect(
    await visit.page.evaluate(
      () =>
        [...document.querySelectorAll('input,select')].filter(
          (box) => !(box as HTMLInputElement).labels?.length && !box.ariaLabel,
        ).length,
    ),
  ).toBe(0);
  await visit.close();
});

test('every sample shows an image, and its filter changes it', async () => {
  const visit = await Visit.open('?backend=wasm');
  for (const name of ['lattice', 'diffraction', 'print', 'colour']) {
    await visit.after(() => visit.page.selectOption('#sample', name));
    const contrast = Number.parseFloat(await visit.text('contrast'));
    expect(contrast, name).toBeGreaterThan(10);
    expect(contrast, name).toBeLessThan(90);
  }
  await visit.close();
});

test('ewald page serves only files that belong to the pages, and ends with Ctrl-C', async () => {
  const answer = async (path: string): Promise<number> => (await fetch(address + path, { headers: { cookie } })).status;
  for (const path of [
    '',
    'index.html',
    'view.html',
    'fft.html',
    'validate.html',
    'fft-page.js',
    'index.browser.js',
    'ewald.wasm',
    'fft.html?sample=print',
  ])
    expect(await answer(path), path).toBe(200);
  for (const path of ['types/index.d.ts', '..%2fpackage.json', 'package.json', '%2e%2e/README.md', 'nothing.js', '/'])
    expect(await answer(path), path).toBe(404);
  const taken = await node([cli, 'page', '--port', new URL(address).port]);
  expect([taken.code, taken.err]).toEqual([2, expect.stringContaining('something else is listening')]);
  const wrong = await node([cli, 'page', '--port', '70000']);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('0 to 65535')]);
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  expect(await ended).toBe(0);
});
