// @module-tag house: a register of tests.
/** docs/faults.md and docs/live.md name a test for each fault; each of them exists. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './processes.js';

const rows = ['docs/faults.md', 'docs/live.md']
  .flatMap((file) => readFileSync(join(root, file), 'utf8').split('\n'))
  .filter((line) => line.includes(' | test/'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map((cells) => ({ fault: cells.slice(1, -2).join(' | '), named: cells.at(-2) ?? '' }));

test('the guide lists the faults that must be handled', () => {
  const faults = rows.map(({ fault }) => fault).join('\n');
  for (const word of [
    'device is lost',
    'worker dies',
    'memory',
    'buffer',
    'disk is full',
    'flush',
    'descriptors',
    'SIGHUP',
  ])
    expect(faults).toContain(word);
});

test.for(rows)('$fault: its test exists', ({ named }) => {
  const [, file = '', title = ''] = /^(test\/\S+\.test\.ts): (.+)$/.exec(named) ?? [];
  expect(existsSync(join(root, file)), file).toBe(true);
  const source = readFileSync(join(root, file), 'utf8');
  const quoted = ["'", '"', '`'].some(
    (quote) => source.includes(`${quote}${title}${quote}`) || source.includes(`${quote}${title}: %s${quote}`),
  );
  expect(quoted, `${file} has a test "${title}"`).toBe(true);
});
