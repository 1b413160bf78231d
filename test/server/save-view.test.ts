/** `ewald view --save` and the report of a run: the numbers in the file are those of the frames and of `ewald run`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { createContext, formatNpy } from 'ewald';
import { memoryDataset, open } from 'ewald/data';
import { saveView } from 'ewald/view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flatGeometry } from '../../src/crystal/geometry/flat.js';
import { framesPage } from '../../src/pipeline/frames-page.js';
import type { StoredResult } from '../../src/report/numbers-page.js';
import type { StoredPage } from '../../src/stem/output/results-page.js';
import { ewaldTogether } from '../support/cli.js';

let folder: string;
const at = (name: string): string => join(folder, name);
const [rows, columns, n] = [5, 4, 12];
const pixels = n * n;
const scan = Float32Array.from({ length: rows * columns * pixels }, (_, i) => ((i * 7919) % 101) + 1);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-save-view-'));
  writeFileSync(at('scan.npy'), formatNpy({ shape: [rows, columns, n, n], data: scan, complex: false }));
  const words = ['--size', '96,96', '--distance', '20', '--images', '3', '--name', 'small'];
  const { code, err } = await ewaldTogether(['simulate', 'frames', '-o', folder, ...words]);
  expect(code, err).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

function storedIn(file: string, html = readFileSync(at(file), 'utf8')): StoredPage {
  // Nothing is loaded, and there is no address.
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/(?:src|href)="(?!data:)/);
  return JSON.parse(/id="stored">([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '') as StoredPage;
}
function numbersOf({ numbers = '', type }: StoredResult): Float32Array | Float64Array {
  const { buffer, byteOffset, byteLength } = inflateSync(Buffer.from(numbers, 'base64'));
  const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
  return type === '<f4' ? new Float32Array(bytes) : new Float64Array(bytes);
}
const named = ({ results }: StoredPage, name: string): StoredResult =>
  results.find((one) => one.name === name) as StoredResult;

describe('what a viewer shows is saved', () => {
  test('a scan with its virtual image, pattern and centres, each number as it is added up here', async () => {
    const { code, out, err } = await ewaldTogether(['view', at('scan.npy'), '--save', at('scan.html')]);
    expect([code, out.trim()], err).toEqual([0, at('scan.html')]);
    const stored = storedIn('scan.html');
    const image = numbersOf(named(stored, 'sumsig-intensity'));
    const pattern = numbersOf(named(stored, 'sum-intensity'));
    const field = numbersOf(named(stored, 'com-field'));
    const expected = { image: new Float64Array(rows * columns), pattern: new Float64Array(pixels) };
    for (let k = 0; k < image.length; k++) {
      let moment = 0;
      for (let i = 0; i < pixels; i++) {
        const value = scan[k * pixels + i] as number;
        expected.image[k] = (expected.image[k] as number) + value;
        expected.pattern[i] = (expected.pattern[i] as number) + value;
        moment += value * Math.floor(i / n);
      }
      expect(field[2 * k]).toBeCloseTo(moment / (expected.image[k] as number) - n / 2, 9);
    }
    expect([...image]).toEqual([...expected.image]);
    expect([...pattern]).toEqual([...expected.pattern]);
    expect(stored.command).toContain('--save');
  });

  test('frames with the values of their pixels, their peaks and reflections', async () => {
    const beside = { geometry: at('small.geom'), cell: at('small.cell') };
    expect(await saveView([at('small.h5')], at('frames.html'), { ...beside, frames: '0:2' })).toEqual([]);
    const stored = storedIn('frames.html');
    expect(stored.results.map(({ name }) => name)).toEqual(['frame 0', 'frame 1']);
    expect(stored.notes).toContain('2 of 3 frames');
    await using dataset = await open(at('small.h5'));
    for (const [k, result] of stored.results.entries()) {
      const [frame, shown] = [await dataset.read(k, 1), numbersOf(result)];
      let isSeen = 0;
      for (const [i, value] of shown.entries())
        if (!Number.isNaN(value)) {
          isSeen++;
          expect(value).toBe(frame[i]);
        }
      // The rest is behind the beam stop and in the gap.
      expect(isSeen).toBeGreaterThan(0.8 * frame.length);
      const [peaks] = result.marks ?? [];
      expect(result.desc).toContain(`${peaks?.x.length} peak`);
      // A peak is on a pixel that is brighter than most.
      const median = [...frame].map(Number).sort((a, b) => a - b)[frame.length >> 1] as number;
      for (const [i, x] of (peaks?.x ?? []).entries())
        expect(frame[Math.floor(peaks?.y[i] as number) * 96 + Math.floor(x)]).toBeGreaterThan(median);
    }
  });

  test('frames in a page that is too small for them are the largest numbers of blocks, with the marks in place', async () => {
    await using ctx = await createContext({ backend: 'wasm' });
    await using dataset = await open(at('small.h5'));
    const { geometry } = await ctx.detector(dataset);
    const given = { dataset, frames: [1], geometry, cells: [], notes: [], command: undefined, script: '' };
    const [whole] = storedIn('', (await framesPage(ctx, { ...given, maxBytes: 1e6 })).html).results;
    const { html, lacks } = await framesPage(ctx, { ...given, maxBytes: 12_000 });
    expect(html.length).toBeLessThanOrEqual(12_000);
    const { results, notes } = storedIn('', html);
    const [, block = 0] = /^(\d+) × /.exec(notes[0] ?? '')?.map(Number) ?? [];
    expect(block).toBeGreaterThan(1);
    expect(lacks).toEqual(notes);
    const side = Math.ceil(96 / block);
    const expected = new Float32Array(side * side).fill(Number.NaN);
    for (const [i, value] of numbersOf(whole as StoredResult).entries()) {
      const k = Math.floor(Math.floor(i / 96) / block) * side + Math.floor((i % 96) / block);
      if (!((expected[k] as number) >= value) && !Number.isNaN(value)) expected[k] = value;
    }
    expect(numbersOf(results[0] as StoredResult)).toEqual(expected);
    for (const name of ['x', 'y'] as const)
      for (const [i, place] of (results[0]?.marks?.[0]?.[name] ?? []).entries())
        expect(place).toBeCloseTo((whole?.marks?.[0]?.[name][i] as number) / block, 1);
  });

  test('a page of a large detector of several panels says how many of its pixels are one', async () => {
    await using ctx = await createContext({ backend: 'wasm' });
    const [height, width] = [32, 2560];
    const dataset = memoryDataset(new Uint16Array(height * width), { sigShape: [height, width], navShape: [1] });
    const whole = { width, height, centrePx: [1280, 16], pixelM: 1e-4, distanceM: 0.1 } as const;
    const geometry = flatGeometry({ ...whole, wavelengthA: 1, saturation: 60_000 });
    const [panel] = geometry.panels;
    const panels = [0, 1280].map((minFs, i) => ({
      ...panel,
      ...{ name: `p${i}`, minFs, maxFs: minFs + 1279, corner: [minFs - 1280, -16] as const },
    }));
    const given = { dataset, frames: [0], geometry: { ...geometry, panels }, cells: [], notes: [], script: '' };
    const { html, lacks } = await framesPage(ctx, { ...given, command: undefined, maxBytes: 5e7 });
    const { results, notes } = storedIn('', html);
    expect(results[0]?.axes.map(({ length }) => length)).toEqual([1024, 1024]);
    expect(notes).toEqual(['2.5 × 2.5 pixels are one, whose number is the largest of them']);
    expect(lacks).toEqual(notes);
  });

  test.each([
    [['scan.npy', '--save', 'scan.txt'], /--save is scan\.txt; expected a name that ends in \.html/],
    [['scan.npy', '--save', 'x.html', '--port', '3'], /--port is for a page that is served, and --save x\.html writes/],
    [['scan.npy', '--save', 'x.html', '--follow'], /--follow is for a page that is served/],
    [['.', '--save', 'x.html'], /\. is a folder, and --save is for frames/],
    [['small.geom', '--save', 'x.html'], /--save is for frames in files, and none is named/],
    [['scan.npy', '--save', 'small.html', '--html-mb', '0'], /--html-mb is "0"; expected a number from 1 to 1000/],
  ])('%j is refused', async (words, message) => {
    const { code, err } = await ewaldTogether(['view', ...words], { cwd: folder });
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});

test('a report has the numbers of its frames, their marks and the maps of its chip', { tags: 'all' }, async () => {
  const words = ['-g', at('small.geom'), '-p', at('small.cell'), '--backend', 'wasm', '-j', '1', '--grid', '1x3'];
  const { code, err } = await ewaldTogether([
    ...['index', at('small.h5'), ...words, '--threshold', '5'],
    ...['-o', at('small.stream'), '--html', at('report.html')],
  ]);
  expect(code, err).toBe(0);
  const stored = storedIn('report.html');
  const frames = stored.results.filter(({ name }) => /frame$|Not indexed/.test(name));
  expect(frames.length).toBeGreaterThan(0);
  await using dataset = await open(at('small.h5'));
  const chunks = readFileSync(at('small.stream'), 'utf8').split('----- Begin chunk -----').slice(1);
  for (const { desc = '', marks = [], ...result } of frames) {
    const k = Number(/\/\/(\d+)/.exec(desc)?.[1]);
    const peaks = Number(/num_peaks = (\d+)/.exec(chunks[k] ?? '')?.[1]);
    expect(marks[0]?.x).toHaveLength(peaks);
    // Each pixel of the picture is one of the frame.
    const values = new Set(Array.from(await dataset.read(k, 1), Number));
    for (const value of new Set(numbersOf(result as StoredResult)))
      expect(Number.isNaN(value) || values.has(value), String(value)).toBe(true);
  }
  expect([...numbersOf(named(stored, 'chip, spots'))]).toEqual(
    chunks.map((chunk) => Number(/num_peaks = (\d+)/.exec(chunk)?.[1])),
  );
});
