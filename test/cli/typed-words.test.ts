/**
 * What is typed in place of a flag or of its value: laws over the rows of all flags of all commands. A parser takes each
 * of these words, writes a file of that name, and ends with 0.
 */
import { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CliDeps } from '../../src/cli/output.js';
import { attachBareValues, flagValues, RowFlag } from '../../src/cli/parameter-flags.js';
import { commands } from '../../src/cli/program.js';
import { meantWords, takesFile } from '../../src/cli/typed-words.js';
import type { Parameter } from '../../src/options/parameters.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { sample } from './samples.js';

/** A flag of a command, with the words that name the command. */
interface Flag {
  readonly program: Command;
  readonly command: Command;
  readonly words: readonly string[];
  readonly long: string;
  readonly short: string | undefined;
  readonly name: string;
  readonly row: Parameter;
}
const flags: Flag[] = [];
beforeAll(async () => {
  for (const [name, { load }] of Object.entries(commands)) {
    const program = new Command('ewald');
    (await load()).register(program, name, {} as CliDeps);
    const walk = (command: Command, words: readonly string[]): void => {
      for (const child of command.commands) walk(child, [...words, child.name()]);
      for (const option of command.commands.length > 0 ? [] : command.options) {
        if (!(option instanceof RowFlag) || !option.required || option.negate || !option.long) continue;
        const [[row, about] = []] = Object.entries(option.rows);
        if (row === undefined || about === undefined || about.value?.endsWith('...')) continue;
        const { long, short } = option;
        flags.push({ program, command, words, long, short, name: row, row: about });
      }
    };
    walk(program, []);
  }
});

/** What a command makes of words after its name: the words, or the message of a refusal. */
function meantBy({ program, words }: Flag, typed: readonly string[]): readonly string[] | string {
  try {
    return meantWords([...words, ...typed], program).slice(words.length);
  } catch (error) {
    return (error as Error).message;
  }
}

const isText = ({ row }: Flag): boolean => row.kind === 'text' || row.kind === 'texts';
/** Each flag as it may be typed: its long name, and its letter. */
const namesOf = ({ long, short }: Flag): string[] => (short === undefined ? [long] : [long, short]);

describe('of all flags of all commands', () => {
  /** The flags for which a law does not hold, each with what it was taken for. */
  function broken(law: (flag: Flag) => string | undefined, among: (flag: Flag) => boolean, least: number): void {
    const tried = flags.filter(among);
    const faults = tried.flatMap((flag) => {
      const fault = law(flag);
      return fault === undefined ? [] : [`ewald ${flag.words.join(' ')} ${flag.long}: ${fault}`];
    });
    expect(faults).toEqual([]);
    expect(tried.length).toBeGreaterThan(least);
  }

  test('a value is the word behind the flag, behind =, or behind the letter', () => {
    broken(
      (flag) => {
        const value = sample(flag.row);
        const found = [
          meantBy(flag, [flag.long, value]),
          meantBy(flag, [`${flag.long}=${value}`]),
          ...(flag.short ? [[flag.short, value], [`${flag.short}${value}`], [`${flag.short}=${value}`]] : []).map(
            (typed) => meantBy(flag, typed),
          ),
        ];
        const wanted = [
          [flag.long, value],
          [`${flag.long}=${value}`],
          ...(flag.short ? Array.from({ length: 3 }, () => [flag.short, value]) : []),
        ];
        return JSON.stringify(found) === JSON.stringify(wanted) ? undefined : JSON.stringify(found);
      },
      () => true,
      350,
    );
  });

  test('the next flag is no value of a text, in any of its forms', { tags: 'all' }, () => {
    broken(
      (flag) => {
        const others = flag.command.options.flatMap(({ long, short }) => [long ?? [], short ?? []].flat());
        for (const name of namesOf(flag))
          for (const next of [...others.filter((_, i) => i % 11 === flag.long.length % 11), '--nonesuch', '--json=1']) {
            const found = meantBy(flag, [name, next]);
            if (typeof found !== 'string' || !found.startsWith(`${name} needs a value, and "${next}" follows`))
              return `${name} ${next} is ${JSON.stringify(found)}`;
          }
        return undefined;
      },
      isText,
      150,
    );
  });

  test('a file has no name that begins as a flag does, with =, ~ or a mark of a word processor, but with ./', () => {
    broken(
      (flag) => {
        for (const value of ['--x', '-x', '=x', '~/x', '~', '“x”', '\u00a0x', '–x', '−x']) {
          for (const typed of [
            [flag.long, value],
            [`${flag.long}=${value}`],
            ...(flag.short ? [[flag.short, value]] : []),
          ]) {
            const found = meantBy(flag, typed);
            if (typeof found !== 'string') return `${typed.join(' ')} is ${JSON.stringify(found)}`;
          }
          const plain = meantBy(flag, [flag.long, `./${value}`]);
          if (typeof plain === 'string') return plain;
        }
        // Standard output, and names with these characters inside.
        for (const value of ['-', 'a-b', 'a=b', 'a~', 'Käse–1.h5'])
          if (typeof meantBy(flag, [flag.long, value]) === 'string') return `${value} is refused`;
        return undefined;
      },
      ({ row }) => takesFile(row),
      90,
    );
  });

  test('one dash before a long name is refused, with the two that were meant', () => {
    broken(
      (flag) => {
        for (const rest of ['', '=x', '=']) {
          const found = meantBy(flag, [`-${flag.long.slice(2)}${rest}`]);
          const said = `did you mean ${flag.long}${rest}?`;
          if (typeof found !== 'string' || !found.endsWith(said)) return JSON.stringify(found);
        }
        return undefined;
      },
      ({ long }) => long.length > 3,
      330,
    );
  });

  test('a dash that no keyboard has is named, and the flag that was meant', () => {
    broken(
      (flag) => {
        for (const [mark, code] of [
          ['–', '2013'],
          ['—', '2014'],
          ['−', '2212'],
          ['‑', '2011'],
          ['-–', '2013'],
        ]) {
          const found = meantBy(flag, [`${mark}${flag.long.slice(2)}`]);
          if (typeof found !== 'string' || !found.includes(`(U+${code})`) || !found.includes(`; type ${flag.long};`))
            return JSON.stringify(found);
          const short = flag.short && meantBy(flag, [`${mark}${flag.short.slice(1)}`, 'x']);
          if (short !== undefined && !`${short}`.includes(`type ${flag.short};`)) return JSON.stringify(short);
        }
        return undefined;
      },
      ({ long }) => long.length > 3,
      330,
    );
  });

  test('an empty value is refused by the name of its flag, unless it has a meaning', { tags: 'all' }, () => {
    broken(
      ({ program, words, long, short, name, row }) => {
        for (const typed of [[long, ''], [`${long}=`], [long, ' '], ...(short ? [[`${short}=`], [short, '']] : [])]) {
          const fresh = new Command('ewald').exitOverride();
          fresh.addOption(program.commands.flatMap(optionsOf).find((one) => one.long === long) as RowFlag);
          const line = meantWords([...words, ...typed], program).slice(words.length);
          fresh.parse(attachBareValues(line, { [name]: row }), { from: 'user' });
          try {
            flagValues({ [name]: row }, fresh.opts(), () => long);
            return `${typed.join(' ')} is taken`;
          } catch (error) {
            if (!(error as Error).message.startsWith(`${long} is `)) return (error as Error).message;
          }
        }
        return undefined;
      },
      ({ row }) => row.mayBeEmpty !== true,
      350,
    );
  });
});

const optionsOf = (command: Command): RowFlag[] => [
  ...command.options.filter((one): one is RowFlag => one instanceof RowFlag),
  ...command.commands.flatMap(optionsOf),
];

test('every text of a flag is a name of a file, or known not to be one', { tags: 'house' }, () => {
  const others = flags.filter((flag) => isText(flag) && !takesFile(flag.row)).map(({ row }) => row.value ?? 'text');
  expect([...new Set(others)].sort()).toMatchInlineSnapshot(`
    [
      "address",
      "alarm",
      "beam",
      "command",
      "field",
      "first:end",
      "first:end:step",
      "goal",
      "grid",
      "group",
      "host",
      "how",
      "i/n",
      "labels",
      "limits",
      "low:high",
      "method",
      "name",
      "name=value",
      "name[=value]",
      "names",
      "operation",
      "origin",
      "prefix",
      "region",
      "run",
      "text",
      "url",
      "where",
      "x,y",
    ]
  `);
});

test.for([
  [['index', 'a.h5', '-output=x'], '-output=x has one dash, and would be -o utput=x; did you mean --output=x?'],
  [['index', 'a.h5', '-o', '--multi'], '-o needs a value, and "--multi" follows, which is a flag; type -o <stream>'],
  [['merge', 'a.stream', '--html', '--json'], '--html needs a value, and "--json" follows'],
  [['run', 'sum', 'a.npy', '–o', 'x'], '–o has "–" (U+2013)'],
  [['geometry', 'check', 'a.geom', '--output==x'], '--output is "=x", which begins with "="'],
  [['info', ''], 'an argument is empty, as a variable that is not set leaves it; expected <files...>'],
  [['convert', 'a.h5', '-o', ''], '-o is empty, as a variable that is not set leaves it; expected -o <out>'],
] as const)('ewald %j runs nothing', async ([words, message]) => {
  const { code, out, err } = await ewald(words);
  expect([code, out, err]).toEqual([2, '', expect.stringContaining(`ewald: ${message}`)]);
});

test('what stands behind -- is a file', async () => {
  const { err } = await ewald(['info', '--', '–x', '--json']);
  expect(err).toMatch(/–x[\s\S]*--json/);
});
