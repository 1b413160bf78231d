/** The lists of a frame's chunk: written from its tables, they are the text of its objects. */
import { expect, it } from 'vitest';
import { formatChunk, parseGeometry } from '../../dist/index.node.js';
import { recordOf } from '../../src/pipeline/record.js';
import type { FrameCrystal, FrameResult } from '../../src/pipeline/stages/frame.js';
import { crystalWith, tableOfCrystal, withoutReflections } from '../../src/pipeline/stages/measured-crystal.js';
import { reflectionsOf, rowLength } from '../../src/pipeline/stages/reflection-table.js';
import { chunkOf } from '../../src/pipeline/streams/chunk.js';
import { median } from '../../src/util/median.js';

const panel = (name: string, minFs: number, maxFs: number) =>
  `${name}/min_fs = ${minFs}\n${name}/min_ss = 3\n${name}/max_fs = ${maxFs}\n${name}/max_ss = 129\n` +
  `${name}/corner_x = 0\n${name}/corner_y = 0\n${name}/fs = +x\n${name}/ss = +y\n`;
const parsed = parseGeometry(
  `photon_energy = 9500\nclen = 0.1\nres = 10000\n${panel('a', 0, 69)}${panel('b', 70, 149)}`,
);
// The rows of the second panel are counted from its own module.
const geometry = { ...parsed, panels: parsed.panels.map((one, i) => (i === 1 ? { ...one, firstRow: 2 } : one)) };
const random = (seed: number) => () => {
  seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const next = random(3);

function crystal(reflections: number | undefined): FrameCrystal {
  const unit = [
    [50, 0, 0],
    [0, 60, 0],
    [0, 0, 70],
  ] as const;
  const [lengths, angles] = [
    [50, 60, 70],
    [90, 90, 90],
  ] as const;
  const others = {
    ...{ cell: unit, reciprocal: unit, lengths, angles, probability: 0, refined: true, rivals: [], named: false },
    ...{ inputCell: 0, indices: new Int32Array(0), peaks: new Uint32Array(0), residual: 0 },
    ...{ detector: undefined, profileRadius: 1e-3, resolution: 0.3, overlapping: 1, saturated: 2 },
  } as const;
  if (reflections === undefined) return { ...others, reflections: undefined };
  const table = new Float64Array(reflections * rowLength);
  for (let row = 0; row < reflections; row++)
    for (let i = 0; i < rowLength; i++) table[row * rowLength + i] = i < 3 ? row - 40 : 200 * next() - 20;
  for (let row = 0; row < reflections; row++) {
    table[row * rowLength + 3] = row % 7 === 0 ? 1 : 0;
    table[row * rowLength + 13] = row % 3 === 0 ? 1 : 0;
  }
  return crystalWith(others, table);
}

function result(): FrameResult {
  const count = 50;
  const column = () => Float32Array.from({ length: count }, () => 100 * next());
  const peaks = {
    ...{ count, fs: column(), ss: column(), intensity: column(), maximum: column(), snr: column() },
    ...{ background: column(), pixels: new Uint32Array(count), rings: undefined },
    panel: Uint32Array.from({ length: count }, (_, i) => Number(i > 30)),
  };
  return {
    ...{ peaks, spots: Float32Array.from({ length: 3 * count }, () => next() - 0.5), hit: true },
    crystals: [crystal(90), crystal(undefined), crystal(0)],
    beam: { wavelengthA: 1.3, distanceM: 0.1, shiftM: [0, 0] },
    ...{ ms: { read: 0, peaks: 0, index: 0, integrate: 0 }, backends: { peaks: 'wasm', index: 'wasm' } },
  };
}

it('a chunk has the same text from tables as from its objects', () => {
  const chunk = chunkOf({ filename: 'a.h5', event: 3, serial: 4 }, result(), geometry, [], 'ewald');
  const objects = { ...chunk, crystals: chunk.crystals.map((one) => ({ ...one })) };
  expect(formatChunk(chunk)).toBe(formatChunk(objects));
  expect(formatChunk(chunk).match(/ [ab]\n/g)).toHaveLength(50 + 90);
});

it('the reflections of a crystal are objects only where they are accessed', () => {
  const one = crystal(20);
  const table = tableOfCrystal(one) as Float64Array;
  expect(Object.getOwnPropertyDescriptor(one, 'reflections')?.get).toBeDefined();
  expect(one.reflections).toEqual(reflectionsOf(table));
  expect(tableOfCrystal({ ...one })).toEqual(table);
  expect(withoutReflections(one)).toEqual(withoutReflections({ ...one }));
  const origin = { filename: 'a.h5', event: 3, serial: 4 };
  const { crystals, ...others } = result();
  const chunk = chunkOf(origin, { ...others, crystals }, geometry, [], 'ewald');
  const record = recordOf({ origin, result: { ...others, crystals }, chunk }, true);
  expect(record.crystals.map(({ reflections }) => reflections)).toEqual([90, undefined, 0]);
  expect(record.chunk).toBe(formatChunk(chunk));
});

it('a median is that of sorted numbers', () => {
  for (let length = 0; length < 200; length++) {
    // Few distinct numbers, sorted ones and one that is not a number are the awkward cases.
    const values = Array.from({ length }, (_, i) =>
      length % 3 === 0 ? Math.floor(4 * next()) : length % 3 === 1 ? next() : i,
    );
    if (length % 17 === 5) values[length >> 1] = Number.NaN;
    const sorted = Float64Array.from(values).sort();
    const at = length >> 1;
    const expected = length % 2 === 1 ? sorted[at] : ((sorted[at - 1] ?? 0) + (sorted[at] ?? 0)) / 2;
    expect(median(values)).toBe(expected);
  }
});
