/** Events in groups, as SACLA and LCLS write them; names behind more objects than a catalogue lists; damaged ones. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Corrections, inspect, open } from '../../dist/data.node.js';
import { type Context, createContext, parseGeometry } from '../../dist/index.node.js';
import { convert } from '../../dist/shell.node.js';
import type { FrameArray } from '../../src/bytes/dtype.js';
import { geometryRemarks } from '../../src/frames/detector/geometry-remarks.js';
import { openStacked } from '../../src/frames/detector/stacked.js';
import type { WriteNode } from '../../src/hdf5/writer.js';
import { refused } from '../support/refused.js';
import { chunks, fields, MadeFile, type MadeMessage, space, u8, virtual } from './hdf5-made.js';
import { array, group, number, treeFile } from './hdf5-tree.js';

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

const geometryOf = (lines: string) =>
  parseGeometry(
    `clen = 0.1 m\nres = 10000\nadu_per_photon = 1\n${lines}p/min_fs = 0\np/max_fs = 2\np/min_ss = 0\np/max_ss = 1\n` +
      'p/fs = x\np/ss = y\np/corner_x = 0\np/corner_y = 0\n',
  );
const image = (value: number): WriteNode => array(new Uint16Array(6).fill(value), [2, 3]);
const marked = (pixel: number): WriteNode =>
  array(
    Uint8Array.from({ length: 6 }, (_, i) => Number(i === pixel)),
    [2, 3],
  );

test('each group is a frame, with the energy and the mask of its own, in the order of the numbers', async () => {
  const event = (value: number): WriteNode =>
    group({ data: image(value), energy: number(9000 + value, { units: 'eV' }), mask: marked(value % 6) });
  const file = await treeFile({
    tag_10: event(10),
    tag_2: event(2),
    tag_1: event(1),
    // Without frames: its energy belongs to none.
    tag_3: group({ energy: number(1) }),
    info: number(5),
  });
  const geometry = geometryOf(
    'photon_energy = /%/energy eV\ndata = /%/data\nmask = /%/mask\nmask_bad = 1\nmask_good = 0\ndim0 = ss\ndim1 = fs\n',
  );
  const dataset = await openStacked((how) => open(file, how), geometry);
  expect([dataset.frames, dataset.groups]).toEqual([3, [['tag_1'], ['tag_2'], ['tag_10']]]);
  expect([...(await dataset.read(0, 3))].filter((_, i) => i % 6 === 0)).toEqual([1, 2, 10]);
  const detector = await context.detector(dataset, { geometry });
  const beams = await detector.beams(dataset.name);
  expect([0, 1, 2].map((frame) => Math.round(12398.41984 / beams(frame).wavelengthA))).toEqual([9001, 9002, 9010]);
  const bad = await Promise.all([0, 1, 2].map(async (frame) => (await detector.badOf(dataset, frame))?.indexOf(1)));
  expect(bad).toEqual([1, 2, 4]);
  await refused(() => open(file, { dataset: '/%/nothing' }), 'Argument', 'no group');
  // A group without its energy is a frame that fails by itself.
  const lacking = await treeFile({ tag_1: group({ data: image(1), mask: marked(1) }), tag_2: event(2) });
  const some = await openStacked((how) => open(lacking, how), geometry);
  const { beam, beams: of } = await context.detector(some, { geometry });
  expect(Math.round(12398.41984 / beam.wavelengthA)).toBe(9002);
  await expect(of(some.name).then((each) => each(0))).rejects.toThrow(
    /^the group of frame 0 of .* no number at \/%\/energy/,
  );
});

test('more numbers of a header than frames are remarked on', async () => {
  const file = await treeFile({
    data: array(new Uint16Array(18), [3, 2, 3]),
    energy: array(Float64Array.of(9000, 9001, 9002, 9003, 9004), [5]),
    three: array(Float64Array.of(9000, 9001, 9002), [3]),
  });
  const openOther = (_: string, dataset: string) => open(file, { dataset });
  const remarks = async (name: string) => {
    const geometry = geometryOf(`photon_energy = /${name} eV\ndata = /data\nres = 100\n`);
    const first = await open(file, { dataset: '/data' });
    return (await geometryRemarks(geometry, { first, openOther }))
      .map(({ text }) => text)
      .filter((text) => /numbers/.test(text));
  };
  expect(await remarks('energy')).toEqual([expect.stringMatching(/^\/energy has 5 numbers for 3 frames/)]);
  expect(await remarks('three')).toEqual([]);
});

test.each<[string, (values: readonly number[]) => FrameArray]>([
  ['f4', (values) => Float32Array.from(values)],
  ['f8', (values) => Float64Array.from(values)],
  ['i4', (values) => Int32Array.from(values)],
  ['i8', (values) => BigInt64Array.from(values, BigInt)],
  ['u1', (values) => Uint8Array.from(values)],
])('a geometry names a number of type %s: for all frames, in an array, one a frame, (n, 1)', async (_, of) => {
  const file = await treeFile({
    data: array(new Uint16Array(18), [3, 2, 3]),
    scalar: array(of([100]), []),
    one: array(of([100]), [1]),
    each: array(of([100, 101, 102]), [3]),
    column: array(of([100, 101, 102]), [3, 1]),
  });
  const beamsOf = async (lines: string) => {
    const dataset = await open(file, { dataset: '/data' });
    const geometry = geometryOf(`${lines}\ndata = /data\ndim0 = %\ndim1 = ss\ndim2 = fs\n`);
    return (await context.detector(dataset, { geometry })).beams(dataset.name);
  };
  for (const [name, last] of [
    ['scalar', 100],
    ['one', 100],
    ['each', 102],
    ['column', 102],
  ] as const) {
    const wavelengths = await beamsOf(`wavelength = /${name} pm`);
    expect([wavelengths(0).wavelengthA, wavelengths(2).wavelengthA], name).toEqual([1, last / 100]);
    const energies = await beamsOf(`photon_energy = /${name} keV`);
    expect(12.39841984 / energies(2).wavelengthA, name).toBeCloseTo(last, 6);
  }
});

test('a frame whose photon energy is 0 or cannot be is refused, and the others are not', async () => {
  const file = await treeFile({
    data: array(new Uint16Array(18), [3, 2, 3]),
    energy: array(Float64Array.of(9000, 0, 1), [3]),
  });
  const dataset = await open(file, { dataset: '/data' });
  const geometry = geometryOf('photon_energy = /energy eV\ndata = /data\n');
  const beams = await (await context.detector(dataset, { geometry })).beams(dataset.name);
  expect(beams(0).wavelengthA).toBeCloseTo(1.3776, 4);
  expect(() => beams(1)).toThrow('of frame 1 the energy of the radiation is 0');
  expect(() => beams(2)).toThrow('of frame 2 the wavelength is 12400 Å');
});

test('a first frame without a pulse fails alone, and the detector has the beam of the next', async () => {
  const file = await treeFile({
    data: array(new Uint16Array(24), [4, 2, 3]),
    energy: array(Float64Array.of(0, Number.NaN, 9000, 9100), [4]),
  });
  const geometry = geometryOf('res = 100\nphoton_energy = /energy eV\ndata = /data\n');
  const found: string[] = [];
  const inputs = new File([file as BlobPart], 'pulses.h5');
  for await (const { result, error } of context.pipeline({ inputs, geometry, cells: [], peaks: { threshold: 10 } }))
    found.push(
      error
        ? (error as Error).message
        : (12398.42 / (result as unknown as { beam: { wavelengthA: number } }).beam.wavelengthA).toFixed(0),
    );
  expect(found).toEqual([
    expect.stringContaining('of frame 0 the energy of the radiation is 0'),
    expect.stringContaining('/energy, which is NaN there'),
    '9000',
    '9100',
  ]);
  // One number for all frames fails the run before it starts.
  const none = await treeFile({ data: array(new Uint16Array(24), [4, 2, 3]), energy: array(Float64Array.of(0), []) });
  const run = context.pipeline({
    inputs: new File([none as BlobPart], 'a.h5'),
    geometry,
    cells: [],
    peaks: { threshold: 10 },
  });
  await expect(run.next()).rejects.toThrow('the geometry cannot be right: the energy of the radiation is 0');
});

test('a mask is one of booleans, behind a soft link, or in two files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-masks-'));
  const file = new MadeFile();
  // As h5py writes them: an enumeration of FALSE and TRUE over 8 bits.
  const int8 = fields().uint(1, 0x10, 8, 0, 0).uint(4, 1).uint(2, 0, 8).list;
  const enumeration = fields().uint(1, 0x18, 2, 0, 0).uint(4, 1);
  enumeration.list.push(...int8);
  const boolean: MadeMessage = [3, enumeration.text('FALSE\0\0\0', 'TRUE\0\0\0\0').uint(1, 0, 1).list];
  const stored = (bytes: readonly number[]): MadeMessage => [
    8,
    fields().uint(1, 3, 1).uint(8, file.place(bytes), 6).list,
  ];
  const mask = file.object([space([2, 3]), boolean, stored([0, 1, 0, 0, 0, 1])]);
  const data = file.object([space([2, 3]), u8, stored([1, 2, 3, 4, 5, 6])]);
  writeFileSync(join(folder, 'a.h5'), file.finish(file.group({ data, mask, linked: '/mask' })));
  writeFileSync(join(folder, 'b.h5'), await treeFile({ other: marked(3) }));
  const badOf = async (lines: string) => {
    const dataset = await open(join(folder, 'a.h5'), { dataset: '/data' });
    const geometry = geometryOf(`wavelength = 1 A\ndata = /data\n${lines}\n`);
    const { bad } = await context.detector(dataset, { geometry });
    return [...bad].flatMap((one, i) => (one === 0 ? [] : [i]));
  };
  expect(await badOf('mask = /mask\nmask_bad = 1')).toEqual([1, 5]);
  expect(await badOf('mask = /linked\nmask_good = 1')).toEqual([0, 2, 3, 4]);
  const both = 'mask0_data = /mask\nmask0_badbits = 1\nmask1_data = /other\nmask1_file = b.h5\nmask1_badbits = 1';
  expect(await badOf(both)).toEqual([1, 3, 5]);
  rmSync(folder, { recursive: true });
});

test('axes behind ss and fs: one of their numbers in each panel, in data and masks, and fs before ss', async () => {
  // [event, ss, fs, 2]: pixels of number 0 count from 0, those of number 1 from 100.
  const of = (frame: number) => Array.from({ length: 6 }, (_, i) => [10 * frame + i, 10 * frame + i + 100]).flat();
  const data = (first: number) => array(Uint16Array.from([...of(first), ...of(first + 1)]), [2, 2, 3, 2]);
  const mask = Uint8Array.from({ length: 24 }, (_, i) => Number(i === 3 || i === 12 + 5));
  const file = await treeFile({
    a: group({ data: data(0), mask: array(mask, [2, 2, 3, 2]) }),
    b: group({ data: data(2), mask: array(mask, [2, 2, 3, 2]) }),
  });
  const top = 'wavelength = 1 A\ndata = /%/data\nmask = /%/mask\nmask_bad = 1\nmask_good = 0\n';
  const dims = 'dim0 = %\ndim1 = ss\ndim2 = fs\n';
  const geometry = geometryOf(`${top}${dims}dim3 = 1\n`);
  const dataset = await openStacked((how) => open(file, how), geometry);
  expect([dataset.frames, dataset.shape.sig]).toEqual([4, [4, 3]]);
  const stored = await open(file, { dataset: '/%/data', sigShape: [2, 3, 2] });
  const detector = await context.detector(stored, { geometry });
  expect([detector.panelAt(1, 2)?.name, detector.panelAt(1, 0)?.name]).toEqual(['p', undefined]);
  // Frame 3 is the second one of group b; its image has number 0 above number 1.
  expect([...(await dataset.read(3, 1))]).toEqual([30, 31, 32, 33, 34, 35, 130, 131, 132, 133, 134, 135]);
  const marked = async (frame: number) => Array.from((await detector.badOf(stored, frame)) ?? []).slice(6);
  expect([await marked(0), await marked(3)]).toEqual([
    [0, 1, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0],
  ]);
  const turned = geometryOf(`wavelength = 1 A\ndata = /t\ndim0 = fs\ndim1 = ss\n`);
  const columns = await treeFile({ t: array(Uint16Array.of(0, 3, 1, 4, 2, 5), [3, 2]) });
  expect([...(await (await openStacked((how) => open(columns, how), turned)).read(0, 1))]).toEqual([0, 1, 2, 3, 4, 5]);
  const last = geometryOf(`wavelength = 1 A\ndata = /t\ndim0 = ss\ndim1 = fs\ndim2 = %\n`);
  await refused(() => openStacked((how) => open(columns, how), last), 'Unsupported', 'dim2 = %');
});

test('a dataset is opened by its name behind 4000 objects and below 16 levels', async () => {
  const many = Object.fromEntries(Array.from({ length: 4001 }, (_, i) => [`a${i}`, group({})]));
  let deep: WriteNode = group({ data: image(7) });
  for (let i = 0; i < 18; i++) deep = group({ d: deep });
  const file = await treeFile({ ...many, z: deep });
  const path = `/z${'/d'.repeat(18)}/data`;
  const geometry = geometryOf(`wavelength = 1 A\ndata = ${path}\ndim0 = ss\ndim1 = fs\n`);
  const dataset = await openStacked((how) => open(file, how), geometry);
  expect([...(await dataset.read(0, 1))]).toEqual([7, 7, 7, 7, 7, 7]);
  // Without its name, the file is not said to have no array.
  await refused(
    () => open(file),
    'Format',
    'among the 4000 objects that were looked through (at most 4000, 16 levels deep), and has more of them; name one as ' +
      'dataset (--dataset)',
  );
  await refused(() => treeFile({ z: deep }).then((bytes) => open(bytes)), 'Format', 'among the 16 objects');
});

test('data files that do not exist are named, and left out on request; the others in the order of their numbers', async () => {
  const master = await treeFile({
    entry: group({
      data: group(
        Object.fromEntries([1, 2, 10].map((i) => [`data_${i}`, { link: { file: `part_${i}.h5`, path: '/data' } }])),
      ),
    }),
  });
  const part = async (value: number) => {
    const bytes = await treeFile({ data: array(new Uint16Array(12).fill(value), [2, 2, 3]) });
    return new File([new Uint8Array(bytes)], `part_${value}.h5`);
  };
  const given = async (...values: number[]) => [
    new File([new Uint8Array(master)], 'x_master.h5'),
    ...(await Promise.all(values.map(part))),
  ];
  const all = await open(await given(10, 1, 2));
  expect([...(await all.read(0, 6))].filter((_, i) => i % 6 === 0)).toEqual([1, 1, 2, 2, 10, 10]);
  await refused(async () => open(await given(1, 10)), 'File', 'part_2.h5');
  const some = await open(await given(1, 10), { allowMissing: true });
  expect([...(await some.read(0, 4))].filter((_, i) => i % 6 === 0)).toEqual([1, 1, 10, 10]);
  expect(some.notes.map(({ text }) => text).join()).toContain('missing: part_2.h5');
});

test('of several data files that do not exist all are named; frames before them are read if no other is needed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-parts-'));
  const links = [1, 2, 3, 4].map((i) => [`data_${i}`, { link: { file: `part_${i}.h5`, path: '/data' } }] as const);
  const master = join(folder, 'x_master.h5');
  writeFileSync(master, await treeFile({ entry: group({ data: group(Object.fromEntries(links)) }) }));
  for (const i of [1, 3]) {
    const frames = Uint16Array.from({ length: 12 }, (_, k) => 12 * i + k);
    writeFileSync(join(folder, `part_${i}.h5`), await treeFile({ data: array(frames, [2, 2, 3]) }));
  }
  await refused(() => open(master), 'File', 'part_2.h5 does not exist; also missing:', 'part_4.h5');
  const first = await open(master, { until: 2 });
  expect([...(await first.read(0, first.frames))]).toEqual(Array.from({ length: 12 }, (_, k) => 12 + k));
  expect(first.notes.map(({ text }) => text).join()).toMatch(/missing: .*part_2\.h5, .*part_4\.h5/);
  await first.dispose();
  await refused(() => open(master, { until: 3 }), 'File', 'part_2.h5', 'part_4.h5');
  // What uses the first frames asks for no more of them.
  expect((await inspect(master, { first: 2 })).selected?.frames).toBe(2);
  await refused(() => inspect(master, { first: 3 }), 'File', 'part_4.h5');
  expect((await convert(master, join(folder, 'two.npy'), { first: 2 })).frames).toBe(2);
  await refused(() => convert(master, join(folder, 'three.npy'), { first: 3 }), 'File', 'part_4.h5');
  rmSync(folder, { recursive: true });
});

test('a part of a virtual dataset that does not exist is named, with what reads the others', async () => {
  const file = new MadeFile();
  const parts = virtual(file, [{ file: 'part_2.h5', path: '/data', source: 'all', target: 'all' }]);
  const bytes = file.finish(file.group({ data: file.object([space([2, 2, 3]), u8, parts]) }));
  const read = async (options = {}) => (await open(bytes, options)).read(0, 2);
  await refused(read, 'File', 'part_2.h5', 'allowMissing (--allow-missing) reads the others');
  expect([...(await read({ allowMissing: true }))]).toEqual(Array(12).fill(0));
});

test('a file that claims large frames and stores none does not read them as zeros', async () => {
  const file = new MadeFile();
  const data = file.object([space([1000, 16384, 16384]), u8, chunks([1, 16384, 16384])]);
  const bytes = file.finish(file.group({ data }));
  expect(bytes.length).toBeLessThan(2000);
  const dataset = await open(bytes);
  const before = process.memoryUsage().rss;
  await refused(() => dataset.read(0, 1), 'Format', 'none of them has been written');
  await refused(() => dataset.read(0, 4), 'Format', 'none of them has been written');
  // A frame would be 256 MiB.
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27);
});

test('an array that is damaged is not replaced by another one, unless that is named', async () => {
  const file = new MadeFile();
  const data = file.object([space([1, 2, 2]), u8, chunks([1, 2, 2])]);
  const damaged = file.place(new Array(64).fill(0xee));
  const bytes = file.finish(file.group({ data, other: damaged }));
  await refused(() => open(bytes), 'Format', '/other may hold the frames');
  expect((await open(bytes, { dataset: '/data' })).frames).toBe(1);
});

test('a mask that is a link to nothing is named', async () => {
  const file = new MadeFile();
  const place = file.place([1, 2, 3, 4]);
  const stored: MadeMessage = [8, fields().uint(1, 3, 1).uint(8, place, 4).list];
  const data = file.object([space([1, 2, 2]), u8, stored]);
  // As CXI has it.
  const detector = file.group({ data, mask: '/nope' });
  const entry = file.group({ instrument_1: file.group({ detector_1: detector }) });
  const { notes } = await open(file.finish(file.group({ entry_1: entry })));
  expect(notes.map(({ text }) => text)).toContainEqual(
    'there is no mask: /entry_1/instrument_1/detector_1/mask is a link to /nope, which does not exist',
  );
});

test.each([
  ['u32 from −1 and −2', Uint32Array.of(5, 2 ** 32 - 1, 2 ** 32 - 2, 2 ** 32 - 3, 0, 7), undefined, [1, 2]],
  ['i32', Int32Array.of(5, -1, -2, 2 ** 31 - 1, 0, 7), undefined, [1, 2]],
  ['u16', Uint16Array.of(5, 65535, 65534, 3, 0, 7), 'Dectris EIGER2', [1]],
  ['i32 of a detector that integrates', Int32Array.of(5, -1, -2, -7, 0, 7), 'JUNGFRAU 4M', []],
])('gaps of an Eiger master are no counts: %s', async (_, values, description, gaps) => {
  const about = description === undefined ? {} : { description: { value: description } };
  const file = await treeFile({
    entry: group({
      data: group({ data_000001: array(values, [1, 2, 3]) }),
      instrument: group({ detector: group({ ...about, distance: number(0.06) }) }),
    }),
  });
  const dataset = await open(file);
  const corrections = await Corrections.of(dataset);
  const marks = new Uint8Array(6);
  corrections.apply(await dataset.read(0, 1), dataset.dtype, new Float64Array(6), marks);
  expect([...marks].flatMap((mark, i) => (mark === 0 ? [] : [i]))).toEqual(gaps);
});

test('numbers that a series of data files leaves out are named', async () => {
  const parts = (...numbers: number[]) =>
    treeFile({
      entry: group({
        data: group(
          Object.fromEntries(
            numbers.map((n) => [`data_${String(n).padStart(6, '0')}`, array(Uint16Array.of(1, 2), [1, 1, 2])]),
          ),
        ),
      }),
    });
  const warningsOf = async (...numbers: number[]): Promise<string[]> =>
    (await open(await parts(...numbers))).notes.filter(({ kind }) => kind === 'warning').map(({ text }) => text);
  expect(await warningsOf(1, 2, 3)).toEqual([]);
  expect(await warningsOf(1, 3, 7)).toEqual([
    expect.stringMatching(/names no data_000002, data_000004 … data_000006: frames behind them have lower numbers/),
  ]);
});

test('groups, arrays and attributes may have names that every object has', async () => {
  const frames = array(Uint16Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3], Object.fromEntries([['__proto__', 'text']]));
  const inner = group(
    Object.fromEntries([
      ['constructor', frames],
      ['toString', number(7)],
    ]),
  );
  const bytes = await treeFile(Object.fromEntries([['__proto__', inner]]));
  for (const options of [{}, { dataset: '/__proto__/constructor' }]) {
    const dataset = await open(bytes, options);
    expect(dataset.arrays.map(({ name }) => name)).toContain('/__proto__/constructor');
    expect([...(await dataset.read(0, 1))]).toEqual([1, 2, 3, 4, 5, 6]);
    await dataset.dispose();
  }
  await refused(() => open(bytes, { dataset: '/__proto__/hasOwnProperty' }), 'Argument', 'hasOwnProperty');
  expect(Object.keys(Object.prototype)).toEqual([]);
});
