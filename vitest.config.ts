// A test with a tag, or a file with `@module-tag`, is left to another command than `npm test` (test/README.md). Three
// projects: `node` and `chromium` hold the tests proper, `platform` what concerns the package as a whole. Tests of
// public behaviour import what ships: 'ewald' in Node, dist/index.browser.js in Chromium.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { chromiumArgs, findChromium, softwareVulkan } from './scripts/lib/chromium.mjs';
import { filesUnder } from './scripts/lib/files.mjs';
import { wgsl } from './scripts/wgsl-plugin.mjs';
import { redirecting } from './test/support/redirecting.js';
import { unpacking } from './test/support/unpacking.js';

/** A page with these headers is cross-origin isolated and has SharedArrayBuffer. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};
/** The data with known answers, which pages fetch from the test's own server. */
const data = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data');
/** Pages do not see the environment. */
const env = {
  EWALD_REQUIRE: process.env.EWALD_REQUIRE ?? '',
  EWALD_TEST_ROOM: process.env.EWALD_TEST_ROOM ?? '',
  EWALD_TEST_ROWS: process.env.EWALD_TEST_ROWS ?? '',
  EWALD_TEST_DATA: existsSync(join(data, 'README.md')) ? `/@fs${data}` : '',
};
/** WebGPU devices have the default limits of the specification, not those of the software adapter. */
const defaultLimits = 'test/support/default-limits.ts';

/** Node itself imports what was built: as modules of Vite it would load, and run, several times slower. */
const asBuilt = { deps: { external: [/\/dist\/[^/]+\.js$/, /\/test\/.+\.mjs$/] } };

/** Slow machines take seconds for what a page does at once; the default of one second is for fast ones. */
const patient = { poll: { timeout: 30_000 } };

/** The commands to which tests are left. Tests of `all` that talk to processes may pass at their second attempt. */
const tags = [
  { name: 'all', description: 'runs in npm run test:all', retry: 1 },
  { name: 'nightly', description: 'runs in npm run nightly', retry: 1 },
  { name: 'house', description: 'advice of npm run house' },
];
/** Only files that can hold tests of the command are opened. */
const command = process.env.EWALD_TEST_COMMAND;
const opened = (file: string): boolean => {
  const text = readFileSync(file, 'utf8');
  const [, whole] = /@module-tag (\w+)/.exec(text) ?? [];
  if (command === 'house') return whole === 'house' || text.includes("'house'");
  if (command === 'nightly') return whole === 'nightly' || text.includes("'nightly'") || text.includes('variants(');
  if (command === 'quick') return whole === undefined;
  return command !== 'all' || whole === undefined || whole === 'all';
};
const tests = filesUnder('test', (file: string) => file.endsWith('.test.ts')).filter(opened);
const inBrowser = tests.filter((file) => file.endsWith('.browser.test.ts'));
const ofPackage = tests.filter((file) => file.startsWith('test/platform/'));
const inNode = tests.filter((file) => !file.endsWith('.browser.test.ts') && !file.startsWith('test/platform/'));

/**
 * The case tables first, because they take longest; then files of the pages, which keep several processors busy, in turn
 * with the others, many of which wait for sockets and processes.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number =>
      /conformance\/(rows|chromium)\./.test(moduleId) ? 0 : /\/test\/(pages|platform)\//.test(moduleId) ? 1 : 2;
    const [tables = [], pages = [], others = []] = [0, 1, 2].map((n) => sorted.filter((file) => rank(file) === n));
    const longer = pages.length > others.length ? pages : others;
    return [...tables, ...longer.flatMap((_, i) => [pages.slice(i, i + 1), others.slice(i, i + 1)].flat())];
  }
}

export default defineConfig({
  test: {
    tags,
    // More than there are processors: tests spend a third of their time waiting, for processes, sockets and pages, those
    // of test:all more of it.
    maxWorkers: Math.ceil((command === 'all' ? 2.5 : 1.5) * availableParallelism()),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        plugins: [wgsl()],
        test: {
          name: 'node',
          environment: 'node',
          // A worker loads the package once for all of its files: isolated, they spend a quarter of their time on it.
          isolate: false,
          server: asBuilt,
          setupFiles: [defaultLimits],
          include: inNode,
          env: softwareVulkan(),
          expect: patient,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [wgsl(), redirecting(), unpacking(data)],
        server: { headers: isolation, fs: { allow: ['.', data] } },
        test: {
          name: 'chromium',
          setupFiles: [defaultLimits],
          include: inBrowser,
          env,
          expect: patient,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            fileParallelism: false,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: findChromium() ?? '/usr/bin/chromium', args: chromiumArgs },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'platform',
          environment: 'node',
          server: asBuilt,
          include: ofPackage,
          globalSetup: 'test/platform/installed.ts',
          expect: patient,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
