/** The frames of an HDF5 file as a dataset of this room. */
import { EwaldError } from '../../errors.js';
import type { PlatformSignal } from '../../globals.js';
import { swapBytes } from '../byte-order.js';
import type { ByteSource } from '../byte-source.js';
import type { ArrayEntry, Dataset, Note, ReadFramesOptions, SizeCheck } from '../dataset.js';
import { type DataType, littleEndianMachine, numberBytes } from '../dtype.js';
import type { FormatOptions, Services } from '../format.js';
import { openFrames } from '../frames.js';
import { navigationShape } from '../shapes.js';
import { axesOf } from './axes.js';
import { type Catalog, catalogOf, numberAt } from './catalog.js';
import type { Hdf5Dataset } from './dataset.js';
import { numbersOf, typeName } from './datatype.js';
import { elementsOf, type Frames, findFrames, isArray } from './dialects.js';
import { type FileSet, Hdf5File } from './file.js';
import { filterName } from './filters.js';
import { readMetadata } from './metadata.js';
import { findPeakList, readPeakLists } from './peak-lists.js';

const volume = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** No detector has larger frames; a header that says so is damaged. */
const mostFrameBytes = 2 ** 31;

/** Opens the frames of an HDF5 file. */
export async function openHdf5Frames(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset> {
  let codecs: ReturnType<Services['codecs']> | undefined;
  const files: FileSet = {
    open: new Map(),
    allowOutside: options.allowOutside ?? false,
    codecs: () => {
      codecs ??= services.codecs();
      return codecs;
    },
  };
  const close = async (): Promise<void> => {
    for (const opening of files.open.values()) await opening.then((file) => file.source.close()).catch(() => undefined);
    if (codecs) await codecs.then((each) => each.dispose()).catch(() => undefined);
  };
  try {
    const file = await Hdf5File.open(source, files);
    return await openWith(file, options, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function openWith(file: Hdf5File, options: FormatOptions, close: () => Promise<void>): Promise<Dataset> {
  const { source } = file;
  const catalog = await catalogOf(file);
  const frames = await chosenFrames(catalog, options);
  const [first] = frames.parts;
  if (!first) throw new EwaldError('Format', `${source.name}: ${frames.path} holds no array`);
  const { dtype, big, extra } = elementOf(first);
  for (const part of frames.parts) {
    part.checkFilters();
    if (part.type.size !== first.type.size || part.shape.slice(1).join() !== first.shape.slice(1).join())
      throw new EwaldError('Format', `${source.name}: ${part.path} has another shape or type than ${first.path}`, {
        detail: { path: part.path },
      });
  }
  const rank = first.shape.length;
  const signalAxes = signalRank(source, first.shape, frames, options);
  const whole = frames.parts.reduce((n, part) => n + (part.shape[0] ?? 1), 0);
  let fileShape: readonly number[] = frames.parts.length > 1 ? [whole, ...first.shape.slice(1)] : first.shape;
  if (frames.framesLast) fileShape = [first.shape[2] ?? 1, first.shape[0] ?? 1, first.shape[1] ?? 1];
  const fromFile = fileShape.slice(0, rank - signalAxes);
  const signal = [...fileShape.slice(rank - signalAxes), ...extra];
  const count = volume(fromFile);
  const frameBytes = volume(signal) * (first.type.size / Math.max(1, volume(extra)));
  if (frameBytes > mostFrameBytes || !Number.isSafeInteger(count * frameBytes))
    throw new EwaldError(
      'Format',
      `${source.name}: ${frames.path} claims frames of ${signal.join(' × ')}, ${frameBytes} bytes`,
    );
  const beside = await readMetadata(catalog, frames);
  const navigation = navigationShape(source, count, fromFile, options);
  const notes: Note[] = [...beside.notes];
  if (frames.guess) notes.push({ kind: 'guess', text: frames.guess, option: 'dataset' });
  for (const text of catalog.broken.slice(0, 3)) notes.push({ kind: 'warning', text });
  const elementSize = first.type.size;
  const read = frames.framesLast
    ? lastAxisReader(first, frameBytes, elementSize)
    : firstAxisReader(frames.parts, fromFile, signalAxes, frameBytes);
  const { mask } = beside;
  const axes = frames.framesLast ? undefined : await axesOf(first, fileShape);
  const peakList = findPeakList(catalog);
  return openFrames(source, {
    format: 'hdf5',
    shape: { navigation, signal },
    dtype,
    meta: {
      ...beside.meta,
      ...(axes ? { axes } : {}),
      header: { dialect: frames.dialect, path: frames.path, type: typeName(first.type) },
    },
    notes,
    arrays: arraysOf(catalog, frames, { navigation: fileShape, extra, dtype }),
    sizes: await sizesOf(file, frames, count),
    filters: first.filters.map(filterName),
    chunkFrames: chunkFrames(first, rank - signalAxes, frames),
    onDispose: close,
    peakList,
    peaks: (from, n, readOptions) => readPeakLists(file, peakList, count, from, n, readOptions),
    async readMany(from, n, into, signalToStop) {
      await read(from, n, into, signalToStop);
      // What readers below do not turn: colours and vectors, whose elements are no plain numbers.
      if (big && littleEndianMachine && first.numbers === undefined) swapBytes(into, numberBytes(dtype));
    },
    ...(mask ? { mask: (readOptions?: ReadFramesOptions) => readMask(mask, signal, readOptions) } : {}),
  });
}

async function chosenFrames(catalog: Catalog, { dataset }: FormatOptions): Promise<Frames> {
  const { file } = catalog;
  const found = typeof dataset === 'string' ? undefined : await findFrames(catalog);
  if (dataset === undefined && found) return found;
  const arrays = catalog.entries.filter(({ object }) => isArray(object));
  let path = typeof dataset === 'string' ? dataset : arrays[dataset ?? 0]?.path;
  if (dataset === 0 && found) return found;
  if (typeof dataset === 'number' && found) {
    // 0 is the one that is taken without being asked; the others follow in the order of the file.
    path = arrays.filter((each) => each.path !== found.path)[dataset - 1]?.path;
  }
  const object = path === undefined ? undefined : await file.get(path);
  if (isArray(object)) {
    // The rules of the dialect hold for the array they are about.
    const dialect = await findFrames(catalog).catch(() => undefined);
    if (dialect?.parts.length === 1 && dialect.parts[0] === object) return dialect;
    return { dialect: dialect?.dialect ?? 'HDF5', parts: [object], path: object.path, entry: dialect?.entry };
  }
  throw new EwaldError(
    'Argument',
    `${file.source.name}: dataset ${JSON.stringify(dataset)} is ${object ? 'no array of numbers' : 'not in it'}; ` +
      `arrays: ${
        arrays
          .map((each) => each.path)
          .slice(0, 20)
          .join(', ') || 'none'
      }`,
  );
}

function elementOf(dataset: Hdf5Dataset): { dtype: DataType; big: boolean; extra: readonly number[] } {
  const { type, numbers, path } = dataset;
  if (numbers) return { dtype: numbers.dtype, big: numbers.big, extra: [] };
  if (type.kind === 'array') {
    const base = numbersOf(type.base);
    if (base) return { dtype: base.dtype, big: base.big, extra: type.shape };
  }
  if (type.kind === 'compound') {
    // Colours: members of one type, one after the other.
    const each = type.members.map((member) => numbersOf(member.type));
    const [base] = each;
    const size = type.members[0]?.type.size ?? 0;
    const even = type.members.every(({ offset }, i) => offset === i * size) && size * type.members.length === type.size;
    if (base && even && each.every((other) => other?.dtype === base.dtype && other.big === base.big))
      return { dtype: base.dtype, big: base.big, extra: [type.members.length] };
  }
  throw new EwaldError(
    'Unsupported',
    `${dataset.file.source.name}: ${path} holds ${typeName(type)}, which are no frames`,
  );
}

function signalRank(source: ByteSource, shape: readonly number[], frames: Frames, { sigShape }: FormatOptions): number {
  if (sigShape) {
    const tail = shape.slice(shape.length - sigShape.length);
    if (sigShape.length > shape.length || tail.some((n, axis) => n !== sigShape[axis]))
      throw new EwaldError(
        'Shape',
        `${source.name}: ${frames.path} is ${shape.join(' × ')}; sigShape ${sigShape.join(' × ')} is not its end`,
      );
    return sigShape.length;
  }
  return Math.min(shape.length, frames.signalAxes ?? 2);
}

/** Runs of a flat range of frames as boxes of the navigation axes: rows where they are whole. */
export function boxesOf(
  navigation: readonly number[],
  first: number,
  count: number,
): { start: number[]; count: number[] }[] {
  if (navigation.length === 0) return count > 0 ? [{ start: [], count: [] }] : [];
  const inner = volume(navigation.slice(1));
  const boxes: { start: number[]; count: number[] }[] = [];
  let [at, left] = [first, count];
  while (left > 0) {
    const row = Math.floor(at / inner);
    const within = at - row * inner;
    if (within === 0 && left >= inner) {
      const rows = Math.floor(left / inner);
      boxes.push({ start: [row, ...navigation.slice(1).map(() => 0)], count: [rows, ...navigation.slice(1)] });
      at += rows * inner;
      left -= rows * inner;
      continue;
    }
    const part = Math.min(left, inner - within);
    for (const box of boxesOf(navigation.slice(1), within, part))
      boxes.push({ start: [row, ...box.start], count: [1, ...box.count] });
    at += part;
    left -= part;
  }
  return boxes;
}

type ReadMany = (first: number, count: number, into: Uint8Array, signal: PlatformSignal | undefined) => Promise<void>;

/** Frames along the first axes, perhaps in several parts along the very first. */
function firstAxisReader(
  parts: readonly Hdf5Dataset[],
  navigation: readonly number[],
  signalAxes: number,
  frameBytes: number,
): ReadMany {
  const inner = volume(navigation.slice(1));
  return async (first, count, into, signal) => {
    if (count === 0 || frameBytes === 0) return;
    let [partStart, done] = [0, 0];
    for (const part of parts) {
      const rank = part.shape.length;
      const own = part.shape.slice(0, rank - signalAxes);
      const frames = rank === signalAxes ? 1 : (own[0] ?? 1) * inner;
      const from = Math.max(first, partStart);
      const to = Math.min(first + count, partStart + frames);
      for (const box of from < to ? boxesOf(own, from - partStart, to - from) : []) {
        const bytes = volume(box.count) * frameBytes;
        const tail = part.shape.slice(rank - signalAxes);
        const whole = { start: [...box.start, ...tail.map(() => 0)], count: [...box.count, ...tail] };
        await part.read(whole, into.subarray(done, done + bytes), signal);
        done += bytes;
      }
      partStart += frames;
    }
  };
}

/** Frames along the last axis: read as they lie, then turned. */
function lastAxisReader(part: Hdf5Dataset, frameBytes: number, size: number): ReadMany {
  return async (first, count, into, signal) => {
    const [y = 1, x = 1] = part.shape;
    const box = { start: [0, 0, first], count: [y, x, count] };
    if (count === 1) {
      await part.read(box, into, signal);
      return;
    }
    const turned = await part.read(box, new Uint8Array(count * frameBytes), signal);
    for (let frame = 0; frame < count; frame++)
      for (let pixel = 0; pixel < y * x; pixel++) {
        const from = (pixel * count + frame) * size;
        into.set(turned.subarray(from, from + size), frame * frameBytes + pixel * size);
      }
  };
}

function chunkFrames(first: Hdf5Dataset, navigationAxes: number, frames: Frames): number {
  if (first.layout.kind !== 'chunked' || frames.framesLast || navigationAxes === 0) return 1;
  const chunk = first.layout.chunk.slice(0, navigationAxes);
  // Chunks of several axes of the scan: whole rows of chunks belong together.
  const slowest = chunk.findIndex((n) => n > 1);
  if (slowest < 0) return 1;
  return Math.max(1, (chunk[slowest] ?? 1) * volume(first.shape.slice(slowest + 1, navigationAxes)));
}

function arraysOf(
  catalog: Catalog,
  frames: Frames,
  chosen: { navigation: readonly number[]; extra: readonly number[]; dtype: DataType },
): ArrayEntry[] {
  const entries: ArrayEntry[] = [
    { name: frames.path, shape: [...chosen.navigation, ...chosen.extra], dtype: chosen.dtype, chosen: true },
  ];
  for (const { path, object } of catalog.entries) {
    if (path === frames.path || !isArray(object) || !object.numbers) continue;
    entries.push({
      name: path,
      shape: [...object.shape, ...(elementsOf(object)?.extra ?? [])],
      dtype: object.numbers.dtype,
      chosen: false,
    });
  }
  return entries;
}

async function sizesOf(file: Hdf5File, frames: Frames, count: number): Promise<SizeCheck[]> {
  const sizes: SizeCheck[] = [];
  const end = file.superblock.end;
  if (end > file.source.size) sizes.push({ what: 'bytes of the file', expected: end, found: file.source.size });
  const detector = `${frames.entry}/instrument/detector/detectorSpecific`;
  const images = frames.entry === undefined ? undefined : await numberAt(file, `${detector}/nimages`);
  const triggers = images === undefined ? undefined : ((await numberAt(file, `${detector}/ntrigger`)) ?? 1);
  if (images !== undefined && triggers !== undefined)
    sizes.push({ what: 'frames (nimages × ntrigger)', expected: images * triggers, found: count });
  return sizes;
}

/** The file's mask of one frame: 1 where it has any bit. */
async function readMask(
  mask: Hdf5Dataset,
  signal: readonly number[],
  options?: ReadFramesOptions,
): Promise<Uint8Array> {
  const pixels = volume(signal.slice(-2));
  const rank = mask.shape.length;
  const start = mask.shape.map(() => 0);
  const count = mask.shape.map((n, axis) => (axis < rank - 2 ? 1 : n));
  const raw = await mask.read({ start, count }, new Uint8Array(pixels * mask.type.size), options?.signal);
  const out = new Uint8Array(pixels);
  const { size } = mask.type;
  for (let i = 0; i < pixels; i++) for (let byte = 0; byte < size; byte++) if (raw[i * size + byte]) out[i] = 1;
  return out;
}
