/**
 * Opens, uses and closes a thousand contexts on every backend, each backend in a separate process: memory, threads and
 * handles are released.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';

export const name = 'openings';
export const about = '10^3 times open, count and close a context on each backend; memory, threads and handles';
export const minutes = 4;

const script = new URL('../../scripts/offline/extras/openings.mjs', import.meta.url).pathname;
const emulator = new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url);

/** Runs the loop; `scale` shortens the time, and so reduces the number of openings. Throws if anything is retained. */
export async function run({ scale = 1, note = () => {} } = {}) {
  const backends = ['wasm', 'native', 'webgpu', ...(existsSync(emulator) ? ['cuda-emulated'] : [])];
  const wrong = [];
  for (const backend of backends) {
    const env = { ...process.env, ...softwareVulkan(), EWALD_BACKENDS: backend };
    const ran = await promisify(execFile)(process.execPath, ['--expose-gc', script, '--seconds', String(300 * scale)], {
      env,
    }).catch((error) => error);
    const { results, summary } = JSON.parse(ran.stdout || '{"results":[],"summary":"it died"}');
    note(summary);
    if (results.length === 0 || results.some(({ pass }) => !pass))
      wrong.push(`${summary} ${String(ran.stderr ?? '').slice(-300)}`);
  }
  if (wrong.length > 0) throw new Error(wrong.join('; '));
}
