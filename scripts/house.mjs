#!/usr/bin/env node
// Advice on the state of the house, which never fails: `npm run house` prints, for each rule of style, size and
// freshness, whether it holds and what does not. The rules are the tests with the tag `house`.
import { join, relative } from 'node:path';
import { filterOf, readRecords } from './lib/results.mjs';
import { root, run, tail } from './lib/run.mjs';
import { paint, say } from './lib/say.mjs';

const results = join(root, 'build/test/house.jsonl');
const { output } = await run(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...['--project', 'node', '--project', 'platform', ...filterOf('house')],
    '--reporter=./scripts/lib/results-reporter.mjs',
  ],
  { env: { EWALD_TEST_RESULTS: results, EWALD_TEST_COMMAND: 'house' } },
);
const records = readRecords(results).filter(
  ({ name, tags, state }) => name && tags?.includes('house') && state !== 'skipped',
);
if (records.length === 0) say('house', `no rule was looked at:\n${tail(output, 20)}`);
for (const { file, name, state, message = '' } of records) {
  const mark = state === 'passed' ? paint('green', 'holds  ') : paint('yellow', 'advises');
  console.log(`${mark}  ${relative(join(root, 'test'), file)}: ${name}`);
  if (state !== 'passed') console.log(message.split('\n').slice(0, 12).join('\n').replace(/^/gm, '           '));
}
const layout = await run(process.execPath, ['scripts/layout.mjs', '--check']);
console.log(
  layout.code === 0
    ? `${paint('green', 'holds  ')}  generated files are fresh`
    : `${paint('yellow', 'advises')}  generated files: ${tail(layout.output, 12)}`,
);
const open = records.filter(({ state }) => state !== 'passed').length + (layout.code === 0 ? 0 : 1);
say('house', `${records.length + 1} rules, ${open} to look at`);
