// Electron stills that do not distinguish one lattice from another: at most one in a hundred accepted lattices may be
// wrong and not flagged. Of protein stills, at most one in a hundred may be flagged. Uses new seeds, with all cells,
// sizes and shares of spurious spots together.
import { cellFromParameters, createContext, sameLattice, simulateSpots } from '../../dist/index.node.js';

export const name = 'rivals';
export const about = 'simulated electron and protein stills: which wrong lattices are not flagged as ambiguous';
export const minutes = 3;

const sets = [
  {
    name: 'electron',
    excitations: [0.0015, 0.0025, 0.004],
    cells: [
      [5.4, 9.8, 13.6, 90, 90, 90],
      [12, 17, 21, 90, 98, 90],
      [8, 10, 12, 75, 80, 70],
      [20, 20, 14, 90, 90, 120],
      [37, 37, 78, 90, 90, 90],
    ],
    still: {
      wavelengthA: 0.0251,
      bandwidth: 0,
      mosaicityRad: 0.0017,
      distanceMm: 1500,
      pixelMm: 0.055,
      detectorPx: [1024, 1024],
      dMinA: 0.75,
    },
  },
  {
    name: 'protein',
    excitations: [1 / 3000],
    cells: [
      [79, 79, 38, 90, 90, 90],
      [45, 58, 71, 90, 90, 90],
      [50, 62, 73, 82, 77, 71],
      [62, 62, 98, 90, 90, 120],
      [52, 41, 66, 90, 104, 90],
    ],
    still: {},
  },
];

/** Indexes stills of one cell and counts the outcomes. */
async function count(indexer, parameters, options, seen) {
  const cell = cellFromParameters(...parameters);
  for (const { spots, lattices } of simulateSpots({ cell, ...options })) {
    const [crystal] = (await indexer.run({ spots, cells: cell })).image(0).crystals();
    if (!crystal) continue;
    const right = lattices.some((lattice) => sameLattice(crystal.cell, lattice));
    seen.accepted++;
    if (crystal.ambiguous) seen.flagged++;
    if (!right) seen.wrong++;
    if (!right && !crystal.ambiguous) seen.unflagged++;
    if (right && crystal.ambiguous) seen.rightFlagged++;
  }
}

export async function run({ scale = 1, note = () => {} } = {}) {
  const context = await createContext({ backend: 'native' });
  const indexer = await context.indexer({ maxOutputCells: 32 });
  const images = Math.max(1, Math.round(8 * scale));
  const first = 1000 + Math.floor(Math.random() * 1e6);
  note(`seeds from ${first}`);
  for (const { name: set, excitations, cells, still } of sets) {
    const all = { accepted: 0, wrong: 0, unflagged: 0, flagged: 0, rightFlagged: 0 };
    for (const excitation of excitations) {
      const seen = { accepted: 0, wrong: 0, unflagged: 0, flagged: 0, rightFlagged: 0 };
      for (const spots of [20, 50, 100, 300])
        for (const spurious of [0, 0.3, 0.5])
          for (const noisePx of [0.3, 1])
            for (const [at, cell] of cells.entries())
              await count(
                indexer,
                cell,
                { ...still, domainA: 1 / excitation, images, spots, spurious, noisePx, seed: first + at },
                seen,
              );
      note(`${set}, excitation error ${excitation.toFixed(5)} 1/Å: ${JSON.stringify(seen)}`);
      for (const key of Object.keys(all)) all[key] += seen[key];
    }
    const limit = Math.max(1, all.accepted / 100);
    if (all.accepted < 100 * scale) throw new Error(`${set}: only ${all.accepted} stills were indexed`);
    if (all.unflagged > limit) throw new Error(`${set}: ${all.unflagged} of ${all.accepted} are wrong and not flagged`);
    if (set === 'protein' && all.flagged > limit) throw new Error(`${all.flagged} of ${all.accepted} are flagged`);
  }
  await context.dispose();
}
