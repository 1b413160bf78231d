/** Opens Zarr arrays as datasets: chooses the array, and assembles frames from chunks. */

import { badFile, defaultFrameBytes, tooLarge } from '../../bytes/bad-file.js';
import { type ByteSource, baseName, openSiblingIfExists } from '../../bytes/byte-source.js';
import { elementBytes } from '../../bytes/dtype.js';
import { isObject } from '../../util/arguments.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { Pace } from '../../util/pace.js';
import { product } from '../../util/product.js';
import { namedAxis, unitOf } from '../axis-words.js';
import { ambiguous, framesAmong } from '../candidates.js';
import type { ArrayEntry, Axis, Dataset, Note } from '../dataset.js';
import type { FormatOptions, Services } from '../format.js';
import { openFrames } from '../frames.js';
import { checkHeaderSize, checkShape, navigationShape, withoutFrames } from '../shapes.js';
import { unwrittenBefore, unwrittenRows, unwrittenText } from '../unwritten.js';
import { ZarrChunks } from './chunks.js';
import { codecNames, unknownCodec } from './codecs.js';
import { type ZarrArray, type ZarrJson, zarrArray, zarrMeta } from './metadata.js';

const maxText = 2 ** 26;
/** Partitions start at whole rows of chunks, unless these are larger. */
const maxAlignedBytes = 2 ** 27;
/** Chunks that are read concurrently. */
const ahead = 4;
/** Frames that touch more chunks than this are reported. */
const maxChunks = 4;
/** Rows of chunks that are looked at one by one for those that were never written, from the end. */
const zarrLooks = 64;

/** Opens the array that the metadata describe, or one of a group. */
export async function openZarr(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset> {
  const json = await readJson(source, options.signal);
  const isArray = json.node_type === 'array' || Array.isArray(json.chunks);
  const group = isArray ? { arrays: new Map(), texts: new Map() } : await groupOf(source, json, options.signal);
  const { folder, found } = isArray ? { folder: '', found: json } : await choose(source, group.arrays, options);
  return openArray(source, folder, found, group, options, services);
}

async function readJson(source: ByteSource, signal: PlatformSignal | undefined): Promise<ZarrJson> {
  if (source.size > maxText) throw badFile(source, `the metadata have ${source.size} bytes`);
  const text = new TextDecoder().decode(await source.read(0, source.size, { signal }));
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ZarrJson;
  } catch (cause) {
    throw badFile(source, `the metadata are not JSON: ${messageOf(cause)}`);
  }
  throw badFile(source, 'the metadata are not a JSON object');
}

/** What the metadata of a group say. */
interface ZarrGroup {
  /** Its arrays by path. */
  readonly arrays: ReadonlyMap<string, ZarrJson>;
  /** All metadata that are known, by the path of their file. */
  readonly texts: ReadonlyMap<string, ZarrJson>;
}

/** The arrays of a group: from consolidated metadata, otherwise by walking through its folder. */
async function groupOf(source: ByteSource, json: ZarrJson, signal: PlatformSignal | undefined): Promise<ZarrGroup> {
  const group = consolidated(json);
  if (group.arrays.size > 0) return group;
  // The metadata of a group of version 2 may be consolidated in a file beside it.
  const all = baseName(source.name) === '.zgroup' && (await openSiblingIfExists(source, '.zmetadata', { signal }));
  if (all) {
    const beside = consolidated(await readJson(all, signal).finally(() => all.close()));
    if (beside.arrays.size > 0) return beside;
  }
  return walked(source, signal);
}

function consolidated(json: ZarrJson): ZarrGroup {
  const three = (json.consolidated_metadata as ZarrJson | undefined)?.metadata;
  const all = Object.entries((three ?? json.metadata ?? {}) as Record<string, unknown>);
  const arrays = new Map<string, ZarrJson>();
  const texts = new Map<string, ZarrJson>();
  for (const [name, value] of all) {
    if (!isObject(value)) continue;
    texts.set(three ? `${name}/zarr.json` : name, value);
    if (value.node_type === 'array' || (/(^|\/)\.zarray$/.test(name) && value.node_type !== 'group'))
      arrays.set(name.replace(/\/?\.zarray$/, ''), value);
  }
  return { arrays, texts };
}

/** Groups are not nested deeper, and have no more members. */
const [deepest, maxMembers] = [8, 1000];

/** The arrays of a group that lie in the folders beside its metadata; none if the source cannot list folders. */
async function walked(source: ByteSource, signal: PlatformSignal | undefined): Promise<ZarrGroup> {
  const arrays = new Map<string, ZarrJson>();
  const texts = new Map<string, ZarrJson>();
  let level = [''];
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level)
      for (const name of ((await source.folders?.(folder)) ?? []).slice(0, maxMembers)) {
        const path = folder === '' ? name : `${folder}/${name}`;
        const array = await metadataAt(source, path, signal);
        if (array) arrays.set(path, array);
        else next.push(path);
      }
    level = next.slice(0, maxMembers);
  }
  return { arrays, texts };
}

/** The metadata of the array in a folder; undefined without an array. */
async function metadataAt(
  source: ByteSource,
  path: string,
  signal: PlatformSignal | undefined,
): Promise<ZarrJson | undefined> {
  for (const file of ['zarr.json', '.zarray']) {
    const sibling = await openSiblingIfExists(source, `${path}/${file}`, { signal });
    if (!sibling) continue;
    const found = await readJson(sibling, signal).finally(() => sibling.close());
    if (file === '.zarray' || found.node_type === 'array') return found;
  }
  return undefined;
}

/** The folder of an array relative to the metadata. */
const folderOf = (name: string): string => (name === '' ? '' : `${name}/`);

/** The array of a group: the requested one, otherwise the only scan or the largest array by far. */
async function choose(
  source: ByteSource,
  arrays: ReadonlyMap<string, ZarrJson>,
  options: FormatOptions,
): Promise<{ folder: string; found: ZarrJson }> {
  const { dataset, signal } = options;
  const names = [...arrays.keys()];
  const chosen = (name: string) => ({ folder: folderOf(name), found: arrays.get(name) as ZarrJson });
  if (typeof dataset === 'string') {
    const path = dataset.replace(/^\/+|\/+$/g, '');
    if (arrays.has(path)) return chosen(path);
    const similar = names.filter((name) => name.includes(path));
    if (similar.length === 1) return chosen(similar[0] as string);
    const metadata = await metadataAt(source, path, signal);
    if (metadata) return { folder: folderOf(path), found: metadata };
  }
  const list = names.length > 0 ? `; there are ${names.slice(0, 20).join(', ')}` : '';
  if (dataset !== undefined) {
    const name = typeof dataset === 'number' ? names[dataset] : undefined;
    if (name === undefined) throw new EwaldError('Argument', `${source.name} has no array ${dataset}${list}`);
    return chosen(name);
  }
  const entries = names.map((path) => {
    const { shape, dtype, data_type: type } = arrays.get(path) as ZarrJson;
    return { path, shape: Array.isArray(shape) ? shape.map(Number) : [], dtype: String(type ?? dtype) };
  });
  const { chosen: best, rivals } = framesAmong(entries);
  if (rivals.length > 0) throw ambiguous(source.name, rivals);
  if (!best)
    throw new EwaldError(
      'Argument',
      `${source.name} is a group that does not list its arrays; pass the path of one as dataset ` +
        '(--dataset Experiments/scan/data)',
    );
  return chosen(best.path);
}

/** What the folders axis-0, axis-1, … next to an array state, as HyperSpy writes them; undefined if one is absent. */
async function hspyAxes(
  source: ByteSource,
  folder: string,
  { texts }: ZarrGroup,
  shape: readonly number[],
  signal: PlatformSignal | undefined,
): Promise<{ readonly axes: readonly Axis[]; readonly signalAxes: number } | undefined> {
  const parent = folder.replace(/[^/]*\/$/, '');
  if (!/(^|\/)Experiments\/[^/]+\/$/.test(parent)) return undefined;
  const axes: Axis[] = [];
  let signalAxes = 0;
  for (const [i, size] of shape.entries()) {
    let about: ZarrJson | undefined;
    for (const file of ['.zattrs', 'zarr.json']) {
      const name = `${parent}axis-${i}/${file}`;
      const sibling = texts.has(name) ? undefined : await openSiblingIfExists(source, name, { signal });
      const json = texts.get(name) ?? (sibling && (await readJson(sibling, signal).finally(() => sibling.close())));
      about ??= file === 'zarr.json' && isObject(json?.attributes) ? json.attributes : json;
    }
    if (!about) return undefined;
    if (!about.navigate) signalAxes++;
    const { name, scale, offset, units } = about;
    const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
    const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
    const steps = { scale: numberOf(scale), offset: numberOf(offset) };
    axes.push(namedAxis(textOf(name), size, steps, unitOf(textOf(units))));
  }
  return { axes, signalAxes };
}

async function openArray(
  source: ByteSource,
  folder: string,
  json: ZarrJson,
  group: ZarrGroup,
  options: FormatOptions,
  services: Services,
): Promise<Dataset> {
  const { arrays } = group;
  const what = folder === '' ? 'the array' : `the array ${folder.slice(0, -1)}`;
  let array: ZarrArray;
  try {
    array = zarrArray(json);
  } catch (error) {
    throw badFile(source, `${what} cannot be read: ${messageOf(error)}`);
  }
  const { shape, chunk, dtype, codecs } = array;
  if (shape.includes(0)) throw withoutFrames(source.name, shape, folder.slice(0, -1) || undefined);
  const unknown = unknownCodec(codecs);
  if (unknown !== undefined)
    throw new EwaldError('Unsupported', `${source.name}: ${what} is packed by ${unknown}, which cannot be read`);
  const most = options.maxFrameBytes ?? defaultFrameBytes;
  const chunkBytes = chunk.reduce((a, b) => a * b, elementBytes(dtype));
  if (chunkBytes > most) throw tooLarge(`${source.name}: chunks of ${chunk.join(' × ')} ${dtype}`, chunkBytes, most);
  const hspy = await hspyAxes(source, folder, group, shape, options.signal);
  const axes = options.sigShape
    ? checkShape('zarr: sigShape', options.sigShape, 1).length
    : Math.min(hspy?.signalAxes || 2, shape.length);
  const signal = shape.slice(shape.length - axes);
  if (options.sigShape && signal.join() !== options.sigShape.join())
    throw new EwaldError(
      'Shape',
      `${source.name} has shape ${shape.join(' × ')}; sigShape ${options.sigShape.join(' × ')} is not its end`,
    );
  const nav = shape.slice(0, shape.length - axes);
  const frames = checkHeaderSize(source, 'the number of frames', product(nav), 1, 2 ** 40);
  const frameBytes = signal.reduce((a, b) => a * b, elementBytes(dtype));
  const rows = (chunk[0] ?? 1) * product(nav.slice(1));
  const perFrame = signal.reduce((n, length, i) => n * Math.ceil(length / (chunk[nav.length + i] as number)), 1);
  const notes: Note[] = [];
  if (perFrame > maxChunks)
    notes.push({ kind: 'warning', text: `each frame is in ${perFrame} chunks, all of which are read for it` });
  const core = await services.codecs();
  const chunks = new ZarrChunks(source, folder, array, core, {
    most: 2 * chunkBytes + 2 ** 16,
    checksums: options.checksums ?? true,
  });
  // Zarr leaves out chunks that have the fill value alone, so that this may be as it should be.
  const isStored = (place: readonly number[]): Promise<boolean> => chunks.isStored(place, options.signal);
  const [rowsInAll = 1] = nav;
  const unwritten =
    nav.length === 0 ? 0 : (await unwrittenRows({ shape, chunk, isStored }, zarrLooks)) * (frames / rowsInAll);
  if (unwritten > 0) {
    const perRow = frames / rowsInAll;
    const before = (await unwrittenBefore({ shape, chunk, isStored }, unwritten / perRow)) * perRow;
    notes.push({ kind: 'warning', text: unwrittenText(unwritten, frames, false, before) });
  }
  const grid: Grid = { nav, signal, chunk, elementBytes: elementBytes(dtype), frameBytes };
  return openFrames(source, {
    format: 'zarr',
    shape: { nav: navigationShape(source, frames, nav, options), sig: signal },
    dtype,
    meta: zarrMeta(json, isObject(json.attributes) ? json.attributes : {}, hspy?.axes),
    notes,
    arrays: arrays.size > 1 ? listed(arrays, folder) : [],
    filters: [...codecNames(codecs), ...(array.shards ? ['shards'] : [])],
    chunkFrames: nav.length > 0 && rows * frameBytes <= maxAlignedBytes ? rows : 1,
    onDispose: () => core.dispose(),
    readMany: (first, count, into, abort) => readFrames(chunks, grid, first, count, into, abort),
  });
}

function listed(arrays: ReadonlyMap<string, ZarrJson>, folder: string): ArrayEntry[] {
  return [...arrays].flatMap(([name, json]) => {
    try {
      const { shape, dtype } = zarrArray(json);
      return [{ name, shape, dtype, chosen: folderOf(name) === folder }];
    } catch {
      // An array that cannot be described, such as one of texts, does not prevent reading the others.
      return [];
    }
  });
}

interface Grid {
  readonly nav: readonly number[];
  readonly signal: readonly number[];
  readonly chunk: readonly number[];
  readonly elementBytes: number;
  readonly frameBytes: number;
}

/** Frames that are in the same chunks. */
interface Group {
  readonly place: readonly number[];
  /** Frames relative to the first one, and their index in the chunk. */
  readonly frames: { readonly at: number; readonly inside: number }[];
}

async function readFrames(
  chunks: ZarrChunks,
  grid: Grid,
  first: number,
  count: number,
  into: Uint8Array,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const { nav, chunk } = grid;
  const groups = new Map<string, Group>();
  for (let at = 0; at < count; at++) {
    const place: number[] = [];
    let [rest, inside, stride] = [first + at, 0, 1];
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const [length, size] = [nav[axis] as number, chunk[axis] as number];
      const index = rest % length;
      rest = Math.floor(rest / length);
      place.unshift(Math.floor(index / size));
      inside += (index % size) * stride;
      stride *= size;
    }
    const key = place.join();
    const group = groups.get(key) ?? { place, frames: [] };
    groups.set(key, group);
    group.frames.push({ at, inside });
  }
  // A frame may claim any number of chunks, which are counted one by one.
  const requests = (function* () {
    for (const group of groups.values())
      for (const inFrame of places(grid)) {
        const data = chunks.get([...group.place, ...inFrame], signal);
        data.catch(() => undefined);
        yield { group, inFrame, data };
      }
  })();
  const reads: { readonly group: Group; readonly inFrame: readonly number[]; readonly data: Promise<Uint8Array> }[] =
    [];
  const pace = new Pace(signal);
  try {
    for (let isOver = false; ; ) {
      while (!isOver && reads.length < ahead) {
        const next = requests.next();
        if (next.done) isOver = true;
        else reads.push(next.value);
      }
      const [read] = reads;
      if (!read) return;
      const data = await read.data;
      reads.shift();
      for (const frame of read.group.frames) copyPart(data, grid, read.inFrame, frame, into);
      if (pace.due) await pace.rest();
    }
  } finally {
    await Promise.allSettled(reads.map(({ data }) => data));
  }
}

/** The places of the chunks of a frame, counted in chunks along its axes. */
function* places({ nav, signal, chunk }: Grid, axis = 0): Generator<number[]> {
  if (axis === signal.length) {
    yield [];
    return;
  }
  const parts = Math.ceil((signal[axis] as number) / (chunk[nav.length + axis] as number));
  for (let i = 0; i < parts; i++)
    for (const rest of places({ nav, signal, chunk } as Grid, axis + 1)) yield [i, ...rest];
}

/** Copies the part of a frame that is in a chunk, row by row. */
function copyPart(
  data: Uint8Array,
  { nav, signal, chunk, elementBytes: width, frameBytes }: Grid,
  place: readonly number[],
  { at, inside }: { readonly at: number; readonly inside: number },
  into: Uint8Array,
): void {
  const sizes = chunk.slice(nav.length);
  const pixels = product(sizes);
  const part = sizes.map((size, axis) => Math.min(size, (signal[axis] as number) - (place[axis] as number) * size));
  const last = sizes.length - 1;
  const rowBytes = (part[last] as number) * width;
  const rows = product(part.slice(0, -1));
  for (let row = 0; row < rows; row++) {
    let [rest, from, to, fromStride, toStride] = [
      row,
      0,
      (place[last] as number) * (sizes[last] as number),
      sizes[last] as number,
      signal[last] as number,
    ];
    for (let axis = last - 1; axis >= 0; axis--) {
      const index = rest % (part[axis] as number);
      rest = Math.floor(rest / (part[axis] as number));
      from += index * fromStride;
      to += ((place[axis] as number) * (sizes[axis] as number) + index) * toStride;
      fromStride *= sizes[axis] as number;
      toStride *= signal[axis] as number;
    }
    const start = (inside * pixels + from) * width;
    into.set(data.subarray(start, start + rowBytes), at * frameBytes + to * width);
  }
}
