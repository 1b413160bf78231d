/** `--peaks cxi` and `--peaks hdf5`: peaks listed in files replace the search, with typical command lines. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const group = (children: Record<string, WriteNode>): WriteNode => ({ children });
const frames = 3;
let folder = '';

/** Frames of `mono` as CXI, with the given content in result_1 and elsewhere. */
async function cxi(
  name: string,
  count: number,
  result: Record<string, WriteNode>,
  more: Record<string, WriteNode> = {},
) {
  const file = join(folder, name);
  const dataset = await open(sim('mono.h5'));
  const numbers = await dataset.read(0, count);
  await dataset.dispose();
  const codecs = await codecsHere();
  const parts: Uint8Array[] = [];
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (_: number, bytes: Uint8Array) => parts[0]?.set(bytes),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames: count, signal: [1024, 1024], dtype: 'u16' });
  await series.write(numbers);
  await writer.finish({
    cxi_version: { value: 140 },
    entry_1: group({ data_1: group({ data: { frames: series } }), result_1: group(result) }),
    ...more,
  });
  await codecs.dispose();
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

interface Listed {
  readonly fs: number;
  readonly ss: number;
  readonly intensity: number;
}

/** CXI's columns, with positions relative to the centre of the first pixel. */
function columns(lists: readonly (readonly Listed[])[]): Record<string, WriteNode> {
  const width = Math.max(...lists.map(({ length }) => length)) + 2;
  const shape = [lists.length, width];
  const of = (value: (peak: Listed) => number) => ({
    value: Float64Array.from(
      lists.flatMap((list) => Array.from({ length: width }, (_, i) => (list[i] ? value(list[i]) : -7))),
    ),
    shape,
  });
  return {
    nPeaks: { value: Int32Array.from(lists, ({ length }) => length), shape: [lists.length] },
    peakXPosRaw: of(({ fs }) => fs - 0.5),
    peakYPosRaw: of(({ ss }) => ss - 0.5),
    peakTotalIntensity: of(({ intensity }) => intensity),
  };
}

/** Everything except the command line. */
const body = (stream: string): string => readFileSync(stream, 'utf8').split('\n').toSpliced(2, 1).join('\n');

describe.skipIf(!dataFolder)(`peaks of files${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  let found: Listed[][] = [];
  let usual: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-listed-'));
    // CXI's own path of the frames; the geometry may give another one.
    writeFileSync(join(folder, 'g.geom'), readFileSync(sim('mono.geom'), 'utf8').replace(/^\s*data = .*$/m, ''));
    usual = ['-g', join(folder, 'g.geom'), '-p', sim('mono.cell'), '--backend=wasm', '--executor=inline'];
    const bare = await cxi('bare.cxi', frames, {});
    const stream = join(folder, 'bare.stream');
    const { code, err } = await ewald(['index', bare, ...usual, '--threshold=12', '-o', stream]);
    expect(code, err).toBe(0);
    // Positions agree to a hundredth of a pixel, the precision of a stream: they are exact in float64, and this error
    // is too small for a visible effect on a crystal.
    found = readFileSync(stream, 'utf8')
      .split('----- Begin chunk -----')
      .slice(1)
      .map((chunk) =>
        [...chunk.matchAll(/^ *(-?[\d.]+) +(-?[\d.]+) +[\d.]+ +(-?[\d.]+) +p0\r?$/gm)].map(([, fs, ss, intensity]) => ({
          fs: Number(fs),
          ss: Number(ss),
          intensity: Number(intensity),
        })),
      );
    expect(found.map(({ length }) => length > 50)).toEqual([true, true, true]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('CXI: the listed peaks give the same crystals and reflections as found peaks', { tags: 'all' }, async () => {
    const file = await cxi('run.cxi', frames, columns(found));
    const [searched, taken] = [join(folder, 'searched.stream'), join(folder, 'taken.stream')];
    await ewald(['index', file, ...usual, '--threshold=12', '-o', searched]);
    const { code, err, out } = await ewald(['index', file, ...usual, '--peaks=cxi', '-o', taken]);
    expect(code, err).toBe(0);
    expect(out).toMatch(/3 of 3 frames indexed/);
    // Without a search no parameters were chosen.
    expect(err).not.toMatch(/--threshold/);
    const peaks = (stream: string): string[] =>
      body(stream)
        .split('\n')
        .filter((line) => / p0$/.test(line) && line.trim().split(/\s+/).length === 5)
        .map((line) => line.replace(/(\S+\s+\S+\s+)\S+/, '$1'));
    expect(peaks(taken)).toEqual(peaks(searched));
    const { out: told } = await ewald(['stream', 'compare', searched, taken, '--json']);
    const compared = JSON.parse(told);
    expect(compared).toMatchObject({ indexedInBoth: 3, latticesThatDiffer: 0 });
    // The error from rounding to a hundredth of a pixel.
    expect(compared.misorientationMostDeg).toBeLessThan(0.002);
    // Workers accept the lists as well, and the results are identical to the byte.
    const workers = join(folder, 'workers.stream');
    const more = usual.filter((word) => !word.startsWith('--executor'));
    const shared = await ewald(['index', file, ...more, '-j', '2', '--peaks=cxi', '-o', workers]);
    expect(shared.code, shared.err).toBe(0);
    expect(body(workers)).toBe(body(taken));
  });

  test('ewald cell accepts the peaks of files and of every finder, like ewald index', { tags: 'all' }, async () => {
    const words = ['cell', sim('mono.h5'), '-g', sim('mono.geom'), '--backend=wasm', '--images=4'];
    const zaef = await ewald([...words, '--peaks=zaef', '--threshold=12', '--min-squared-gradient=200']);
    expect(zaef.code, zaef.err).toBe(0);
    expect(zaef.out).toMatch(/best, indexes 4 of 4 stills:\n +mP /);
    const lists = ['cell', join(folder, 'run.cxi'), '-g', join(folder, 'g.geom'), '--backend=wasm', '--peaks=cxi'];
    const listed = await ewald(lists);
    expect(listed.err).toBe('3 of the first 3 frames have enough peaks\n');
    expect(listed.out).toMatch(/best, indexes 3 of 3 stills:\n +mP /);
    const spots = join(folder, 'spots.txt');
    writeFileSync(spots, '0.01 0.02 0.03\n');
    for (const [args, message] of [
      [[...lists, '--threshold=12'], /--threshold belongs to peakfinder8, .*; --peaks cxi uses peaks as listed/],
      [[...words, '--hdf5-peaks=/x'], /--hdf5-peaks belongs to cxi and hdf5; --peaks/],
      [[...words, '--gain=2'], /--gain/],
      [
        [...words, '--peaks=msgpack'],
        /reads peaks from messages, which only ewald index receives; for files use cxi or hdf5/,
      ],
      [[...words, '--peaks=peakfinder9'], /--peaks is "peakfinder9"/],
      [['cell', spots, '--threshold=12'], /--threshold belongs to peakfinder8, .*spots\.txt is a list of spots/],
      [['index', spots, '-o', join(folder, 'x.stream')], /-o belongs to detector frames .*spots\.txt is a list/],
    ] as const) {
      const { code, err } = await ewald(args);
      expect([code, err]).toEqual([2, expect.stringMatching(message)]);
    }
  });

  test('half-pixel shift and bad pixels follow the flags; the geometry names the list', async () => {
    const elsewhere = { lists: group(columns(found.slice(0, 1))) };
    const file = await cxi('elsewhere.cxi', 1, {}, elsewhere);
    const geometry = join(folder, 'bad.geom');
    const region = 'bad0/min_x = -2000\nbad0/max_x = 0\nbad0/min_y = -2000\nbad0/max_y = 2000\n';
    writeFileSync(geometry, `peak_list = /lists\n${region}${readFileSync(usual[1] ?? '', 'utf8')}`);
    const run = async (...more: string[]) => {
      const words = ['index', file, ...usual.slice(2), '-p', 'none', '-g', geometry, '--peaks=cxi', '-o', '-', ...more];
      const { out, code, err } = await ewald(words.toSpliced(2, 2));
      expect(code, err).toBe(0);
      return [...out.matchAll(/^ *([\d.]+) +([\d.]+) +[\d.]+ +[\d.]+ +p0$/gm)].map(([, fs]) => Number(fs));
    };
    const [half, all, corner] = [
      await run(),
      await run('--no-revalidate'),
      await run('--no-half-pixel-shift', '--no-revalidate'),
    ];
    const [list = []] = found;
    expect(all).toEqual(list.map(({ fs }) => fs));
    expect(corner).toEqual(list.map(({ fs }) => expect.closeTo(fs - 0.5, 2)));
    // The left half of the detector is bad.
    expect(half.length).toBeLessThan(all.length * 0.8);
    expect(half.length).toBeGreaterThan(all.length * 0.2);
    const beam = Number(/corner_x = -([\d.]+)/.exec(readFileSync(geometry, 'utf8'))?.[1]);
    expect(Math.min(...half)).toBeGreaterThan(beam - 2);
  });

  test('a table of rows beside one frame is --peaks hdf5', async () => {
    const [list = []] = found;
    const rows = Float64Array.from(list.flatMap(({ fs, ss, intensity }) => [fs - 0.5, ss - 0.5, intensity]));
    const table = { value: rows, shape: [list.length, 3] };
    const file = await cxi(
      'table.h5',
      1,
      { own: table },
      {
        processing: group({ hitfinder: group({ peakinfo: table }) }),
      },
    );
    for (const more of [[], ['--hdf5-peaks=/entry_1/result_1/own']]) {
      const { code, out, err } = await ewald(['index', file, ...usual, '--peaks=hdf5', '--json', ...more]);
      expect(code, err).toBe(0);
      const line = JSON.parse(out.trim());
      expect(line).toMatchObject({ peaks: list.length, hit: true });
      expect(line.crystals).toHaveLength(1);
    }
  });

  test('a list that is missing, of another detector or combined with other flags is refused with advice', {
    tags: 'all',
  }, async () => {
    const bare = join(folder, 'bare.cxi');
    const far = await cxi('far.cxi', 1, columns([[{ fs: 3000, ss: 5, intensity: 1 }]]));
    const cases = [
      [[bare, '--peaks=cxi'], 1, /bare\.cxi \/\/0 lists no peaks: no group has nPeaks/],
      [[bare, '--peaks=hdf5'], 1, /no peak list at \/processing\/hitfinder\/peakinfo/],
      [[bare, '--peaks=cxi', '--hdf5-peaks=/nowhere'], 1, /no peak list at \/nowhere/],
      [[far, '--peaks=cxi'], 1, /peak 0 of frame 0 is at 3000, 5; a frame has 1024 x 1024 pixels/],
      [
        [bare, '--peaks=cxi', '--threshold=12'],
        2,
        /--threshold belongs to peakfinder8, .*; --peaks cxi uses peaks as listed/,
      ],
      [[bare, '--hdf5-peaks=/a'], 2, /--hdf5-peaks belongs to cxi and hdf5; --peaks peakfinder8/],
      [[bare, '--no-revalidate'], 2, /--no-revalidate belongs to cxi, hdf5, msgpack and stream; --peaks/],
    ] as const;
    for (const [words, wanted, message] of cases) {
      const { code, err } = await ewald(['index', ...words, ...usual]);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/at .*\.js:/);
      expect(code, err).toBe(wanted);
    }
  });
});
