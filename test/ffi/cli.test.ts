// `ewald ffi` with typical user input, run in this process.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { registerCommand } from '../../src/cli/command.js';
import * as action from '../../src/cli/ffi.js';
import { command as words } from '../../src/cli/ffi-rows.js';
import { absent, buildOrdinaryWasm, fixtures, targets } from './support.js';

const header = join(fixtures, 'kit.h');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command; returns its standard output and the error it threw. */
async function ewald(...typed: string[]): Promise<{ out: string; error?: Error & { tag?: string } }> {
  let out = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const warn = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const program = new Command('ewald').exitOverride().configureOutput({ writeErr: () => undefined });
    registerCommand(program, 'ffi', words, async () => action, undefined as never);
    for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => undefined });
    await program.parseAsync(['ffi', ...typed], { from: 'user' });
    return { out };
  } catch (error) {
    return { out, error: error as Error };
  } finally {
    write.mockRestore();
    warn.mockRestore();
  }
}

test('lists what a header declares, or prints the table', async () => {
  const { out } = await ewald(header);
  expect(out).toMatch(/^int kit_add\(int a, int b\)$/m);
  expect(out).toMatch(/64 functions, 4 structs, 1 enum, 3 constants, laid out for lp64/);
  expect(out).toMatch(/freed, as far as names say: kit_account by kit_account_free\(\); handles of getLibHandle/);
  expect(out).not.toMatch(/no name says/);
  const odd = join(folder, 'odd.h');
  writeFileSync(
    odd,
    'struct thing; struct pen; struct seen { int a; };\nstruct thing *thing_make(int n); int thing_away(struct thing *t);\n' +
      'int pen_get(struct pen **p); const struct thing *shared(void); struct seen *seen_new(void);\n' +
      'struct two; struct two *two_new(void); void two_free(struct two *t); int two_destroy(struct two *t);\n',
  );
  const said = (await ewald(odd)).out.replace(/\s+/g, ' ');
  expect(said).toMatch(
    /two_free\(\) and two_destroy\(\) end two, and dispose\(\) is none.* handles: \{ two: 'function' \}/,
  );
  expect(said).toMatch(
    /no name says what frees thing, pen: .* handles: \{ thing: 'function', pen: 'function' \} of getLibHandle/,
  );
  const table = JSON.parse((await ewald(header, '--json')).out);
  expect(table.functions.kit_add.parameters).toHaveLength(2);
});

test.skipIf(absent('emcc'))('a wasm module has its target, with every preprocessor', { tags: 'all' }, async () => {
  const words = ['--lib', 'ordinary', '--build-dir', buildOrdinaryWasm(), '--backend', 'wasm'];
  for (const cpp of [[], ['--cpp', 'emcc -E']]) {
    const call = await ewald(join(fixtures, 'ordinary.h'), ...words, ...cpp, '--call', 'o_multiply', '[1, 2]', '3');
    expect([call.error, call.out.trimEnd()]).toEqual([undefined, '{"re":3,"im":6}']);
  }
  // Without a library, the preprocessor says its target.
  expect((await ewald(join(fixtures, 'ordinary.h'), '--cpp', 'emcc -E')).out).toMatch(/laid out for wasm32/);
});

test('writes modules, declarations and tables, and keeps files of other programs', { tags: 'all' }, async () => {
  const names = ['kit.ts', 'kit.d.ts', 'kit.json'].map((name) => join(folder, name));
  expect((await ewald(header, ...names.flatMap((name) => ['-o', name]))).error).toBeUndefined();
  expect(readFileSync(names[0] as string, 'utf8')).toMatch(/export function open\(/);
  expect(readFileSync(names[1] as string, 'utf8')).toMatch(/export declare function open\(/);
  expect(JSON.parse(readFileSync(names[2] as string, 'utf8')).version).toBe(1);
  expect((await ewald(header, '-o', names[0] as string)).error).toBeUndefined();
  const own = join(folder, 'own.ts');
  writeFileSync(own, 'export const mine = 1;');
  expect((await ewald(header, '-o', own)).error?.message).toMatch(/exists and was not written by ewald ffi/);
  expect(readFileSync(own, 'utf8')).toBe('export const mine = 1;');
  expect((await ewald(header, '-o', own, '--force')).error).toBeUndefined();
  expect((await ewald(header, '-o', 'x.txt')).error?.message).toMatch(/ends in \.ts, \.d\.ts or \.json/);
});

test('reports errors', async () => {
  const bad = join(folder, 'bad.h');
  writeFileSync(bad, 'int ok(void);\ntypeof(int) f(intt x);\ntypeof(1) g(void);\n');
  expect((await ewald(bad)).error).toMatchObject({
    tag: 'Format',
    message: expect.stringMatching(/bad\.h:2:15: unknown type name "intt"/),
  });
  expect((await ewald(bad, '--skip-unsupported')).out).toMatch(/int ok\(void\)/);
  expect((await ewald('nothing.h')).error).toMatchObject({ tag: 'Load' });
  expect((await ewald(header, '--call', 'kit_add', '1', '2')).error?.message).toMatch(
    /--call belongs to a library \(--lib\)/,
  );
  expect((await ewald(header, '--lib', 'nothing')).error).toMatchObject({ tag: 'Load' });
  expect((await ewald(header, '--lib', 'nothing', '--backend', 'cuda')).error?.message).toMatch(
    /expected one of auto, native, wasm/,
  );
});

for (const target of targets) {
  describe.skipIf(target.absent)(`${target.backend}${target.absent ? ` (absent: ${target.absent})` : ''}`, () => {
    const call = (...words: string[]) =>
      ewald(header, '--lib', 'kit', '--build-dir', target.build(), '--backend', target.backend, ...words);

    test('lists the callable functions', { tags: 'all' }, async () => {
      const { out } = await call();
      expect(out).toMatch(/^int kit_add\(int a, int b\) +callable/m);
      const { library } = JSON.parse((await call('--json')).out);
      expect(Object.keys(library.missing)).toEqual([]);
    });

    test.each([
      [['kit_add', '2', '3'], '5'],
      [['kit_add', '-2', '-3'], '-5'],
      [['kit_f64', '-1.5e-3'], '-0.003'],
      [['kit_i64', '9223372036854775806'], '9223372036854775807'],
      [['kit_not', 'true'], 'false'],
      [['kit_length', 'grüß'], '6'],
      [['kit_length', ''], '0'],
      [['kit_sum_bytes', '[1, 2, 255]', '3'], '258'],
      [['kit_hello'], 'grüß dich'],
      [['kit_none'], 'null'],
      [['kit_sum', '[1, 2.5]', '2'], '3.5'],
      [['kit_fill', '3', '[0, 0, 0]'], 'array [0,1,2]'],
      [['kit_rows_scale', '[[1, 2], [3, 4]]', '2', '2', '10'], 'rows [[10,20],[30,40]]'],
      [['kit_norm', '{"x": 3, "y": 4}'], '5'],
      [['kit_move', '{"x": 1, "y": 2}', '1', '1'], 'point {"x":2,"y":3}'],
      [['kit_next', 'KIT_SLOW'], '5'],
      [['kit_total', '["a", "bc"]', '2'], '3'],
      [['kit_live', '--json'], '{"function":"kit_live","result":0,"arguments":[]}'],
      [['kit_f64', 'nan', '--json'], '{"function":"kit_f64","result":"NaN","arguments":["NaN"]}'],
      [['kit_f64', '-1e999', '--json'], '{"function":"kit_f64","result":"-Infinity","arguments":["-Infinity"]}'],
      [['kit_sum', '["NaN", 1]', '2', '--json'], '{"function":"kit_sum","result":"NaN","arguments":[["NaN",1],2]}'],
      [
        ['kit_i64', '-9223372036854775808', '--json'],
        '{"function":"kit_i64","result":"-9223372036854775807","arguments":["-9223372036854775808"]}',
      ],
    ])('%j', async (words, expected) => {
      const { out, error } = await call('--call', ...words);
      expect(error).toBeUndefined();
      expect(out.trimEnd()).toBe(expected);
    });

    test('a call with a typing error', { tags: 'all' }, async () => {
      expect((await call('--call', 'kit_ad', '1')).error?.message).toMatch(/did you mean "kit_add"/);
      expect((await call('--call', 'kit_add', '1')).error?.message).toMatch(/got 1 argument; expected 2/);
      expect((await call('--call', 'kit_add', '1', 'two')).error?.message).toMatch(/argument 2 \(b\) is "two"/);
      expect((await call('--call', 'kit_sum', '1', '2')).error?.message).toMatch(/write null, or JSON such as/);
      expect((await call('--call', 'kit_sum', '[1,', '2')).error?.message).toMatch(/is not valid JSON/);
    });
  });
}

test.skipIf(targets[0]?.absent || process.platform !== 'linux')(
  'integers of 64 bits in JSON are taken as they are written',
  async () => {
    const file = join(folder, 'wide.h');
    writeFileSync(
      file,
      '#include <stdint.h>\nvoid *memchr(const int64_t *s, int c, unsigned long n);\nint abs(int x);\n',
    );
    const words = (text: string): string[] => [file, '--lib', 'c', '--json', '--call', 'memchr', text, '5', '0'];
    const { out, error } = await ewald(...words('[9007199254740993, -9223372036854775808, 3]'));
    expect(error).toBeUndefined();
    expect(JSON.parse(out).arguments[0]).toEqual(['9007199254740993', '-9223372036854775808', 3]);
    expect((await ewald(...words('["9007199254740993"]'))).error?.message).toMatch(
      /is "9007199254740993"; const int64_t needs/,
    );
  },
);

test.skipIf(targets[0]?.absent || process.platform !== 'linux')(
  'variadic arguments are numbers, texts, or a type and a value, as in JavaScript',
  async () => {
    const file = join(folder, 'print.h');
    writeFileSync(file, 'int snprintf(char *to, unsigned long size, const char *format, ...);\n');
    const print = (...words: string[]) => ewald(file, '--lib', 'c', '--call', 'snprintf', 'null', '0', ...words);
    const lengthOf = async (...words: string[]): Promise<string> => (await print(...words)).out.trim();
    expect(await lengthOf('%d %s', '12345', 'abc')).toBe('9');
    expect(await lengthOf('%d %.1f', '["int", 12345]', '["double", 2.5]')).toBe('9');
    const refused = async (word: string) => (await print('%d', word)).error?.message;
    expect(await refused('[1, 2]')).toMatch(
      /argument 4 of snprintf is \[1, 2\]; expected a number, a text, or a type and/,
    );
    expect(await refused('int')).toMatch(/is the name of a type; write it with its value: '\["int", 5\]'/);
  },
);
