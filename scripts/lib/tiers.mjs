// The two tiers of tests: which results of a report belong to a tier, and which tree a first tier was run on.
import { hashOf } from './files.mjs';
import { root, run } from './run.mjs';

/**
 * The counts of a JSON report of vitest that belong to a tier: `first` is what has no tag, `rest` what has one, `whole`
 * both. Tests of the other tier are no skipped ones: `later` counts what a first tier leaves to the second.
 */
export function countReport({ testResults }, tier) {
  const counts = { passed: 0, failed: 0, skipped: 0, later: 0 };
  for (const { status, assertionResults } of testResults) {
    for (const test of assertionResults) {
      const tagged = test.tags?.includes('all');
      if (tier === 'first' && tagged) counts.later++;
      else if (tier === 'rest' && !tagged) continue;
      else counts[{ passed: 'passed', failed: 'failed' }[test.status] ?? 'skipped']++;
    }
    // A file that cannot even be loaded has no tests to fail.
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) counts.failed++;
  }
  return counts;
}

/** A hash of all files that git tracks or would track; undefined where git is not there. */
export async function hashOfTree() {
  const { code, output } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    apart: true,
  });
  if (code !== 0) return undefined;
  return hashOf(output.split('\0').filter(Boolean).sort());
}
