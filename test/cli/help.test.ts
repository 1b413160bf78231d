/** `--help` in groups, within the terminal; `ewald help OPTION` explains an option of all commands. */
import { Command } from 'commander';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CliDeps } from '../../src/cli/output.js';
import { ownRowsOf } from '../../src/cli/parameter-flags.js';
import { commands, runCommand } from '../../src/cli/program.js';
import { flagOf } from '../../src/options/parameter-text.js';
import { helpGroups, type Parameters } from '../../src/options/parameters.js';

const before = process.env.COLUMNS;
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  if (before === undefined) delete process.env.COLUMNS;
  else process.env.COLUMNS = before;
});

/** What a command prints on a terminal of this width. */
async function printed(words: string, width = 80): Promise<{ out: string; err: string; code: unknown }> {
  process.env.COLUMNS = String(width);
  process.exitCode = undefined;
  const [out, err]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  await runCommand(words.split(' '), new AbortController().signal);
  vi.restoreAllMocks();
  return { out: out.join(''), err: err.join(''), code: process.exitCode };
}

/** The command with its flags. */
async function loaded(name: string): Promise<Command> {
  const program = new Command('ewald');
  await commands[name]?.load().then((module) => module.register(program, name, {} as CliDeps));
  return program.commands[0] as Command;
}

const inGroups = ['index', 'reduce', 'merge', 'cell', 'info', 'convert', 'run', 'calibrate', 'view'];

test('the commands with many options have three examples, the others none', { tags: 'house' }, () => {
  const found = Object.entries(commands).flatMap(([name, { examples = [] }]) =>
    examples.length === 0 ? [] : [`${name} ${examples.length}`],
  );
  expect(found).toEqual(inGroups.map((name) => `${name} 3`).sort((a, b) => names.indexOf(a) - names.indexOf(b)));
});
const names = Object.keys(commands).map((name) => `${name} 3`);

describe.each(inGroups)('ewald %s --help', (name) => {
  test('begins with what people type, then lists the common options under headings', async () => {
    const { out, code } = await printed(`${name} --help`);
    expect(code).toBe(0);
    const [first = '', ...others] = commands[name]?.examples?.map(([, typed]) => typed) ?? [];
    expect(out.indexOf(first)).toBeGreaterThan(0);
    for (const typed of others) expect(out.indexOf(typed)).toBeLessThan(out.indexOf('\nUsage: '));
    const headings = [...out.matchAll(/^([A-Z][a-z ]+)(?: \(.*)?:$/gm)].map(([, heading = '']) =>
      heading.toLowerCase(),
    );
    const order = helpGroups.filter((group) => headings.includes(group));
    expect(headings.filter((heading) => (helpGroups as readonly string[]).includes(heading))).toEqual(order);
    expect(order.length).toBeGreaterThan(1);
    const rows = Object.entries(ownRowsOf(await loaded(name)) as Parameters);
    const listed = (flag: string): boolean => new RegExp(`^  (-\\w, )?${flag}\\b(?!-)`, 'm').test(out);
    const wrong = rows.filter(([key, row]) => row.flag !== null && listed(flagOf(key, row)) !== (row.common ?? false));
    expect(wrong.map(([key]) => key)).toEqual([]);
    const hidden = Number(/(\d+) further options: ewald \w+ --help all/.exec(out.replace(/\s+/g, ' '))?.[1] ?? 0);
    const { out: whole } = await printed(`${name} --help all`);
    const count = (text: string): number => text.match(/^ {2}(-\w, )?--/gm)?.length ?? 0;
    expect(count(whole) - count(out)).toBe(hidden);
    // The whole list has every flag.
    for (const option of (await loaded(name)).options) expect(whole).toMatch(new RegExp(`${option.long}\\b`));
  });

  test('every option has a heading', async () => {
    const lacking = Object.entries(ownRowsOf(await loaded(name))).filter(
      ([, { group, flag }]) => !group && flag !== null,
    );
    expect(lacking.map(([key]) => key)).toEqual([]);
  });
});

test('headings state the units of their options, which do not repeat them', async () => {
  const { out } = await printed('index --help');
  const flat = out.replace(/\s+/g, ' ');
  expect(flat).toContain('Peaks (units of the frame: --threshold; pixels: --local-bg-radius):');
  expect(flat).toContain('Integration (pixels: --int-radius; 1/nm: --push-res; angstrom: --highres):');
  expect(flat).toContain('own peaks; below 0: less far (default: inf)');
});

test.each([60, 80, 200])('no help has a line wider than %i columns', { tags: 'all' }, async (width) => {
  const wide: string[] = [];
  let widest = 0;
  const check = (words: string, text: string): void => {
    for (const line of text.split('\n')) {
      widest = Math.max(widest, line.length);
      // A command that people type is not broken.
      if (line.length > Math.max(width, line.startsWith('    ewald ') ? 80 : 0)) wide.push(`${words}: ${line}`);
    }
  };
  // The library of the commands with one list needs more than 60 columns.
  for (const name of width < 80 ? inGroups : Object.keys(commands)) {
    for (const more of inGroups.includes(name) ? ['', ' all'] : [''])
      check(name, (await printed(`${name} --help${more}`, width)).out);
    for (const child of width < 80 ? [] : (await loaded(name)).commands)
      check(name, (await printed(`${name} ${child.name()} --help`, width)).out);
  }
  for (const option of ['threshold', 'output', '--geometry'])
    check(option, (await printed(`help ${option}`, width)).out);
  expect(wide).toEqual([]);
  expect(widest).toBeGreaterThan(width - 12);
});

test('the general help says how to ask for the options of a command, and for one option', async () => {
  const { out } = await printed('--help');
  expect(out).toContain('ewald COMMAND --help lists the options of a command.\n');
  expect(out).toContain('ewald help threshold, or ewald help --cell, explains one option.\n');
});

test.each([
  ['help index', 'ewald index --help'],
  ['help index all', 'ewald index --help all'],
  ['help simulate spots', 'ewald simulate spots --help'],
  ['simulate help', 'ewald simulate --help'],
  ['simulate help spots', 'ewald simulate spots --help'],
])('%s names the one way to ask for the help of a command', async (words, meant) => {
  const { out, err, code } = await printed(words);
  expect([out, err, code]).toEqual(['', expect.stringContaining(`did you mean ${meant}?`), 2]);
});

test('help alone lists the commands', async () => {
  const { out } = await printed('--help');
  for (const words of ['help', 'help --help', 'help help']) expect((await printed(words)).out).toBe(out);
});

describe('ewald help OPTION', () => {
  test('explains an option with its unit, range, default, reason and counterpart', async () => {
    const { out, code } = await printed('help min-peaks');
    expect([code, out.replace(/\s+/g, ' ')]).toEqual([
      undefined,
      '--min-peaks (ewald index, ewald reduce) Frames with fewer peaks are no hits and are not indexed. values 0 … 1048576 ' +
        'default 5; 3 with primitive cells up to 6000 Å³ used by detector frames, a stream as input JavaScript minPeaks CrystFEL --min-peaks of ' +
        'indexamajig: its default of 0 counts every frame as a hit, so that there would be no hit rate ',
    ]);
  });

  test.each(['minPeaks', '--min-peaks', 'min-peaks'])('finds it as %s', async (word) => {
    const { out } = await printed(`help ${word} --json`);
    expect(JSON.parse(out)).toEqual([expect.objectContaining({ flag: '--min-peaks', option: 'minPeaks' })]);
  });

  test('tells options of one name apart, by command', async () => {
    const all = JSON.parse((await printed('help min-snr --json')).out) as { commands: string[]; default: string }[];
    expect(all.map((one) => one.commands)).toEqual([['index', 'reduce', 'cell'], ['merge']]);
    expect(all[1]?.default).toBe('-inf');
    const short = JSON.parse((await printed('help -j --json')).out) as { flag: string }[];
    expect([...new Set(short.map(({ flag }) => flag))]).toEqual(['--jobs']);
    // A word that is also a command is not the option; with dashes it is.
    expect((await printed('help cell')).err).toContain('did you mean ewald cell --help?');
    expect((await printed('help --cell')).out).toMatch(/^-p, --cell {2}\(ewald index/);
  });

  test('finds switches by either name, with the text of the flag', async () => {
    const [one] = JSON.parse((await printed('help checksums --json')).out) as { flag: string; values: string }[];
    expect(one).toMatchObject({ flag: '--no-checksums', values: 'none: it is given, or not' });
    expect((await printed('help --no-checksums --json')).out).toContain('"--no-checksums"');
  });

  test.each([
    ['tresholt', '"tresholt"; did you mean "threshold"'],
    ['indx', '"indx"; did you mean "index"'],
    ['--nothing-like-it', '"--nothing-like-it"; expected one of index, '],
    ['constructor', '"constructor"; expected one of index, '],
    ['-', '"-"; expected one of index, '],
  ])('names what is near %s', async (word, message) => {
    const { out, err, code } = await printed(`help ${word}`);
    expect([out, err, code]).toEqual(['', expect.stringContaining(`there is no command and no option ${message}`), 2]);
  });
});

test.each([
  ['indexamajig', 'index'],
  ['partialator', 'merge'],
])('%s is a command of CrystFEL, whose line ewald %s takes', async (word, command) => {
  const { err, code } = await printed(`${word} -i files.lst`);
  expect([err, code]).toEqual([
    expect.stringContaining(`; ewald ${command} --compat crystfel takes its command line`),
    2,
  ]);
});

test.each(['0', '-5', 'wide', '', '12.5', '1e9'])('COLUMNS=%s is no reason to fail', async (columns) => {
  await printed('merge --help');
  process.env.COLUMNS = columns;
  const out: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  await runCommand(['merge', '--help'], new AbortController().signal);
  expect(out.join('')).toContain('--symmetry');
});
