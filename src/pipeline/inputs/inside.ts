/**
 * Where the files are that lists and geometries name. Both may come from somebody else, so they lead to files in their
 * own folder only, unless the caller allows more.
 */

import type { Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { argumentError, setting } from '../../options/parameters.js';
import { isAddress } from '../../util/addresses.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { isUrl } from './kinds.js';
import type { FileInput, RunPlace } from './place.js';

/** Where else the files may be that lists and geometries name: true for anywhere, or further folders. */
export type AllowOutside = boolean | readonly string[];

/** Checks the option. Throws `Argument`. */
export function checkAllowOutside(what: string, value: unknown): AllowOutside {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '')) return value;
  throw new EwaldError('Argument', `${what} is ${inspect(value)}; expected true, false or a list of folders`);
}

const furtherFolders = (allowed: AllowOutside): readonly string[] => (typeof allowed === 'boolean' ? [] : allowed);

const outside = (from: string, file: string): EwaldError =>
  argumentError(
    '',
    (said) =>
      `${from} names ${file}, which is not in its folder; if you trust who wrote ${from}, open it with ` +
      setting(said, 'allowOutside', true),
    { path: from, link: file, outside: true },
    'File',
  );

/** A list and how it is read. */
interface NamedFiles {
  readonly list: FileInput;
  /** The name of the list in messages. */
  readonly name: string;
  readonly prefix: string | undefined;
  readonly allowOutside: AllowOutside;
}

/** Gives what a name of the list opens; throws `File` for a name that the list may not have. */
export function filesOfList(namedFiles: NamedFiles, place: RunPlace): (file: string) => string {
  const { list, name, prefix = '', allowOutside } = namedFiles;
  const { files } = place;
  const path = files?.pathOf(list);
  const named = isUrl(list) ? list.href : typeof list === 'string' && list !== '-' ? list : undefined;
  const address = path === undefined ? named : undefined;
  const isLocal = files !== undefined && !isAddress(prefix === '' ? (address ?? '') : prefix);
  const opens = isLocal ? inFolders(namedFiles, place) : onServer(prefix, address, place);
  return (file) => {
    if (allowOutside !== true) {
      const found = opens(file);
      if (found === undefined) throw outside(name, file);
      return found;
    }
    if (prefix !== '') return place.named(`${prefix}${file}`);
    if (isAddress(file)) return file;
    if (address !== undefined) return new URL(file, address).href;
    return files ? files.beside(path ?? '-', file) : place.named(file);
  };
}

/** Finds the names of a list in its folder or below its prefix. */
function inFolders({ list, prefix = '', allowOutside }: NamedFiles, place: RunPlace) {
  const files = place.files as NonNullable<RunPlace['files']>;
  const path = files.pathOf(list);
  const own = prefix !== '' ? [files.folderOf(prefix)] : path === undefined ? [] : [files.folderOf(path)];
  const inside = files.within([...own, ...furtherFolders(allowOutside)]);
  return (file: string): string | undefined => {
    if (isAddress(file)) return undefined;
    if (prefix === '') return inside(file);
    return inside(files.absolute(`${prefix}${file}`)) === undefined ? undefined : `${prefix}${file}`;
  };
}

/** Finds the names of a list on the server that it, or its prefix, is an address of. */
function onServer(prefix: string, address: string | undefined, place: RunPlace) {
  const base = prefix !== '' ? place.named(prefix) : address;
  return (file: string): string | undefined => {
    if (base === undefined) return undefined;
    const whole = prefix === '' ? file : place.named(`${prefix}${file}`);
    if (!URL.canParse(whole, base) || !URL.canParse(base)) return undefined;
    const [one, other] = [new URL(whole, base), new URL(base)];
    const folder = other.pathname.replace(/[^/]*$/, '');
    // A server may take an encoded slash for a slash.
    const isBelow = one.pathname.startsWith(folder) && !/%2f|%5c/i.test(one.pathname);
    return one.origin === other.origin && one.protocol !== 'file:' && isBelow ? one.href : undefined;
  };
}

/** What a geometry comes with. */
interface GeometryBeside {
  /** As the caller gave it. */
  readonly given: unknown;
  /** Its name in messages. */
  readonly name: string;
  /** The files of the frames. */
  readonly frames: readonly FileInput[];
  /** Names of Files that are given beside the frames. */
  readonly siblings: readonly string[];
  readonly allowOutside: AllowOutside;
}

/** The files that a panel names. */
export const filesOfPanel = ({ masks, saturationMapFile }: Panel): string[] =>
  [...masks.map(({ file }) => file), saturationMapFile].filter((file) => file !== undefined);

/**
 * A geometry with its masks and maps of saturation of other files: they are in its own folder, in that of the frames, or
 * in folders that the caller allows. Throws `File` for one that is elsewhere.
 */
export function withFilesInside(geometry: Geometry, beside: GeometryBeside, place: RunPlace): Geometry {
  const { files } = place;
  const { given, name, frames, siblings, allowOutside } = beside;
  const named = geometry.panels.some((panel) => filesOfPanel(panel).length > 0);
  if (!files || allowOutside === true || !named) return geometry;
  const paths = frames.flatMap((file) => files.pathOf(file) ?? []);
  const own = typeof given === 'string' && !/[\r\n]/.test(given) ? files.pathOf(given) : undefined;
  const folders = [...(own === undefined ? [] : [own]), ...paths].map((path) => files.folderOf(path));
  const inside = files.within([...new Set([...folders, ...furtherFolders(allowOutside)])]);
  // Beside frames that are no paths there are no files, which the search for the mask says.
  const isOnlyGiven = folders.length === 0 && frames.length > 0 && frames.every((frame) => typeof frame !== 'string');
  const placed = <T extends string | undefined>(file: T): T | string => {
    if (file === undefined) return file;
    const isGiven = frames.includes(file) || siblings.includes(file.replace(/^.*\//, ''));
    if (isGiven || isOnlyGiven) return file;
    const found = isAddress(file) ? undefined : inside(file);
    if (found === undefined) throw outside(name, file);
    return files.absolute(file) === found ? file : found;
  };
  const panels = geometry.panels.map((panel) => ({
    ...panel,
    masks: panel.masks.map((mask) => ({ ...mask, file: placed(mask.file) })),
    saturationMapFile: placed(panel.saturationMapFile),
  }));
  return { ...geometry, panels };
}
