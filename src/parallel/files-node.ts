/** Inputs of tasks on Node: files and URLs. */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { EwaldError } from '../util/errors.js';
import { fetchBytes } from './fetch-bytes.js';
import type { Place } from './place.js';

export const readBytesOnNode: Place['readBytes'] = async (reference) => {
  if ('url' in reference && !reference.url.startsWith('file:')) return fetchBytes(reference.url);
  try {
    return await readRegular('path' in reference ? reference.path : new URL(reference.url));
  } catch (error) {
    throw new EwaldError('Load', `an input of a task cannot be read here: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

/** The file, its size and its time. What is missing is reported when it is read. */
export const versionOnNode: NonNullable<Place['versionOf']> = async (reference) => {
  if ('url' in reference && !reference.url.startsWith('file:')) return undefined;
  try {
    const { ino, size, mtimeMs } = await stat('path' in reference ? reference.path : new URL(reference.url));
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
};

/** Bytes of a regular file. A device may never end, and reading a pipe may wait forever for a writer. */
async function readRegular(path: string | URL): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await file.stat();
    if (!found.isFile())
      throw new Error(`${path} is a ${found.isDirectory() ? 'folder' : 'device or a pipe'}, not a file`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Loads the data room when frames are first opened. */
export const openFramesOnNode: Place['openFrames'] = async (input, options) =>
  (await import('../frames/opening.node.js')).open(input, options);
