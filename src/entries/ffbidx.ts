/** `ewald/ffbidx` in browsers: `indexer`, `index`, `release`. */

import { type Ffbidx, makeFfbidx } from '../indexing/ffbidx/ffbidx.js';
import { memberOf } from '../util/members.js';
import { createContext } from './index.js';

const ffbidx: Ffbidx = /* @__PURE__ */ makeFfbidx(createContext);
/** Makes an indexer and returns its handle; see {@link Ffbidx}. */
export const indexer: Ffbidx['indexer'] = /* @__PURE__ */ memberOf(ffbidx, 'indexer');
/** Indexes one image: cells in reciprocal space and their scores; see {@link Ffbidx}. */
export const index: Ffbidx['index'] = /* @__PURE__ */ memberOf(ffbidx, 'index');
/** Releases an indexer and its memory; see {@link Ffbidx}. */
export const release: Ffbidx['release'] = /* @__PURE__ */ memberOf(ffbidx, 'release');

export * from '../indexing/ffbidx/public.js';
