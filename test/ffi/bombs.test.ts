// Headers that expand: a few lines that need more than a machine has are refused at once, and long ones are read in
// linear time. Tested through the command, as a user would run it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHeader } from '../../dist/ffi.node.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { thrown } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-bombs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const range = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Processor time of a parse in milliseconds, the better of two runs. */
function cost(text: string, options = {}): number {
  const once = (): number => {
    const started = process.cpuUsage().user;
    try {
      parseHeader(text, options);
    } catch {
      // The time for refusals counts as well.
    }
    return (process.cpuUsage().user - started) / 1000;
  };
  return Math.min(once(), once());
}

describe('a few lines', () => {
  test.each<[string, string, RegExp]>([
    [
      'functions of functions',
      `typedef int t0(int);\n${range(60, (i) => `typedef int t${i + 1}(t${i} *, t${i} *);`)}\nint f(t60 *);`,
      /made of \d+ types/,
    ],
    ['pointers of pointers', `typedef int p0;\n${range(3000, (i) => `typedef p${i} *p${i + 1};`)}`, /deep/],
    [
      'members of functions',
      'typedef int ' +
        `t0(int);\n${range(8, (i) => `typedef int t${i + 1}(t${i} *, t${i} *);`)}\n${range(2000, (i) => `int f${i}(t8 *);`)}`,
      /take too much memory/,
    ],
    ['arrays of arrays', `struct s { int a${'[2147483648]'.repeat(4)}; };`, /2\^46/],
    [
      'structs of structs',
      `struct s0 { char c[1000]; };\n${range(30, (i) => `struct s${i + 1} { struct s${i} a[1000]; };`)}`,
      /2\^46/,
    ],
    [
      'macros of macros',
      `${range(60, (i) => `#define M${i} M${i + 1} M${i + 1}`)}\nint x = M0;`,
      /expand to more than/,
    ],
    ['macros of arguments', `#define D(x) x x\nint a = ${'D('.repeat(60)}1${')'.repeat(60)};`, /expand to more than/],
    [
      'arguments in arguments',
      `#define D(x) x\nint a = ${'D('.repeat(2000)}1${')'.repeat(2000)};`,
      /nested more than|expand to more than/,
    ],
  ])('%s', (_, text, said) => {
    // Unlimited expansion would never end: 2 ** 60 words.
    expect(thrown(() => parseHeader(text)).message).toMatch(said);
  });

  test('redeclared types that double are compared once', () => {
    const bomb = (name: string): string =>
      `typedef int ${name}0(int);\n${range(7, (i) => `typedef int ${name}${i + 1}(${name}${i} *, ${name}${i} *);`)}`;
    const text = `${bomb('a')}\n${bomb('b')}\n${range(40, (i) => `int f${i}(a7 *);\nint f${i}(b7 *);`)}`;
    expect(Object.keys(parseHeader(text).functions)).toHaveLength(40);
  });
});

describe('long headers take time in proportion to their length', () => {
  test.each<[string, (count: number) => string, object]>([
    [
      'unknown names that are passed over',
      (n) => range(n, (i) => `unknown_type_${i} f${i}(void);`),
      { skipUnsupported: true },
    ],
    ['functions', (n) => range(n, (i) => `int function_${i}(int a, double *b);`), {}],
    ['typedefs', (n) => range(n, (i) => `typedef struct s${i} *t${i};`), {}],
    ['members', (n) => `struct s { ${range(n, (i) => `int a${i};`)} };`, {}],
    ['chains of macros', (n) => `#define M0 1\n${range(n, (i) => `#define M${i + 1} (M${i} + 1)`)}`, {}],
    ['constants of an enum', (n) => `enum e { ${range(n, (i) => `A${i},`)} };`, {}],
  ])('%s', { tags: 'all' }, (_, text, options) => {
    const [short, long] = [cost(text(2000), options), cost(text(16_000), options)];
    // Eight times the length; quadratic time would be 64 times.
    expect(long).toBeLessThan(Math.max(200, 24 * short));
  });
});

/**
 * Number of table look-ups of a parse: every step of an expansion makes one, so they measure the work without a clock.
 */
function lookUps(text: string): number {
  const { get } = Map.prototype;
  let count = 0;
  // biome-ignore lint/suspicious/noExplicitAny: the type of the original method of the prototype
  Map.prototype.get = function (this: Map<any, any>, key: any) {
    count++;
    return get.call(this, key);
  };
  try {
    parseHeader(text);
  } finally {
    Map.prototype.get = get;
  }
  return count;
}

describe('chains of macros take steps in proportion to their length', () => {
  test.each<[string, (i: number) => string, string]>([
    ['other names', (i) => `N${i}`, '1'],
    ['sums', (i) => `N${i} + 1`, '1'],
    ['signs', (i) => `- N${i}`, '1'],
    ['texts', (i) => `N${i} "a"`, '"b"'],
    ['references to one long macro', () => 'LONG + 1', '1'],
  ])('%s', { tags: 'all' }, (_, body, first) => {
    const long = `#define ONE 1\n#define LONG ${'ONE + '.repeat(2000)} 1\n`;
    const chain = (n: number): string =>
      `${long}#define N0 ${first}\n${range(n, (i) => `#define N${i + 1} ${body(i)}`)}`;
    // The first part has a fixed cost: beyond it, twice the length takes twice the steps.
    const [none, one, two] = [3000, 4500, 6000].map((n) => lookUps(chain(n))) as [number, number, number];
    expect((two - one) / (one - none)).toBeLessThan(1.2);
    expect((two - one) / 1500).toBeLessThan(200);
  });

  test('written in reverse order, the longest chain keeps its values', { tags: 'all' }, () => {
    const n = 20_000;
    const text = `${range(n, (i) => `#define N${n - i} (N${n - i - 1} + 1)`)}\n#define N0 0\n#define T N${n}`;
    const { constants } = parseHeader(text);
    expect([constants.N1?.value, constants[`N${n}`]?.value, constants.T?.value]).toEqual([1, n, n]);
  });

  test('values that take too many steps in total are omitted with a warning', () => {
    const wide = `#define A 1\n#define B A + A\n#define WIDE ${'B + '.repeat(400)} 1\n`;
    const { constants, warnings } = parseHeader(wide + range(2000, (i) => `#define W${i} WIDE + ${i}`));
    expect(constants.W0?.value).toBe(801);
    expect(constants.W1999).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^the values of \d+ macros are unknown: .* more than \d+ steps$/)]);
  });
});

const built = existsSync(fileURLToPath(new URL('../../dist/cli.js', import.meta.url)));
describe.skipIf(!built)(`through the command${built ? '' : ' (absent: no dist)'}`, () => {
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('a typedef bomb is refused, and 120 000 functions are listed', { tags: 'nightly' }, async () => {
    const bomb = file(
      'bomb.h',
      `typedef int t0(int);\n${range(60, (i) => `typedef int t${i + 1}(t${i} *, t${i} *);`)}`,
    );
    const refused = await ewald(['ffi', bomb, '--json']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/bomb\.h:\d+:\d+: this type is made of/);
    const many = await ewald([
      'ffi',
      file(
        'many.h',
        range(120_000, (i) => `int f${i}(int);`),
      ),
    ]);
    expect(many.code).toBe(0);
    expect(many.out).toMatch(/^int f119999\(int\)/m);
    expect(many.out).toMatch(/120000 functions/);
  });

  test.skipIf(process.platform === 'win32')('devices, pipes and folders are refused as headers', async () => {
    const pipe = join(folder, 'pipe.h');
    execFileSync('mkfifo', [pipe]);
    for (const what of ['/dev/zero', pipe, folder]) {
      const included = await ewald(['ffi', file('include.h', `#include "${what}"\nint f(void);`)]);
      expect(included).toMatchObject({ code: 1, out: '' });
      expect(included.err).toMatch(/include\.h:1:10: .* is (?:a device|a pipe|a folder), no header/);
      const given = await ewald(['ffi', what]);
      expect(given).toMatchObject({ code: 1, out: '' });
      expect(given.err).toMatch(/no header/);
    }
  });

  test('the text of a header never reaches a terminal unescaped', async () => {
    const bad = file('bad.h', '/** \u001b]0;title\u0007 \u001b[2J */\nint f(void);\n');
    const listed = await ewald(['ffi', bad]);
    expect(listed.code).toBe(0);
    expect([...listed.out].filter((sign) => sign === '\u001b' || sign === '\u0007')).toEqual([]);
    const refused = await ewald(['ffi', file('worse.h', 'int f(\u001b[31m x);\n')]);
    expect(refused.code).toBe(1);
    expect(refused.err).not.toContain('\u001b');
  });

  test('files of other programs are kept, results are replaced', async () => {
    const header = file('small.h', 'int f(void);\n');
    const own = file('package.json', '{ "name": "mine", "version": 1 }');
    const spared = await ewald(['ffi', header, '-o', own]);
    expect(spared.code).toBe(2);
    expect(spared.err).toMatch(/was not written by ewald ffi.*--force/);
    expect(readFileSync(own, 'utf8')).toBe('{ "name": "mine", "version": 1 }');
    expect((await ewald(['ffi', header, '-o', own, '--force'])).code).toBe(0);
    expect((await ewald(['ffi', header, '-o', own])).code).toBe(0);
    expect(JSON.parse(readFileSync(own, 'utf8')).functions.f.name).toBe('f');
  });
});
