/** Flags of CrystFEL's merging programs: each is a flag of `ewald merge` or refused with what to write instead. */
import { expect, test } from 'vitest';
import { absentMergeFlags, refuseAbsentMergeFlags } from '../../src/cli/crystfel-flags.js';
import { executorRows } from '../../src/cli/executor-flags.js';
import { rows } from '../../src/cli/merge.js';
import { flagOf, type Parameters } from '../../src/entries/shell.node.js';
import { ewaldTogether } from '../support/cli.js';

/** The flags of the manuals of partialator and process_hkl. */
const manual = [
  ...['-i', '--input', '-o', '--output', '--output-every-cycle', '-y', '--symmetry', '--start-after', '--stop-after'],
  ...['-n', '--iterations', '--no-scale', '--no-Bscale', '--no-pr', '--no-deltacchalf', '-m', '--model', '-j'],
  ...['--min-measurements', '--no-polarisation', '--polarisation', '--max-adu', '--min-res', '--push-res', '--no-free'],
  ...['--custom-split', '--max-rel-B', '--no-logs', '--log-folder', '-w', '--operator', '--force-bandwidth'],
  ...['--force-radius', '--force-lambda', '--harvest-file', '-g', '--histogram', '-z', '--hist-parameters', '--scale'],
  ...['--min-snr', '--min-cc', '--stat'],
];

/** All flags of the command, long and short. */
const flags = new Set(
  Object.entries({ ...rows, ...executorRows } as Parameters).flatMap(([name, row]) => {
    const flag = flagOf(name, row);
    const off = `--no-${flag.replace(/^--(no-)?/, '')}`;
    return [
      flag,
      ...(row.short === undefined ? [] : [`-${row.short}`]),
      ...('off' in row || 'without' in row ? [off] : []),
    ];
  }),
);

test.each(manual)('%s', (flag) => {
  if (flags.has(flag)) {
    expect(Object.keys(absentMergeFlags)).not.toContain(flag);
    return;
  }
  for (const word of [flag, `${flag}=1`])
    expect(() => refuseAbsentMergeFlags(['a.stream', word])).toThrow(
      expect.objectContaining({
        tag: 'Unsupported',
        message: expect.stringContaining(`${flag} is a flag of CrystFEL`),
      }),
    );
});

test('what is written instead exists', () => {
  for (const [flag, instead] of Object.entries(absentMergeFlags)) {
    expect(manual, flag).toContain(flag);
    for (const [named] of instead.matchAll(/(?<![\w-])--?[a-z][\w-]*/g))
      expect([...flags], `${flag}: ${named}`).toContain(named);
  }
});

test('values that look like a flag are not taken for one', () => {
  refuseAbsentMergeFlags(['a.stream', '-y', '4/m', '--min-snr', '-inf', '-o', 'i.hkl', '-m', 'unity']);
});

test('the command refuses them before it reads anything', async () => {
  const { code, err } = await ewaldTogether(['merge', '-i', 'absent.stream', '-y', '4/m', '-o', 'none.hkl']);
  expect(code).not.toBe(0);
  expect(err).toMatch(/^ewald: -i is a flag of CrystFEL's merging programs .* without a flag: ewald merge a\.stream/);
});
