/**
 * Every row of the case tables on every platform; `npm test` runs only halves of the WebGPU tables on a software GPU.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { softwareVulkan } from '../../scripts/lib/chromium.mjs';

export const name = 'rows';
/** A summary of the loop. */
export const about = 'every row of the case tables on WebGPU in Node, and in a window and a worker of Chromium';
/** Approximate duration. */
export const minutes = 30;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the same rows at every scale; throws if a row fails or if nothing was run. */
export async function run({ note = () => {} } = {}) {
  const env = {
    ...process.env,
    ...softwareVulkan(),
    EWALD_TEST_ROWS: 'all',
    EWALD_REQUIRE: 'wasm,webgpu',
    NO_COLOR: '1',
  };
  for (const [project, file] of [
    ['node', 'test/conformance/rows.webgpu.test.ts'],
    ['chromium', 'test/conformance/chromium.browser.test.ts'],
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
    note(`${project}: ${numPassedTests} rows passed`);
    if (numFailedTests > 0 || numPassedTests === 0)
      throw new Error(`${project}: ${failed.join(', ') || 'no row was run'}`);
  }
}
