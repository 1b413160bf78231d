/** The frames of an HDF5 file as a dataset. */

import { defaultFrameBytes } from '../../bytes/bad-file.js';
import { swapBytes } from '../../bytes/byte-order.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, numberBytes } from '../../bytes/dtype.js';
import { volume } from '../../hdf5/box.js';
import { type Catalog, catalogBelow, catalogOf, numberAt } from '../../hdf5/catalog.js';
import type { Hdf5Dataset } from '../../hdf5/dataset.js';
import { isHalfTransform, numberType, typeName } from '../../hdf5/datatype.js';
import { nowhere } from '../../hdf5/fields.js';
import { closeLinked, type FileSet, Hdf5File, Hdf5Group } from '../../hdf5/file.js';
import { filterName } from '../../hdf5/filters.js';
import { namesInText } from '../../hdf5/missing.js';
import { isSameType } from '../../hdf5/type-conversion.js';
import { EwaldError } from '../../util/errors.js';
import { littleEndianMachine } from '../../util/number-bytes.js';
import { checkSignal } from '../../util/options.js';
import { Pace } from '../../util/pace.js';
import { ambiguous } from '../candidates.js';
import { checkFileBytes } from '../cut-files.js';
import {
  type ArrayEntry,
  type Axis,
  changedFiles,
  type Dataset,
  type Note,
  type ReadMaskOptions,
  type SizeCheck,
} from '../dataset.js';
import type { FormatOptions, Services } from '../format.js';
import { openFrames } from '../frames.js';
import { eventsInGroup, isOfGroups } from '../group-paths.js';
import { halfTransform } from '../half-transform.js';
import { navigationShape } from '../shapes.js';
import { channelText, chosenChannel } from '../threshold-channel.js';
import { dimensionScales } from './axes.js';
import { elementsOf, type Frames, findFrames, framesOfArray, isArray, isNumbers, unreadArrays } from './dialects.js';
import { readField } from './field.js';
import {
  chunkFrames,
  firstAxisReader,
  lastAxisReader,
  maskFits,
  packedReader,
  type ReadMany,
  readMask,
} from './frame-readers.js';
import { arraysInGroups } from './groups.js';
import { readMetadata } from './metadata.js';
import { findPeakList, readPeakLists } from './peak-lists.js';
import { turnedReader } from './turned.js';
import { findUnwritten, unwrittenAtEnd } from './unwritten-frames.js';

/** Opens the frames of an HDF5 file. */
export async function openHdf5Frames(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset> {
  let codecs: ReturnType<Services['codecs']> | undefined;
  const files: FileSet = {
    open: new Map(),
    opened: new Map(),
    raw: new Map(),
    maxFrameBytes: options.maxFrameBytes ?? defaultFrameBytes,
    pace: new Pace(options.signal),
    allowOutside: options.allowOutside ?? false,
    growing: options.growing ?? false,
    until: options.until,
    allowMissing: options.allowMissing ?? false,
    missing: new Set(),
    unfinished: new Set(),
    checksums: options.checksums ?? true,
    codecs: () => {
      codecs ??= services.codecs();
      return codecs;
    },
  };
  const close = async (): Promise<void> => {
    await closeLinked(files);
    if (codecs) await codecs.then((each) => each.dispose()).catch(() => undefined);
  };
  try {
    const own = await Hdf5File.open(source, files);
    const dataset = await openWith(own, options, close);
    // Failures in reading metadata were ignored up to here, including an abort.
    checkSignal(options.signal);
    // Reads have their own signals.
    files.pace.signal = undefined;
    return dataset;
  } catch (error) {
    await close();
    throw error;
  }
}

async function openWith(file: Hdf5File, options: FormatOptions, close: () => Promise<void>): Promise<Dataset> {
  const { source } = file;
  const catalog = ofChannel(await catalogOf(file), options.thresholdChannel);
  const frames = await chosenFrames(catalog, options);
  const [first] = frames.parts;
  if (!first) throw new EwaldError('Format', `${source.name}: ${frames.path} contains no array`);
  const { dtype, big, extra } = elementOf(first);
  checkAlike(source, frames, first);
  const arrangement = arrange(source, frames, first, extra, options);
  const { shape, navigation: fromFile, signal, signalAxes, turned } = arrangement;
  const stored = volume(fromFile);
  const asked = { frames, signalAxes, count: turned ? 0 : stored };
  const atEnd = await unwrittenAtEnd(asked);
  // Frames of a file that is being written are there when they have been written.
  const arriving = options.growing && fromFile.length === 1 ? atEnd : 0;
  const unwritten = await findUnwritten(asked, atEnd, options.growing ?? false, arriving > 0);
  const count = stored - arriving;
  const scan = frames.scan ?? (arriving > 0 ? [count] : shape.slice(0, shape.length - signalAxes));
  const beside = await readMetadata(catalog, frames, stored);
  const { mask } = beside;
  const fits = mask !== undefined && !frames.framesLast && !turned && maskFits(mask.shape, fromFile, signal);
  const axes =
    frames.framesLast || frames.scan || frames.groups ? undefined : await axesInOrder(first, frames, turned, shape);
  const peakList = findPeakList(catalog);
  const read = readerOf(frames, first, arrangement);
  const sizes = await sizeChecks(file, frames, count);
  // A virtual dataset looks for its files when a frame is read.
  if (options.allowMissing && first.layout.kind === 'virtual' && count > 0)
    await read(0, 1, new Uint8Array(arrangement.frameBytes), options.signal);
  const dataset = openFrames(source, {
    format: 'hdf5',
    shape: { nav: navigationShape(source, count, scan, options), sig: signal },
    dtype,
    meta: {
      ...beside.meta,
      ...(axes ? { axes } : {}),
      header: { dialect: frames.dialect, path: frames.path, type: typeName(first.type) },
    },
    notes: [
      ...beside.notes,
      ...notesOnFrames(catalog, frames, first, turned),
      ...unreadArrays(catalog).map((text): Note => ({ kind: 'warning', text })),
      ...notesOnAxes(axes, signal.length),
      ...notesOnMask(mask, fits, signal),
      ...notesOnMissing(file),
      ...notesOnUnfinished(file),
      ...notesOnAnnounced(sizes),
      ...unwritten.notes,
    ],
    arrays: arraysOf(catalog, frames, { shape: frames.scan ? [...scan, ...signal] : [...shape, ...extra], dtype }),
    sizes,
    filters: first.filters.map(filterName),
    chunkFrames: turned ? 1 : chunkFrames(first, first.shape.length - signalAxes, frames),
    onDispose: async () => {
      await unwritten.ended();
      await close();
    },
    groups: frames.groups,
    events: frames.events,
    peakList,
    field: (name) => readField(file, name),
    // Chunks are read into other memory and unpacked by the codecs; those of wasm do so on this thread.
    fillsHere: async () =>
      frames.parts.every((part) => part.isUnpacked) && (await file.files.codecs()).backend === 'wasm',
    readPacked:
      turned || frames.framesLast || extra.length > 0
        ? undefined
        : packedReader(frames.parts, arrangement.navigation, signal),
    peaks: (from, n, readOptions) => readPeakLists(file, peakList, count, [from, n], readOptions),
    async readMany(from, n, into, signalToStop) {
      refuseUnwritten(source, frames, arrangement.frameBytes);
      await read(from, n, into, signalToStop);
      // Byte order that the readers below leave as it is: colours and vectors, whose elements are not plain numbers.
      if (big && littleEndianMachine && first.numbers === undefined) swapBytes(into, numberBytes(dtype), source);
    },
    ...(mask &&
      fits && {
        mask: (readOptions?: ReadMaskOptions) => readMask(mask, signal, readOptions),
        maskVaries: volume(mask.shape) > volume(signal),
        maskPath: mask.shape.length === signal.length ? mask.path : undefined,
      }),
  });
  return unwritten.atEnd ? Object.assign(dataset, { [changedFiles]: unwritten.atEnd }) : dataset;
}

/** A channel in the names of an array's groups, as in /entry/data/threshold_1/data or /entry/data/threshold_1_data. */
const channelIn = (path: string): string | undefined => /(?:^|\/)(threshold_?\d+)(?=[/_]|$)/i.exec(path)?.[1];

/** The catalog without the arrays of other thresholds than the one that was asked for. Throws `Argument`. */
function ofChannel(catalog: Catalog, wanted: string | undefined): Catalog {
  if (wanted === undefined) return catalog;
  const listed = [...catalog.entries, ...catalog.external].map(({ path }) => channelIn(path));
  const channels = [...new Set(listed.filter((one) => one !== undefined))];
  const chosen = chosenChannel(channels, wanted, catalog.file.source.name);
  const isOther = ({ path }: { readonly path: string }): boolean => (channelIn(path) ?? chosen) !== chosen;
  const without = <T extends { readonly path: string }>(all: readonly T[]): T[] => all.filter((one) => !isOther(one));
  const { entries, external, broken } = catalog;
  const left = { entries: without(entries), external: without(external), broken: without(broken) };
  return { ...catalog, ...left, channel: channelText(channels, chosen) };
}

/** Frames that a small file may claim without storing any; larger ones would only cost memory. */
const maxUnwritten = 2 ** 26;

/** Throws `Format` for large frames of which the file stores nothing at all. */
function refuseUnwritten(source: ByteSource, { parts, path }: Frames, frameBytes: number): void {
  const isUnwritten = ({ layout }: Hdf5Dataset): boolean =>
    (layout.kind === 'contiguous' && layout.address === nowhere) ||
    (layout.kind === 'chunked' && layout.index.address === nowhere);
  if (frameBytes <= maxUnwritten || !parts.every(isUnwritten)) return;
  throw new EwaldError(
    'Format',
    `${source.name}: ${path} claims frames of ${frameBytes} bytes, and none of them has been written`,
    { detail: { path: source.name } },
  );
}

/** Throws `Format` if the parts have different elements or frames, `Unsupported` for an unknown filter. */
function checkAlike(source: ByteSource, { parts, stacked: isEach = false }: Frames, first: Hdf5Dataset): void {
  for (const part of parts) {
    part.checkFilters();
    const from = isEach ? 0 : 1;
    // Numbers are read in the order of each part.
    const [one, other] = [part.numbers?.dtype, first.numbers?.dtype];
    const isAlike = one !== undefined || other !== undefined ? one === other : isSameType(part.type, first.type);
    if (!isAlike || part.shape.slice(from).join() !== first.shape.slice(from).join())
      throw new EwaldError(
        'Format',
        `${source.name}: ${part.path} differs from ${first.path} in shape or type: it is ${part.summary}, and the ` +
          `first one ${first.summary}`,
        { detail: { path: part.path } },
      );
  }
}

/** How the axes of the file become those of the dataset. */
interface Arrangement {
  /** All stored axes in the order of the result; those of a stack start with its parts. */
  readonly shape: readonly number[];
  /** The axes before those of a frame, with all parts as one array. */
  readonly navigation: readonly number[];
  readonly signal: readonly number[];
  /** Number of stored axes of a frame. */
  readonly signalAxes: number;
  readonly frameBytes: number;
  /** Whether the order of the axes is reversed. */
  readonly turned: boolean;
}

function arrange(
  source: ByteSource,
  frames: Frames,
  first: Hdf5Dataset,
  extra: readonly number[],
  options: FormatOptions,
): Arrangement {
  const { parts, framesLast, path } = frames;
  const signalAxes = signalRank(source, first.shape, frames, options);
  const isEach = frames.stacked === true && first.shape.length === signalAxes;
  const turned = options.order === 'navigation';
  if (turned && (parts.length > 1 || framesLast || extra.length > 0))
    throw new EwaldError(
      'Unsupported',
      `${source.name}: order 'navigation' reverses the axes of a single array of numbers; ${path} is not one`,
    );
  const whole = parts.reduce((n, part) => n + (part.shape[0] ?? 1), 0);
  let joined: readonly number[] = parts.length > 1 ? [whole, ...first.shape.slice(1)] : first.shape;
  if (isEach) joined = [parts.length, ...first.shape];
  if (framesLast) joined = [first.shape[2] ?? 1, first.shape[0] ?? 1, first.shape[1] ?? 1];
  if (turned) joined = [...joined].reverse();
  const navigation = joined.slice(0, joined.length - signalAxes);
  const signal = [...joined.slice(joined.length - signalAxes), ...extra];
  const frameBytes = volume(signal) * (first.type.size / Math.max(1, volume(extra)));
  if (!Number.isSafeInteger(volume(navigation) * frameBytes))
    throw new EwaldError(
      'Format',
      `${source.name}: ${path} claims frames of ${signal.join(' × ')}, ${frameBytes} bytes`,
    );
  // The parts are read one after the other; a scan of them may have more axes.
  const shape = frames.stacked ? [parts.length, ...first.shape] : joined;
  return { shape, navigation, signal, signalAxes, frameBytes, turned };
}

function readerOf(frames: Frames, first: Hdf5Dataset, arrangement: Arrangement): ReadMany {
  const { navigation, signalAxes, frameBytes, turned } = arrangement;
  if (turned) return turnedReader(first, signalAxes);
  if (frames.framesLast) return lastAxisReader(first, frameBytes, first.type.size);
  return firstAxisReader(frames.parts, navigation, signalAxes, frameBytes);
}

function notesOnFrames(
  catalog: Catalog,
  { guess, channel, warning }: Frames,
  first: Hdf5Dataset,
  turned: boolean,
): Note[] {
  const notes: Note[] = [];
  if (guess) notes.push({ kind: 'guess', text: guess, option: 'dataset' });
  const told = channel ?? catalog.channel;
  if (told) notes.push({ kind: 'guess', text: told, option: 'thresholdChannel' });
  if (guess && !catalog.isWhole)
    notes.push({
      kind: 'warning',
      text:
        `the file has more than the ${catalog.entries.length} objects that were looked through: others may hold the ` +
        'frames',
      option: 'dataset',
    });
  for (const { error } of catalog.broken.slice(0, 3)) notes.push({ kind: 'warning', text: error.message });
  if (warning !== undefined) notes.push({ kind: 'warning', text: warning, option: 'navShape' });
  if (isHalfTransform(first.type)) notes.push(halfTransform);
  if (turned)
    notes.push({
      kind: 'warning',
      text: 'frames are not contiguous in this file, so each read scans much of it; ewald convert writes them in order',
    });
  return notes;
}

/** Usual names of the axes of patterns that were integrated along rings, or unrolled. */
const radialName = /^(?:q|radial|radius|two theta|2 ?theta|2θ|tth|azimuth(?:al)?(?: angle)?|chi)(?: axis)?$/i;

/** Profiles and polar maps are shaped like frames, and their axes tell them apart. */
function notesOnAxes(axes: readonly Axis[] | undefined, signalAxes: number): Note[] {
  const names = (axes ?? []).slice(-signalAxes).map(({ name }) => name.replaceAll('_', ' '));
  const found = names.filter((name) => radialName.test(name));
  if (found.length === 0) return [];
  const which = found.length > 1 ? `axes ${found.join(' and ')} are not those` : `axis ${found[0]} is not one`;
  const text = `the ${which} of a detector: these are integrated or polar patterns, not frames`;
  return [{ kind: 'warning', text, option: 'dataset' }];
}

/** The files that were left out; those of virtual datasets are known as soon as they are looked for. */
function notesOnMissing({ files: { missing = new Set() } }: Hdf5File): Note[] {
  if (missing.size === 0) return [];
  const text = `missing: ${namesInText([...missing])}; frames of them are left out, or have the fill value`;
  return [{ kind: 'warning', text }];
}

/** The parts of a series that have not come yet; the last one may come until the writer has finished. */
const notesOnUnfinished = ({ files: { unfinished = new Set() } }: Hdf5File): Note[] =>
  [...unfinished].map((reason) => ({
    kind: 'warning',
    text: `${reason}; its frames and those after it are left out`,
    isCut: true,
  }));

function notesOnMask(mask: Hdf5Dataset | undefined, fits: boolean, signal: readonly number[]): Note[] {
  if (!mask || fits) return [];
  const text = `the mask ${mask.path} is ${mask.shape.join(' × ')} and does not fit frames of ${signal.join(' × ')}`;
  return [{ kind: 'warning', text: `${text}; it is not used` }];
}

/** The axes in the order of the result: a stack has an additional leading axis, and the order may be reversed. */
async function axesInOrder(
  first: Hdf5Dataset,
  { stacked, parts }: Frames,
  turned: boolean,
  shape: readonly number[],
): Promise<readonly Axis[] | undefined> {
  const axes = await dimensionScales(first, stacked || turned ? first.shape : shape);
  if (!axes) return undefined;
  if (turned) return [...axes].reverse();
  return stacked ? [{ name: 'depth', size: parts.length }, ...axes] : axes;
}

/** The frames at a path with `%`: one for each group, or several that follow each other. */
async function framesInGroups(file: Hdf5File, path: string, { sigShape }: FormatOptions): Promise<Frames> {
  const found = (await arraysInGroups(file, path)).filter(({ array }) => isNumbers(array));
  const [first] = found;
  if (!first)
    throw new EwaldError('Argument', `${file.source.name}: no group of the file has an array at ${path}`, {
      detail: { path: file.source.name },
    });
  const rank = first.array.shape.length;
  const signalAxes = Math.min(rank, sigShape?.length ?? 2);
  const isEach = rank === signalAxes;
  const groups = found.flatMap(({ names, array }) => (isEach ? [names] : new Array(array.shape[0] ?? 1).fill(names)));
  return {
    dialect: 'HDF5',
    parts: found.map(({ array }) => array),
    path,
    signalAxes,
    stacked: isEach,
    groups,
    events: found.flatMap(({ names, array }) => eventsInGroup(names, isEach ? undefined : (array.shape[0] ?? 1))),
  };
}

async function chosenFrames(catalog: Catalog, options: FormatOptions): Promise<Frames> {
  const { dataset } = options;
  const { file } = catalog;
  if (typeof dataset === 'string' && isOfGroups(dataset)) return framesInGroups(file, dataset, options);
  const frames = typeof dataset === 'string' ? undefined : await findFrames(catalog);
  if (dataset === undefined && frames?.rivals?.length) throw ambiguous(file.source.name, frames.rivals);
  if (dataset === undefined && frames) return frames;
  const stack = typeof dataset === 'string' ? await findFrames(catalog).catch(() => undefined) : undefined;
  if (stack && dataset === stack.path) return stack;
  const arrays = catalog.entries.filter(({ object }) => isArray(object));
  let path = typeof dataset === 'string' ? dataset : arrays[dataset ?? 0]?.path;
  if (dataset === 0 && frames) return frames;
  if (typeof dataset === 'number' && frames) {
    // 0 is the array that is opened by default; the others follow in the order of the file.
    path = arrays.filter((each) => each.path !== frames.path)[dataset - 1]?.path;
  }
  const exact = path === undefined ? undefined : await file.get(path);
  const named = isNumbers(exact) || typeof dataset !== 'string' ? undefined : byName(catalog, dataset);
  const object = named?.object ?? exact;
  if (isNumbers(object)) {
    // The rules of the dialect apply only to the array they describe.
    const dialect = await findFrames(catalog).catch(() => undefined);
    if (dialect?.parts.length === 1 && dialect.parts[0] === object) return dialect;
    const described = await framesOfArray(file, object);
    if (described) return described;
    // An array of another file has the path of a link to it.
    const reached = object.file === file ? object.path : (named?.path ?? `/${path?.replace(/^\//, '')}`);
    return { dialect: dialect?.dialect ?? 'HDF5', parts: [object], path: reached, entry: dialect?.entry };
  }
  if (object instanceof Hdf5Group && path !== undefined) {
    // A group that is named stands for the frames in it, also where a link into another file leads to it.
    const below = await findFrames(await catalogBelow(file, path, object));
    if (below.rivals?.length) throw ambiguous(file.source.name, below.rivals);
    return { ...below, guess: `${below.path} holds the frames of ${path}` };
  }
  throw new EwaldError(
    'Argument',
    `${file.source.name}: dataset ${JSON.stringify(dataset)} is ${object ? 'no array of numbers' : 'not found'}; ` +
      `arrays: ${
        arrays
          .map((each) => each.path)
          .slice(0, 20)
          .join(', ') || 'none'
      }`,
    { detail: { isThere: object !== undefined } },
  );
}

/**
 * The array identified by part of its path: 'datacube_1' for /root/datacube_1/data. If there are several below such a
 * group, the one with the most axes is chosen; throws `Argument` if the name is ambiguous.
 */
function byName({ file, entries }: Catalog, name: string): { path: string; object: Hdf5Dataset } | undefined {
  const named = entries.flatMap(({ path, object }) =>
    isArray(object) && `${path}/`.includes(`/${name.replace(/^\/|\/$/g, '')}/`) ? [{ path, object }] : [],
  );
  const most = Math.max(...named.map(({ object }) => object.shape.length));
  const [first, ...others] = named.filter(({ object }) => object.shape.length === most);
  if (others.length === 0) return first;
  throw new EwaldError(
    'Argument',
    `${file.source.name}: dataset ${JSON.stringify(name)} matches ${others.length + 1} arrays; choose one: ` +
      [first, ...others]
        .slice(0, 20)
        .map((other) => other?.path)
        .join(', '),
  );
}

function elementOf(dataset: Hdf5Dataset): { dtype: DataType; big: boolean; extra: readonly number[] } {
  const { type, numbers, path } = dataset;
  if (numbers) return { dtype: numbers.dtype, big: numbers.big, extra: [] };
  if (type.kind === 'array') {
    const base = numberType(type.base);
    if (base && !base.padding) return { dtype: base.dtype, big: base.big, extra: type.shape };
  }
  if (type.kind === 'compound') {
    // Colours: members of one type, one after the other.
    const each = type.members.map((member) => numberType(member.type));
    const [base] = each;
    const size = type.members[0]?.type.size ?? 0;
    const even = type.members.every(({ offset }, i) => offset === i * size) && size * type.members.length === type.size;
    if (base && even && each.every((other) => other?.dtype === base.dtype && other.big === base.big && !other.padding))
      return { dtype: base.dtype, big: base.big, extra: [type.members.length] };
  }
  throw new EwaldError(
    'Unsupported',
    `${dataset.file.source.name}: ${path} contains ${typeName(type)}, which cannot be frames`,
  );
}

function signalRank(source: ByteSource, shape: readonly number[], frames: Frames, { sigShape }: FormatOptions): number {
  if (sigShape) {
    const tail = shape.slice(shape.length - sigShape.length);
    if (sigShape.length > shape.length || tail.some((n, axis) => n !== sigShape[axis]))
      throw new EwaldError(
        'Shape',
        `${source.name}: ${frames.path} is ${shape.join(' × ')}; sigShape ${sigShape.join(' × ')} is not its end; ` +
          `expected its last axes, such as ${shape.slice(-2).join(',')}`,
      );
    return sigShape.length;
  }
  return Math.min(shape.length, frames.signalAxes ?? 2);
}

function arraysOf(
  catalog: Catalog,
  frames: Frames,
  chosen: { shape: readonly number[]; dtype: DataType },
): ArrayEntry[] {
  const entries: ArrayEntry[] = [{ name: frames.path, shape: chosen.shape, dtype: chosen.dtype, chosen: true }];
  for (const { path, object } of catalog.entries) {
    // A link to the chosen array is no other one; the arrays of a stack can be opened one by one.
    const isPart = (!frames.stacked || frames.groups) && frames.parts.includes(object as Hdf5Dataset);
    if (path === frames.path || isPart) continue;
    if (!isArray(object) || !object.numbers) continue;
    entries.push({
      name: path,
      shape: [...object.shape, ...(elementsOf(object)?.extra ?? [])],
      dtype: object.numbers.dtype,
      chosen: false,
    });
  }
  return entries;
}

/** The name of the check that compares the frames of a file with those that its detector has announced. */
const announced = 'frames (nimages × ntrigger)';

/** A series that ended early, or parts of which are elsewhere. */
const notesOnAnnounced = (sizes: readonly SizeCheck[]): Note[] =>
  sizes
    .filter(({ what, expected, found }) => what === announced && found < expected)
    .map(({ expected, found }) => ({
      kind: 'warning',
      text: `the detector announced ${expected} frames (nimages × ntrigger), and the file holds ${found}`,
      isCut: true,
    }));

async function sizeChecks(file: Hdf5File, frames: Frames, count: number): Promise<SizeCheck[]> {
  const sizes: SizeCheck[] = [];
  const end = file.superblock.end;
  if (end > file.source.size) sizes.push(checkFileBytes(file.source, end));
  const detector = `${frames.entry}/instrument/detector/detectorSpecific`;
  const images = frames.entry === undefined ? undefined : await numberAt(file, `${detector}/nimages`);
  const triggers = images === undefined ? undefined : ((await numberAt(file, `${detector}/ntrigger`)) ?? 1);
  if (images !== undefined && triggers !== undefined)
    sizes.push({ what: announced, expected: images * triggers, found: count });
  return sizes;
}
