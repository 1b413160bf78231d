// The parser against gcc, over made-up C from a seed: where every member of a struct lies, what constant expressions
// are worth, and what comes across in calls. A long run of the same is in test/soak/ffi.mjs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { namedFields } from '../../src/ffi/header/layout.js';
import { parseHeader } from '../../src/ffi/header/parse.js';
import { madeExpressions, madeStructs, measured, measuring } from './generated.mjs';
import { absent } from './support.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-ffi-differential-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const why = absent('gcc');

/** What a program prints, a line each. */
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
  test.each([1, 2, 3, 4])('700 structs of seed %i lie as gcc has them', (seed) => {
    const made = madeStructs(seed, 700);
    const found = measured(parseHeader(made.text), made.structs, namedFields);
    const told = printed(`structs${seed}`, measuring(made));
    const wrong = made.structs.flatMap(({ name }, i) =>
      found[i] === told[i] ? [] : [`${name}: ${found[i]} instead of ${told[i]}`],
    );
    expect(wrong).toEqual([]);
  });

  test.each([11, 12])('800 constant expressions and 800 conditions of seed %i are worth what gcc says', (seed) => {
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
  });
});
