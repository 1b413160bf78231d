/** `first` and `frames` of what describes, calibrates and shows frames: the same rows, the same frames. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, inspect, memoryDataset } from 'ewald/data';
import { Context } from 'ewald/udf';
import { serveView } from 'ewald/view';
import { afterAll, expect, test } from 'vitest';
import { inspector } from '../../src/frames/inspect.js';
import { sliceIn } from '../../src/options/frame-slice.js';
import { pickedFrames, slicedFrames } from '../../src/pages/view/picked-frames.js';
import { simulatedScan } from '../stem/calibrate/simulated-scan.mjs';
import { ewaldTogether as ewald } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-selected-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Frame i has 20 pixels from 100 i to 100 i + 19. */
const numbers = Uint16Array.from({ length: 12 * 20 }, (_, i) => 100 * Math.floor(i / 20) + (i % 20));
const file = join(folder, 'frames.raw');
writeFileSync(file, numbers);
const shape = { dtype: 'u16', sigShape: [4, 5] } as const;
const flags = ['--dtype', 'u16', '--sig-shape', '4,5'];

test.each([
  [{ first: 3 }, { frames: 3, min: 0, max: 219, mean: 109.5 }],
  [{ frames: '2:9:3' }, { frames: 3, min: 200, max: 819, mean: 509.5 }],
  [{ frames: [10] }, { frames: 2, min: 1000, max: 1119, mean: 1059.5 }],
] as const)('inspect describes the values of %j', async (chosen, expected) => {
  const done: number[] = [];
  const found = await inspect(file, {
    ...shape,
    ...chosen,
    onProgress: (now) => done.push(now.done / (now.total ?? 0)),
  });
  expect(found.selected).toEqual(expected);
  expect(found.firstFrame).toEqual({ min: 0, max: 19, mean: 9.5 });
  expect(done).toEqual(Array.from({ length: expected.frames }, (_, i) => (i + 1) / expected.frames));
});

test.each([
  ['a marker', { markers: [65535] }, [5, 65535, 7, 65535], { min: 5, max: 7, mean: 6, unusable: 2 }],
  ['two markers', { markers: [65535, 65534] }, [5, 65535, 65534, 9], { min: 5, max: 9, mean: 7, unusable: 2 }],
  ['a limit below', { underload: 3 }, [2, 0, 3, 5], { min: 3, max: 5, mean: 4, unusable: 2 }],
  ['a limit above, which counts', { saturation: 10 }, [2, 4, 12, 6], { min: 2, max: 12, mean: 6, unusable: 1 }],
  [
    'all of them',
    { saturation: 10, underload: 1, markers: [99] },
    [0, 99, 4, 12],
    { min: 4, max: 12, mean: 8, unusable: 3 },
  ],
  ['nothing', {}, [65535, 1, 1, 1], { min: 1, max: 65535, mean: 16384.5 }],
  [
    'no count anywhere',
    { markers: [65535] },
    [65535, 65535, 65535, 65535],
    { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, mean: Number.NaN, unusable: 4 },
  ],
] as const)('range and mean are those of counts where the file declares %s', async (_, meta, values, expected) => {
  const frames = Uint16Array.from([...values, ...values]);
  const open = async () => memoryDataset(frames, { sigShape: [2, 2], navShape: [2], meta }) as Dataset;
  const look = inspector({ open, formatsOf: async () => [] });
  const { firstFrame, selected } = await look(new Uint8Array(), { first: 2 });
  expect(firstFrame).toEqual(expected);
  const { unusable } = expected as { unusable?: number };
  expect(selected).toEqual({ frames: 2, ...expected, ...(unusable !== undefined && { unusable: 2 * unusable }) });
});

test('without them, the first frame alone is read', async () => {
  expect((await inspect(file, shape)).selected).toBeUndefined();
});

test('ewald info says how many frames were selected, and what their values are', async () => {
  const { out } = await ewald(['info', file, ...flags, '--frames', '2:9:3']);
  expect(out).toMatch(/selected +3 frames: 200 … 819, mean 509.5\n/);
  const { out: json } = await ewald(['info', file, ...flags, '--first', '1', '--json']);
  expect(JSON.parse(json)[0].selected).toEqual({ frames: 1, min: 0, max: 19, mean: 9.5 });
});

test.each([
  ['info', ['--frames', '5']],
  ['info', ['--frames', '20:30']],
  ['info', ['--first', '2', '--frames', '0:3']],
  ['view', ['--frames', '3:3']],
  ['view', ['--frames', '20:30']],
  ['view', ['--nav-shape', '4,3', '--roi', '0:2,0:2', '--first', '3']],
])('ewald %s %j is refused in the words of the shell', async (command, words) => {
  const alone = command === 'view' ? ['--no-open'] : [];
  const { code, err } = await ewald([command, file, ...flags, ...alone, ...words]);
  expect(code).toBe(2);
  expect(err).toMatch(/--frames|selects no frame/);
  expect(err).not.toMatch(/\b(sigShape|serveView: )/);
});

test('ewald calibrate says which frames are whole rows', async () => {
  const scan = join(folder, 'scan.raw');
  writeFileSync(scan, new Uint16Array(24 * 20));
  const { code, err } = await ewald(['calibrate', scan, ...flags, '--nav-shape', '6,4', '--first', '10']);
  expect([code, err]).toEqual([
    2,
    expect.stringContaining(
      '--first selects the frames 0:10; expected at least 4 whole rows of the scan 6 × 4 without a step, such as ' +
        '--frames 0:24',
    ),
  ]);
});

test('the viewer shows these frames, numbered from 0', async () => {
  const dataset = memoryDataset(numbers, { navShape: [12], sigShape: [4, 5] });
  const slice = sliceIn('', { frames: '2:9:3' }, dataset);
  const shown = slicedFrames(dataset, slice as never);
  expect([shown.frames, shown.shape]).toEqual([3, { nav: [3], sig: [4, 5] }]);
  const first = (data: ArrayLike<number | bigint>): unknown[] => Array.from(data).filter((_, i) => i % 20 === 0);
  expect(first(await shown.read(0, 3))).toEqual([200, 500, 800]);
  expect(first(await shown.read(1, 2, new Uint16Array(40)))).toEqual([500, 800]);
  const rest = slicedFrames(dataset, sliceIn('', { frames: [10] }, dataset) as never);
  expect(first(await rest.read(0, 2))).toEqual([1000, 1100]);
  expect(pickedFrames(shown as never, {}).frames).toBe(3);
});

test('the page receives the frames that it shows', async () => {
  await using served = await serveView([file], { ...shape, frames: [0, 100, 2] });
  const entered = await fetch(served.url, { redirect: 'manual' });
  const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
  const session = await (await fetch(new URL('/session.json', served.url), { headers: { cookie } })).json();
  expect(session).toMatchObject({ opening: { ...shape, frames: [0, 100, 2] } });
});

test('a calibration of some rows is that of a scan of these rows', { tags: 'all', timeout: 120_000 }, async () => {
  const made = simulatedScan({ kind: 'amorphous', seed: 66, rows: 28, columns: 28, dose: 20, strength: 0.3 });
  const { rows, columns, n } = made.shape;
  await using ctx = new Context({ context: { backend: 'wasm' } });
  const whole = ctx.fromMemory(made.frames, { sigShape: [n, n], navShape: [rows, columns] });
  await whole.resident();
  const [from, end] = [5 * columns, 25 * columns];
  const part = ctx.fromMemory(made.frames.slice(from * n * n, end * n * n), {
    sigShape: [n, n],
    navShape: [20, columns],
  });
  const expected = await ctx.calibrate(part);
  expect(await ctx.calibrate(whole, { frames: [from, end] })).toEqual({ ...expected, file: whole.name });
  expect(expected.shape).toEqual([20, columns, n, n]);
  for (const chosen of [{ first: 100 }, { frames: `0:${columns * 20}:2` }, { frames: [0, 3 * columns] }] as const)
    await expect(ctx.calibrate(whole, chosen)).rejects.toThrow(/expected at least 4 whole rows of the scan 28 × 28/);
});
