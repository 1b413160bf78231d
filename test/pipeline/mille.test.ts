/**
 * Calibration data for Millepede-II: read back by a reader of this test, and solved here in float64 with the constraints
 * of align_detector, they give the motions that the refinement of ewald finds.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Context,
  createContext,
  type PipelineOptions,
  parseGeometry,
  type RunEvent,
} from '../../dist/index.node.js';
import { MilleRecords } from '../../src/refinement/mille.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);

interface Measurement {
  readonly value: number;
  readonly error: number;
  readonly locals: readonly (readonly [index: number, derivative: number])[];
  readonly globals: readonly (readonly [label: number, derivative: number])[];
}

/** The measurements of each record. */
function readMille(bytes: Uint8Array): Measurement[][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Measurement[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const words = view.getInt32(at, true) / 2;
    const float = (i: number): number => view.getFloat32(at + 4 + 4 * i, true);
    const integer = (i: number): number => view.getInt32(at + 4 + 4 * (words + i), true);
    expect([float(0), integer(0)]).toEqual([0, 0]);
    const record: Measurement[] = [];
    for (let i = 1; i < words; ) {
      const parts: [number, number][][] = [[], []];
      const heads: number[] = [];
      for (const part of parts) {
        expect(integer(i)).toBe(0);
        heads.push(float(i++));
        for (; i < words && integer(i) !== 0; i++) part.push([integer(i), float(i)]);
      }
      const [locals = [], globals = []] = parts;
      record.push({ value: heads[0] as number, error: heads[1] as number, locals, globals });
    }
    records.push(record);
    at += 4 + 8 * words;
  }
  return records;
}

/** Solves a x = b by elimination with pivots. */
function solve(a: number[][], b: number[]): number[] {
  const n = b.length;
  const m = a.map((row, i) => [...row, b[i] as number]);
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i + 1; r < n; r++) if (Math.abs(m[r]?.[i] ?? 0) > Math.abs(m[pivot]?.[i] ?? 0)) pivot = r;
    [m[i], m[pivot]] = [m[pivot] as number[], m[i] as number[]];
    const top = m[i] as number[];
    for (let r = 0; r < n; r++) {
      const row = m[r] as number[];
      const factor = (row[i] as number) / (top[i] as number);
      if (r !== i) for (let c = i; c <= n; c++) row[c] = (row[c] as number) - factor * (top[c] as number);
    }
  }
  return m.map((row, i) => (row[n] as number) / (row[i] as number));
}

/** Least squares over all parameters, those of each record separate; `constraints` are sums of labels that vanish. */
function solved(records: Measurement[][], labels: number[], constraints: number[][]): Map<number, number> {
  const [globals, locals] = [labels.length, 9];
  const size = globals + constraints.length;
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const right = new Array<number>(size).fill(0);
  const add = (into: number[][], i: number, j: number, x: number) => {
    const row = into[i] as number[];
    row[j] = (row[j] as number) + x;
  };
  for (const record of records) {
    const own = Array.from({ length: locals }, () => new Array<number>(locals).fill(0));
    const mixed = Array.from({ length: locals }, () => new Array<number>(globals).fill(0));
    const ownRight = new Array<number>(locals).fill(0);
    for (const one of record) {
      const weight = 1 / one.error ** 2;
      const moving = one.globals.flatMap(([label, d]) => (labels.includes(label) ? [[labels.indexOf(label), d]] : []));
      for (const [k, d] of one.locals) {
        ownRight[k - 1] = (ownRight[k - 1] as number) + weight * d * one.value;
        for (const [j, e] of one.locals) add(own, k - 1, j - 1, weight * d * e);
        for (const [g = 0, e = 0] of moving) add(mixed, k - 1, g, weight * d * e);
      }
      for (const [g = 0, d = 0] of moving) {
        right[g] = (right[g] as number) + weight * d * one.value;
        for (const [h = 0, e = 0] of moving) add(matrix, g, h, weight * d * e);
      }
    }
    const alone = solve(own, ownRight);
    for (let g = 0; g < globals; g++) {
      const column = mixed.map((row) => row[g] as number);
      const follows = solve(own, column);
      right[g] = (right[g] as number) - column.reduce((sum, x, k) => sum + x * (alone[k] as number), 0);
      for (let h = 0; h < globals; h++)
        add(matrix, g, h, -mixed.reduce((sum, row, k) => sum + (row[h] as number) * (follows[k] as number), 0));
    }
  }
  // Parameters are scaled to pixels of 75 µm, so that the multipliers of the constraints are of the same size.
  for (const [c, members] of constraints.entries())
    for (const label of members) {
      add(matrix, globals + c, labels.indexOf(label), 1e9);
      add(matrix, labels.indexOf(label), globals + c, 1e9);
    }
  return new Map(solve(matrix, right).flatMap((x, i) => (i < globals ? [[labels[i] as number, x]] : [])));
}

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/** The detector of mono as a left and a right panel, the right one displaced, and the whole displaced. */
function halves(): string {
  const text = readFileSync(sim('mono.geom'), 'utf8');
  const [x = 0, y = 0] = parseGeometry(text).panels[0]?.corner ?? [];
  const rest = text.split('\n').filter((line) => !/^p0\/(min|max|corner|fs|ss)/.test(line));
  const panel = (name: string, from: number, dx: number, dy: number): string[] => [
    ...[`${name}/min_fs = ${from}`, `${name}/max_fs = ${from + 511}`, `${name}/min_ss = 0`, `${name}/max_ss = 1023`],
    ...[`${name}/corner_x = ${x + from + 0.8 + dx}`, `${name}/corner_y = ${y - 0.5 + dy}`],
    ...[`${name}/fs = x`, `${name}/ss = y`],
  ];
  const groups = ['group_all = right,left'];
  return [...rest, ...panel('left', 0, -0.3, 0.2), ...panel('right', 512, 0.3, -0.2), ...groups].join('\n');
}

async function ran(options: Partial<PipelineOptions>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  const given: PipelineOptions = {
    inputs: sim('mono.h5'),
    geometry: halves(),
    cells: [sim('mono.cell')],
    peaks: { threshold: 12, minSnr: 4.5, localBgRadius: 4 },
    minRes: 20,
    integrate: false,
    onEvent: (event) => void events.push(event),
    ...options,
  };
  for await (const _ of context.pipeline(given));
  return events;
}

describe.skipIf(!dataFolder)(`calibration data${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('give the shifts that the joint refinement finds, with the labels of the groups', { tags: 'all' }, async () => {
    const pieces: Uint8Array[] = [];
    const milleFile = (piece: Uint8Array): void => void pieces.push(piece.slice());
    const events = await ran({ refineGeometry: 'off', mille: true, milleFile });
    const records = readMille(Buffer.concat(pieces));
    expect(records).toHaveLength(6);
    const end = events.find(({ kind }) => kind === 'end');
    expect(end?.kind === 'end' && end.outputs.map(({ text }) => text).join()).toMatch(
      /calibration data of 6 crystals \(\d+ peaks\) in the output$/m,
    );
    const used = [...new Set(records.flatMap((one) => one.flatMap(({ globals }) => globals.map(([label]) => label))))];
    // The group all has 1 … 6; right, its first member, 101 … 106; left 201 … 206. A shift along the beam is seen.
    expect(used.sort((a, b) => a - b)).toEqual(
      [1, 2, 3, 4, 5, 6].flatMap((p) => [p, 100 + p, 200 + p]).sort((a, b) => a - b),
    );
    const found = solved(
      records,
      [1, 2, 101, 102, 201, 202],
      [
        [101, 201],
        [102, 202],
      ],
    );
    const pixels = (label: number): number => -(found.get(label) ?? Number.NaN) / 75e-6;
    // Millepede's results are subtracted from the geometry.
    for (const [label, expected] of [
      [1, -0.8],
      [2, 0.5],
      [101, -0.3],
      [102, 0.2],
      [201, 0.3],
      [202, -0.2],
    ] as const)
      expect(Math.abs(pixels(label) - expected), `${label}: ${pixels(label)}`).toBeLessThan(0.03);
    const moved = (await ran({})).flatMap((event) => (event.kind === 'geometry' ? event.moved : []));
    for (const [name, label] of [
      [undefined, 1],
      ['right', 101],
      ['left', 201],
    ] as const) {
      const own = moved.find((one) => one.name === name);
      for (const axis of [0, 1] as const)
        expect(Math.abs(pixels(label + axis) - (own?.shiftM[axis] ?? 0) / 75e-6), `${name} ${axis}`).toBeLessThan(0.05);
    }
  });

  test('of the whole detector alone have its labels alone', { tags: 'all' }, async () => {
    const pieces: Uint8Array[] = [];
    const milleFile = (piece: Uint8Array): void => void pieces.push(piece.slice());
    await ran({ refineGeometry: 'off', mille: true, milleFile, maxMilleLevel: 0 });
    const labels = readMille(Buffer.concat(pieces)).flatMap((one) =>
      one.flatMap(({ globals }) => globals.map(([l]) => l)),
    );
    expect([...new Set(labels)].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    [{ milleFile: 'a.bin' }, /milleFile belongs to calibration data: mille: true$/],
    [{ maxMilleLevel: 1 }, /maxMilleLevel belongs to calibration data/],
    [{ mille: true, maxMilleLevel: -1 }, /maxMilleLevel/],
    [{ mille: 1 as never }, /mille is 1/],
  ])('are refused with wrong options: %o', async (options, message) => {
    await expect(ran(options)).rejects.toMatchObject({ tag: 'Argument', message: expect.stringMatching(message) });
  });
});

test('groups with more members than labels have room for are refused', () => {
  const one = (i: number): string =>
    `p${i}/min_fs = ${i}\np${i}/max_fs = ${i}\np${i}/min_ss = 0\np${i}/max_ss = 0\np${i}/corner_x = ${i}\n` +
    `p${i}/corner_y = 0\np${i}/fs = x\np${i}/ss = y\n`;
  const head = 'wavelength = 1 A\nclen = 0.1\nres = 10000\nadu_per_photon = 1\n';
  const panels = (n: number) => parseGeometry(head + Array.from({ length: n }, (_, i) => one(i)).join(''));
  expect(() => new MilleRecords(panels(99), 99)).not.toThrow();
  expect(() => new MilleRecords(panels(100), 99)).toThrow(
    expect.objectContaining({
      tag: 'Unsupported',
      message: expect.stringMatching(/all has more than 99 members.*ewald geometry refine/),
    }),
  );
});
