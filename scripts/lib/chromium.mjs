// The browser for the tests: $CHROMIUM, or the first one on the PATH.
import { which } from './run.mjs';

/** Path of a Chromium, or undefined. */
export function findChromium() {
  return process.env.CHROMIUM || ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].map(which).find(Boolean);
}

/** Quiet, without a sandbox (root has none), and with WebGPU on the software adapter. */
export const chromiumArgs = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];
