/** HDF5 files of runs as inputs of merges: the same observations as the stream of the run, and files that are not. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createContext, mergeStream } from 'ewald';
import { fileSource, open } from 'ewald/data';
import { readReflectionList } from 'ewald/merging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { marks } from '../../src/crystal/stream/stream.js';
import { Hdf5Writer, type WriteNode } from '../../src/frames/hdf5/writer.js';
import { memorySource } from '../../src/frames/sources/memory.js';
import { Collector } from '../../src/merging/collection/collector.js';
import { ObservationColumns } from '../../src/merging/collection/columns.js';
import { rejectedRows } from '../../src/merging/collection/counts.js';
import { readRunFile } from '../../src/merging/collection/hdf5-run.js';
import { numberOfCell } from '../../src/merging/collection/named-axes.js';
import { StreamScanner } from '../../src/merging/collection/scan.js';
import { correlation } from '../../src/util/correlation.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { array, group, treeFile } from '../frames/hdf5-tree.js';
import { ewaldTogether } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-merge-hdf5-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const ewald = (words: string) => ewaldTogether(words.split(' '), { cwd: folder });

beforeAll(async () => {
  const simulated = await ewald(
    'simulate frames -o frames --images 6 --size 512,512 --pixel 0.15 --cell 55,55,65,90,90,90',
  );
  expect(simulated.code, simulated.err).toBe(0);
  const index = 'index frames/run.h5 -g frames/run.geom -p frames/run.cell --refine-geometry off -j 1';
  const indexed = await ewald(`${index} -o run.stream --hdf5 run.h5`);
  expect(indexed.code, indexed.err).toBe(0);
});

/** The columns that a merge makes of an input. */
async function collected(name: string, maxAdu?: number) {
  const columns = new ObservationColumns();
  const collector = new Collector(columns, { maxAdu });
  const bytes = readFileSync(at(name));
  if (name.endsWith('.h5')) {
    const head = await readRunFile(memorySource(bytes), name, collector);
    return { ...columns.view(), head, counts: collector.counts, rejected: rejectedRows(columns.view().rejected) };
  }
  const scanner = new StreamScanner(collector, name);
  scanner.push(bytes);
  const head = scanner.end();
  return { ...columns.view(), head, counts: collector.counts, rejected: rejectedRows(columns.view().rejected) };
}

/** Numbers as a stream prints them, times `unit`. */
const printed = (values: ArrayLike<number>, digits: number, unit = 1): string[] =>
  Array.from(values, (x) => (x * unit).toFixed(digits).replace(/^-(0\.0*)$/, '$1'));

describe('the HDF5 file of a run', () => {
  test('has the observations of the stream, with more digits', async () => {
    const [stream, file] = [await collected('run.stream'), await collected('run.h5')];
    expect(stream.crystals).toBeGreaterThanOrEqual(5);
    expect(stream.count).toBeGreaterThan(500);
    for (const same of [
      'count',
      'crystals',
      'counts',
      'head',
      'filenames',
      'events',
      'h',
      'k',
      'l',
      'offsets',
    ] as const)
      expect(file[same], same).toEqual(stream[same]);
    expect(file.bandwidths).toEqual(stream.bandwidths);
    // The digits that a stream has, in its units; the float32 of the file rounds once more.
    const digits = {
      reciprocal: [7, 10],
      parameters: [4, 1],
      limits: [2, 10],
      profileRadii: [5, 10],
    } as const;
    for (const [name, [places, unit]] of Object.entries(digits) as [keyof typeof digits, readonly [number, number]][])
      expect(printed(file[name], places, unit), name).toEqual(printed(stream[name], places, unit));
    for (const name of ['intensity', 'sigma'] as const)
      for (const [i, x] of file[name].entries())
        expect(Math.abs(x - (stream[name][i] ?? 0))).toBeLessThan(0.0051 + 1e-6 * Math.abs(x));
    for (const [i, x] of file.wavelengths.entries()) expect(x).toBeCloseTo(stream.wavelengths[i] ?? 0, 9);
  });

  test('has the crystals whose axes were named, where the known cell is nearly tetragonal', {
    tags: 'all',
  }, async () => {
    const simulation = '--images 2 --size 512,512 --pixel 0.15 --cell 55,56,65,90,90,90';
    expect((await ewald(`simulate frames -o near ${simulation}`)).code).toBe(0);
    const index = 'index near/run.h5 -g near/run.geom -p near/run.cell --refine-geometry off -j 1';
    expect((await ewald(`${index} -o near.stream --hdf5 near.h5`)).code).toBe(0);
    const [stream, file] = [await collected('near.stream'), await collected('near.h5')];
    expect(Array.from(stream.axes)).toContain(numberOfCell(stream.head.cell));
    expect(file.axes).toEqual(stream.axes);
    expect(readFileSync(at('run.stream'), 'latin1')).not.toContain(marks.namedAxes);
  });

  test('has the events of frames in groups, by which a table divides them as it divides the stream', async () => {
    // As SACLA writes them, `data = /%/detector_2d_1/data`; another file of the run numbers its frames.
    const dataset = await open(at('frames/run.h5'));
    const image = async (i: number) => array((await dataset.read(i, 1)).slice(), dataset.shape.sig);
    const tags = ['tag-201', 'tag-203', 'tag-205'];
    const groups = tags.map(
      async (tag, i) => [tag, group({ detector_2d_1: group({ data: await image(i) }) })] as const,
    );
    writeFileSync(at('tags.h5'), await treeFile(Object.fromEntries(await Promise.all(groups))));
    await dataset.dispose();
    const geometry = readFileSync(at('frames/run.geom'), 'utf8').replace(/^p0\/(data|mask|dim\d).*\n/gm, '');
    writeFileSync(at('tags.geom'), `data = /%/detector_2d_1/data\ndim0 = ss\ndim1 = fs\n${geometry}`);
    const index = 'index tags.h5 -g tags.geom -p frames/run.cell --refine-geometry off -j 1';
    const indexed = await ewald(`${index} -o tags.stream --hdf5 tags-run.h5`);
    expect(indexed.code, indexed.err).toBe(0);
    const [stream, file] = [await collected('tags.stream'), await collected('tags-run.h5')];
    expect([...new Set(file.events)]).toEqual(tags.map((tag) => `${tag}//`));
    expect(file.events).toEqual(stream.events);
    writeFileSync(at('split.txt'), 'tags.h5 tag-201// first\ntags.h5 tag-203// first\ntags.h5 tag-205// second\n');
    const counts = async (input: string) => {
      const { err } = await ewald(
        `merge ${input} -y 4/mmm -n 1 --no-polarisation --custom-split split.txt -o ${input}.hkl`,
      );
      return [
        err,
        ...['first', 'second'].map((set) => readReflectionList(readFileSync(at(`${input}-${set}.hkl`), 'utf8')).count),
      ];
    };
    const [ofStream, ofFile] = [await counts('tags.stream'), await counts('tags-run.h5')];
    expect(ofFile.slice(1)).toEqual(ofStream.slice(1));
    expect(ofFile[1]).toBeGreaterThan(ofFile[2] as number);
    expect(ofFile[2]).toBeGreaterThan(0);
  });

  test('leaves out the same observations above a limit on their peaks', async () => {
    const [stream, file] = [await collected('run.stream', 60), await collected('run.h5', 60)];
    expect(stream.rejected.saturated).toBeGreaterThan(10);
    expect([file.counts, file.rejected]).toEqual([stream.counts, stream.rejected]);
  });

  test('is merged to the list of the stream by the command, gzipped as well', { tags: 'all' }, async () => {
    writeFileSync(at('packed.h5.gz'), gzipSync(readFileSync(at('run.h5'))));
    const list = async (input: string) => {
      const { code, err } = await ewald(`merge ${input} -y 4/mmm -n 2 --no-polarisation -o ${input}.hkl`);
      // So few crystals cannot be divided into halves.
      expect(code, err).toBe(1);
      return readFileSync(at(`${input}.hkl`), 'utf8');
    };
    const texts = [await list('run.stream'), await list('run.h5'), await list('packed.h5.gz')] as const;
    const [stream, file] = texts.map((text) => readReflectionList(text)) as [
      ReturnType<typeof readReflectionList>,
      ReturnType<typeof readReflectionList>,
    ];
    expect(file.indices).toEqual(stream.indices);
    expect(file.count).toBeGreaterThan(50);
    expect(correlation(file.intensity, stream.intensity)).toBeGreaterThan(0.999999);
    expect(texts[2]).toBe(texts[1]);
  });

  test('is accepted as bytes, a Blob, pieces, a source and a path, with the same bits', async () => {
    const context = await createContext({ backend: 'wasm' });
    const bytes = new Uint8Array(readFileSync(at('run.h5')));
    const source = await fileSource(at('run.h5'));
    const halves = [bytes.subarray(0, 5), bytes.subarray(5)];
    const lists: Float64Array[] = [];
    const options = { symmetry: '4/mmm', model: 'mean', polarisation: 'none' } as const;
    for (const given of [bytes, new Blob([bytes]), halves, source])
      lists.push((await mergeStream(context, { name: 'run.h5', bytes: given }, options)).reflections.intensity);
    lists.push((await mergeStream(context, at('run.h5'), options)).reflections.intensity);
    for (const list of lists) expect(list).toEqual(lists[0]);
    await source.close();
    await context.dispose();
  });

  test('is not merged together with the stream of the same run', async () => {
    const { code, err } = await ewald('merge run.stream run.h5 -y 4/mmm -o twice.hkl');
    expect(code).not.toBe(0);
    expect(err).toMatch(/(\d) of the \1 crystals of run.h5 were there before/);
  });

  test('joins streams and states of other frames', async () => {
    const [head = '', ...chunks] = readFileSync(at('run.stream'), 'utf8').split(/(?=----- Begin chunk -----)/);
    // The same crystals under other names stand for another run.
    const other = (name: string, some: readonly string[]): void =>
      writeFileSync(at(name), head + some.join('').replaceAll('run.h5', 'other.h5'));
    other('a.stream', chunks.slice(0, 2));
    other('b.stream', chunks.slice(2));
    const common = '-y 4/mmm -n 1 --no-polarisation';
    expect((await ewald(`merge b.stream ${common} --state b.state`)).code).toBe(0);
    const mixed = await ewald(`merge a.stream run.h5 b.state ${common} --json`);
    expect(mixed.code, mixed.err).toBe(0);
    const all = await collected('run.stream');
    expect(JSON.parse(mixed.out)).toMatchObject({ merged: 2 * all.crystals, counts: { reflections: 2 * all.count } });
  });
});

describe('an HDF5 file that is refused', () => {
  const merge = (input: string) => ewald(`merge ${input} -y 4/mmm -o none.hkl`);

  test('holds frames instead of results', async () => {
    const { code, err } = await merge('frames/run.h5');
    expect(code).not.toBe(0);
    expect(err).toMatch(/frames\/run.h5: the HDF5 file contains no results of a run; expected a stream, or what ewald/);
  });

  test('ends early', async () => {
    copyFileSync(at('run.h5'), at('short.h5'));
    truncateSync(at('short.h5'), Math.floor(readFileSync(at('run.h5')).length / 2));
    const { code, err } = await merge('short.h5');
    expect(code).not.toBe(0);
    expect(err).toMatch(/^ewald: short.h5: .*(truncated|file ends)/);
  });

  const column = (value: ArrayLike<number> & { length: number }, width = 1): WriteNode => ({
    value: value as Float64Array,
    shape: width === 1 ? [value.length] : [value.length / width, width],
  });
  /** A run of one crystal with two reflections, some of its columns replaced. */
  async function made(changes: Readonly<Record<string, WriteNode>>, headerLines = ''): Promise<Uint8Array> {
    const groups = {
      frames: {
        file: column(Uint32Array.of(0)),
        event: column(Uint32Array.of(0)),
        has_event: column(Uint8Array.of(0)),
        wavelength: column(Float64Array.of(1.3)),
        header_lines: column(Uint32Array.of(0)),
      },
      crystals: {
        frame: column(Uint32Array.of(0)),
        cell: column(Float64Array.of(30, 0, 0, 0, 30, 0, 0, 0, 40), 9),
        lengths: column(Float64Array.of(30, 30, 40), 3),
        angles: column(Float64Array.of(90, 90, 90), 3),
        profile_radius: column(Float64Array.of(1e-3)),
        resolution: column(Float64Array.of(2)),
        reflections_begin: column(Uint32Array.of(0)),
        reflections: column(Uint32Array.of(2)),
      },
      reflections: {
        hkl: column(Int16Array.of(1, 2, 3, 2, 2, 2), 3),
        intensity: column(Float32Array.of(5, 7)),
        sigma: column(Float32Array.of(1, 1)),
        peak: column(Float32Array.of(3, 3)),
      },
    };
    const children = Object.fromEntries(
      Object.entries(groups).map(([group, columns]) => [
        group,
        {
          children: Object.fromEntries(
            Object.entries(columns).map(([name, node]) => [name, changes[`${group}/${name}`] ?? node]),
          ),
        },
      ]),
    );
    const pieces: Uint8Array[] = [];
    const codecs = await codecsHere();
    const writer = await Hdf5Writer.create(
      {
        append: async (bytes) => void pieces.push(bytes.slice()),
        patch: async (start, bytes) => (pieces[0] as Uint8Array).set(bytes, start),
      },
      codecs,
    );
    const entry: WriteNode = {
      children: {
        stream_head: { value: 'CrystFEL stream format 2.3\n' },
        header_lines: { value: headerLines },
        files: { children: { file_0: { value: 'a.h5' } } },
        ...children,
      },
    };
    await writer.finish({ entry });
    return Buffer.concat(pieces);
  }

  test('has the header fields that the run has copied', async () => {
    const lines = 'header/str//name = x\nheader/float//laser/on = 1.000000';
    const bytes = await made({ 'frames/header_lines': column(Uint32Array.of(2)) }, lines);
    const columns = new ObservationColumns();
    await readRunFile(memorySource(bytes), 'made.h5', new Collector(columns, { splitBy: 'laser/on' }));
    expect(columns.view().headerValues).toEqual(['1']);
  });

  test.each([
    [
      'crystals/frame',
      column(Uint32Array.of(1)),
      /crystal 0 refers to reflections or to a frame that the file does not/,
    ],
    ['crystals/reflections', column(Uint32Array.of(3)), /the crystals have 3 reflections and the file 2/],
    ['crystals/lengths', column(Float64Array.of(30, 30), 2), /crystals\/lengths is 1 × 2 f64; expected 1 rows of 3/],
    ['frames/file', column(Uint32Array.of(7)), /a frame refers to a file that is not listed/],
    ['reflections/sigma', column(Float32Array.of(1)), /reflections\/sigma is 1 f32; expected 2 rows of 1/],
    ['reflections/hkl', column(Int32Array.of(1, 2, 3, 2, 2, 2), 3), /reflections\/hkl is 2 × 3 i32; expected 2 rows/],
    ['reflections/peak', { children: {} }, /it has no reflections\/peak; write it again with ewald index/],
  ] as [string, WriteNode, RegExp][])('has a wrong column %s', async (name, node, message) => {
    const read = async (bytes: Uint8Array): Promise<number> => {
      const columns = new ObservationColumns();
      await readRunFile(memorySource(bytes), 'made.h5', new Collector(columns));
      return columns.count;
    };
    expect(await read(await made({}))).toBe(2);
    await expect(read(await made({ [name]: node }))).rejects.toThrow(message);
  });
});
