/**
 * Runs of frames and streams whose known cell is wrong by as much as its axes differ: their first crystals tell the
 * mean cell, by which the axes are named.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ewaldTogether as ewald } from '../support/cli.js';

const [right, wrong] = ['90.63,91.26,49.04,90,90,90', '90.9,91.0,49.04,90,90,90'];
let folder = '';
const of = (name: string): string => join(folder, name);
const settings = ['--threshold=8', '--min-snr=4.5', '--local-bg-radius=4', '--backend=wasm', '-j', '1', '--force'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-axes-'));
  const simulation = [`--cell=${right}`, '--images=16', '--size=384,384', '--distance=110', '--seed=5'];
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...simulation]);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

/** Lengths a and b in the head of a stream, in Å. */
function headOf(stream: string): number[] {
  const text = readFileSync(of(stream), 'utf8');
  return ['a', 'b'].map((axis) => Number(new RegExp(`^${axis} = (\\S+) A`, 'm').exec(text)?.[1]));
}

const frames = (cell: string, ...more: string[]) =>
  ewald(['index', of('run.h5'), '-g', of('run.geom'), '-p', cell, ...settings, ...more]);

const isNear = ([a = 0, b = 0]: readonly number[]): boolean => Math.abs(a - 90.63) < 0.06 && Math.abs(b - 91.26) < 0.06;
const isReplaced = /mean cell, 90\.6\d 91\.2\d .* is used instead.*nearly as near to 91\.2/;

test('the mean cell of the first frames is used, and of the first chunks of a stream', { tags: 'all' }, async () => {
  const { code, err } = await frames(wrong, '--refine-geometry=off', '-o', of('a.stream'));
  expect(code, err).toBe(0);
  expect(err).toMatch(isReplaced);
  expect(headOf('a.stream')).toSatisfy(isNear);
  // Lines of the frames themselves stay with them, and reflections, which are of the crystals, are told.
  const lines = [
    'ewald/grid = 1 2',
    'ewald/image = 7 of series 1',
    'ewald/roi/jet = 9 9 3 4 5.000 6.000',
    'ewald/background = 5 at 5-3 A',
  ];
  const text = readFileSync(of('a.stream'), 'utf8').replaceAll(/^Image serial number: .*$/gm, (line) =>
    [line, ...lines].join('\n'),
  );
  writeFileSync(of('a.stream'), text);
  const again = await ewald(['index', of('a.stream'), '-p', wrong, '-o', of('b.stream'), '--force']);
  expect(again.code, again.err).toBe(0);
  expect(again.err).toMatch(isReplaced);
  expect(headOf('b.stream')).toSatisfy(isNear);
  const chunks = (name: string): number => readFileSync(of(name), 'utf8').split('Begin chunk').length;
  expect(chunks('b.stream')).toBe(chunks('a.stream'));
  const kept = readFileSync(of('b.stream'), 'utf8');
  for (const line of lines) expect(kept.split(line).length, line).toBe(chunks('a.stream'));
  expect(again.err).toMatch(/the reflections of \d+ frames are not in the new stream/);
});

test('it is that of the refined geometry', { tags: 'all' }, async () => {
  const { code, err } = await frames(wrong, '-o', of('c.stream'));
  expect(code, err).toBe(0);
  expect(err).toMatch(isReplaced);
  expect(headOf('c.stream')).toSatisfy(isNear);
});

test('nothing is said about a cell that is right', { tags: 'all' }, async () => {
  const { code, err } = await frames(right, '--refine-geometry=off', '-o', of('d.stream'));
  expect(code, err).toBe(0);
  expect(err).not.toMatch(/mean cell/);
  expect(headOf('d.stream')).toEqual([90.63, 91.26]);
});
