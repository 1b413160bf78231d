/**
 * `ewald/heffte` in browsers: transforms over the boxes of Web Workers that share memory (`spmd` of `ewald/executors`),
 * in heFFTe's manner.
 *
 * @module
 */

import { bindFft3d } from '../heffte/bind.js';
import type { MakeFft3d, MakeFft3dR2c } from '../heffte/public.js';
import { memberOf } from '../util/members.js';
import { createContext } from './fft.js';

const made = /* @__PURE__ */ bindFft3d({ createContext, copyNumbers: () => undefined, preferHugePages: () => {} });
/** See {@link MakeFft3d}. */
export const fft3d: MakeFft3d = /* @__PURE__ */ memberOf(made, 'fft3d');
/** See {@link MakeFft3dR2c}. */
export const fft3dR2c: MakeFft3dR2c = /* @__PURE__ */ memberOf(made, 'fft3dR2c');
/** The Python module's name. */
export const fft3d_r2c = fft3dR2c;

export * from '../heffte/public.js';
