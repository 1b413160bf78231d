/**
 * Several lattices in real lists: the lattices reported after the first one explain far more of the remaining spots
 * than chance would.
 *
 * The measure is computed in float64 and is not part of the search (src/indexing/evidence.ts). To find the level
 * of chance, the same spots are rotated about the beam individually: this keeps their resolutions but destroys every
 * lattice.
 */
import { type Crystal, createContext, devices } from 'ewald';
import { describe, expect, it } from 'vitest';
import { readSpotList } from '../../dist/index.node.js';
import { Random } from '../../src/compute/random/random.js';
import { log10Chance, reoriented } from '../../src/indexing/evidence.js';
import { dataFolder, listData, readData } from '../support/data.js';
import { someOf } from '../support/variants.js';

const folder = 'real/spots';
const native = (await devices({ backend: 'native' })).some(
  ({ backend, available }) => backend === 'native' && available,
);
/** Lists whose reference contains several lattices. */
const several = dataFolder
  ? listData(folder, '.txt').filter((name) => JSON.parse(readData(folder, name.replace(/txt$/, 'json'))).n_lattices > 1)
  : [];

/** The spots; each of those in `which` is rotated about the beam by a different angle. */
function turned(spots: Float32Array, random: Random, which: (i: number) => boolean): Float32Array {
  const out = spots.slice();
  for (let i = 0; i < out.length / 3; i++) {
    if (!which(i)) continue;
    const angle = 2 * Math.PI * random.uniform();
    const [x, y] = [spots[3 * i] as number, spots[3 * i + 1] as number];
    out[3 * i] = x * Math.cos(angle) - y * Math.sin(angle);
    out[3 * i + 1] = x * Math.sin(angle) + y * Math.cos(angle);
  }
  return out;
}

const evidence = ({ cell }: { cell: Crystal['cell'] }, spots: Float32Array): number =>
  log10Chance(reoriented(cell, spots), spots);

describe.skipIf(!dataFolder || !native)('further lattices of real lists (absent without test data or native)', () => {
  it('are twelve lists', () => expect(several).toHaveLength(12));

  it.each(someOf(several, 4))('%s', async (name) => {
    const { spots: list, cell } = readSpotList(readData(folder, name), { name });
    if (!cell) throw new Error(`${name} has no cell`);
    const spots = Float32Array.from(list);
    const ctx = await createContext({ backend: 'native', strict: true });
    const indexer = await ctx.indexer();
    const { assignment, ...image } = (await indexer.run({ spots, cells: cell, maxCrystals: 8 })).image(0);
    const [first, ...further] = image.crystals();
    expect(first).toBeDefined();
    expect(further.length).toBeGreaterThan(0);
    // cunir_i24_00 was reported to have one lattice too many: its fifth takes 20 of the 37 remaining spots, 10⁻⁴² by
    // the verdict.
    if (name === 'cunir_i24_00.txt') expect(further).toHaveLength(4);
    const random = new Random(7, 0);
    for (const crystal of further) {
      const left = spots.filter((_, i) => {
        const owner = assignment[Math.floor(i / 3)] as number;
        return owner === 0 || owner >= crystal.number;
      });
      let chance = 0;
      for (let i = 0; i < 20; i++) {
        const noise = turned(left, random, () => true);
        const [best] = (await indexer.run({ spots: noise, cells: cell })).image(0).cells();
        expect(best?.log10Chance ?? 0).toBeGreaterThan(-3.5);
        if (best) chance = Math.min(chance, evidence(best, noise));
      }
      expect(evidence(crystal, left)).toBeLessThan(chance - 6);
    }
    // If the spots that the first lattice leaves contain no lattice, only one lattice is found, and sometimes none in
    // so much noise.
    let kept = 0;
    for (let i = 0; i < 20; i++) {
      const mixed = turned(spots, random, (k) => assignment[k] !== first?.number);
      const found = (await indexer.run({ spots: mixed, cells: cell, maxCrystals: 8 })).image(0).crystals();
      expect(found.length).toBeLessThanOrEqual(1);
      kept += found.length;
    }
    expect(kept).toBeGreaterThan(5);
    await ctx.dispose();
  });
});
