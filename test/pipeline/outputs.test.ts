/** The outputs of a run in addition to its stream: a report, HDF5, orientations. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { misorientation, readStream, reciprocal, type StreamChunk } from '../../dist/index.node.js';
import { reportSink } from '../../src/pipeline/sinks/report.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { textOfReport } from '../support/report-text.js';

let folder = '';
const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const search = ['-g', sim('mono.geom'), '-p', sim('mono.cell'), '--threshold=12', '--min-res=20', '--backend=wasm'];
const of = (name: string): string => join(folder, name);
const chunks: StreamChunk[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-outputs-'));
  if (!dataFolder) return;
  const more = ['-j', '1', '-o', of('a.stream'), '--html', of('a.html'), '--hdf5', of('a.h5'), '--sol', of('a.sol')];
  const { code, err, out } = await ewald(['index', sim('mono.h5'), ...search, ...more]);
  expect(code, err).toBe(0);
  expect(out).toMatch(/6 orientations in .*a\.sol\n.*peaks and 6 crystals in .*a\.h5\n.*report in .*a\.html/);
  const reader = await readStream(readFileSync(of('a.stream'), 'utf8').replace(/\n$/, '').split('\n'));
  for await (const chunk of reader.chunks()) chunks.push(chunk);
});
afterAll(() => rm(folder, { recursive: true }));

describe.skipIf(!dataFolder)(`outputs${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('the page is self-contained: embedded pictures, numbers and their script, no external resources', () => {
    const page = readFileSync(of('a.html'), 'utf8');
    expect(page.slice(0, 15)).toBe('<!doctype html>');
    const text = textOfReport(page);
    expect(/<script|https?:|<link|@import|NaN|undefined/.exec(text)?.[0]).toBeUndefined();
    const images = [...page.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, data = '']) => data);
    // The best frame, a typical one, the powder.
    expect(images).toHaveLength(3);
    for (const data of images) {
      const bytes = Buffer.from(data, 'base64');
      expect(bytes.subarray(1, 4).toString()).toBe('PNG');
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([640, 640]);
      const at = bytes.indexOf('IDAT');
      const pixels = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
      expect(pixels).toHaveLength(640 * 641);
      expect(new Set(pixels).size).toBeGreaterThan(20);
    }
    expect(text.match(/class="peak"/g)?.length).toBeGreaterThan(100);
    expect(text).toMatch(/<rect class="spot"[^>]*><title>-?\d+ -?\d+ -?\d+<\/title>/);
    expect(text).toMatch(/<b>100\.0 %<\/b><span>indexed, 6 frames/);
    expect(text.match(/class="target"/g)).toHaveLength(6);
  });

  test('its table has every frame of the stream, with peaks, crystals, resolution and residual', () => {
    const page = readFileSync(of('a.html'), 'utf8');
    const rows = [...page.matchAll(/<tr style="([^"]+)">(.*?)<\/tr>/g)].map(([, style = '', cells = '']) => ({
      style,
      cells: [...cells.matchAll(/<td>(.*?)<\/td>/g)].map(([, text]) => text),
    }));
    expect(rows.map(({ cells }) => cells.slice(0, 5))).toEqual(
      chunks.map(({ event, peakCount, crystals }, i) => [
        String(i),
        `mono.h5 ${event}`,
        String(peakCount),
        String(crystals.length),
        crystals[0]?.resolutionLimit?.angstrom.toFixed(2),
      ]),
    );
    for (const [i, { style, cells }] of rows.entries()) {
      expect(Number(cells[5])).toBeGreaterThan(0);
      expect(style).toMatch(new RegExp(`^--f:${i};--p:${cells[2]};--c:${cells[3]};--d:\\d+;--r:\\d+$`));
    }
  });

  const listLength = ({ crystals }: StreamChunk): number => crystals[0]?.reflections?.length ?? 0;

  test('the HDF5 file holds the peaks, cells and reflections of the stream', async () => {
    const read = async (dataset: string): Promise<number[]> => {
      const opened = await open(of('a.h5'), { dataset });
      try {
        return Array.from((await opened.read(0, opened.frames)) as Float64Array, Number);
      } finally {
        await opened.dispose();
      }
    };
    const counts = await read('/entry/frames/peaks');
    expect(counts).toEqual(chunks.map(({ peaks = [] }) => peaks.length));
    const fs = await read('/entry/peaks/fs');
    const expected = chunks.flatMap(({ peaks = [] }) => peaks.map((peak) => peak.fs));
    expect(fs).toHaveLength(expected.length);
    for (const [i, x] of fs.entries()) expect(Math.abs(x - (expected[i] ?? 0))).toBeLessThan(0.0051);
    const reflections = chunks.flatMap(({ crystals }) => crystals.flatMap((one) => one.reflections ?? []));
    const column = async (name: string) => read(`/entry/reflections/${name}`);
    expect(await column('hkl')).toEqual(reflections.flatMap(({ h, k, l }) => [h, k, l]));
    const begins = await read('/entry/crystals/reflections_begin');
    expect(begins).toEqual(chunks.map((_, i) => chunks.slice(0, i).reduce((n, c) => n + listLength(c), 0)));
    const excitation = await column('excitation');
    const partiality = await column('partiality');
    const intensity = await column('intensity');
    const radii = chunks.flatMap(({ crystals }) =>
      crystals.flatMap((one) => (one.reflections ?? []).map(() => (one.profileRadius ?? 0) / 10)),
    );
    reflections.forEach((one, i) => {
      expect(Math.abs(one.intensity - (intensity[i] as number))).toBeLessThan(0.0051 + 1e-6 * Math.abs(one.intensity));
      const [error = 0, part = 0] = [excitation[i], partiality[i]];
      // The stream rounds the radius.
      expect(Math.abs(part - Math.exp(-(error ** 2) / (2 * (radii[i] ?? 0) ** 2)))).toBeLessThan(0.01);
      expect(part).toBeGreaterThan(0.2);
    });
    const cells = await read('/entry/crystals/cell');
    const rows = (numbers: readonly number[]) => [0, 3, 6].map((i) => numbers.slice(i, i + 3)) as never;
    for (const [i, { crystals }] of chunks.entries()) {
      const [crystal] = crystals;
      const inStream = reciprocal(crystal?.reciprocal.map((row) => row.map((x) => x / 10)) as never);
      expect(misorientation(rows(cells.slice(9 * i, 9 * i + 9)), inStream)).toBeLessThan(1e-3);
    }
    const owner = await read('/entry/peaks/crystal');
    const hkl = await read('/entry/peaks/hkl');
    expect(owner.filter((one) => one >= 0).length).toBeGreaterThan(0.9 * owner.length);
    expect(owner.every((one, i) => one >= 0 || hkl.slice(3 * i, 3 * i + 3).every((index) => index === 0))).toBe(true);
  });

  test('reflections of a panel are where its peaks are, in pixels of the array', async () => {
    const whole = readFileSync(sim('mono.geom'), 'utf8');
    const [corner] = /^p0\/corner_y = (\S+)$/m.exec(whole)?.slice(1).map(Number) ?? [];
    const lower = whole
      .split('\n')
      .filter((line) => line.startsWith('p0/'))
      .join('\n')
      .replaceAll('p0/', 'p1/')
      .replace(/min_ss = \S+/, 'min_ss = 512')
      .replace(/corner_y = \S+/, `corner_y = ${(corner ?? 0) + 512}`);
    writeFileSync(of('two.geom'), `${whole.replace(/^(p0\/max_ss) = \S+$/m, '$1 = 511')}\n${lower}\n`);
    const more = ['-j', '1', '-o', of('two.stream'), '--hdf5', of('two.h5'), '--refine-geometry', 'off'];
    const { code, err } = await ewald([
      ...['index', sim('mono.h5'), '-g', of('two.geom'), ...search.slice(2), ...more, '--first', '2'],
    ]);
    expect(code, err).toBe(0);
    const reader = await readStream(readFileSync(of('two.stream'), 'utf8').replace(/\n$/, '').split('\n'));
    const inStream: number[] = [];
    for await (const { crystals } of reader.chunks())
      for (const { reflections = [] } of crystals) inStream.push(...reflections.map(({ ss }) => ss));
    const opened = await open(of('two.h5'), { dataset: '/entry/reflections/ss' });
    const ss = Array.from((await opened.read(0, opened.frames)) as Float64Array, Number);
    await opened.dispose();
    expect(ss).toHaveLength(inStream.length);
    // They were counted from the corner of the panel, and peaks from that of the array.
    expect(Math.max(...ss)).toBeGreaterThan(600);
    for (const [i, row] of ss.entries()) expect(Math.abs(row - (inStream[i] as number))).toBeLessThan(0.051);
  });

  test('a stream that is cut says so, wherever that is', async () => {
    const text = readFileSync(of('a.stream'), 'utf8');
    const at = text.indexOf('Peaks from peak search') + 200;
    for (const end of Array.from({ length: 60 }, (_, i) => at + i)) {
      const reader = await readStream(text.slice(0, end).split('\n'), 'cut.stream');
      const read = async () => {
        for await (const _ of reader.chunks());
      };
      // It was `"" is not a number`.
      await expect(read()).rejects.toThrow(/cut\.stream.*: the stream ends (within this line, )?in the middle of a/);
    }
  });

  test('orientations are written in the format that other programs read', () => {
    const lines = readFileSync(of('a.sol'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(6);
    for (const [i, line] of lines.entries()) {
      const words = line.split(' ');
      expect(words).toHaveLength(14);
      expect(words[1]).toBe(`//${i}`);
      expect(words.slice(11)).toEqual(['0.0', '0.0', 'mPb']);
      const expected = chunks[i]?.crystals[0]?.reciprocal.flat() ?? [];
      for (const [at, x] of words.slice(2, 11).entries())
        expect(Math.abs(Number(x) - (expected[at] ?? 0))).toBeLessThan(1e-6);
    }
  });

  test('other files are not replaced', async () => {
    for (const flag of ['--html', '--hdf5', '--sol']) {
      writeFileSync(of('notes.txt'), 'mine');
      const { code, err } = await ewald(['index', sim('mono.h5'), ...search, '-j', '1', flag, of('notes.txt')]);
      expect(code, flag).toBe(2);
      expect(err).toMatch(/notes\.txt exists and (is not a report|may hold|its format cannot say) .*--force/);
    }
  });
});

test('the table of a report numbers the chunks of the stream, and counts frames that were read', async () => {
  const pages: string[] = [];
  const output = { write: async (text: string) => void pages.push(text), close: async () => undefined };
  const options = {
    ...{ file: 'a.html', title: 'a.h5', commandLine: 'ewald index', nonHitsInStream: false, regions: [] },
    ...{ rate: () => 0, remarks: () => [], sections: () => [], numbers: () => [], warn: () => undefined },
    detector: () => Promise.reject(new Error('no pixels here')),
  };
  const sink = reportSink(output as never, options as never);
  for (const [event, hit] of [true, false, true].entries())
    await sink.add({
      ...{ origin: { filename: 'a.h5', event, serial: event + 1 }, hit, peaks: { count: 9 }, crystals: [] },
      ms: { read: 1, peaks: 1, index: 1, integrate: 1 },
    } as never);
  sink.fail?.({} as never);
  await sink.close(true);
  const page = pages.join('');
  const numbers = [...page.matchAll(/<tr style="[^"]+"><td>(.*?)<\/td>/g)].map(([, number]) => number);
  expect(numbers).toEqual(['0', '', '1']);
  expect(page).not.toContain('of 4 frames');
});
