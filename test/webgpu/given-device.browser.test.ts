// @module-tag all: Chromium.
// A context on a GPU device of the page's own, in Chromium.
import { createContext, isEwaldError } from '../../dist/index.browser.js';
import { givenDeviceTests } from './given-device.js';

const adapter = await navigator.gpu?.requestAdapter();
const absent = adapter ? undefined : 'no adapter';
if (absent && (import.meta.env.EWALD_REQUIRE ?? '').split(',').includes('webgpu'))
  throw new Error(`EWALD_REQUIRE names webgpu, but it is absent: ${absent}`);

givenDeviceTests('Chromium', absent, { createContext, isEwaldError }, async () => {
  const fresh = await navigator.gpu.requestAdapter();
  if (!fresh) throw new Error('no adapter');
  return fresh.requestDevice();
});
