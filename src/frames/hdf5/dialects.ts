/**
 * Finds the array of an HDF5 file that holds the frames, by the conventions of the programs that write such files. The
 * first dialect whose marks are found is used; without any, the largest array is taken and reported as a guess.
 */

import { baseName } from '../../bytes/byte-source.js';
import { attributeText, type Catalog, maxDepth, maxObjects, textAt } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import { numberType, typeName } from '../../hdf5/datatype.js';
import type { Hdf5File } from '../../hdf5/file.js';
import { Hdf5Group } from '../../hdf5/file.js';
import { allMissing, isMissing, missingName, orWithout } from '../../hdf5/missing.js';
import { counted } from '../../util/amounts.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { type FrameArrayEntry, framesAmong } from '../candidates.js';
import { gapsOf } from '../gaps.js';
import { channelText } from '../threshold-channel.js';

/** Frames found by a dialect. */
export interface Frames {
  /** Human-readable name of the dialect. */
  readonly dialect: string;
  /** Parts along the first axis, in order; one for most files. */
  readonly parts: readonly Hdf5Dataset[];
  /** Path of the array, or of the group that contains the parts. */
  readonly path: string;
  /** Number of axes of a frame, if the dialect states it; default 2. */
  readonly signalAxes?: number | undefined;
  /**
   * Whether each part is one step along an additional leading axis; otherwise the parts are concatenated along their
   * first axis.
   */
  readonly stacked?: boolean;
  /** The names of the groups of each part, for a path with `%`. */
  readonly groups?: readonly (readonly string[])[] | undefined;
  /** The event of each of their frames. */
  readonly events?: readonly string[] | undefined;
  /** Shape of the scan, if another file next to this one states it. */
  readonly scan?: readonly number[] | undefined;
  /** Which threshold of a detector with several is read, as text for the user. */
  readonly channel?: string | undefined;
  /** A problem of the file, as text for the user. */
  readonly warning?: string | undefined;
  /** Whether frames follow each other along the last axis. */
  readonly framesLast?: boolean;
  /** Arrays among which the user has to choose, if the file does not say which one holds the frames. */
  readonly rivals?: readonly FrameArrayEntry[] | undefined;
  /** An assumption that was made without evidence in the file, as text for the user. */
  readonly guess?: string;
  /** The group of the entry, which contains the metadata. */
  readonly entry?: string | undefined;
}

/** Whether a dataset can be read by its name: an array, or a single number. */
export const isNumbers = (object: unknown): object is Hdf5Dataset =>
  object instanceof Hdf5Dataset && elementsOf(object) !== undefined;

/** Whether a dataset can be frames. */
export const isArray = (object: unknown): object is Hdf5Dataset => isNumbers(object) && object.shape.length >= 1;

/** The numbers of an element: more than one for colours and small vectors. */
export function elementsOf({ type, numbers }: Hdf5Dataset): { readonly extra: readonly number[] } | undefined {
  if (numbers) return { extra: [] };
  if (type.kind === 'array') return numberType(type.base) ? { extra: type.shape } : undefined;
  const areNumbers = type.kind === 'compound' && type.members.every((member) => numberType(member.type));
  return areNumbers ? { extra: [type.members.length] } : undefined;
}

/** Why arrays that are shaped like frames cannot be read, each with its path: at most three. */
export const unreadArrays = ({ entries }: Pick<Catalog, 'entries'>): string[] =>
  entries
    .flatMap(({ path, object }) => {
      if (!(object instanceof Hdf5Dataset) || object.shape.length < 2 || elementsOf(object)) return [];
      const { kind } = object.type;
      return kind === 'string' || kind === 'variable' || kind === 'enum'
        ? []
        : [`${path} is not read: it is ${object.summary}`];
    })
    .slice(0, 3);

/** The array that holds the frames, and those among which the user has to choose. */
function choiceAmong(arrays: readonly Hdf5Dataset[], paths = arrays.map(({ path }) => path)) {
  // The same array may have several paths.
  const entries = new Map<string, FrameArrayEntry & { readonly array: Hdf5Dataset }>();
  for (const [i, array] of arrays.entries()) {
    const { file, address, shape, type } = array;
    const key = `${file.source.name} ${address}`;
    if (!entries.has(key)) entries.set(key, { path: paths[i] as string, shape, dtype: typeName(type), array });
  }
  const { chosen, rivals } = framesAmong([...entries.values()]);
  return { chosen: chosen?.array, path: chosen?.path, rivals };
}

type Finder = (catalog: Catalog) => Promise<Frames | undefined>;

/** 2 before 10: names are not always padded with zeros. */
const inNumbers = new Intl.Collator('en', { numeric: true });

const partOfSeries = /^\/entry(_?\d+)?\/data(\/[^/]+)?\/data_\d+$/;
const lastName = (path: string): string => path.replace(/^.*\//, '');

/** Frames of data files; one that has two axes is a single image. */
const framesIn = (parts: readonly Hdf5Dataset[]): number =>
  parts.reduce((sum, { shape }) => sum + (shape.length === 2 ? 1 : (shape[0] ?? 1)), 0);

/** Eiger and Arina: a group of links data_000001, data_000002, … */
const eiger: Finder = async ({ file, entries, external, broken }) => {
  // One that is damaged fails below, as the others would be numbered wrongly without it.
  const all = [...entries, ...external, ...broken].map(({ path }) => path);
  // A detector with several thresholds has a group of links for each of them.
  const numbered = all.filter((path) => partOfSeries.test(path)).sort(inNumbers.compare);
  const groups = [...new Set(numbered.map((path) => path.replace(/\/[^/]*$/, '')))];
  const [group] = groups;
  if (group === undefined) return undefined;
  const names = numbered.filter((path) => path.startsWith(`${group}/`));
  const parts: Hdf5Dataset[] = new Array(names.length);
  const { files } = file;
  const holes: { readonly at: number; readonly error: EwaldError }[] = [];
  // Opens series of a hundred files concurrently.
  let next = 0;
  let end = names.length;
  const work = async (): Promise<void> => {
    while (next < end) {
      const i = next++;
      try {
        const part = await file.need(names[i] ?? '');
        if (!isArray(part))
          throw new EwaldError('Format', `${file.source.name}: ${names[i]} is not an array of numbers`);
        parts[i] = part;
      } catch (error) {
        if ((files.allowMissing || !files.growing) && isMissing(error)) {
          holes.push({ at: i, error });
          continue;
        }
        // While a series is being written, it ends before the first part that cannot be opened yet.
        if (i === 0 || !files.growing || !isEwaldError(error) || error.tag === 'Aborted') throw orWithout(error);
        const { message } = error;
        if (!isMissing(error)) files.unfinished?.add(message);
        end = Math.min(end, i);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  parts.length = end;
  holes.sort((a, b) => a.at - b.at);
  const [hole] = holes;
  if (hole && !files.allowMissing) {
    const before = framesIn(parts.slice(0, hole.at));
    if (before < (files.until ?? Number.POSITIVE_INFINITY)) throw allMissing(holes.map(({ error }) => error));
    parts.length = hole.at;
  }
  for (const { error } of holes) files.missing?.add(missingName(error));
  // Those that are missing left holes.
  const there = parts.filter((part) => part !== undefined);
  if (there.length === 0)
    throw new EwaldError('File', `${file.source.name}: none of its ${names.length} data files exists`);
  const about = (await textAt(file, '/entry/instrument/detector/description')) ?? '';
  const arina = /arina/i.test(about);
  const scan = arina ? await arinaScan(file, there) : {};
  const absent = gapsOf(names, { named: true, by: 1 })
    .map(({ text }) => text)
    .join(', ');
  const warnings = [
    ...(absent === ''
      ? []
      : [`${file.source.name} names no ${absent}: frames behind them have lower numbers than the detector gave`]),
    ...(scan.warning === undefined ? [] : [scan.warning]),
  ];
  return {
    dialect: arina ? 'Arina master' : 'Eiger master',
    ...scan,
    ...(warnings.length > 0 && { warning: warnings.join('; ') }),
    ...(groups.length > 1 && { channel: channelText(groups.map(lastName), lastName(group)) }),
    parts: there,
    ...(there.length > 1 && there[0]?.shape.length === 2 && { stacked: true }),
    path: group,
    entry: group.replace(/\/data(\/[^/]*)?$/, ''),
  };
};

/** Arina: NAME.h5 next to NAME_master.h5 states the pixels of the scan. */
async function arinaScan(file: Hdf5File, parts: readonly Hdf5Dataset[]): Promise<Pick<Frames, 'scan' | 'warning'>> {
  const name = baseName(file.source.name).replace(/_master(?=\.h5$)/, '');
  if (name === baseName(file.source.name)) return {};
  let pixels: number[];
  try {
    const about = await (await file.linked(name, '/entry')).get('STEM Metadata');
    if (!(about instanceof Hdf5Group)) return {};
    const attributes = await about.attributes();
    pixels = ['NumPixelsY', 'NumPixelsX'].map((key) => Number([attributes.get(key)].flat()[0]));
  } catch (error) {
    // Damaged metadata must not prevent reading the frames.
    if (isEwaldError(error, 'File') || isEwaldError(error, 'Format') || isEwaldError(error, 'Unsupported')) return {};
    throw error;
  }
  if (!pixels.every((n) => Number.isSafeInteger(n) && n > 0)) return {};
  const frames = framesIn(parts);
  if (product(pixels) === frames) return { scan: pixels };
  return { warning: `${name} states a scan of ${pixels.join(' × ')}, but there are ${frames} frames` };
}

/** CXI: entry_1/data_1 or a detector of instrument_1. Of a file that is NeXus as well, that says more of the detector. */
const cxi: Finder = async ({ file, entries }) => {
  const marked = entries.some(({ path }) => path === '/cxi_version') || entries.some(({ path }) => path === '/entry_1');
  if (!marked) return undefined;
  for (const path of [
    '/entry_1/data_1/data',
    '/entry_1/instrument_1/detector_1/data',
    '/entry_1/instrument_1/detector_1/detector_corrected/data',
    '/entry_1/image_1/data',
  ]) {
    const hdf5Object = await file.get(path);
    if (isArray(hdf5Object) && entries.some((one) => isOtherName(one, hdf5Object))) return undefined;
    if (isArray(hdf5Object))
      return {
        dialect: 'CXI',
        parts: [hdf5Object],
        path,
        entry: '/entry_1',
        signalAxes: hdf5Object.shape.length > 3 ? 3 : 2,
      };
  }
  return undefined;
};

/** Whether an object is these frames under the name that NeXus has for them. */
const isOtherName = ({ path, object }: Catalog['entries'][number], frames: Hdf5Dataset): boolean =>
  path === '/entry/data/data' && object instanceof Hdf5Dataset && object.address === frames.address;

/** NeXus: the signal of the default NXdata, otherwise that of the only one that can hold the frames. */
const nexus: Finder = async (catalog) => {
  const { file } = catalog;
  const root = await file.root();
  const groups: Hdf5Group[] = [];
  for (const { object } of catalog.entries)
    if (object instanceof Hdf5Group && (await attributeText(object, 'NX_class')) === 'NXdata') groups.push(object);
  if (groups.length === 0) return undefined;
  const wanted = await defaultOf(root);
  const found: { group: Hdf5Group; data: Hdf5Dataset; path: string }[] = [];
  for (const group of groups) {
    const name = (await attributeText(group, 'signal')) ?? (await signalChild(group)) ?? 'data';
    const data = await group.get(name);
    if (isArray(data)) found.push({ group, data, path: `${group.path}/${name}` });
  }
  const preferred = found.find(({ group }) => group === wanted);
  const among = choiceAmong(
    found.map(({ data }) => data),
    found.map(({ path }) => path),
  );
  const chosen = preferred ?? found.find(({ path }) => path === among.path);
  if (!chosen) return undefined;
  const entry = `/${chosen.group.path.split('/')[1] ?? ''}`;
  const said = (await textAt(file, `${entry}/definition`)) ?? '';
  const interpretation = await attributeText(chosen.data, 'interpretation');
  return {
    dialect: said ? `NeXus ${said}` : 'NeXus',
    parts: [chosen.data],
    path: chosen.path,
    entry,
    rivals: preferred ? [] : among.rivals,
    signalAxes:
      (await moduleAxes(catalog, entry, chosen.data)) ??
      (interpretation === 'spectrum' ? 1 : /^(rgba?|hsla?|cmyk)-image$/.test(interpretation ?? '') ? 3 : undefined),
  };
};

/** The axes of frames whose modules have an axis of their own, as their origins say: 3 of [frames, modules, ss, fs]. */
async function moduleAxes({ entries }: Catalog, entry: string, { shape }: Hdf5Dataset): Promise<number | undefined> {
  if (shape.length !== 4) return undefined;
  const origin = entries.find(({ path }) => path.startsWith(`${entry}/`) && path.endsWith('/data_origin'))?.object;
  return origin instanceof Hdf5Dataset && origin.shape[0] === 3 ? 3 : undefined;
}

async function defaultOf(group: Hdf5Group, depth = 0): Promise<Hdf5Group> {
  const name = depth < 4 ? await attributeText(group, 'default') : undefined;
  const next = name === undefined ? undefined : await group.get(name).catch(() => undefined);
  return next instanceof Hdf5Group ? defaultOf(next, depth + 1) : group;
}

/** Files from before 2014 mark the signal on the dataset itself. */
async function signalChild(group: Hdf5Group): Promise<string | undefined> {
  for (const [name, link] of group.links) {
    if (link.kind !== 'hard') continue;
    const child = await group.get(name);
    const mark = child instanceof Hdf5Dataset ? (await child.attributes()).get('signal') : undefined;
    if (
      mark !== undefined &&
      String(Array.isArray(mark) || ArrayBuffer.isView(mark) ? (mark as never)[0] : mark) === '1'
    )
      return name;
  }
  return undefined;
}

const isExperiment = (path: string): boolean => /^\/Experiments\/[^/]+\/data$/.test(path);

/** hyperspy: /Experiments/NAME/data, with axes in groups next to it. */
const hspy: Finder = async ({ file, entries }) => {
  const arrays = entries.filter(({ path, object }) => isExperiment(path) && isArray(object));
  const { chosen: data, rivals } = choiceAmong(arrays.map(({ object }) => object as Hdf5Dataset));
  if (!data) return undefined;
  const frames = await hspyFrames(file, data);
  return frames && { ...frames, rivals };
};

/** The frames of an array of hyperspy, whose axes state whether they belong to the scan. */
async function hspyFrames(file: Hdf5File, data: Hdf5Dataset): Promise<Frames | undefined> {
  if (!isExperiment(data.path)) return undefined;
  const group = data.path.replace(/\/data$/, '');
  let signal = 0;
  for (let i = 0; i < data.shape.length; i++) {
    const axis = await file.get(`${group}/axis-${i}`);
    if (!(axis instanceof Hdf5Group)) return { dialect: 'hspy', parts: [data], path: data.path };
    const navigate = (await axis.attributes()).get('navigate');
    if (!Number(ArrayBuffer.isView(navigate) ? (navigate as never)[0] : navigate)) signal++;
  }
  return { dialect: 'hspy', parts: [data], path: data.path, signalAxes: signal };
}

/** Velox: /Data/Image/UUID/Data, one for each detector. */
const velox: Finder = async ({ entries }) => {
  const images = entries.flatMap(({ object }) => (isArray(object) && isVelox(object) ? [object] : []));
  const { chosen, rivals } = choiceAmong(images);
  return chosen && { ...veloxFrames(chosen), rivals };
};

const isVelox = ({ path }: Hdf5Dataset): boolean => /^\/Data\/Image\/[^/]+\/Data$/.test(path);

/** The frames of an array of Velox, which has [y, x, frame]. */
const veloxFrames = (data: Hdf5Dataset): Frames => ({
  dialect: 'Velox EMD',
  parts: [data],
  path: data.path,
  framesLast: data.shape.length === 3,
});

/** The frames of an array that a user has chosen, if its dialect describes each array of a file. */
export const framesOfArray = async (file: Hdf5File, data: Hdf5Dataset): Promise<Frames | undefined> =>
  isVelox(data) ? veloxFrames(data) : hspyFrames(file, data);

/** EMD of NCEM, Prismatic and py4DSTEM: groups with emd_group_type. */
const emd: Finder = async ({ file, entries }) => {
  const found: Hdf5Dataset[] = [];
  for (const { object } of entries) {
    if (!(object instanceof Hdf5Group)) continue;
    const mark = (await object.attributes()).get('emd_group_type');
    if (mark === undefined) continue;
    for (const [name, link] of object.links) {
      if (link.kind !== 'hard' || !/^(data|datacube|realslice|datacubes?)$/.test(name)) continue;
      const child = await object.get(name);
      if (isArray(child)) found.push(child);
    }
  }
  found.sort((a, b) => b.shape.length - a.shape.length || product(b.shape) - product(a.shape));
  const { chosen: largest, rivals } = choiceAmong(found);
  if (!largest) return undefined;
  const py4d = (await (await file.root()).attributes()).has('authoring_program');
  const dialect = py4d ? 'EMD 1.0 (py4DSTEM)' : 'EMD';
  // Prismatic: one datacube for each depth of the sample.
  const depth = /^(.*)\/[^/]*_depth\d+\/[^/]+$/;
  const path = depth.exec(largest.path)?.[1];
  const cubes = found
    .filter((hdf5Dataset) => path !== undefined && depth.exec(hdf5Dataset.path)?.[1] === path)
    .filter(
      (hdf5Dataset) =>
        hdf5Dataset.shape.join() === largest.shape.join() && hdf5Dataset.numbers?.dtype === largest.numbers?.dtype,
    )
    .sort((a, b) => inNumbers.compare(a.path, b.path));
  if (path !== undefined && cubes.length > 1) return { dialect, parts: cubes, path, stacked: true };
  return { dialect, parts: [largest], path: largest.path, rivals };
};

/** DM5 of DigitalMicrograph: if there are several images, the first one is a thumbnail. */
const dm5: Finder = async ({ entries }) => {
  const images = entries.flatMap(({ path, object }) =>
    /^\/ImageList\/\[\d+\]\/ImageData\/Data$/.test(path) && isArray(object) ? [object] : [],
  );
  const { chosen, rivals } = choiceAmong(images.length > 1 ? images.slice(1) : images);
  return chosen && { dialect: 'DM5', parts: [chosen], path: chosen.path, rivals };
};

/** fpd: /fpd_expt/fpd_data/data. */
const fpd: Finder = async ({ file }) => {
  const data = await file.get('/fpd_expt/fpd_data/data');
  return isArray(data) ? { dialect: 'fpd', parts: [data], path: data.path } : undefined;
};

const finders: readonly Finder[] = [eiger, cxi, velox, hspy, fpd, emd, dm5, nexus];

/** The frames of a file. */
export async function findFrames(catalog: Catalog): Promise<Frames> {
  for (const finder of finders) {
    const frames = await finder(catalog);
    if (frames) return frames;
  }
  const arrays = catalog.entries.filter(({ object }) => isArray(object)) as { path: string; object: Hdf5Dataset }[];
  const [damaged] = catalog.broken;
  // It may be the one that holds the frames.
  if (damaged && arrays.length > 0)
    throw new EwaldError(
      damaged.error.tag,
      `${damaged.error.message}: ${damaged.path} may hold the frames; to read another array, name it with ` +
        'dataset (--dataset)',
      { cause: damaged.error, detail: { path: damaged.path } },
    );
  const { path: best, rivals } = choiceAmong(
    arrays.map(({ object }) => object),
    arrays.map(({ path }) => path),
  );
  const chosen = arrays.find(({ path }) => path === best) ?? arrays[0];
  if (!chosen) throw noFrames(catalog.file, catalog);
  const isLargest = arrays.every(({ object: { shape } }) => product(shape) <= product(chosen.object.shape));
  return {
    dialect: 'HDF5',
    parts: [chosen.object],
    path: chosen.path,
    rivals,
    guess:
      arrays.length === 1
        ? `${chosen.path} is the only array; the file does not say whether it holds frames`
        : `${chosen.path} ${isLargest ? 'is the largest' : 'has the most axes'} of ${arrays.length} arrays; the ` +
          'file does not say which one holds the frames',
  };
}

function noFrames(file: Hdf5File, { entries, external, broken, isWhole }: Catalog): EwaldError {
  const [first] = broken;
  const { end } = file.superblock;
  // The truncation explains all other problems.
  if (end > file.source.size)
    return new EwaldError(
      'Format',
      `${file.source.name} is truncated: it has ${file.source.size} bytes of ${end}, and they contain no frames; ` +
        'copy it again, or wait until it is complete',
      { detail: { path: file.source.name } },
    );
  if (!isWhole)
    return new EwaldError(
      'Format',
      `${file.source.name} has no array of numbers among the ${counted(entries.length, 'object')} that were looked ` +
        `through (at most ${maxObjects}, ${maxDepth} levels deep), and has more of them; name one as dataset (--dataset)`,
      { detail: { path: file.source.name } },
    );
  return new EwaldError(
    'Format',
    `${file.source.name} contains no array of numbers (${counted(entries.length, 'object')}, ` +
      `${counted(external.length, 'link')} to other files` +
      `${external[0] ? `, the first is ${external[0].path}; name one as dataset (--dataset) to follow it` : ''}` +
      `${first ? `; ${broken.length} cannot be read, the first: ${first.error.message}` : ''})` +
      unreadArrays({ entries })
        .map((text) => `; ${text}`)
        .join(''),
    { detail: { path: file.source.name } },
  );
}
