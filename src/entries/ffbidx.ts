/** `ewald/ffbidx` in browsers: `indexer`, `index`, `release`. */

import { type Ffbidx, makeFfbidx } from '../ffbidx/ffbidx.js';
import { createContext } from './index.js';

const ffbidx: Ffbidx = /* @__PURE__ */ makeFfbidx(createContext);
export const indexer: Ffbidx['indexer'] = ffbidx.indexer;
export const index: Ffbidx['index'] = ffbidx.index;
export const release: Ffbidx['release'] = ffbidx.release;

export * from '../ffbidx/public.js';
