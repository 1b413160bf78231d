/** Inputs of tasks in browsers: URLs. */
import { EwaldError } from '../util/errors.js';
import { fetchBytes } from './fetch-bytes.js';
import type { Place } from './place.js';

export const readBytesInBrowser: Place['readBytes'] = async (reference) => {
  if ('url' in reference) return fetchBytes(reference.url);
  throw new EwaldError(
    'Unsupported',
    `the input ${reference.path} is a file, which browsers cannot open; give its { url }`,
  );
};

/** Loads the data room when frames are first opened. */
export const openFramesInBrowser: Place['openFrames'] = async (input, options) =>
  (await import('../frames/opening.browser.js')).open(input, options);
