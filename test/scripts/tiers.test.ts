/** The two tiers: which tests belong to which tier, and what `scripts/test.mjs` reports and refuses. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { countReport, hashOfTree, minutes } from '../../scripts/lib/tiers.mjs';

const script = fileURLToPath(new URL('../../scripts/test.mjs', import.meta.url));
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [script, ...args]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stdout, stderr }) => ({ code, text: `${stdout}${stderr}` }),
  );

const report = {
  testResults: [
    {
      name: fileURLToPath(new URL('../peaks/some.test.ts', import.meta.url)),
      status: 'failed',
      assertionResults: [
        { fullName: 'a', status: 'passed', tags: [] },
        { fullName: 'of peaks', status: 'failed', tags: [], failureMessages: ['Error: 3 is not 4\n    at line 5'] },
        { fullName: 'c', status: 'skipped', tags: [] },
        { fullName: 'd', status: 'passed', tags: ['all'] },
        { fullName: 'e', status: 'skipped', tags: ['all'] },
      ],
    },
    // A file that failed to load.
    {
      name: fileURLToPath(new URL('../fft/other.test.ts', import.meta.url)),
      status: 'failed',
      message: 'no such module',
      assertionResults: [],
    },
  ],
};

test('a tier counts only its own tests: those of the other are neither passed nor skipped', () => {
  const unloaded = 'test/fft/other.test.ts: does not load: no such module';
  const names = ['test/peaks/some.test.ts: of peaks: Error: 3 is not 4', unloaded];
  expect(countReport(report, 'first')).toEqual({ passed: 1, failed: 2, skipped: 1, later: 2, names });
  expect(countReport(report, 'rest')).toEqual({ passed: 1, failed: 1, skipped: 1, later: 0, names: [unloaded] });
  expect(countReport(report, 'whole')).toEqual({ passed: 2, failed: 2, skipped: 2, later: 0, names });
});

test('a tree is identified by the content of its files', async () => {
  expect(await hashOfTree()).toMatch(/^[0-9a-f]{64}$/);
  expect(await hashOfTree()).toBe(await hashOfTree());
});

test('the minutes of both tiers are the same wherever they are stated', async () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
  expect(page).toContain(`first tier: about ${minutes.first} minutes after the build`);
  expect(page).toContain(`everything once, in about ${minutes.whole} minutes on two processors`);
  expect((await run('--help')).text).toContain(`about ${minutes.first} minutes`);
});

test('the help names both tiers and every step; unknown words are refused', async () => {
  const help = await run('--help');
  expect(help.code).toBe(0);
  for (const word of [
    'npm run test:all',
    '--after',
    'npm test -- ROOM',
    'vitest, package, matrix, mutants',
    '@module-tag all',
  ])
    expect(help.text).toContain(word);
  expect(await run('--al')).toMatchObject({ code: 2, text: expect.stringContaining('unknown option --al') });
  expect(await run('--after')).toMatchObject({ code: 2, text: expect.stringContaining('--after') });
  expect(await run('fff')).toMatchObject({ code: 2, text: expect.stringContaining('there is no step or room fff') });
});
