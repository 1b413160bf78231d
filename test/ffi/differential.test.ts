// The parser compared with gcc on C generated from a seed: the offset of every struct member, the values of constant
// expressions, and the values passed in calls. A long run is in test/soak/ffi.mjs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getLibHandle, parseHeader } from '../../dist/ffi.node.js';
import { namedFields } from '../../src/ffi/header/layout.js';
import { scalarOf } from '../../src/ffi/scalars.js';
import { filled, madeExpressions, madeStructs, measured, measuring, numbers } from './generated.mjs';
import { absent } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-differential-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const why = absent('gcc');

/** The lines that a program prints. */
function printed(name: string, program: string): string[] {
  const source = join(folder, `${name}.c`);
  writeFileSync(source, program);
  const made = join(folder, name);
  execFileSync('gcc', ['-std=gnu11', '-w', '-O0', '-fwrapv', source, '-o', made], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return execFileSync(made, { encoding: 'utf8', maxBuffer: 2 ** 28 })
    .trimEnd()
    .split('\n');
}

describe.skipIf(why)(`against gcc${why ? ` (absent: ${why})` : ''}`, () => {
  test.each([1, 2, 3, 4])('700 structs of seed %i have the layout of gcc', { tags: 'all' }, (seed) => {
    const made = madeStructs(seed, 700);
    const found = measured(parseHeader(made.text), made.structs, namedFields);
    const told = printed(`structs${seed}`, measuring(made));
    const wrong = made.structs.flatMap(({ name }, i) =>
      found[i] === told[i] ? [] : [`${name}: ${found[i]} instead of ${told[i]}`],
    );
    expect(wrong).toEqual([]);
  });

  test.each([11, 12])(
    '800 constant expressions and 800 conditions of seed %i equal those of gcc',
    { tags: 'all' },
    (seed) => {
      const { text, values, conditions, program } = madeExpressions(seed, 800);
      const { constants } = parseHeader(text);
      const told = printed(`expressions${seed}`, program);
      const wrong = [...values, ...conditions].flatMap((expression, i) => {
        const value = constants[i < 800 ? `V${i}` : `C${i - 800}`]?.value;
        const line = told[i] as string;
        const same =
          typeof value === 'number' && /[.e]|inf|nan/.test(line)
            ? Object.is(value, Number(line))
            : String(value) === line || value === Number(line);
        return same ? [] : [`${expression}: ${value} instead of ${line}`];
      });
      expect(wrong).toEqual([]);
    },
  );

  const noKoffi = absent('koffi');
  test.skipIf(noKoffi)(
    `values of 300 structs are passed there and back${noKoffi ? ` (absent: ${noKoffi})` : ''}`,
    { tags: 'nightly' },
    async () => {
      const made = madeStructs(21, 300);
      const table = parseHeader(made.text);
      const random = numbers(22);
      const scalar = (type: Parameters<typeof scalarOf>[0]) => scalarOf(type, 'lp64', table);
      const cases = made.structs.map(({ name, kind }) => ({ name, kind, ...filled(table, name, random, scalar) }));
      const prototypes = cases.map(
        ({ name, kind }) => `void fill_${name}(${kind} ${name} *p);\nint same_${name}(const ${kind} ${name} *p);`,
      );
      const code = cases.map(
        ({ name, kind, writes, checks }) =>
          `void fill_${name}(${kind} ${name} *p) { memset(p, 0, sizeof *p); ${writes.join(' ')} }\nint ` +
          `same_${name}(const ${kind} ${name} *p) { return ${['1', ...checks].join(' && ')}; }`,
      );
      const source = join(folder, 'calls.c');
      writeFileSync(source, `#include <string.h>\n${made.text}${code.join('\n')}\n`);
      const library = join(folder, 'libcalls.so');
      execFileSync('gcc', ['-std=gnu11', '-w', '-O1', '-shared', '-fPIC', source, '-o', library]);
      // biome-ignore lint/suspicious/noExplicitAny: the header is generated
      const lib = await getLibHandle<any>({
        header: { source: `${made.text}${prototypes.join('\n')}` },
        library,
        backend: 'native',
      });
      let numbersSeen = 0;
      for (const { name, object, checks } of cases) {
        const got = {};
        lib[`fill_${name}`](got);
        expect(got, name).toMatchObject(object);
        expect(lib[`same_${name}`](object), name).toBe(1);
        expect(lib[`same_${name}`](got), name).toBe(1);
        numbersSeen += checks.length;
      }
      expect(numbersSeen).toBeGreaterThan(2000);
      lib.dispose();
    },
  );
});

const noEmcc = absent('emcc');
test.skipIf(noEmcc)(
  `400 structs have the layout of clang on wasm32${noEmcc ? ` (absent: ${noEmcc})` : ''}`,
  { tags: 'all' },
  () => {
    const made = madeStructs(31, 400, { plain: true });
    const table = parseHeader(made.text, { model: 'wasm32' });
    const lines = made.structs.flatMap(({ name, kind, members }) => {
      const { size, align, fields = [] } = table.structs[name] ?? {};
      const own = new Map(namedFields(fields, table.structs).map((field) => [field.name, field.offset]));
      const type = `${kind} ${name}`;
      return [
        `_Static_assert(sizeof(${type}) == ${size} && _Alignof(${type}) == ${align}, "${name}");`,
        ...members
          .filter(({ bits }: { bits?: number }) => bits === undefined)
          .map(
            ({ path }: { path: string }) =>
              `_Static_assert(offsetof(${type}, ${path}) == ${own.get(path)}, "${path}");`,
          ),
      ];
    });
    const source = join(folder, 'wasm.c');
    const compiled = (text: string): string => {
      writeFileSync(source, text);
      try {
        execFileSync('emcc', ['-std=gnu11', '-w', '-fsyntax-only', source], { stdio: ['ignore', 'pipe', 'pipe'] });
        return '';
      } catch (error) {
        return String((error as { stderr?: Buffer }).stderr);
      }
    };
    expect(compiled(made.text + lines.join('\n'))).toBe('');
    expect(compiled(made.text + lines.join('\n').replace(/== \d+/, '== 9999'))).toMatch(/static.assert/i);
  },
);
