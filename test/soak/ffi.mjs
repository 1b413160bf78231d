// The header parser under 10⁵ mutated headers, and 10⁵ calls that allocate: nothing crashes, hangs or leaks.
import { readFileSync } from 'node:fs';
import { parseHeader } from '../../build/esm/ffi/header/parse.js';
import { getLibHandle } from '../../build/esm/ffi/node.js';
import { mutatedHeaders, verdict } from '../ffi/mutations.mjs';

export const name = 'ffi';
export const about =
  '10^5 mutated headers, each parsed or refused with a position; 10^5 calls of the wasm core with arrays';
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

  const folder = file('cpp/include/');
  const include = (name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') });
  const core = await getLibHandle({
    header: { source: include('ewald.h').text, name: 'ewald.h' },
    include,
    library: readFileSync(file('dist/ewald.wasm')),
  });
  // The core's own count is the witness: it rises with every allocation of an argument.
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
