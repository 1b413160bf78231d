// The code that a rank of the tests runs in a page.
import { createContext } from '../../dist/fft.browser.js';
import * as heffte from '../../dist/heffte.browser.js';
import { runCases } from './program.mjs';

export const cases = (list, { comm }) => runCases(heffte, comm, list, createContext);
