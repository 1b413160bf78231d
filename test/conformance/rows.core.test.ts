/** The case tables on the CPU backends, in Node. EWALD_REQUIRE=wasm,native makes an absent one fail. */
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import * as fftw from '../support/fftw.js';
import { describeHere } from './table.js';

await describeHere('Node', ['wasm', 'native'], validate, createContext, process.env.EWALD_REQUIRE, fftw);
