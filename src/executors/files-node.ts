/** Inputs of tasks on Node: files and URLs. */
import { readFile } from 'node:fs/promises';
import { EwaldError } from '../errors.js';
import { fetchBytes } from './fetch-bytes.js';
import type { Place } from './place.js';

export const readBytesOnNode: Place['readBytes'] = async (reference) => {
  if ('url' in reference && !reference.url.startsWith('file:')) return fetchBytes(reference.url);
  try {
    return await readFile('path' in reference ? reference.path : new URL(reference.url));
  } catch (error) {
    throw new EwaldError('Load', `an input of a task cannot be read here: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

/** Fetched when frames are first opened. */
export const openFramesOnNode: Place['openFrames'] = async (input, options) =>
  (await import('../data/node.js')).open(input, options);
