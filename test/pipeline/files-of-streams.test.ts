/**
 * Streams as they come from elsewhere: with the line ends of Windows, several in one file as `cat` joins them, cut and
 * continued by others. All readers tell the same frames.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { joinStreams, streamInfo } from 'ewald/pipeline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatChunk, formatHead, readStream } from '../../dist/index.node.js';
import { readRawStream } from '../../src/crystal/stream/raw.js';
import { openStreamFile } from '../../src/pipeline/sinks/stream-file.node.js';

const geometry = 'photon_energy = 9000 eV\nadu_per_photon = 1\nclen = 0.1\nres = 10000\n';
const headOf = (text = geometry): string =>
  formatHead({
    version: '2.3',
    generator: 'ewald 0.2.0',
    commandLine: 'ewald index run.lst -o run.stream',
    geometry: text,
    cell: undefined,
    indexingMethods: undefined,
  });
const chunk = (filename: string, serial: number): string =>
  formatChunk({
    filename,
    event: undefined,
    serial,
    hit: true,
    indexedBy: 'none',
    tries: undefined,
    photonEnergyEv: 9000,
    divergenceRad: 0,
    bandwidth: 0,
    notes: [],
    cameraLengthM: 0.1,
    peakResolution: undefined,
    peakCount: 1,
    peaks: [{ fs: 1.5, ss: 2.5, inverseD: 1, intensity: 7, panel: 'p' }],
    crystals: [],
  });
const streamOf = (name: string, count: number, head = headOf()): string =>
  head + Array.from({ length: count }, (_, i) => chunk(`${name}-${i}.h5`, i + 1)).join('');
const windows = (text: string): string => text.replaceAll('\n', '\r\n');

const [a, b] = [streamOf('a', 3), streamOf('b', 2)];
const cut = a.slice(0, a.lastIndexOf('Peaks from'));
const files = {
  'of Windows': [windows(a), 3, 1, 0],
  'one after the other': [a + b, 5, 2, 0],
  'one after the other, of Windows': [windows(a + b), 5, 2, 0],
  'cut, with another one behind': [cut + b, 4, 2, 1],
} as const;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-streams-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

describe.each(Object.entries(files))('streams %s', (name, [text, frames, streams, incomplete]) => {
  test('have their frames counted and joined', async () => {
    const file = new Blob([text]);
    expect(await streamInfo(file)).toMatchObject({ frames, streams, cut: incomplete, torn: false });
    const joined = await joinStreams([file], { output: at(`${name}.stream`) });
    expect(joined.frames).toBe(frames);
    expect(joined.remarks.some(({ text }) => /1 frame of .* is cut/.test(text))).toBe(incomplete > 0);
    const written = readFileSync(at(`${name}.stream`), 'utf8');
    expect(written).not.toContain('\r');
    expect(await streamInfo(new Blob([written]))).toMatchObject({ frames, streams: 1, cut: 0 });
  });

  test('have their frames parsed, up to where one is cut', async () => {
    const reader = await readStream(text.replace(/\n$/, '').split('\n'), 'all.stream');
    expect(reader.head.geometry).toBe(geometry);
    const found: string[] = [];
    const all = (async () => {
      for await (const { filename } of reader.chunks()) found.push(filename);
    })();
    if (incomplete > 0) await expect(all).rejects.toThrow(/all\.stream:\d+: a frame or a stream begins within another/);
    else await all;
    expect(found.length).toBe(incomplete > 0 ? 2 : frames);
  });

  test('end at the byte behind their last frame', async () => {
    const lines = async function* () {
      yield* `${text}----- Begin chunk -----\nImage filename: `.split('\n');
    };
    const raw = await readRawStream(lines(), name);
    for await (const { end } of raw.chunks()) expect(text.slice(0, end)).toMatch(/End chunk -----\r?\n$/);
    expect([raw.read().end, raw.torn()]).toEqual([text.length, true]);
  });
});

test('streams of different geometries in one file are not read as one', async () => {
  const other = streamOf('b', 2, headOf(geometry.replace('clen = 0.1', 'clen = 0.2')));
  const reader = await readStream((a + other).split('\n'), 'both.stream');
  const all = (async () => {
    for await (const { filename } of reader.chunks()) expect(filename).toMatch(/^a-/);
  })();
  await expect(all).rejects.toThrow(/both\.stream:\d+: another stream with another geometry begins here/);
  const joining = joinStreams([new Blob([a + other])], { output: at('both.stream') });
  await expect(joining).rejects.toThrow(/holds several streams, one of them of another geometry/);
});

test('shards of a run that are not among the streams are named', async () => {
  const shard = (number: number) => new Blob([a.replace('index run.lst', `index run.lst --shard ${number}/3`)]);
  const joined = await joinStreams([shard(1), shard(2)], { output: at('shards.stream'), force: true });
  const warnings = joined.remarks.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  expect(warnings).toContainEqual('of 3 shards of the run, 3 is missing, with all their frames');
  const whole = await joinStreams([shard(1), shard(2), shard(3)], { output: at('shards.stream'), force: true });
  expect(whole.remarks.map(({ text }) => text).join()).not.toContain('missing');
});

test('a file of several streams is continued by no run, and stays as it is', async () => {
  const file = at('run.stream');
  writeFileSync(file, a + b);
  const options = { force: false, resume: true, reads: { inputs: [] }, head: headOf(), earlier: () => {} };
  await expect(openStreamFile(file, options)).rejects.toThrow(/run\.stream holds several streams.*no run continues/);
  expect(readFileSync(file, 'utf8')).toBe(a + b);
});
