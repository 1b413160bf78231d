/** `ewald/ffbidx` in browsers: `indexer`, `index`, `release`. */
import { createContext } from '../index.js';
import { type Ffbidx, makeFfbidx } from './ffbidx.js';

export type { Ffbidx, PackedVectors } from './ffbidx.js';

const ffbidx: Ffbidx = /* @__PURE__ */ makeFfbidx(createContext);
export const indexer: Ffbidx['indexer'] = ffbidx.indexer;
export const index: Ffbidx['index'] = ffbidx.index;
export const release: Ffbidx['release'] = ffbidx.release;
