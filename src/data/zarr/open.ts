/** Opens Zarr arrays as datasets: chooses the array, and assembles frames from chunks. */
import { EwaldError, messageOf } from '../../base/errors.js';
import type { PlatformSignal } from '../../base/globals.js';
import { integer } from '../../base/options.js';
import { type ByteSource, baseName, siblingIfThere } from '../byte-source.js';
import type { ArrayEntry, Dataset, Note } from '../dataset.js';
import { elementBytes } from '../dtype.js';
import type { FormatOptions, Services } from '../format.js';
import { openFrames } from '../frames.js';
import { badFile, checkShape, defaultFrameBytes, navigationShape, sane, tooLarge } from '../shapes.js';
import { ZarrChunks } from './chunks.js';
import { codecNames, unknownCodec } from './codecs.js';
import { type ZarrArray, type ZarrJson, zarrArray, zarrMeta } from './metadata.js';

const mostText = 2 ** 26;
/** Partitions start at whole rows of chunks, unless these are larger. */
const mostAlignedBytes = 2 ** 27;
/** Chunks that are read concurrently. */
const ahead = 4;
/** Frames that touch more chunks than this are reported. */
const mostChunks = 4;

/** Opens the array that the metadata describe, or one of a group. */
export async function openZarr(source: ByteSource, options: FormatOptions, services: Services): Promise<Dataset> {
  const json = await readJson(source, options.signal);
  const arrays = arraysOf(json);
  const isArray = json.node_type === 'array' || Array.isArray(json.chunks);
  const { folder, found } = isArray
    ? { folder: '', found: json }
    : await choose(source, json, arrays, options, services);
  return openArray(source, folder, found, arrays, options, services);
}

async function readJson(source: ByteSource, signal: PlatformSignal | undefined): Promise<ZarrJson> {
  if (source.size > mostText) throw badFile(source, `the metadata have ${source.size} bytes`);
  const text = new TextDecoder().decode(await source.read(0, source.size, { signal }));
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ZarrJson;
  } catch (cause) {
    throw badFile(source, `the metadata are not JSON: ${messageOf(cause)}`);
  }
  throw badFile(source, 'the metadata are not a JSON object');
}

/** The arrays of a group whose metadata are consolidated, by path. */
function arraysOf(json: ZarrJson): ReadonlyMap<string, ZarrJson> {
  const three = (json.consolidated_metadata as ZarrJson | undefined)?.metadata;
  const all = Object.entries((three ?? json.metadata ?? {}) as Record<string, ZarrJson>);
  const found = new Map<string, ZarrJson>();
  for (const [name, value] of all) {
    if (typeof value !== 'object' || value === null) continue;
    if (value.node_type === 'array') found.set(name.replace(/\/?\.zarray$/, ''), value);
    else if (/(^|\/)\.zarray$/.test(name) && value.node_type !== 'group')
      found.set(name.replace(/\/?\.zarray$/, ''), value);
  }
  return found;
}

/** The folder of an array relative to the metadata. */
const folderOf = (name: string): string => (name === '' ? '' : `${name}/`);

/** The array of a group: the requested one, otherwise the largest. */
async function choose(
  source: ByteSource,
  json: ZarrJson,
  arrays: ReadonlyMap<string, ZarrJson>,
  options: FormatOptions,
  services: Services,
): Promise<{ folder: string; found: ZarrJson }> {
  const { dataset, signal } = options;
  const names = [...arrays.keys()];
  if (typeof dataset === 'string') {
    const path = dataset.replace(/^\/+|\/+$/g, '');
    const exact = arrays.get(path);
    if (exact) return { folder: folderOf(path), found: exact };
    const similar = names.filter((name) => name.includes(path));
    if (similar.length === 1)
      return { folder: folderOf(similar[0] as string), found: arrays.get(similar[0] as string) as ZarrJson };
    for (const file of ['zarr.json', '.zarray'])
      for (const sibling of [await siblingIfThere(source, `${path}/${file}`, { signal })]) {
        if (!sibling) continue;
        const found = await readJson(sibling, signal).finally(() => sibling.close());
        if (file === '.zarray' || found.node_type === 'array') return { folder: `${path}/`, found };
      }
  }
  const list = names.length > 0 ? `; there are ${names.slice(0, 20).join(', ')}` : '';
  if (dataset !== undefined) {
    const name = typeof dataset === 'number' ? names[dataset] : undefined;
    if (name === undefined) throw new EwaldError('Argument', `${source.name} has no array ${dataset}${list}`);
    return { folder: folderOf(name), found: arrays.get(name) as ZarrJson };
  }
  // The metadata of a group of version 2 may be consolidated in a file beside it.
  const all = baseName(source.name) === '.zgroup' && (await siblingIfThere(source, '.zmetadata', { signal }));
  if (all) {
    const consolidated = arraysOf(await readJson(all, signal).finally(() => all.close()));
    if (consolidated.size > 0) return choose(source, json, consolidated, options, services);
  }
  const size = (name: string): number => {
    const { shape } = arrays.get(name) as ZarrJson;
    return Array.isArray(shape) && shape.length > 1 ? shape.reduce((a, b) => a * Number(b), 1) : 0;
  };
  const [largest] = [...names].sort((a, b) => size(b) - size(a));
  if (largest === undefined)
    throw new EwaldError(
      'Argument',
      `${source.name} is a group that does not list its arrays; pass the path of one as dataset ` +
        '(--dataset Experiments/scan/data)',
    );
  return { folder: folderOf(largest), found: arrays.get(largest) as ZarrJson };
}

async function openArray(
  source: ByteSource,
  folder: string,
  json: ZarrJson,
  arrays: ReadonlyMap<string, ZarrJson>,
  options: FormatOptions,
  services: Services,
): Promise<Dataset> {
  const what = folder === '' ? 'the array' : `the array ${folder.slice(0, -1)}`;
  let array: ZarrArray;
  try {
    array = zarrArray(json);
  } catch (error) {
    throw badFile(source, `${what} cannot be read: ${messageOf(error)}`);
  }
  const { shape, chunk, dtype, codecs } = array;
  const unknown = unknownCodec(codecs);
  if (unknown !== undefined)
    throw new EwaldError('Unsupported', `${source.name}: ${what} is packed by ${unknown}, which cannot be read`);
  const most = integer('open: maxFrameBytes', options.maxFrameBytes, defaultFrameBytes, 1, Number.MAX_SAFE_INTEGER);
  const chunkBytes = chunk.reduce((a, b) => a * b, elementBytes(dtype));
  if (chunkBytes > most) throw tooLarge(`${source.name}: chunks of ${chunk.join(' × ')} ${dtype}`, chunkBytes, most);
  const axes = options.sigShape ? checkShape('zarr: sigShape', options.sigShape, 1).length : Math.min(2, shape.length);
  const signal = shape.slice(shape.length - axes);
  if (options.sigShape && signal.join() !== options.sigShape.join())
    throw new EwaldError(
      'Shape',
      `${source.name} has shape ${shape.join(' × ')}; sigShape ${options.sigShape.join(' × ')} is not its end`,
    );
  const nav = shape.slice(0, shape.length - axes);
  const frames = sane(
    source,
    'the number of frames',
    nav.reduce((a, b) => a * b, 1),
    1,
    2 ** 40,
  );
  const frameBytes = signal.reduce((a, b) => a * b, elementBytes(dtype));
  const rows = (chunk[0] ?? 1) * nav.slice(1).reduce((a, b) => a * b, 1);
  const perFrame = signal.reduce((n, length, i) => n * Math.ceil(length / (chunk[nav.length + i] as number)), 1);
  const notes: Note[] = [];
  if (perFrame > mostChunks)
    notes.push({ kind: 'warning', text: `each frame is in ${perFrame} chunks, all of which are read for it` });
  const core = await services.codecs();
  const chunks = new ZarrChunks(source, folder, array, core, 2 * chunkBytes + 2 ** 16);
  const grid: Grid = { nav, signal, chunk, elementBytes: elementBytes(dtype), frameBytes };
  return openFrames(source, {
    format: 'zarr',
    shape: { navigation: navigationShape(source, frames, nav, options), signal },
    dtype,
    meta: zarrMeta(json, {}),
    notes,
    arrays: arrays.size > 1 ? listed(arrays, folder) : [],
    filters: [...codecNames(codecs), ...(array.shards ? ['shards'] : [])],
    chunkFrames: nav.length > 0 && rows * frameBytes <= mostAlignedBytes ? rows : 1,
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
  const work = [...groups.values()].flatMap((group) =>
    [...places(grid)].map((inFrame) => ({ group, inFrame, place: [...group.place, ...inFrame] })),
  );
  const reads: Promise<Uint8Array>[] = [];
  try {
    for (const [i, { group, inFrame }] of work.entries()) {
      while (reads.length < Math.min(work.length, i + ahead)) {
        const read = chunks.get((work[reads.length] as (typeof work)[number]).place, signal);
        read.catch(() => undefined);
        reads.push(read);
      }
      const data = await (reads[i] as Promise<Uint8Array>);
      for (const frame of group.frames) copyPart(data, grid, inFrame, frame, into);
      delete reads[i];
    }
  } finally {
    await Promise.allSettled(reads);
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
  const pixels = sizes.reduce((a, b) => a * b, 1);
  const part = sizes.map((size, axis) => Math.min(size, (signal[axis] as number) - (place[axis] as number) * size));
  const last = sizes.length - 1;
  const rowBytes = (part[last] as number) * width;
  const rows = part.slice(0, -1).reduce((a, b) => a * b, 1);
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
