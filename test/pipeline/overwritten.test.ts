/** Files that are written over while a command reads them, and files without frames: every door says the same of them. */
import { closeSync, mkdtempSync, openSync, rmSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, open } from 'ewald/data';
import { convert } from 'ewald/shell';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Context, createContext, parseGeometry, type RunEvent } from '../../dist/index.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-overwritten-'));
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(async () => {
  await context.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const side = 64;
const [first, second] = [join(folder, 'a.npy'), join(folder, 'b.npy')];

/** A .npy file of u16 frames. */
function npy(frames: number, offset: number): Buffer {
  const shape = `(${frames}, ${side}, ${side})`;
  const header = `{'descr': '<u2', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const data = Uint16Array.from({ length: frames * side * side }, (_, i) => offset + ((i * 7919) % 11));
  return Buffer.concat([Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n`, 'latin1'), Buffer.from(data.buffer)]);
}

/** Writes other frames of the same size into a file, at another time; it is never shorter in between. */
function writeOver(file: string): void {
  const target = openSync(file, 'r+');
  writeSync(target, npy(6, 100), 0, undefined, 0);
  closeSync(target);
  utimesSync(file, 1, 1);
}

beforeEach(() => {
  for (const file of [first, second]) writeFileSync(file, npy(6, 0));
});

const text =
  `wavelength = 1 A\nclen = 0.1 m\nres = 10000\nadu_per_photon = 1\np/min_fs = 0\np/max_fs = ${side - 1}\n` +
  `p/min_ss = 0\np/max_ss = ${side - 1}\np/fs = x\np/ss = y\np/corner_x = ${-side / 2}\np/corner_y = ${-side / 2}\n`;
const geometry = parseGeometry(text);
const hasChanged = expect.stringMatching(/a\.npy changed while it was read: it was written again at 1970/);

test.each(['path', 'dataset'] as const)(
  'a run of a %s says which file was written over, and is doubtful',
  async (kind) => {
    const told: RunEvent[] = [];
    const dataset = kind === 'dataset' ? await open(first) : undefined;
    const inputs = dataset ? [{ dataset }] : [{ file: first }, { file: second }];
    let done = 0;
    for await (const { error } of context.pipeline({
      inputs,
      geometry,
      cells: [],
      onEvent: (event) => told.push(event),
    })) {
      if (error) throw error;
      // The first file is behind, or before, what is being read.
      if (done++ === 3) writeOver(first);
    }
    await dataset?.dispose();
    const doubts = told.flatMap((event) => (event.kind === 'warning' && event.isDoubtful ? [event.text] : []));
    expect(doubts).toEqual([hasChanged]);
  },
);

test('a file that was written over is said when its frames are done, not at the end of the run', async () => {
  const order: string[] = [];
  const third = join(folder, 'c.npy');
  writeFileSync(third, npy(6, 0));
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning' && event.isDoubtful) order.push(event.text);
  };
  const inputs = [first, second, third].map((file) => ({ file }));
  for await (const { origin } of context.pipeline({ inputs, geometry, cells: [], onEvent })) {
    if (order.push(origin.filename) === 3) writeOver(first);
  }
  const said = order.findIndex((one) => one.includes('changed while it was read'));
  expect(order.filter((one) => one.includes('changed'))).toEqual([hasChanged]);
  expect(said).toBeLessThan(order.indexOf(third));
});

test('a run of files that stay as they are says nothing', async () => {
  const told: RunEvent[] = [];
  const inputs = [{ file: first }, { file: second }];
  for await (const _ of context.pipeline({ inputs, geometry, cells: [], onEvent: (event) => told.push(event) }));
  expect(told.filter((event) => event.kind === 'warning' && event.isDoubtful)).toEqual([]);
});

test('conversions, determinations of a cell, and what inspects frames say it as well', async () => {
  const isOnce = { done: false };
  const once = (file: string) => () => {
    if (!isOnce.done) writeOver(file);
    isOnce.done = true;
  };
  const written = await convert(first, join(folder, 'out.npy'), { onProgress: once(first) });
  expect(written).toMatchObject({ isCut: true, warnings: [hasChanged] });

  isOnce.done = false;
  // A folder is one stack, whose files are opened and closed while it is read.
  for (const file of [first, second]) writeFileSync(file, npy(6, 0));
  const both = await convert(join(folder, '?.npy'), join(folder, 'both.raw'), { onProgress: once(first) });
  expect(both).toMatchObject({ isCut: true, warnings: [hasChanged] });

  isOnce.done = false;
  writeFileSync(first, npy(6, 0));
  const report = await inspect(first, { frames: [0], onProgress: once(first) });
  expect(report.notes).toContainEqual({ kind: 'warning', text: hasChanged, isCut: true });

  isOnce.done = false;
  writeFileSync(first, npy(6, 0));
  const told: RunEvent[] = [];
  await context.cell({
    inputs: [{ file: first }],
    geometry,
    onEvent: (event) => {
      // The parameters of the search are told after the first frames were read.
      if (event.kind !== 'warning') once(first)();
      told.push(event);
    },
  });
  expect(isOnce.done).toBe(true);
  expect(told).toContainEqual({ kind: 'warning', text: hasChanged, isDoubtful: true });
});

test('every command says the same of a file without frames, and ends with 1', { tags: 'all' }, async () => {
  const none = join(folder, 'none.npy');
  const geom = join(folder, 'a.geom');
  writeFileSync(none, npy(0, 0));
  writeFileSync(geom, text);
  for (const args of [
    ['info', none],
    ['run', 'sum', none],
    ['calibrate', none],
    ['index', none, '-g', geom],
    ['cell', none, '-g', geom],
    ['convert', none, '-o', join(folder, 'none.raw')],
    ['geometry', 'check', geom, none],
  ]) {
    const { code, err } = await ewald(args);
    expect({ code, err: err.trim() }, args.join(' ')).toEqual({
      code: 1,
      err: `ewald: ${none} has no frames, or none yet: its shape is 0 × ${side} × ${side}`,
    });
  }
});
