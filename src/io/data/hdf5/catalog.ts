/** The contents of a file: its groups and datasets, found by walking the tree. */
import { type EwaldError, isEwaldError } from '../../../base/errors.js';
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
}

/** Largest number of objects examined: files of microscopes have hundreds, a hostile file any number. */
export const maxObjects = 4000;
export const maxDepth = 16;

/** Walks the tree of a file, breadth first; links into other files are listed but not followed. */
export async function catalogOf(file: Hdf5File): Promise<Catalog> {
  const entries: Entry[] = [];
  const external: { path: string; link: Link & { kind: 'external' } }[] = [];
  const broken: { path: string; error: EwaldError }[] = [];
  const seen = new Set<number>();
  let level: Hdf5Group[] = [await file.root()];
  for (let depth = 0; level.length > 0 && depth < maxDepth; depth++) {
    const next: Hdf5Group[] = [];
    for (const group of level) {
      for (const [name, link] of group.links) {
        if (entries.length >= maxObjects) return { file, entries, external, broken, isWhole: false };
        const path = `${group.path === '/' ? '' : group.path}/${name}`;
        if (link.kind === 'external') {
          external.push({ path, link });
          continue;
        }
        // The target of a soft link is also reached by its own path.
        if (link.kind !== 'hard') continue;
        try {
          const object = await group.get(name);
          if (!object) continue;
          if (object instanceof Hdf5Group) {
            if (seen.has(object.header.address)) continue;
            seen.add(object.header.address);
            next.push(object);
          }
          entries.push({ path, object });
        } catch (error) {
          // A damaged object must not hide the others.
          if (!isEwaldError(error, 'Format') && !isEwaldError(error, 'Unsupported')) throw error;
          broken.push({ path, error });
        }
      }
    }
    level = next;
  }
  return { file, entries, external, broken, isWhole: level.length === 0 };
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
    const found = await file.get(path);
    if (!(found instanceof Hdf5Dataset)) return undefined;
    if (found.shape.reduce((product, n) => product * n, found.type.size) > 2 ** 20) return undefined;
    return await found.value();
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
