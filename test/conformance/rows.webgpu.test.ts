/** The case tables on WebGPU in Node. EWALD_REQUIRE=webgpu makes absence a failure. */
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import * as fftw from '../support/fftw.js';
import { describeHere } from './table.js';

await describeHere('Node', ['webgpu'], validate, createContext, process.env.EWALD_REQUIRE, fftw);
