/** The case tables on every backend that Node can have. EWALD_REQUIRE=wasm,native makes an absent one fail. */
import { createContext } from '../../dist/index.node.js';
import * as validate from '../../dist/validate.js';
import * as fftw from '../support/fftw.js';
import { describeHere } from './table.js';

describeHere(
  'Node',
  ['wasm', 'native', 'webgpu', 'cuda', 'cuda-emulated'],
  validate,
  createContext,
  process.env.EWALD_REQUIRE,
  fftw,
);
