/**
 * Parameters are defined by rows: every flag of a command comes from a row, and every mode refuses the flags that it
 * does not use. All rows are tried in all modes; the refusals are pinned in a table that is reviewed before it is
 * changed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { flagsInUse } from '../../src/cli/frame-flags.js';
import { command, frameRows, indexRows } from '../../src/cli/frame-rows.js';
import { flagValues, nameAsFlags, withFlags } from '../../src/cli/parameter-flags.js';
import { cellSearchRows } from '../../src/indexing/parameters.js';
import { flagOf } from '../../src/options/parameter-text.js';
import { checked, expected, type Parameter, type Parameters, refuseOthers } from '../../src/options/parameters.js';
import { finderNames, libraryRows, searchRows } from '../../src/peaks/parameters.js';
import { checkSettings, type RunMode } from '../../src/pipeline/modes.js';
import { listNames, searchSettingRows } from '../../src/pipeline/parameters.js';
import { range } from '../../src/util/range.js';
import { flagSample } from './samples.js';

/** The option that commander makes from one flag. */
function typed(name: string, row: Parameter): Record<string, unknown> {
  const command = withFlags(new Command().exitOverride(), { [name]: row });
  command.parse(flagSample(name, row), { from: 'user' });
  return command.opts();
}

const modes: Record<string, RunMode> = {
  ...Object.fromEntries([...finderNames, ...listNames].map((finder) => [finder, { from: 'files', finder } as const])),
  '--no-integrate': { from: 'files', finder: 'peakfinder8', integrate: false },
  '-p none': { from: 'files', finder: 'peakfinder8', peaksAlone: true },
  '--accept-by crystfel': { from: 'files', finder: 'peakfinder8', acceptBy: 'crystfel' },
  '--follow': { from: 'files', finder: 'peakfinder8', follow: true },
  '-i list': { from: 'files', finder: 'peakfinder8', fromList: true },
  '-o stream': { from: 'files', finder: 'peakfinder8', toStream: true },
  '--zmq-input': { from: 'live', finder: 'peakfinder8' },
  stream: { from: 'stream' },
  spots: { from: 'spots' },
};

/** Flags that every mode of `ewald index` accepts. */
const everywhere = ['--cell', '--backend'];

test('every flag of ewald index is defined by a row, except those of every mode', { tags: 'house' }, () => {
  const flags = withFlags(new Command(), command.rows).options.map(({ long }) => long as string);
  const rows = Object.entries(indexRows).map(([name, row]) => flagOf(name, row));
  expect(flags.filter((flag) => !rows.includes(flag)).sort()).toEqual(everywhere.toSorted());
  expect(rows.filter((flag) => !flags.includes(flag))).toEqual([]);
});

test('a command turns the texts of its flags into values once', { tags: 'house' }, () => {
  const folder = new URL('../../src/cli/', import.meta.url);
  const often = readdirSync(folder).filter((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8').replace('export function flagValues<', '');
    return text.split('flagValues(').length > text.split('.action(').length;
  });
  expect(often).toEqual([]);
});

test('each mode refuses by name each flag that it does not use', async () => {
  const names = Object.keys(modes);
  const lines = [`${' '.repeat(24)}${names.join(' | ')}`];
  for (const [name, row] of Object.entries(indexRows as Parameters)) {
    const flag = flagOf(name, row);
    const cells = names.map((mode) => {
      try {
        // The mode decides, regardless of the flag.
        const flags = flagValues(indexRows, typed(name, row));
        flagsInUse(flags, { toStream: false, ...modes[mode] } as RunMode, 'in.put');
        return 'used'.padEnd(mode.length);
      } catch (error) {
        expect(error).toMatchObject({ tag: 'Argument' });
        // Flags that belong to others than modes have the words of the library, with the name of the option.
        expect((error as Error).message).toMatch(new RegExp(`^(?:${flag}|${name}) belongs to `));
        return '-'.padEnd(mode.length);
      }
    });
    lines.push(`${flag.padEnd(24)}${cells.join(' | ')}`.trimEnd());
  }
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('pinned/modes.txt');
});

test('each option of the library is refused in the modes that refuse its flag', () => {
  const run = (name: string, settings: object): string => {
    const row = (searchSettingRows as Parameters)[name] as Parameter;
    const value = flagValues({ [name]: row }, typed(name, row))[name];
    try {
      checkSettings('pipeline', { [name]: row.kind === 'boolean' ? !row.fallback : value, ...settings });
      return 'used';
    } catch (error) {
      return (error as Error).message.replace(/;.*/, '');
    }
  };
  expect(run('pushRes', {})).toBe('used');
  expect(run('pushRes', { integrate: false })).toBe('pipeline: pushRes belongs to integration');
  expect(run('intRadius', { cells: [] })).toMatch('pipeline: intRadius belongs to integration and zaef');
  expect(run('intRadius', { integrate: false, finder: 'zaef' })).toBe('used');
  expect(run('tolerance', {})).toBe("pipeline: tolerance belongs to CrystFEL's rule");
  expect(run('tolerance', { acceptBy: 'crystfel' })).toBe('used');
  expect(run('hdf5Peaks', {})).toBe('pipeline: hdf5Peaks belongs to cxi and hdf5');
  expect(run('maxSpots', { cells: [] })).toBe('pipeline: maxSpots belongs to indexing');
  for (const finder of finderNames)
    for (const [name, row] of Object.entries(searchRows as Parameters)) {
      const [value] = Object.values(flagValues({ [name]: row }, typed(name, row)));
      const call = () => checkSettings('pipeline', { finder, peaks: { [name]: value } });
      if (row.of?.includes(finder)) expect(call).not.toThrow();
      else expect(call).toThrow(`pipeline: peaks.${name} belongs to `);
    }
});

test('a flag has the name of its option, except for those of other programs', { tags: 'house' }, () => {
  const tables: Parameters = { ...indexRows, ...cellSearchRows };
  const others = Object.entries(tables).flatMap(([name, { flag }]) =>
    flag == null || flag === name ? [] : [[name, flag]],
  );
  expect(others).toEqual([
    ['acceptLog10', 'accept'],
    ['wavelengthA', 'wavelength'],
    ['mosaicityRad', 'mosaicity'],
    ['thicknessA', 'thickness'],
    // Flags are named without units; `peaks` is CrystFEL's.
    ['maxLengthA', 'max-length'],
    ['finder', 'peaks'],
    ['rois', 'roi'],
    ['firstFramesTimeoutS', 'first-frames-timeout'],
    ['allowHosts', 'allow-host'],
    ['frameAncestors', 'frame-ancestors'],
    ['trustProxies', 'trust-proxy'],
    ['minLengthA', 'min-length'],
  ]);
});

describe('a row', () => {
  const rows = {
    radius: { kind: 'number', sentence: 'radius', short: 'r', range: range(0, 10, 1), of: ['disk'] },
    radii: { kind: 'numbers', count: 3, rising: true, sentence: 'radii', range: range(1, 64, 1) },
    open: { kind: 'number', sentence: 'open', range: range(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0) },
    how: { kind: 'choice', sentence: 'how', choices: ['fast', 'exact'] },
  } as const satisfies Parameters;

  test('is refused under the name that was typed', () => {
    const said = (words: string[]) => nameAsFlags(rows, words);
    expect(() => flagValues(rows, { radius: '-3' }, said(['-r', '-3']))).toThrow(
      '-r is "-3"; expected a number from 0 to 10',
    );
    expect(() => flagValues(rows, { radius: '-3' }, said(['--radius=-3']))).toThrow('--radius is "-3"');
    expect(() => checked(rows, { radius: -3 })).toThrow(/^radius is -3; expected a number from 0 to 10$/);
    expect(() => checked(rows, { how: 'fst' })).toThrow(
      'how is "fst"; expected one of fast, exact (did you mean "fast"?)',
    );
  });

  test('accepts exactly the values that it allows', () => {
    const value = (name: keyof typeof rows, text: string) => () => flagValues(rows, { [name]: text })[name];
    expect(value('open', 'inf')()).toBe(Number.POSITIVE_INFINITY);
    expect(value('open', '-Infinity')()).toBe(Number.NEGATIVE_INFINITY);
    expect(value('open', '-1e3')()).toBe(-1000);
    expect(value('open', '1_000')()).toBe(1000);
    for (const bad of ['', ' ', 'x', 'nan', '1,2', 'Infinit']) expect(value('open', bad)).toThrow('--open is');
    expect(value('radii', '4,5,7')()).toEqual([4, 5, 7]);
    expect(value('radii', '4,4,7')()).toEqual([4, 4, 7]);
    for (const bad of ['4,5', '4,5,7,9', '5,4,7', '4,5,5', '4,5,65', '4,,7', '4,5,x'])
      expect(value('radii', bad)).toThrow(expected(rows.radii));
  });

  test('is refused by name if it is not used', () => {
    const mode = { stages: ['ring'], because: () => 'this is a ring' };
    expect(() => refuseOthers(rows, { radius: 3 }, mode)).toThrow('radius belongs to disk; this is a ring');
    expect(() => refuseOthers(rows, { how: 'fast' }, mode)).not.toThrow();
  });
});

test('descriptions of rows are sentences of one form', { tags: 'house' }, () => {
  for (const [name, { sentence }] of Object.entries({
    ...indexRows,
    ...frameRows,
    ...libraryRows,
    ...cellSearchRows,
  })) {
    expect(sentence, name).toMatch(/^[^A-Z]|^[A-Z][a-zA-Z]*[A-Z]|^(CrystFEL|TLS) /);
    expect(sentence, name).not.toMatch(/\.$/);
  }
});
