/** Flags that are without effect without another one are refused without it, in every command that has both. */
import { describe, expect, test } from 'vitest';
import { command as index } from '../../src/cli/frame-rows.js';
import { command as merge } from '../../src/cli/merge-rows.js';
import { flagKey, flagValues } from '../../src/cli/parameter-flags.js';
import { command as run } from '../../src/cli/run-rows.js';
import { command as view } from '../../src/cli/view-rows.js';
import { command as worker } from '../../src/cli/worker-rows.js';
import type { Parameter, Parameters } from '../../src/options/parameters.js';
import { ewaldTogether } from '../support/cli.js';

const commands: Readonly<Record<string, Parameters>> = Object.fromEntries(
  Object.entries({ run, index, merge, view, worker }).map(([name, { rows }]) => [name, rows]),
);

/** A text that the flag of a row takes. */
function textOf({ kind, choices, fallback, range }: Parameter): unknown {
  if (kind === 'boolean') return fallback !== true;
  if (kind === 'texts') return ['x'];
  if (kind === 'choice') return choices?.[0];
  return range ? String(Number.isNaN(range.fallback) ? range.low : range.fallback) : 'x';
}

describe('a flag that needs another one', () => {
  test.each(Object.entries(commands))('ewald %s refuses it alone, and takes it with that', (_, rows) => {
    for (const [name, row] of Object.entries(rows)) {
      const needs = (row.needs ?? []).filter((one) => rows[one] !== undefined);
      if (needs.length === 0) continue;
      const alone = { [flagKey(name, row)]: textOf(row) };
      expect(() => flagValues(rows, alone), name).toThrow(
        `${name} belongs to ${needs.join(' or ')}; give both, or neither`,
      );
      for (const one of needs) {
        const other = rows[one] as Parameter;
        expect(Object.keys(flagValues(rows, { ...alone, [flagKey(one, other)]: textOf(other) })), name).toContain(name);
      }
    }
  });

  test.each([
    [['run', 'sum', 'x.npy', '--html-mb', '5'], '--html-mb belongs to --html'],
    [['run', 'sum', 'x.npy', '--no-stay'], '--no-stay belongs to --view'],
    [['run', 'sum', 'x.npy', '--param', 'a=1'], '--param belongs to --udf'],
    [['run', 'sum', 'x.npy', '--base-url', '/x/'], '--base-url belongs to --view or --status'],
    [['index', 'x.h5', '--no-stay'], '--no-stay belongs to --view'],
    [['index', 'x.h5', '--profile-range', '1:2'], '--profile-range belongs to --radial-profile'],
    [['index', 'x.h5', '--wanted', 'complete=95%@2.0A'], '--wanted belongs to --merge'],
    [['view', 'x.npy', '--html-mb', '5'], '--html-mb belongs to --save'],
    [['view', '--zmq-pull'], '--zmq-pull belongs to --zmq-input'],
    [['worker', '--allow-host', 'x'], '--allow-host belongs to --status'],
  ])('%j', async (words, message) => {
    const { code, err } = await ewaldTogether(words);
    expect([code, err.trim()]).toEqual([2, `ewald: ${message}; give both, or neither`]);
  });
});
