/** The case tables on CUDA and its emulator. EWALD_REQUIRE=cuda-emulated makes an absent one fail. */
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import * as fftw from '../support/fftw.js';
import { describeHere } from './table.js';

await describeHere('Node', ['cuda', 'cuda-emulated'], validate, createContext, process.env.EWALD_REQUIRE, fftw);
