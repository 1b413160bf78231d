/**
 * Reads crystals and reflections from the HDF5 file of a run (`ewald index --hdf5`, the option `hdf5` of a pipeline)
 * into columns. Only the columns that a merge needs are read, a range of crystals at a time.
 */

import { cellFrom, flat, reciprocal } from '../../crystal/cell.js';
import type { ByteSource } from '../../frames/byte-source.js';
import { viewAs } from '../../frames/dtype.js';
import { Hdf5Dataset } from '../../frames/hdf5/dataset.js';
import { Hdf5File, Hdf5Group } from '../../frames/hdf5/file.js';
import { EwaldError } from '../../util/errors.js';
import { Pace } from '../../util/pace.js';
import type { Collector } from './collector.js';
import { regionValues } from './hdf5-regions.js';
import { numberOfCell } from './named-axes.js';
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
    named: [Uint8Array, 1],
  },
  reflections: {
    hkl: [Int16Array, 3],
    intensity: [Float32Array, 1],
    sigma: [Float32Array, 1],
    peak: [Float32Array, 1],
  },
} as const;

/** Columns that a file may lack, for zeros. */
const optionalColumns: ReadonlySet<string> = new Set(['named']);

type GroupName = keyof typeof columnsOfRun;
type ReadRows = (name: string, first: number, count: number) => Promise<Column>;

/** One group of the file: the number of its rows, and a function that reads rows of a column. */
interface Group {
  readonly rows: number;
  readonly read: ReadRows;
}

type Fail = (message: string) => never;

/** What the file states of its frames and crystals, one column each. */
type RunColumns = Awaited<ReturnType<typeof columnsIn>>;

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
  const counts = (await frames.read('header_lines', 0, frames.rows)) as Uint32Array;
  const headerValues = await headerValuesOf(entry, counts, collector, fail);
  const eventNames = await eventNamesOf(entry, frames.rows, fail);
  const columns = await columnsIn(frames, crystals);
  checkReferences(columns, frames.rows, reflections.rows, filenames.length, fail);
  collector.counts.frames += frames.rows;
  await collect(
    collector,
    { ...columns, filenames, eventNames, headerValues, bandwidth, cellNumber: numberOfCell(scannedHead.cell) },
    reflections,
  );
  return scannedHead;
}

async function columnsIn(frames: Group, crystals: Group) {
  const all = async <T extends Column>({ read, rows }: Group, column: string): Promise<T> =>
    (await read(column, 0, rows)) as T;
  return {
    fileOf: await all<Uint32Array>(frames, 'file'),
    eventOf: await all<Uint32Array>(frames, 'event'),
    hasEvent: await all<Uint8Array>(frames, 'has_event'),
    wavelengths: await all<Float64Array>(frames, 'wavelength'),
    frameOf: await all<Uint32Array>(crystals, 'frame'),
    cells: await all<Float64Array>(crystals, 'cell'),
    lengths: await all<Float64Array>(crystals, 'lengths'),
    angles: await all<Float64Array>(crystals, 'angles'),
    radii: await all<Float64Array>(crystals, 'profile_radius'),
    resolutions: await all<Float64Array>(crystals, 'resolution'),
    begins: await all<Uint32Array>(crystals, 'reflections_begin'),
    counts: await all<Uint32Array>(crystals, 'reflections'),
    named: await all<Uint8Array>(crystals, 'named'),
  };
}

/** Refuses references to rows that the file does not have. The lists of crystals follow each other without gaps. */
function checkReferences(
  { begins, counts, frameOf, fileOf }: RunColumns,
  frames: number,
  reflections: number,
  files: number,
  fail: Fail,
): void {
  let end = 0;
  for (const [c, begin] of begins.entries()) {
    if (begin !== end || (frameOf[c] ?? 0) >= frames)
      fail(`crystal ${c} refers to reflections or to a frame that the file does not have`);
    end += counts[c] ?? 0;
  }
  if (end !== reflections) fail(`the crystals have ${end} reflections and the file ${reflections}`);
  if (fileOf.some((n) => n >= files)) fail('a frame refers to a file that is not listed');
}

/** What the crystals of a run are described with. */
interface RunFacts extends RunColumns {
  readonly filenames: readonly string[];
  /** For each frame, empty for one outside of groups; no names if no frame is in one. */
  readonly eventNames: readonly string[];
  /** For each frame; empty if the run has copied none. */
  readonly headerValues: readonly string[];
  readonly bandwidth: number;
  /** The known cell of the run, see `named-axes.ts`. */
  readonly cellNumber: number;
}

/** Hands over the crystals with their reflections, which are read for several crystals at a time. */
async function collect(collector: Collector, run: RunFacts, reflections: Group): Promise<void> {
  const { begins, counts } = run;
  for (let first = 0; first < counts.length; ) {
    let last = first;
    let rows = 0;
    do rows += counts[last++] ?? 0;
    while (last < counts.length && rows + (counts[last] ?? 0) <= reflectionsAtOnce);
    const from = begins[first] ?? 0;
    const hkl = await reflections.read('hkl', from, rows);
    const intensity = await reflections.read('intensity', from, rows);
    const sigma = await reflections.read('sigma', from, rows);
    const peak = collector.usesPeaks ? await reflections.read('peak', from, rows) : undefined;
    let at = 0;
    for (let c = first; c < last; c++) {
      const mark = collector.begin();
      for (const stop = at + (counts[c] ?? 0); at < stop; at++) {
        const [h, k, l] = [hkl[3 * at] as number, hkl[3 * at + 1] as number, hkl[3 * at + 2] as number];
        collector.reflection(h, k, l, intensity[at] as number, sigma[at] as number, peak?.[at] ?? 0);
      }
      collector.crystal(mark, crystalOf(run, c));
    }
    first = last;
  }
}

function crystalOf(run: RunFacts, c: number): Parameters<Collector['crystal']>[1] {
  const frame = run.frameOf[c] as number;
  const d = run.resolutions[c] as number;
  return {
    filename: run.filenames[run.fileOf[frame] as number] ?? '',
    event: run.eventNames[frame] || (run.hasEvent[frame] === 1 ? `//${run.eventOf[frame]}` : ''),
    reciprocal: flat(reciprocal(cellFrom(run.cells, 9 * c))),
    parameters: [...run.lengths.subarray(3 * c, 3 * c + 3), ...run.angles.subarray(3 * c, 3 * c + 3)],
    wavelengthA: run.wavelengths[frame] as number,
    bandwidth: run.bandwidth,
    limit: d > 0 ? 1 / d : Number.POSITIVE_INFINITY,
    profileRadius: run.radii[c] as number,
    axes: run.named[c] === 1 ? run.cellNumber : 0,
    headerValue: run.headerValues[frame] ?? '',
  };
}

/** The head of the run's stream. */
async function runHead(dataset: Hdf5Dataset, collector: Collector, name: string, fail: Fail): Promise<ScannedHead> {
  const text = await dataset.value();
  if (typeof text !== 'string') return fail('its stream_head is not a text');
  const scanner = new StreamScanner(collector, name);
  scanner.push(new TextEncoder().encode(text));
  return scanner.end();
}

/** Opens a group and checks that its columns have the same length. */
async function openGroup(entry: Hdf5Group, name: GroupName, size: number, fail: Fail): Promise<Group> {
  const columns = new Map<string, Hdf5Dataset>();
  let rows: number | undefined;
  for (const [column, [type, width]] of Object.entries(columnsOfRun[name])) {
    const one = await entry.get(`${name}/${column}`);
    if (one === undefined && optionalColumns.has(column)) continue;
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
      const one = columns.get(column);
      if (!one) return new Uint8Array(count);
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
  fail: Fail,
): Promise<readonly string[]> {
  if (collector.region)
    return regionValues(entry, collector.region.name, counts.length, (line) => collector.headerValue(line));
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

/** The events of frames in groups, a line for each frame; older files have none and number their frames. */
async function eventNamesOf(entry: Hdf5Group, frames: number, fail: Fail): Promise<readonly string[]> {
  const dataset = await entry.get('event_names');
  if (dataset === undefined) return [];
  const text = dataset instanceof Hdf5Dataset ? await dataset.value() : undefined;
  const names = typeof text === 'string' ? text.split('\n') : [];
  return names.length === frames ? names : fail(`its event_names have ${names.length} lines for ${frames} frames`);
}

/** The names of the files of the frames: `files/file_0`, `files/file_1`, … */
async function filenamesOf(entry: Hdf5Group, fail: Fail): Promise<string[]> {
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
