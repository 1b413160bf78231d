#!/usr/bin/env node
// Advice on the state of the house, which never fails: `npm run house [-- FILE…]` prints each rule of style, size and
// freshness that is broken more often than scripts/house-known.json says, and what breaks it; all rules with --all.
// --record writes that file anew. The rules are the tests with the tag `house`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { filterOf, readRecords } from './lib/results.mjs';
import { root, run, tail } from './lib/run.mjs';
import { paint, say } from './lib/say.mjs';

const args = process.argv.slice(2);
const files = args.filter((word) => !word.startsWith('-'));
const results = join(root, 'build/test/house.jsonl');
const { output } = await run(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...['--project', 'node', '--project', 'platform', ...filterOf('house'), ...files],
    '--reporter=./scripts/lib/results-reporter.mjs',
  ],
  { env: { EWALD_TEST_RESULTS: results, EWALD_TEST_COMMAND: 'house', NO_COLOR: '1', FORCE_COLOR: undefined } },
);
const records = readRecords(results).filter(
  ({ name, tags, state }) => name && tags?.includes('house') && state !== 'skipped',
);
if (records.length === 0) say('house', `no rule was looked at:\n${tail(output, 20)}`);

/** The lines of a failure that name a breach: what was found and not expected, or one if it says it in words. */
const breaches = ({ diff = '' }) => {
  const lines = diff.split('\n').filter((line) => /^\s*\+ {2,}\S/.test(line));
  return Math.max(1, lines.filter((line) => !/^\s*\+\s*[[\]{}],?$/.test(line)).length);
};
const places = records.map((record) => ({
  ...record,
  rule: `${relative(join(root, 'test'), record.file)}: ${record.name}`,
  found: record.state === 'passed' ? 0 : breaches(record),
}));
const path = join(root, 'scripts/house-known.json');
const before = JSON.parse(readFileSync(path, 'utf8'));
const known = args.includes('--record') ? recorded() : before;

/** Writes how often each rule is broken now; those that were not looked at stay as they were. */
function recorded() {
  const looked = new Set(places.map(({ rule }) => rule));
  const others = files.length > 0 ? Object.entries(before).filter(([rule]) => !looked.has(rule)) : [];
  const open = places.filter(({ found }) => found > 0).map(({ rule, found }) => [rule, found]);
  const counts = Object.fromEntries([...others, ...open].sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify(counts, null, 2)}\n`);
  return counts;
}
const toSay = places.filter(({ rule, found }) => found > (known[rule] ?? 0));
for (const { rule, found, message = '', diff = '' } of args.includes('--all') ? places : toSay) {
  console.log(`${found === 0 ? paint('green', 'holds  ') : paint('yellow', 'advises')}  ${rule}`);
  if (found > 0) console.log(`${message}\n${diff}`.split('\n').slice(0, 60).join('\n').replace(/^/gm, '           '));
}
for (const { rule, found } of places)
  if (found < (known[rule] ?? 0))
    console.log(`${paint('green', 'better ')}  ${rule}: ${found} for ${known[rule]}; --record lowers the number`);
const layout = await run(process.execPath, ['scripts/layout.mjs', '--check']);
if (layout.code !== 0) console.log(`${paint('yellow', 'advises')}  generated files: ${tail(layout.output, 12)}`);
const open = Object.keys(known).length;
say(
  'house',
  `${places.length + 1} rules, ${toSay.length + (layout.code === 0 ? 0 : 1)} to look at, ${open} known to be open`,
);
