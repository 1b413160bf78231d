/**
 * Reads crystals and reflections from the HDF5 file of a run (`ewald index --hdf5`, the option `hdf5` of a pipeline)
 * into columns. Only the columns that a merge needs are read, a range of crystals at a time.
 */
import { EwaldError } from '../../base/errors.js';
import { Pace } from '../../base/pace.js';
import { cellFrom, flat, reciprocal } from '../../crystal/cell.js';
import type { ByteSource } from '../../io/data/byte-source.js';
import { viewAs } from '../../io/data/dtype.js';
import { Hdf5Dataset } from '../../io/data/hdf5/dataset.js';
import { Hdf5File, Hdf5Group } from '../../io/data/hdf5/file.js';
import type { Collector } from './collector.js';
import { type ScannedHead, StreamScanner } from './scan.js';

/** Reflections read at a time, unless a single crystal has more. */
const reflectionsAtOnce = 2 ** 17;

type Column = Float64Array | Float32Array | Uint32Array | Int16Array | Uint8Array;

/** Columns of the file by group, with the array that each is read into and its numbers per row. */
const columnsOfRun = {
  frames: {
    file: [Uint32Array, 1],
    event: [Uint32Array, 1],
    has_event: [Uint8Array, 1],
    wavelength: [Float64Array, 1],
    header_lines: [Uint32Array, 1],
  },
  crystals: {
    frame: [Uint32Array, 1],
    cell: [Float64Array, 9],
    lengths: [Float64Array, 3],
    angles: [Float64Array, 3],
    profile_radius: [Float64Array, 1],
    resolution: [Float64Array, 1],
    reflections_begin: [Uint32Array, 1],
    reflections: [Uint32Array, 1],
  },
  reflections: {
    hkl: [Int16Array, 3],
    intensity: [Float32Array, 1],
    sigma: [Float32Array, 1],
    peak: [Float32Array, 1],
  },
} as const;

type GroupName = keyof typeof columnsOfRun;
type ReadRows = (name: string, first: number, count: number) => Promise<Column>;

/** One group of the file: the number of its rows, and a function that reads rows of a column. */
interface Group {
  readonly rows: number;
  readonly read: ReadRows;
}

/** Reads a file of a run. Throws `Format` for other and for damaged HDF5 files; the caller closes the source. */
export async function readRunFile(source: ByteSource, name: string, collector: Collector): Promise<ScannedHead> {
  const fail = (message: string): never => {
    throw new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });
  };
  const file = await Hdf5File.open(source, {
    open: new Map(),
    opened: new Map(),
    allowOutside: false,
    maxFrameBytes: 2 ** 30,
    pace: new Pace(),
    codecs: async () => fail('it contains compressed columns'),
  });
  const entry = await file.get('entry');
  const head = entry instanceof Hdf5Group ? await entry.get('stream_head') : undefined;
  if (!(entry instanceof Hdf5Group && head instanceof Hdf5Dataset))
    return fail(
      'the HDF5 file contains no results of a run; expected a stream, or what ewald index --hdf5 writes today',
    );
  const group = (named: GroupName): Promise<Group> => openGroup(entry, named, source.size, fail);
  const [frames, crystals, reflections] = [await group('frames'), await group('crystals'), await group('reflections')];
  const bandwidth = await numberAt(entry, 'bandwidth');
  const scannedHead = await runHead(head, collector, name, fail);
  const filenames = await filenamesOf(entry, fail);
  const all = async <T extends Column>({ read, rows }: Group, column: string): Promise<T> =>
    (await read(column, 0, rows)) as T;
  const headerValues = await headerValuesOf(entry, await all<Uint32Array>(frames, 'header_lines'), collector, fail);
  const fileOf = await all<Uint32Array>(frames, 'file');
  const eventOf = await all<Uint32Array>(frames, 'event');
  const hasEvent = await all<Uint8Array>(frames, 'has_event');
  const wavelengths = await all<Float64Array>(frames, 'wavelength');
  const frameOf = await all<Uint32Array>(crystals, 'frame');
  const cells = await all<Float64Array>(crystals, 'cell');
  const lengths = await all<Float64Array>(crystals, 'lengths');
  const angles = await all<Float64Array>(crystals, 'angles');
  const radii = await all<Float64Array>(crystals, 'profile_radius');
  const resolutions = await all<Float64Array>(crystals, 'resolution');
  const begins = await all<Uint32Array>(crystals, 'reflections_begin');
  const counts = await all<Uint32Array>(crystals, 'reflections');
  // The lists of crystals follow each other without gaps.
  let end = 0;
  for (const [c, begin] of begins.entries()) {
    if (begin !== end || (frameOf[c] ?? 0) >= frames.rows)
      fail(`crystal ${c} refers to reflections or to a frame that the file does not have`);
    end += counts[c] ?? 0;
  }
  if (end !== reflections.rows) fail(`the crystals have ${end} reflections and the file ${reflections.rows}`);
  if (fileOf.some((n) => n >= filenames.length)) fail('a frame refers to a file that is not listed');

  const { columns } = collector;
  collector.counts.frames += frames.rows;
  for (let first = 0; first < crystals.rows; ) {
    let last = first;
    let rows = 0;
    do rows += counts[last++] ?? 0;
    while (last < crystals.rows && rows + (counts[last] ?? 0) <= reflectionsAtOnce);
    const from = begins[first] ?? 0;
    const hkl = await reflections.read('hkl', from, rows);
    const intensity = await reflections.read('intensity', from, rows);
    const sigma = await reflections.read('sigma', from, rows);
    const peak = collector.usesPeaks ? await reflections.read('peak', from, rows) : undefined;
    let at = 0;
    for (let c = first; c < last; c++) {
      const mark = columns.mark();
      for (const stop = at + (counts[c] ?? 0); at < stop; at++) {
        const [h, k, l] = [hkl[3 * at] as number, hkl[3 * at + 1] as number, hkl[3 * at + 2] as number];
        collector.reflection(h, k, l, intensity[at] as number, sigma[at] as number, peak?.[at] ?? 0);
      }
      const frame = frameOf[c] as number;
      const d = resolutions[c] as number;
      collector.crystal(mark, {
        filename: filenames[fileOf[frame] as number] ?? '',
        event: hasEvent[frame] === 1 ? `//${eventOf[frame]}` : '',
        reciprocal: flat(reciprocal(cellFrom(cells, 9 * c))),
        parameters: [...lengths.subarray(3 * c, 3 * c + 3), ...angles.subarray(3 * c, 3 * c + 3)],
        wavelengthA: wavelengths[frame] as number,
        bandwidth,
        limit: d > 0 ? 1 / d : Number.POSITIVE_INFINITY,
        profileRadius: radii[c] as number,
        headerValue: headerValues[frame] ?? '',
      });
    }
    first = last;
  }
  return scannedHead;
}

/** The head of the run's stream. */
async function runHead(
  dataset: Hdf5Dataset,
  collector: Collector,
  name: string,
  fail: (message: string) => never,
): Promise<ScannedHead> {
  const text = await dataset.value();
  if (typeof text !== 'string') return fail('its stream_head is not a text');
  const scanner = new StreamScanner(collector, name);
  scanner.push(new TextEncoder().encode(text));
  return scanner.end();
}

/** Opens a group and checks that its columns have the same length. */
async function openGroup(
  entry: Hdf5Group,
  name: GroupName,
  size: number,
  fail: (message: string) => never,
): Promise<Group> {
  const columns = new Map<string, Hdf5Dataset>();
  let rows: number | undefined;
  for (const [column, [type, width]] of Object.entries(columnsOfRun[name])) {
    const one = await entry.get(`${name}/${column}`);
    if (!(one instanceof Hdf5Dataset)) return fail(`it has no ${name}/${column}; write it again with ewald index`);
    const [length = 0, ...each] = one.shape;
    rows ??= length;
    const wanted = viewAs(new Uint8Array(0), one.numbers?.dtype ?? 'u8').constructor === type;
    if (!wanted || length !== rows || each.reduce((product, n) => product * n, 1) !== width)
      fail(`${name}/${column} is ${one.summary}; expected ${rows} rows of ${width} ${type.name.replace('Array', '')}`);
    if (one.filters.length > 0)
      fail(`${name}/${column} is compressed, which ewald does not do; h5repack -f NONE IN.h5 OUT.h5 unpacks it`);
    if (length * width * type.BYTES_PER_ELEMENT > size)
      fail(`${name}/${column} has ${length} rows, more than the file holds; it is truncated or damaged`);
    columns.set(column, one);
  }
  return {
    rows: rows ?? 0,
    async read(column, first, count) {
      const one = columns.get(column) as Hdf5Dataset;
      const each = one.shape.slice(1);
      const box = { start: [first, ...each.map(() => 0)], count: [count, ...each] };
      const length = each.reduce((product, n) => product * n, count);
      const bytes = await one.read(box, new Uint8Array(length * one.type.size));
      return viewAs(bytes, one.numbers?.dtype ?? 'u8') as Column;
    },
  };
}

async function numberAt(entry: Hdf5Group, name: string): Promise<number> {
  const one = await entry.get(name);
  const value = one instanceof Hdf5Dataset ? await one.value() : 0;
  return typeof value === 'number' ? value : 0;
}

/** The value of each frame by which the data are divided into sets, from the header fields that the run has copied. */
async function headerValuesOf(
  entry: Hdf5Group,
  counts: Uint32Array,
  collector: Collector,
  fail: (message: string) => never,
): Promise<readonly string[]> {
  if (!counts.some((count) => count > 0)) return [];
  const dataset = await entry.get('header_lines');
  const text = dataset instanceof Hdf5Dataset ? await dataset.value() : undefined;
  if (typeof text !== 'string') return fail('it has no header_lines; write it again with ewald index');
  const lines = text.split('\n');
  let at = 0;
  return Array.from(counts, (count) => {
    const frameLines = lines.slice(at, at + count);
    at += count;
    return frameLines.map((line) => collector.headerValue(line)).findLast((value) => value !== undefined) ?? '';
  });
}

/** The names of the files of the frames: `files/file_0`, `files/file_1`, … */
async function filenamesOf(entry: Hdf5Group, fail: (message: string) => never): Promise<string[]> {
  const group = await entry.get('files');
  if (!(group instanceof Hdf5Group)) return fail('it has no list of the files of its frames');
  const names: string[] = [];
  for (let i = 0; i < group.links.size; i++) {
    const one = await group.get(`file_${i}`);
    const value = one instanceof Hdf5Dataset ? await one.value() : undefined;
    if (typeof value !== 'string') return fail(`the name of its file ${i} is missing`);
    names.push(value);
  }
  return names;
}
