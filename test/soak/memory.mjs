// 10⁵ create and dispose cycles of row-pointer memory in JavaScript, in a wasm heap and in the process: no byte is left
// allocated, and the process does not grow.
import { readFileSync } from 'node:fs';
import { getLibHandle, nativeMemory } from '../../build/esm/entries/ffi.node.js';
import * as memory from '../../build/esm/entries/memory.js';
import { cycle, leaks } from '../memory/cycles.mjs';

export const name = 'memory';
export const about = '10^5 create and dispose cycles on each of the three memories';
export const minutes = 3;

export async function run({ scale, note }) {
  const folder = new URL('../../cpp/include/', import.meta.url);
  const include = (name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') });
  const core = await getLibHandle({
    header: { source: include('ewald.h').text, name: 'ewald.h' },
    include,
    library: readFileSync(new URL('../../dist/ewald.wasm', import.meta.url)),
  });
  const spaces = { js: memory.jsMemory, wasm: core.memory };
  try {
    spaces.native = await nativeMemory();
  } catch (error) {
    note(`native: absent (${error.message})`);
  }
  const cycles = Math.ceil(1e5 * scale);
  for (const [name, space] of Object.entries(spaces)) {
    const problem = await leaks(cycles, space, () => cycle(memory, space));
    if (problem) throw new Error(`${name}: ${problem}`);
    note(`${name}: ${cycles} cycles, ${space.liveBytes} bytes live`);
  }
  core.dispose();
}
