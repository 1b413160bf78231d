/** Run folders of the European XFEL: modules in files of their own, matched by train and pulse. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WriteNode } from '../../src/hdf5/writer.js';
import { Jungfrau, writeTree } from '../support/jungfrau.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-run-folder-'));
const of = (...names: string[]): string => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true }));

const [rows, columns] = [6, 4];
const trains = [1001, 1002, 1003, 1004];
const pulses = [0, 4, 8];
/** The value of all pixels of a module in a pulse. */
const pixelOf = (module: number, train: number, pulse: number): number =>
  1000 * module + 10 * (train - 1000) + pulse / 4;

const group = (children: Record<string, WriteNode>): WriteNode => ({ children });
const nested = (path: string, node: WriteNode): Record<string, WriteNode> =>
  path.split('/').reduceRight<WriteNode>((inner, name) => group({ [name]: inner }), node) as never;

/** Writes a module of an AGIPD that was corrected, with the pulses of these rows. */
async function writeModule(
  name: string,
  module: number,
  found: readonly (readonly [train: number, pulse: number])[],
  { width = columns, sequence = 0, run = 'R0348' } = {},
): Promise<void> {
  const n = rows * width;
  const data = new Float32Array(found.length * n);
  for (const [row, [train, pulse]] of found.entries()) data.fill(pixelOf(module, train, pulse), row * n, (row + 1) * n);
  const mask = new Uint32Array(data.length);
  mask[1] = 4;
  const image = group({
    data: { value: data, shape: [found.length, rows, width] },
    mask: { value: mask, shape: [found.length, rows, width] },
    trainId: { value: BigUint64Array.from(found, ([train]) => BigInt(train)), shape: [found.length] },
    pulseId: { value: BigUint64Array.from(found, ([, pulse]) => BigInt(pulse)), shape: [found.length, 1] },
  });
  const path = `INSTRUMENT/SPB_DET_AGIPD1M-1/DET/${module}CH0:xtdf/image`;
  const file = `CORR-${run}-AGIPD${String(module).padStart(2, '0')}-S0000${sequence}.h5`;
  await writeTree(of(name, file), (nested(path, image) as unknown as { children: Record<string, WriteNode> }).children);
}

const all = trains.flatMap((train) => pulses.map((pulse) => [train, pulse] as const));

beforeAll(async () => {
  for (const name of ['whole', 'absent', 'runs', 'none', 'other', 'jungfrau']) mkdirSync(of(name));
  for (let module = 0; module < 16; module++) {
    // One module lacks a train, one a pulse; one has them in another order, and its sequences break elsewhere.
    if (module === 3)
      await writeModule(
        'whole',
        module,
        all.filter(([train]) => train !== 1002),
      );
    else if (module === 5) {
      const turned = all.toReversed();
      await writeModule('whole', module, turned.slice(0, 5));
      await writeModule('whole', module, turned.slice(5), { sequence: 1 });
    } else if (module === 9)
      await writeModule(
        'whole',
        module,
        all.filter(([train, pulse]) => train !== 1004 || pulse !== 4),
      );
    else await writeModule('whole', module, [...all, [0, 0]]);
    if (module !== 7 && module !== 15) await writeModule('absent', module, all);
  }
  await writeModule('runs', 0, all);
  await writeModule('runs', 1, all, { run: 'R0349' });
  await writeModule('none', 0, all.slice(0, 6));
  await writeModule('none', 1, all.slice(6));
  await writeModule('other', 0, all);
  await writeModule('other', 1, all, { width: 5 });
});

test('modules are one frame where their trains and pulses agree; what some lack is left out and said', async () => {
  const run = await open(of('whole'));
  expect(run.shape).toEqual({ nav: [8], sig: [16 * rows, columns] });
  expect(run.notes.map(({ text }) => text)).toEqual([
    '4 pulses of 12 are left out, which some modules lack: 3 in module 03, 1 in module 09',
  ]);
  const whole = all.filter(([train, pulse]) => train !== 1002 && (train !== 1004 || pulse !== 4));
  expect((await run.field?.('trainId'))?.values).toEqual(whole.map(([train]) => train));
  expect((await run.field?.('pulseId'))?.values).toEqual(whole.map(([, pulse]) => pulse));
  const n = rows * columns;
  for (const [i, [train, pulse]] of whole.entries()) {
    const frame = await run.read(i, 1);
    // The pixel that the correction calls bad is that of the first row of a file.
    for (let module = 0; module < 16; module++) {
      expect(frame[module * n]).toBe(pixelOf(module, train, pulse));
      expect(frame[module * n + n - 1]).toBe(pixelOf(module, train, pulse));
    }
  }
  expect((await run.read(0, 1))[1]).toBe(Number.NaN);
  expect((await run.read(1, 1))[1]).toBe(pixelOf(0, 1001, 4));
  await run.dispose();
});

test('modules that are not there are bad and said', async () => {
  const run = await open(of('absent'));
  expect(run.shape).toEqual({ nav: [12], sig: [16 * rows, columns] });
  expect(run.notes.map(({ text }) => text)).toEqual([
    expect.stringMatching(/absent has no files of AGIPD 07, 15: their pixels are bad$/),
  ]);
  const n = rows * columns;
  const mask = (await run.mask?.()) as Uint8Array;
  expect(mask.indexOf(1)).toBe(7 * n);
  expect(mask.reduce((sum, one) => sum + one, 0)).toBe(2 * n);
  const frame = await run.read(4, 1);
  expect([frame[7 * n], frame[8 * n], frame[15 * n]]).toEqual([Number.NaN, pixelOf(8, 1002, 4), Number.NaN]);
  await run.dispose();
});

test('files of several runs, without a common train, or of other sizes are refused', async () => {
  await expect(open(of('runs'))).rejects.toThrow(/runs has modules of several runs: 0348, 0349; give the files of one/);
  await expect(open(of('none'))).rejects.toThrow(/its 2 modules have no train and pulse in common/);
  await expect(open(of('other'))).rejects.toThrow(
    /AGIPD01-S00000\.h5: frames are f32 of \[6, 5\], but those of .*AGIPD00-S00000\.h5 f32 of \[6, 4\]; expected one detector/,
  );
});

test('ADC and gain of a JUNGFRAU become photons by the constants of all its modules', async () => {
  const [height, width, cells] = [16, 32, 2];
  const detector = new Jungfrau([2 * height, width], 9500, 4);
  const n = height * width;
  const photons = Float64Array.from({ length: 2 * n }, (_, i) => (i % 7 === 0 ? 60 : i % 5 === 0 ? 1 : 0));
  const words = detector.words(photons, [0, 0, 0]);
  for (const [module, order] of [
    [1, [2001, 2002]],
    [2, [2002, 2003]],
  ] as const) {
    const part = words.subarray((module - 1) * n, module * n);
    const frames = order.length * cells;
    const [adc, gain] = [new Uint16Array(frames * n), new Uint8Array(frames * n)];
    for (let frame = 0; frame < frames; frame++) {
      adc.set(
        part.map((word) => word & 0x3fff),
        frame * n,
      );
      gain.set(
        Uint8Array.from(part, (word) => word >> 14),
        frame * n,
      );
    }
    const data = group({
      adc: { value: adc, shape: [order.length, cells, height, width] },
      gain: { value: gain, shape: [order.length, cells, height, width] },
      memoryCell: {
        value: Uint8Array.from({ length: frames }, (_, i) => 15 - (i % cells)),
        shape: [order.length, cells],
      },
      trainId: { value: BigUint64Array.from(order, BigInt), shape: [order.length] },
    });
    const path = `INSTRUMENT/FXE_XAD_JF1M/DET/JNGFR0${module}:daqOutput/data`;
    const tree = (nested(path, data) as unknown as { children: Record<string, WriteNode> }).children;
    await writeTree(of('jungfrau', `RAW-R0012-JNGFR0${module}-S00000.h5`), tree);
  }
  const constants = await detector.write([of('gains.h5'), of('pedestals.h5')]);
  const run = await open(of('jungfrau'), { constants, energy: 9500 });
  expect(run).toMatchObject({ dtype: 'i16', frames: 2, shape: { sig: [2 * height, width] } });
  const frame = await run.read(1, 1);
  const mask = (await run.mask?.()) as Uint8Array;
  for (let i = 0; i < 2 * n; i++)
    if (mask[i] === 0) expect(Math.abs(Number(frame[i]) / 4 - (photons[i] as number))).toBeLessThan(0.6);
  await run.dispose();
});
