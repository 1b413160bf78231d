/** Which frames a run takes: files, folders, `-i` lists of files with `//N` events, and whether arguments are frames. */
import { open as openHandle, readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EwaldError } from '../../base/errors.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../data/dataset.js';
import { detect, open } from '../../data/opening.node.js';
import { openStacked } from '../../detector/stacked.js';
import { readText } from '../../files/read.js';
import { isStream } from '../sinks/stream-file.node.js';

/** A file and the frames of it that are wanted; undefined: all. */
export interface Wanted {
  readonly file: string;
  frames: number[] | undefined;
}

/** Reads a list of files, a line each, `file //3` for one frame of it; paths are relative to the list. Throws `Format`. */
export async function readFrameList(list: string, prefix = ''): Promise<Wanted[]> {
  const wanted: Wanted[] = [];
  for (const [i, raw] of (await readText(list)).split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no name holds them
    if (line.length > 4096 || /[\u0000-\u0008]/.test(line))
      throw new EwaldError(
        'Format',
        `${list}:${i + 1}: "${line.slice(0, 20)}…" is no name of a file; expected a list of files of frames, a line each`,
      );
    const [, name = '', event] = /^(.*?)(?:\s+(\S*\/\/\S*))?$/.exec(line) ?? [];
    const number = event === undefined ? undefined : Number(/^\/\/(\d+)$/.exec(event)?.[1] ?? 'x');
    if (Number.isNaN(number))
      throw new EwaldError('Format', `${list}:${i + 1}: "${event}" is no event; expected //N, the number of a frame`);
    const given = prefix + name;
    const file = isAbsolute(given) || list === '-' || prefix !== '' ? given : resolve(dirname(list), given);
    const last = wanted.at(-1);
    if (number !== undefined && last?.file === file && last.frames) last.frames.push(number);
    else wanted.push({ file, frames: number === undefined ? undefined : [number] });
  }
  if (wanted.length === 0) throw new EwaldError('Format', `${list}: the list names no file`);
  return wanted;
}

/** Whether a file begins as a stream does. */
export async function isStreamFile(file: string): Promise<boolean> {
  const handle = await openHandle(file, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(64), 0, 64, 0);
    return isStream(buffer.subarray(0, bytesRead));
  } catch {
    // A folder opens, and cannot be read.
    return false;
  } finally {
    await handle.close();
  }
}

/** Whether a file holds frames of a format known here; a spot list is text and does not. */
export async function holdsFrames(file: string): Promise<boolean> {
  if (file === '-') return false;
  try {
    return (await detect(file)).length > 0;
  } catch {
    return false;
  }
}

/** Whether a name is a folder's. */
export const isFolder = async (name: string): Promise<boolean> =>
  (await stat(name).catch(() => undefined))?.isDirectory() ?? false;

const byName = new Intl.Collator('en', { numeric: true });

/** Files of frames in a folder, in the order of their names; parts of others (data_000001 of a master) are left out. */
export async function filesOfFolder(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort((a, b) => byName.compare(a, b) || (a < b ? -1 : 1));
  const masters = names.filter((name) => /_master\.h5$/.test(name)).map((name) => name.replace(/master\.h5$/, 'data_'));
  const files: string[] = [];
  for (const name of names) {
    if (masters.some((start) => name.startsWith(start))) continue;
    const file = join(folder, name);
    if (await holdsFrames(file)) files.push(file);
  }
  return files;
}

/** Opens a file of frames; `data` is the dataset of HDF5 files that is wanted where the file has it. */
export function openFile(
  file: string,
  data: DataPath,
  {
    geometry,
    signal,
    checksums,
    maxFrameBytes,
  }: {
    readonly geometry: Geometry | undefined;
    readonly signal: AbortSignal;
    readonly checksums?: boolean | undefined;
    readonly maxFrameBytes?: number | undefined;
  },
): Promise<Dataset> {
  return openStacked(async (sigShape) => {
    if (data?.must) return open(file, { signal, checksums, maxFrameBytes, dataset: data.path, sigShape });
    const dataset = await open(file, { signal, checksums, maxFrameBytes });
    const entry = data && dataset.arrays.find(({ name }) => name === data.path);
    if (!sigShape && (!entry || entry.chosen)) return dataset;
    await dataset.dispose();
    return open(file, { signal, checksums, maxFrameBytes, dataset: entry && data.path, sigShape });
  }, geometry);
}

/** A dataset of HDF5 files: what the user named must be there, what the geometry names may be. */
export type DataPath = { readonly path: string; readonly must: boolean } | undefined;
