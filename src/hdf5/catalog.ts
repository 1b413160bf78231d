/** The contents of a file: its groups and datasets, found by walking the tree. */
import { type EwaldError, isEwaldError } from '../util/errors.js';
import { Hdf5Dataset } from './dataset.js';
import type { Hdf5File } from './file.js';
import { Hdf5Group } from './file.js';
import type { Link } from './links.js';

/** A dataset or group with the path by which it was reached. */
export interface Entry {
  readonly path: string;
  readonly object: Hdf5Dataset | Hdf5Group;
}

/** The part of a file's tree that was walked. */
export interface Catalog {
  readonly file: Hdf5File;
  readonly entries: readonly Entry[];
  /** Links into other files, not followed. */
  readonly external: readonly { readonly path: string; readonly link: Link & { kind: 'external' } }[];
  /** Objects that cannot be read, and why. */
  readonly broken: readonly { readonly path: string; readonly error: EwaldError }[];
  /** Whether nothing is left of the tree. */
  readonly isWhole: boolean;
  /** Which threshold was asked for, of which: objects of others are left out. */
  readonly channel?: string | undefined;
}

/** Largest number of objects examined: files of microscopes have hundreds, a hostile file any number. */
export const maxObjects = 4000;
export const maxDepth = 16;

/** A catalog that is being made. */
interface Walk {
  readonly file: Hdf5File;
  readonly entries: Entry[];
  readonly external: { path: string; link: Link & { kind: 'external' } }[];
  readonly broken: { path: string; error: EwaldError }[];
  /** Groups that were walked, by their file and place in it. */
  readonly seen: Set<string>;
}

/**
 * Walks the tree of a file, breadth first. Links into other files are listed and not followed, unless the file has nothing
 * else: BLISS writes a file for a session whose entries are links to those of its scans.
 */
export async function catalogOf(file: Hdf5File): Promise<Catalog> {
  const walk: Walk = { file, entries: [], external: [], broken: [], seen: new Set() };
  let isWhole = await walkFrom(walk, [{ path: '', group: await file.root() }]);
  const hasArray = walk.entries.some(({ object }) => object instanceof Hdf5Dataset && object.shape.length > 1);
  // Those of an Eiger are followed by number.
  const links = walk.external.filter(({ path }) => !/\/data_\d+$/.test(path));
  if (!hasArray && links.length === walk.external.length) isWhole = (await walkLinks(walk, links)) && isWhole;
  return { ...walk, isWhole };
}

/** The tree below a group. */
export async function catalogBelow(file: Hdf5File, path: string, group: Hdf5Group): Promise<Catalog> {
  const walk: Walk = { file, entries: [], external: [], broken: [], seen: new Set() };
  return { ...walk, isWhole: await walkFrom(walk, [{ path: path.replace(/\/$/, ''), group }]) };
}

/** Follows links into other files; returns whether all that was found has been walked. */
async function walkLinks(walk: Walk, links: readonly Walk['external'][number][]): Promise<boolean> {
  const groups: { path: string; group: Hdf5Group }[] = [];
  for (const link of links) {
    const object = await readable(walk, link.path, () => walk.file.get(link.path));
    if (!object) continue;
    walk.external.splice(walk.external.indexOf(link), 1);
    walk.entries.push({ path: link.path, object });
    if (object instanceof Hdf5Group && isNew(walk, object)) groups.push({ path: link.path, group: object });
  }
  return walkFrom(walk, groups);
}

/** Walks the trees below groups; returns whether nothing is left of them. */
async function walkFrom(walk: Walk, groups: readonly { path: string; group: Hdf5Group }[]): Promise<boolean> {
  let level = groups;
  for (let depth = 0; level.length > 0 && depth < maxDepth; depth++) {
    const next: { path: string; group: Hdf5Group }[] = [];
    for (const { path: above, group } of level) {
      for (const [name, link] of group.links) {
        if (walk.entries.length >= maxObjects) return false;
        const path = `${above}/${name}`;
        if (link.kind === 'external') {
          walk.external.push({ path, link });
          continue;
        }
        // The target of a soft link is also reached by its own path.
        if (link.kind !== 'hard') continue;
        const object = await readable(walk, path, () => group.get(name));
        if (!object) continue;
        if (object instanceof Hdf5Group) {
          if (!isNew(walk, object)) continue;
          next.push({ path, group: object });
        }
        walk.entries.push({ path, object });
      }
    }
    level = next;
  }
  return level.length === 0;
}

/** Whether a group was not walked before. */
function isNew({ seen }: Walk, { file, header }: Hdf5Group): boolean {
  const key = `${file.source.path ?? file.source.name} ${header.address}`;
  if (seen.has(key)) return false;
  seen.add(key);
  return true;
}

/** An object; a damaged or missing one must not hide the others, and is listed. */
async function readable(
  { broken }: Walk,
  path: string,
  get: () => Promise<Entry['object'] | undefined>,
): Promise<Entry['object'] | undefined> {
  try {
    return await get();
  } catch (error) {
    if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'Unsupported') && !isEwaldError(error, 'File'))
      throw error;
    broken.push({ path, error });
    return undefined;
  }
}

/** Reads a small dataset or attribute as text; undefined if it is not text. */
export async function textAt(file: Hdf5File, path: string): Promise<string | undefined> {
  const value = await valueAt(file, path);
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

/** The first number of a dataset; undefined if there is none. */
export async function numberAt(file: Hdf5File, path: string): Promise<number | undefined> {
  const value = await valueAt(file, path);
  const first = Array.isArray(value) || ArrayBuffer.isView(value) ? (value as ArrayLike<unknown> & object)[0] : value;
  const number = typeof first === 'bigint' || typeof first === 'number' ? Number(first) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** All numbers of an array, or a single one; undefined if this path has none, or too many to be a header. */
export async function numbersAt(file: Hdf5File, path: string): Promise<number[] | undefined> {
  const value = await valueAt(file, path);
  if (value === undefined) return undefined;
  return typeof value === 'object' ? Array.from(value as ArrayLike<number | bigint>, Number) : [Number(value)];
}

/** The range of numbers that differ, in words. */
export function rangeOf(values: readonly number[], unit: string): string {
  const [least, greatest] = values.reduce(([a, b], one) => [Math.min(a, one), Math.max(b, one)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
  return `from ${least} to ${greatest}${unit === '' ? '' : ` ${unit}`}`;
}

async function valueAt(file: Hdf5File, path: string): Promise<unknown> {
  try {
    const hdf5Object = await file.get(path);
    if (!(hdf5Object instanceof Hdf5Dataset)) return undefined;
    if (hdf5Object.shape.reduce((product, n) => product * n, hdf5Object.type.size) > 2 ** 20) return undefined;
    return await hdf5Object.value();
  } catch (error) {
    // Damaged metadata must not prevent reading the frames.
    if (isEwaldError(error) && error.tag !== 'Aborted') return undefined;
    throw error;
  }
}

/** An attribute of an object as text. */
export async function attributeText(object: Hdf5Dataset | Hdf5Group, name: string): Promise<string | undefined> {
  const value = (await object.attributes()).get(name);
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
