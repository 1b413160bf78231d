// Runs the header parser on 10⁵ mutated headers, and 10⁵ calls that allocate: nothing crashes, hangs or leaks.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLibHandle } from '../../build/esm/entries/ffi.node.js';
import { namedFields } from '../../build/esm/ffi/header/layout.js';
import { parseHeader } from '../../build/esm/ffi/header/parse.js';
import { madeExpressions, madeStructs, measured, measuring } from '../ffi/generated.mjs';
import { mutatedHeaders, verdict } from '../ffi/mutations.mjs';

export const name = 'ffi';
export const about =
  '10^5 mutated headers, each parsed or refused with a position; 60000 structs and 20000 expressions against ' +
  'gcc; 10^5 calls of the wasm core with arrays';
export const minutes = 15;

const file = (path) => new URL(`../../${path}`, import.meta.url);

export async function run({ scale, note }) {
  const { default: fc } = await import('fast-check');
  const runs = Math.ceil(1e5 * scale);
  const seed = Date.now() % 2 ** 31;
  let count = 0;
  let problem;
  try {
    fc.assert(
      fc.property(mutatedHeaders(fc), (text) => {
        problem = verdict(parseHeader, text);
        if (problem) throw new Error(problem);
        if (++count % 10_000 === 0) note(`${count} headers`);
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
  } catch (error) {
    throw new Error(`${problem ?? ''}\n${error.message}`);
  }
  note(`${count} headers, seed ${seed}`);

  againstGcc(scale, note);

  const folder = file('cpp/include/');
  const include = (name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') });
  const core = await getLibHandle({
    header: { source: include('ewald.h').text, name: 'ewald.h' },
    include,
    library: readFileSync(file('dist/ewald.wasm')),
  });
  // The core's own counter is checked: it increases with every allocation of an argument.
  const before = core.ewald_live_bytes();
  const calls = Math.ceil(1e5 * scale);
  const hits = new BigUint64Array(1);
  const params = { points_lo: 64, threads: 1 };
  for (let i = 0; i < calls; i++) {
    core.ewald_pi_count(params, hits);
    const array = core.alloc('float', 9);
    array.dispose();
  }
  const after = core.ewald_live_bytes();
  if (after !== before) throw new Error(`${calls} calls left ${after - before} bytes in the core`);
  note(`${calls} calls, ${after} bytes live before and after`);
  core.dispose();
}

/** Generated structs and expressions, each compared with gcc. */
function againstGcc(scale, note) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-ffi-'));
  const printed = (program) => {
    const source = join(folder, 'made.c');
    writeFileSync(source, program);
    execFileSync('gcc', ['-std=gnu11', '-w', '-O0', '-fwrapv', source, '-o', join(folder, 'made')], { stdio: 'pipe' });
    return execFileSync(join(folder, 'made'), { encoding: 'utf8', maxBuffer: 2 ** 28 })
      .trimEnd()
      .split('\n');
  };
  try {
    const first = Date.now() % 2 ** 31;
    const rounds = Math.ceil(100 * scale);
    for (let seed = first; seed < first + rounds; seed++) {
      const made = madeStructs(seed, 600);
      const found = measured(parseHeader(made.text), made.structs, namedFields);
      const told = printed(measuring(made));
      for (const [i, { name: struct }] of made.structs.entries())
        if (found[i] !== told[i]) throw new Error(`seed ${seed}, ${struct}: ${found[i]} instead of ${told[i]}`);
      const { text, values, conditions, program } = madeExpressions(seed, 200);
      const { constants } = parseHeader(text);
      const lines = printed(program);
      for (const [i, expression] of [...values, ...conditions].entries()) {
        const value = constants[i < 200 ? `V${i}` : `C${i - 200}`]?.value;
        if (String(value) !== lines[i] && value !== Number(lines[i]))
          throw new Error(`seed ${seed}: ${expression} is ${value} instead of ${lines[i]}`);
      }
    }
    note(`${rounds * 600} structs and ${rounds * 400} expressions as gcc has them, seeds from ${first}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
