/** Every real spot list on every available backend, including the emulated ones. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createContext, devices, sameLattice } from '../../dist/index.node.js';
import { indexRealLists } from '../indexing/real-lists.mjs';

export const name = 'real-lists';
export const about = 'every real spot list on every backend present, with all its lattices and with its nominal cell';
export const minutes = 10;

export async function run({ scale = 1, note = () => {} } = {}) {
  const folder = resolve(process.env.EWALD_TEST_DATA ?? '../shared/data', 'real/spots');
  if (!existsSync(folder)) throw new Error('the spot lists are absent; EWALD_TEST_DATA says where they are');
  const step = Math.max(1, Math.round(1 / scale));
  const backends = (await devices()).filter(({ available }) => available).map(({ backend }) => backend);
  for (const backend of [...backends, 'cuda-emulated']) {
    let context;
    try {
      context = await createContext({ backend, strict: true, log: { level: 'error' } });
    } catch (error) {
      note(`${backend}: absent (${error.message})`);
      continue;
    }
    for (const method of ['fast', 'exhaustive']) {
      if (method === 'exhaustive' && backend === 'cuda-emulated' && scale >= 1) continue; // an hour; CI has its rows
      const found = await indexRealLists({ context, sameLattice, folder, step, options: { method } });
      const { right, wrong, invented, incomplete, several, lost, nominal } = found;
      note(
        `${backend}, ${method}: ${right.length} of ${right.length + wrong.length} right, ${invented.length} ` +
          `invented, first two lattices in ${several.length - incomplete.length} of ${several.length}, nominal ` +
          `cell in ${nominal.length - lost.length} of ${nominal.length}`,
      );
      if (wrong.length > 1) throw new Error(`${backend}, ${method}: not found: ${wrong.join(', ')}`);
      if (invented.length > 0)
        throw new Error(`${backend}, ${method}: indexed, though not indexable: ${invented.join(', ')}`);
      if (method === 'fast' && incomplete.length > 0)
        throw new Error(`${backend}: lattices are missing in ${incomplete.join(', ')}`);
      if (method === 'fast' && lost.length > 1)
        throw new Error(`${backend}: lost with the nominal cell: ${lost.join(', ')}`);
    }
    await context.dispose();
  }
}
