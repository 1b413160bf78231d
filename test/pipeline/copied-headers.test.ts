/**
 * Fields of headers that are copied into the stream: their values and types, fields that frames lack, and a merge of
 * pumped and dark frames that are told apart by such a field.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { frameOfMsgpack } from '../../src/frames/streams/crystfel.js';
import { liveDataset } from '../../src/frames/streams/frame.js';
import { Hdf5Writer, type WriteNode } from '../../src/hdf5/writer.js';
import { checkCopyHeader, copiedHeaders, headerLine } from '../../src/pipeline/inputs/copied-headers.js';
import { commandLineOf } from '../../src/pipeline/run-options.js';
import { codecsHere } from '../frames/hdf5-support.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const group = (children: Record<string, WriteNode>): WriteNode => ({ children });
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-headers-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Frames with the state of a laser, and other fields. */
async function writtenWith(name: string, numbers: Uint16Array, size: number): Promise<string> {
  const frames = numbers.length / size ** 2;
  const codecs = await codecsHere();
  const parts: Uint8Array[] = [];
  const sink = {
    append: async (bytes: Uint8Array) => void parts.push(bytes.slice()),
    patch: async (_: number, bytes: Uint8Array) => parts[0]?.set(bytes),
  };
  const writer = await Hdf5Writer.create(sink, codecs);
  const series = writer.series({ frames, signal: [size, size], dtype: 'u16' });
  await series.write(numbers);
  const each = (value: (frame: number) => number): number[] => Array.from({ length: frames }, (_, i) => value(i));
  await writer.finish({
    data: group({ data: { frames: series } }),
    laser: group({
      on: { value: Int32Array.from(each((i) => i % 2)), shape: [frames] },
      delay: { value: Float64Array.from(each((i) => i * 2 ** -43)), shape: [frames, 1] },
      voltage: { value: Float32Array.of(0.1), shape: [1] },
    }),
    sample: group({ name: { value: 'lysozyme' }, temperature: { value: 293.5 }, lines: { value: 'a\nb' } }),
    pulse: {
      value: BigInt64Array.from(
        each((i) => i),
        (i) => 9_007_199_254_740_993n + BigInt(i),
      ),
      shape: [frames],
    },
    short: { value: Int32Array.of(7, 8), shape: [2] },
    table: { value: new Float64Array(2 * frames), shape: [frames, 2] },
  });
  await codecs.dispose();
  const file = join(folder, name);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

test('fields of HDF5 files: one value, or one for each frame, with the type that they have', async () => {
  const dataset = await open(await writtenWith('small.h5', new Uint16Array(4 * 64), 8));
  const lines = async (frame: number, ...names: string[]) =>
    (await copiedHeaders(dataset, frame, names)).map((one) => one.missing ?? headerLine(one));
  try {
    expect(dataset.frames).toBe(4);
    expect(await lines(3, '/laser/on', 'laser/delay', '/laser/voltage', '/sample/name', '/pulse')).toEqual([
      'header/int//laser/on = 1',
      'header/float/laser/delay = 3.410605131648481e-13',
      'header/float//laser/voltage = 0.100000',
      'header/str//sample/name = lysozyme',
      'header/int//pulse = 9007199254740996',
    ]);
    expect(await lines(0, '/laser/delay', '/sample/temperature', '/short')).toEqual([
      'header/float//laser/delay = 0.000000',
      'header/float//sample/temperature = 293.500000',
      'header/int//short = 7',
    ]);
    // A field without a value gives the reason instead of a line.
    expect(await lines(3, '/laser/off', '/laser', '/short', '/table', '/data/data', '/sample/lines')).toEqual([
      expect.stringMatching(/small\.h5 has no \/laser\/off$/),
      expect.stringMatching(/small\.h5 has no \/laser$/),
      expect.stringMatching(/\/short has 2 values, none for frame 3$/),
      expect.stringMatching(/\/table is 4 × 2 f64; expected one value, or one for each frame$/),
      expect.stringMatching(/\/data\/data is 4 × 8 × 8 u16; expected one value/),
      expect.stringMatching(/the value of \/sample\/lines has several lines$/),
    ]);
  } finally {
    await dataset.dispose();
  }
});

test('fields of a received message, by key', async () => {
  const array = { type: '|u1', shape: [1, 2], data: Uint8Array.of(1, 2) };
  const message = { frame: array, on: true, laser: { delay: 2.5 }, run: 'r12', list: [1, 2] };
  const fields = ['on', 'laser/delay', 'run', 'list', 'absent'];
  const keys = { data: 'frame', peakList: undefined, values: [], fields };
  const dataset = liveDataset(frameOfMsgpack(encode(message), keys, 'message 1'), 'tcp://a');
  const headers = await copiedHeaders(dataset, 0, fields);
  expect(headers.map((one) => one.missing ?? headerLine(one))).toEqual([
    'header/int/on = 1',
    'header/float/laser/delay = 2.500000',
    'header/str/run = r12',
    'tcp://a has no list',
    'tcp://a has no absent',
  ]);
});

describe.skipIf(!dataFolder)(`fields of frames${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test.each([
    ['frame.cbf', 'Exposure_time', 'header/str/Exposure_time = 0.0950 s'],
    ['frame.img', 'DISTANCE', 'header/float/DISTANCE = 60.000000'],
    ['frame.tif', 'bitsPerSample', 'header/int/bitsPerSample = 16'],
    ['frame.edf', 'Dim_1', 'header/int/Dim_1 = 600'],
  ])('%s: %s, by its name in the header', async (file, name, line) => {
    let bytes = readFileSync(join(dataFolder ?? '', 'formats', file), 'latin1');
    if (file.endsWith('.cbf')) {
      const header = '_array_data.header_contents\n;\n# Detector: PILATUS\n# Exposure_time 0.0950 s\n;\n';
      bytes = bytes.replace('_array_data.data', `${header}_array_data.data`);
    }
    const dataset = await open(Buffer.from(bytes, 'latin1'));
    try {
      const [found, other] = await copiedHeaders(dataset, 0, [name, 'toString']);
      expect(found && headerLine(found)).toBe(line);
      expect(other?.missing).toMatch(/has no toString$/);
    } finally {
      await dataset.dispose();
    }
  });

  test('pumped and dark frames are merged apart', { tags: 'all' }, async () => {
    const dataset = await open(sim('mono.h5'));
    const file = await writtenWith('pump.h5', (await dataset.read(0, 4)) as Uint16Array, 1024);
    await dataset.dispose();
    const stream = join(folder, 'pump.stream');
    const words = [
      '-g',
      sim('mono.geom'),
      '-p',
      sim('mono.cell'),
      '--threshold=12',
      '--min-res=20',
      '--refine-geometry=off',
    ];
    const copied = ['--copy-header', '/laser/on', '--copy-header=/laser/delay', '--copy-header=/laser/of'];
    const indexed = await ewald([
      'index',
      file,
      ...words,
      '--dataset=/data/data',
      ...copied,
      '-o',
      stream,
      '-j',
      '1',
      '--hdf5',
      `${stream}.h5`,
    ]);
    expect(indexed.code, indexed.err).toBe(0);
    expect(indexed.err.match(/warning: .*/g)).toEqual([
      expect.stringMatching(/the header field \/laser\/of is not copied from frames without it: .*has no \/laser\/of$/),
    ]);
    const text = readFileSync(stream, 'utf8');
    expect(text.match(/^header\/int\/.*$/gm)).toEqual([0, 1, 0, 1].map((on) => `header/int//laser/on = ${on}`));
    expect(text.match(/^header\/float\/\/laser\/delay = .*$/gm)?.at(-1)).toMatch(/ = 3\.410605131648481e-13$/);
    // Where CrystFEL writes them.
    expect(text).toMatch(/^beam_bandwidth = .*\nheader\/int.*\nheader\/float.*\naverage_camera_length/m);
    const merged = ['-y', '2/m', '--split-by', '/laser/on', '--min-measurements=1', '--model=mean', '--json'];
    const { out, err, code } = await ewald(['merge', stream, ...merged]);
    expect(code, err).toBe(0);
    const { datasets, statistics } = JSON.parse(out);
    expect(datasets.map(({ name }: { name: string }) => name)).toEqual(['0', '1']);
    // Each observation is in one of the two merges, and in the common one.
    const [dark, pumped] = datasets.map(
      (one: { statistics: typeof statistics }) => one.statistics.overall.measurements,
    );
    expect(Math.min(dark, pumped)).toBeGreaterThan(100);
    expect(dark + pumped).toBe(statistics.overall.measurements);
  });
});

test('names that would forge a line of the stream are refused, and repeated ones are copied once', () => {
  expect(checkCopyHeader('copyHeader', ['/a', 'b', '/a'])).toEqual(['/a', 'b']);
  for (const wrong of ['/a', [''], ['a\nb'], ['a = b'], [1], [undefined]])
    expect(() => checkCopyHeader('copyHeader', wrong), JSON.stringify(wrong)).toThrow(
      expect.objectContaining({ tag: 'Argument', message: expect.stringMatching(/^copyHeader /) }),
    );
  expect(commandLineOf({ inputs: 'a.h5', copyHeader: ['/a', '/b,c'] })).toBe(
    'ewald pipeline --copy-header=/a --copy-header=/b,c',
  );
});
