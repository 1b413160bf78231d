/** Every row of the case tables on every platform, and pages at every width: what the tests thin for their time. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';

export const name = 'rows';
/** A summary of the loop. */
export const about =
  'every row on WebGPU and emulated CUDA, and in a window and a worker of Chromium; pages at every width';
/** Approximate duration. */
export const minutes = 60;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the same rows at every scale; throws if a row fails or if nothing was run. */
export async function run({ scale = 1, note = () => {} } = {}) {
  // Another share of the rows each time.
  const shares = Math.max(1, Math.round(1 / scale));
  const share = `${Math.floor(Math.random() * shares)}/${shares}`;
  note(`rows ${share}`);
  const env = {
    ...process.env,
    ...softwareVulkan(),
    EWALD_TEST_ROWS: share,
    // That of npm run nightly would leave these files out.
    EWALD_TEST_COMMAND: '',
    EWALD_REQUIRE: 'wasm,webgpu',
    NO_COLOR: '1',
  };
  const isEmulated = existsSync(join(root, 'build/cuda-emulated/ewald_cuda_emulated.node'));
  if (!isEmulated) note('emulated CUDA is absent: it was not built');
  for (const [project, file] of [
    ['node', 'test/conformance/rows.webgpu.test.ts'],
    ...(isEmulated ? [['node', 'test/conformance/rows.cuda.test.ts']] : []),
    ['chromium', 'test/conformance/chromium.browser.test.ts'],
    ['node', 'test/pages/looks.test.ts'],
  ]) {
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', project, file, '--reporter=json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 1 << 28 }).catch(
      (error) => error,
    );
    const {
      numPassedTests = 0,
      numFailedTests = 0,
      testResults = [],
    } = JSON.parse(stdout.slice(stdout.indexOf('{"numTotal')));
    const failed = testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
    note(`${file}: ${numPassedTests} passed`);
    if (numFailedTests > 0 || numPassedTests === 0)
      throw new Error(`${file}: ${failed.join(', ') || 'nothing was run'}`);
  }
}
