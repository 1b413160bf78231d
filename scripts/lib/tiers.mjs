// The two tiers of tests: which results of a report belong to a tier, and for which tree a first tier was run.
import { relative } from 'node:path';
import { hashOf } from './files.mjs';
import { root, run } from './run.mjs';

/**
 * About how many minutes the tests take on two processors: those of `npm test` after the build, and those of the CI,
 * which are all of them and the build.
 */
export const minutes = { first: 16, whole: 40 };

/**
 * Counts the results of a JSON report of vitest that belong to a tier: `first` has the tests without a tag, `rest`
 * those with one, `whole` has both. Tests of the other tier do not count as skipped: `later` is the number of tests
 * that a first tier leaves to the second. `names` are the failed tests, each with its file and the first line of its
 * message.
 */
export function countReport({ testResults }, tier) {
  const counts = { passed: 0, failed: 0, skipped: 0, later: 0, names: [] };
  for (const { name: file, status, message, assertionResults } of testResults) {
    for (const test of assertionResults) {
      const tagged = test.tags?.includes('all');
      if (tier === 'first' && tagged) counts.later++;
      else if (tier === 'rest' && !tagged) continue;
      else counts[{ passed: 'passed', failed: 'failed' }[test.status] ?? 'skipped']++;
      if (test.status === 'failed') counts.names.push(named(file, test.fullName, test.failureMessages?.[0]));
    }
    // A file that fails to load reports no failing tests.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
      counts.failed++;
      counts.names.push(named(file, 'does not load', message));
    }
  }
  return counts;
}

/** A failed test in one line. */
function named(file, test, message = '') {
  const line = message.split('\n').find((text) => text.trim()) ?? '';
  return `${relative(root, file)}: ${test}: ${line.trim().slice(0, 240)}`;
}

/** A hash of all files that git tracks or would track; undefined where git is unavailable. */
export async function hashOfTree() {
  const { code, output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    apart: true,
  });
  if (code !== 0) return undefined;
  return hashOf(output.split('\0').filter(Boolean).sort());
}
