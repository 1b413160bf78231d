/**
 * `ewald/merging`: what a merge reads and writes, beside `ctx.merger` and `mergeStream` of `ewald`, and tools for lists of
 * intensities and for cells. The same in browsers and on Node.
 *
 *     import { createContext, mergeStream } from 'ewald';
 *     import { readReflectionList } from 'ewald/merging';
 *     const ctx = await createContext();
 *     const reference = readReflectionList(text);
 *     const { statistics } = await mergeStream(ctx, { bytes }, { symmetry: '4/mmm', reference });
 *
 * @module
 */
export * from '../crystal/public.entry.js';
export * from '../merging/public.entry.js';
export * from '../merging/public.js';
