/**
 * ewald/data: detector frames out of any file. The browser build; Node's has the same names and opens paths as well.
 *
 *     import { open } from 'ewald/data';
 *     const scan = await open(file);                       // a File, Blob, URL, bytes, or a ByteSource
 *     const frames = await scan.read(0, 16);               // the first 16 frames in the detector's own dtype
 *     await scan.dispose();
 *
 * @module
 */
import { type Inspect, inspector } from '../frames/inspect.js';
import { formatsOf, open } from '../frames/opening.browser.js';

/** See {@link Inspect}. */
export const inspect: Inspect = /* @__PURE__ */ inspector({ open, formatsOf });

export * from '../frames/opening.browser.js';
export * from '../frames/public.js';
