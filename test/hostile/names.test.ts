/**
 * Hostile names and texts passed to every writer of text: they are read back unchanged or refused, and never add a
 * line.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visibleJson } from '../../src/cli/visible.js';
import { formatCellFile, readCell } from '../../src/crystal/cell-file.js';
import { parseGeometry } from '../../src/crystal/geometry/parse.js';
import { beamOf } from '../../src/crystal/geometry/pixels.js';
import { formatGeometry } from '../../src/crystal/geometry/write.js';
import { readRawStream } from '../../src/crystal/stream/raw.js';
import { readStream } from '../../src/crystal/stream/read.js';
import { marks, type StreamChunk, type StreamCrystal } from '../../src/crystal/stream/stream.js';
import { formatChunk, formatHead } from '../../src/crystal/stream/write.js';
import { openOutput } from '../../src/frames/files/write.js';
import { attribute, encoded } from '../../src/hdf5/write-types.js';
import { solutionSink } from '../../src/pipeline/sinks/sink.js';
import { geometryPicture } from '../../src/report/geometry-picture.js';
import { type Report, reportPage } from '../../src/report/page.js';
import { writeResults } from '../../src/stem/output/result-files.node.js';
import { isEwaldError } from '../../src/util/errors.js';

/** One harmless name for comparison, then hostile ones. */
const harmless = 'run_7.h5';
const names: readonly string[] = [
  'with space.h5',
  'ünïcode-日本.h5',
  'a\nb.h5',
  'a\r\nb.h5',
  'a\rb.h5',
  'a\u2028b.h5',
  'a\u0085b.h5',
  'a\0b.h5',
  'a\tb.h5',
  '\u001b[31mred.h5',
  marks.chunkBegin,
  `x\n${marks.chunkEnd}\n${marks.chunkBegin}\nImage filename: forged.h5`,
  `x\n${marks.crystalBegin}`,
  `\n${marks.reflectionsEnd}`,
  marks.chunkEnd,
  marks.peaksEnd,
  marks.geometryEnd,
  marks.cellEnd,
  marks.crystalEnd,
  'Image filename: forged.h5',
  'Image serial number: 99',
  'hit = 0',
  'num_peaks = 5',
  'astar = +1 +2 +3 nm^-1',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><!--",
  '&lt;',
  ']]>',
  '-rf',
  '--output',
  '=cmd|calc!A1',
  '+1',
  '@x',
  'a,b;c',
  'a=b',
  'a;b',
  '../../up',
  '/etc/passwd',
  'C:\\a',
  'quote".h5',
  'a b" //7 1 1 1 1 1 1 1 1 1 0 0 aP "',
  '',
  ' ',
  'x'.repeat(100_000),
  '\ud800.h5',
  // Bytes that are not UTF-8 are read as replacement characters.
  'a\ufffd.h5',
  '__proto__',
];

const crystal: StreamCrystal = {
  parameters: [1, 2, 3, 90, 90, 90],
  reciprocal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  latticeType: 'cubic',
  centering: 'P',
  uniqueAxis: '?',
  profileRadius: 1,
  notes: [],
  shiftMm: [0, 0],
  resolutionLimit: undefined,
  saturated: 0,
  implausible: 0,
  reflections: [{ h: 1, k: 2, l: 3, intensity: 1, sigma: 1, peak: 1, background: 1, fs: 1, ss: 1, panel: 'p0' }],
};
const chunk: StreamChunk = {
  filename: harmless,
  event: '//3',
  serial: 1,
  hit: true,
  indexedBy: 'none',
  tries: undefined,
  photonEnergyEv: 9000,
  divergenceRad: 0,
  bandwidth: 1e-8,
  notes: [],
  cameraLengthM: 0.1,
  peakCount: 1,
  peakResolution: undefined,
  peaks: [{ fs: 1, ss: 2, inverseD: 3, intensity: 4, panel: 'p0' }],
  crystals: [crystal],
};
const head = {
  version: '2.3',
  generator: 'ewald',
  commandLine: 'ewald index',
  geometry: undefined,
  cell: undefined,
  indexingMethods: undefined,
};
const geom =
  'clen = 0.1\nphoton_energy = 9000\np0/min_fs = 0\np0/max_fs = 9\np0/min_ss = 0\np0/max_ss = 9\np0/corner_x = ' +
  '0\np0/corner_y = 0\np0/fs = x\np0/ss = y\np0/res = 1000\np0/adu_per_photon = 1\n';

// biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for line ends
const lineEnds = /\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/;

/** What readers find in a stream of two frames; the second one shows that nothing has moved. */
async function inStreamOf(of: { head?: object; chunk?: object }): Promise<boolean> {
  const expected = { head: { ...head, ...of.head }, chunk: { ...chunk, ...of.chunk } };
  const text = formatHead(expected.head) + formatChunk(expected.chunk) + formatChunk({ ...chunk, serial: 2 });
  // Readers in Python and on Windows also accept other line ends.
  const seen = text.split(lineEnds).map((line) => line.trim());
  expect(seen.filter((line) => line === marks.chunkBegin)).toHaveLength(2);
  expect(seen.filter((line) => line === marks.chunkEnd)).toHaveLength(2);
  const lines = text.replace(/\n$/, '').split('\n');
  const raw = await readRawStream(asyncOf(lines), 'x');
  const serials: number[] = [];
  for await (const one of raw.chunks()) serials.push(one.serial);
  expect(serials).toEqual([1, 2]);
  const reader = await readStream(lines);
  const all: StreamChunk[] = [];
  for await (const one of reader.chunks()) all.push(one);
  expect(reader.head).toEqual(expected.head);
  expect(all).toEqual([expected.chunk, { ...chunk, serial: 2 }]);
  return true;
}
async function* asyncOf(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
const inStream =
  (of: (name: string) => { head?: object; chunk?: object }) =>
  (name: string): Promise<boolean> =>
    inStreamOf(of(name));

const geometryWith = (change: object, panel: object = {}) => {
  const geometry = parseGeometry(geom);
  return { ...geometry, ...change, panels: geometry.panels.map((one) => ({ ...one, ...panel })) };
};
const inGeometry =
  (of: (name: string) => ReturnType<typeof geometryWith>) =>
  (name: string): boolean => {
    const geometry = of(name);
    expect(parseGeometry(formatGeometry(geometry))).toEqual(geometry);
    return true;
  };

const report = (name: string): Report => ({
  title: name,
  commandLine: name,
  generator: name,
  ...{ frames: 1, hits: 1, indexed: 1, failed: 0, crystals: 0, rate: 1, cells: [], target: undefined },
  rows: [{ number: 0, name, peaks: 1, crystals: 0, resolutionA: undefined, residual: undefined }],
  ...{ resolutions: [], axes: [], powder: undefined, timeline: [{ hit: true, indexed: false, peaks: 1 }] },
  stages: { [name]: 1 },
  shown: [{ title: name, about: name, image: 'data:,', peaks: [], predictions: [] }],
  picture: { size: 10, beam: { x: 5, y: 5 }, rings: [] },
  remarks: [name],
  sections: [],
});
/** The tags of a page in order, and no character that could start another tag. */
const tags = (page: string): string => (page.match(/<[^>]*>?/g) ?? []).join('');
// biome-ignore lint/suspicious/noControlCharactersInRegex: it searches for control characters
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/u;
const asPage =
  (write: (name: string) => string) =>
  (name: string): boolean =>
    tags(write(name)) === tags(write(harmless)) && !controls.test(write(name));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-names-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function inSolutions(name: string): Promise<boolean> {
  const file = join(folder, 'a.sol');
  const sink = solutionSink(await openOutput(file, { force: true }), file, []);
  const record = { crystals: [{ reciprocal: crystal.reciprocal, inputCell: 0 }] };
  try {
    for (const filename of [name, harmless]) await sink.add({ ...record, origin: { filename, event: 3 } } as never);
  } catch (error) {
    await sink.discard();
    throw error;
  }
  const said = await sink.close(true);
  const lines = readFileSync(file, 'utf8').split(lineEnds);
  const [first = '', second, end] = said.includes('skipped') ? ['', ...lines] : lines;
  expect(second).toMatch(/^run_7\.h5 \/\/3 /);
  expect(end).toBe('');
  if (said.includes('skipped')) return name.includes('"');
  const [, quoted, plain] = /^(?:"([^"]*)"|(\S*)) \/\/3 (?:\S+ ){11}aP$/.exec(first) ?? [];
  return (quoted ?? plain) === name;
}

/** What the files say of their run. */
const about = { input: 'scan.npy', shape: [1], dtype: 'u16', analyses: [] };

async function inCsv(name: string): Promise<boolean> {
  const file = join(folder, 'a.csv');
  const result = { shape: [2], dtype: 'f64', data: Float64Array.of(1, 2), navAxes: 1 } as const;
  await writeResults({ output: file }, [{ ...result, name }], undefined, { force: true, about });
  const lines = readFileSync(file, 'utf8').split(/[\n\r\u2028\u2029\u0085]/);
  expect(lines.slice(1)).toEqual(['0,1', '1,2', '']);
  const cell = lines[0]?.slice('scan_x,'.length) ?? '';
  const text = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
  expect(cell.startsWith('"') || !/[,;"]/.test(cell)).toBe(true);
  expect(text).not.toMatch(/^[=+\-@]/);
  return text === name || text === `'${name}`;
}

async function inFileNames(name: string): Promise<boolean> {
  const result = { shape: [1], dtype: 'f64', data: Float64Array.of(1), navAxes: 1 } as const;
  const files = await writeResults(
    { output: join(folder, 'r.npy') },
    [
      { ...result, name },
      { ...result, name: 'other' },
    ],
    undefined,
    { force: true, about },
  );
  return files[0] === join(folder, `r-${name}.npy`) && !name.includes('/');
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

/** Returns true if it is read back unchanged (false fails the test); a refusal is an error with the tag `Argument`. */
const writers: Readonly<Record<string, (name: string) => boolean | Promise<boolean>>> = {
  'the file of a frame in a stream': inStream((filename) => ({ chunk: { filename } })),
  'its event': inStream((event) => ({ chunk: { event } })),
  'its method': inStream((indexedBy) => ({ chunk: { indexedBy } })),
  'its notes': inStream((note) => ({ chunk: { notes: [note] } })),
  'the panel of a peak': inStream((panel) => ({ chunk: { peaks: [{ ...chunk.peaks?.[0], panel }] } })),
  'the panel of a reflection': inStream((panel) => ({
    chunk: { crystals: [{ ...crystal, reflections: [{ ...crystal.reflections?.[0], panel }] }] },
  })),
  'the lattice of a crystal': inStream((latticeType) => ({ chunk: { crystals: [{ ...crystal, latticeType }] } })),
  'its centring': inStream((centering) => ({ chunk: { crystals: [{ ...crystal, centering }] } })),
  'its unique axis': inStream((uniqueAxis) => ({ chunk: { crystals: [{ ...crystal, uniqueAxis }] } })),
  'notes of a crystal': inStream((note) => ({ chunk: { crystals: [{ ...crystal, notes: [note] }] } })),
  'the command line of a stream': inStream((commandLine) => ({ head: { commandLine } })),
  'its generator': inStream((generator) => ({ head: { generator } })),
  'its methods': inStream((indexingMethods) => ({ head: { indexingMethods } })),
  'its geometry': inStream((line) => ({ head: { geometry: `; a\n${line}\n` } })),
  'its cell': inStream((line) => ({ head: { cell: `; a\n${line}\n` } })),
  'the panel of a geometry': inGeometry((name) => geometryWith({}, { name })),
  'a path of a geometry': inGeometry((data) => geometryWith({}, { data })),
  'the file of a mask': inGeometry((file) =>
    geometryWith({}, { masks: [{ index: 0, path: '/mask', file, goodBits: 0, badBits: 1 }] }),
  ),
  'the path of a wavelength': inGeometry((path) =>
    geometryWith({ radiation: { kind: 'photonEnergy', given: { path, unit: 'eV' } } }),
  ),
  'a group of panels': inGeometry((name) => geometryWith({ groups: new Map([[name, ['p0']]]) })),
  'the lattice of a cell file': (name) => {
    readCell(formatCellFile(readCell('10,20,30,90,90,90'), name));
    return name === harmless;
  },
  orientations: inSolutions,
  'a column of a table': inCsv,
  'the file of a result': inFileNames,
  'a report': asPage((name) => reportPage(report(name))),
  'a picture of a geometry': asPage((name) => geometryPicture(geometryWith({}, { name }), beamOf(parseGeometry(geom)))),
  'a line of JSON': (name) => {
    const line = visibleJson(JSON.stringify({ filename: name }));
    return JSON.parse(line).filename === name && !controls.test(line);
  },
  'a text of an HDF5 file': (name) => textOf(encoded(name).data) === `${name}\0`,
  'an attribute of an HDF5 file': (name) => textOf(attribute('a', name)).endsWith(`${name}\0`),
};

describe.each(Object.entries(writers))('%s', (what, write) => {
  it('is read back unchanged, or refused', async () => {
    // A lattice type is one of seven words, so every name is refused.
    if (what !== 'the lattice of a cell file') expect(await write(harmless)).toBe(true);
    for (const name of names) {
      const shown = JSON.stringify(name.slice(0, 60));
      try {
        expect(await write(name), shown).toBe(true);
      } catch (error) {
        if (!isEwaldError(error, 'Argument')) throw new Error(`${shown}: ${error}`, { cause: error });
        expect(error.message.length, shown).toBeLessThan(500);
      }
    }
  });
});
