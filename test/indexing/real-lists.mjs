// Runs the real spot lists through an indexer, for the regression test and the soak: correct, refused, complete, and
// robust to a wrong cell.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Cells as published, one to two percent off the scale of the data (a b c in angstrom, gamma in degrees).
const nominal = { therm_slac: [93.0, 93.0, 130.4, 120], lcys_sweep: [5.43, 8.14, 12.04, 90] };

function nominalCell(name) {
  const known = Object.entries(nominal).find(([sample]) => name.startsWith(sample));
  if (!known) return undefined;
  const [a, b, c, gamma] = known[1];
  const [cos, sin] = [Math.cos((gamma * Math.PI) / 180), Math.sin((gamma * Math.PI) / 180)];
  return [
    [a, 0, 0],
    [b * cos, b * sin, 0],
    [0, 0, c],
  ];
}

function readList(folder, name) {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n');
  const [known, ...spots] = lines
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/).map(Number));
  const truth = JSON.parse(readFileSync(join(folder, name.replace(/txt$/, 'json')), 'utf8'));
  return {
    known: [known.slice(0, 3), known.slice(3, 6), known.slice(6, 9)],
    spots: Float32Array.from(spots.flatMap((spot) => spot.slice(0, 3))),
    truth,
  };
}

/**
 * Indexes the lists of a folder, or every `step`-th of them. Returns the names of lists: right; wrong (indexable, but
 * not found); invented (found although there is no lattice); several (lists with several verified lattices) and
 * incomplete (those among them whose first two lattices were not both found); and, of the lists with a nominal cell,
 * those that were tried and those that were lost.
 */
export async function indexRealLists({ context, sameLattice, folder, step = 1, options = {} }) {
  const found = { right: [], wrong: [], invented: [], several: [], incomplete: [], nominal: [], lost: [] };
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18, ...options });
  const index = async (spots, cells, maxCrystals) =>
    (await indexer.run({ spots, cells, maxCrystals })).image(0).crystals();
  for (const name of names.sort().filter((_, i) => i % step === step >> 1)) {
    const { known, spots, truth } = readList(folder, name);
    const all = truth.all_lattices ?? [];
    const references = [truth.reference?.real_space, ...all].filter(Boolean);
    const agrees = ([first]) =>
      first !== undefined && references.some((reference) => sameLattice(first.cell, reference));
    const single = await index(spots, known, 1);
    if (!truth.indexable) {
      if (single.length > 0) found.invented.push(name);
      continue;
    }
    found[agrees(single) ? 'right' : 'wrong'].push(name);
    // If all_lattices has more entries than n_lattices, they are rival answers for one lattice.
    if (truth.n_lattices > 1) {
      found.several.push(name);
      const many = await index(spots, known, 8);
      if (!all.slice(0, 2).every((reference) => many.some(({ cell }) => sameLattice(cell, reference))))
        found.incomplete.push(name);
    }
    const off = nominalCell(name);
    if (off) {
      found.nominal.push(name);
      if (!agrees(await index(spots, off, 1))) found.lost.push(name);
    }
  }
  await indexer.dispose();
  return found;
}
