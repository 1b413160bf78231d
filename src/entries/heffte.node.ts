/**
 * `ewald/heffte` on Node: Fourier transforms of a world of indexes that lies with many ranks, in heFFTe's manner.
 *
 *     import * as heffte from 'ewald/heffte';
 *     import { mpiComm } from 'ewald/communicator';
 *     const comm = await mpiComm();                                   // mpirun -n 2 node program.mjs
 *     const box = heffte.box3d([0, 0, 2 * comm.rank], [3, 3, 2 * comm.rank + 1]);
 *     const fft = await heffte.fft3d(heffte.backend.fftw, box, box, comm);
 *     await fft.forward(input, output, heffte.scale.full);
 *
 * @module
 */

import { nativeBlocks, preferHugePages } from '../compute/backends/native/blocks.js';
import { bindFft3d } from '../heffte/bind.js';
import type { MakeFft3d, MakeFft3dR2c } from '../heffte/public.js';
import { memberOf } from '../util/members.js';
import { createContext } from './fft.node.js';

const made = /* @__PURE__ */ bindFft3d({ createContext, copyNumbers: nativeBlocks, preferHugePages });
/** See {@link MakeFft3d}. */
export const fft3d: MakeFft3d = /* @__PURE__ */ memberOf(made, 'fft3d');
/** See {@link MakeFft3dR2c}. */
export const fft3dR2c: MakeFft3dR2c = /* @__PURE__ */ memberOf(made, 'fft3dR2c');
/** The Python module's name. */
export const fft3d_r2c = fft3dR2c;

export * from '../heffte/public.js';
