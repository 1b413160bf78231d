// Finds the browser for the tests: $CHROMIUM, or the first one on the PATH. The headless shell comes first: a page takes a
// quarter less of the processor there than in the whole browser.
import { existsSync } from 'node:fs';
import { which } from './run.mjs';

/** Path of a Chromium; undefined if it is not installed. */
export function findChromium() {
  return (
    process.env.CHROMIUM ||
    ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']
      .map(which)
      .find(Boolean)
  );
}

/** Command-line flags: quiet, without a sandbox (which root cannot use), and with WebGPU on the software adapter. */
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

/**
 * Flags for pages with pictures, on machines without a card: WebGL by the software renderer, but not the page around
 * it: composed by that renderer, a page takes a quarter more of the processor.
 */
export const pageArgs = [
  ...chromiumArgs,
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-gpu-compositing',
  // Optimised code of wasm takes an eighth of the processor time of a page that is open for seconds.
  '--js-flags=--wasm-tiering-budget=200000000',
];

/**
 * Environment variables that give Dawn in Node a Vulkan driver on a machine without a card: the software driver that is
 * part of Chromium. A machine with a card, or with a driver chosen by the user, keeps its settings.
 */
export function softwareVulkan() {
  const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
  const card = ['/dev/nvidia0', '/dev/dri', '/dev/kfd'].some((path) => existsSync(path));
  return card || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES || !existsSync(driver)
    ? {}
    : { VK_ICD_FILENAMES: driver };
}
