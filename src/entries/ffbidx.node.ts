/** `ewald/ffbidx` on Node: `indexer`, `index`, `release`. */

import { type Ffbidx, makeFfbidx } from '../ffbidx/ffbidx.js';
import { createContext } from './index.node.js';

const ffbidx: Ffbidx = /* @__PURE__ */ makeFfbidx(createContext);
export const indexer: Ffbidx['indexer'] = ffbidx.indexer;
export const index: Ffbidx['index'] = ffbidx.index;
export const release: Ffbidx['release'] = ffbidx.release;

export * from '../ffbidx/public.js';
