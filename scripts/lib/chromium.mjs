// The browser for the tests: $CHROMIUM, or the first one on the PATH.
import { existsSync } from 'node:fs';
import { which } from './run.mjs';

/** Path of a Chromium, or undefined. */
export function findChromium() {
  return (
    process.env.CHROMIUM ||
    ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'].map(which).find(Boolean)
  );
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

/**
 * Environment that gives Dawn in Node a Vulkan driver where there is no card: the software one that Chromium brings. A
 * machine with a card, or whose user chose a driver, is left alone.
 */
export function softwareVulkan() {
  const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
  const card = ['/dev/nvidia0', '/dev/dri', '/dev/kfd'].some((path) => existsSync(path));
  return card || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES || !existsSync(driver)
    ? {}
    : { VK_ICD_FILENAMES: driver };
}
