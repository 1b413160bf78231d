// Known cells that are nearly more symmetric than they are: no crystal may have a wrong name of its axes, and from 50
// spots on hardly one may be undecided. Cells without a near symmetry have nothing to be undecided about.
// Unknown cells: random lattices of all fourteen types and cells near a higher symmetry, seen in 10 to 60 stills
// through imperfect geometries. No plain cell may be lost; of the others at least 97 % must be right, and of the rest
// the program must say itself that it is undecided. For one half of the cells the number of right ones is printed for
// several thresholds of the rule, and for the other half that of the product.
import { cellFromParameters, createContext, simulateSpots } from '../../dist/index.node.js';
import { batchOf, plainCells, pseudoCells, verdictOf } from '../support/labels.mjs';
import { experiment, isRight } from '../support/random-cells.mjs';

export const name = 'cells';
export const about =
  'names of axes of known cells, and unknown cells of all lattices, near and far from a higher symmetry: right, ' +
  'undecided or wrong';
export const minutes = 15;

/** log10 of odds below which nothing is decided. */
const decisive = Math.log10(20);
const free = { c: 1, t: 2, h: 2, o: 3, m: 4, a: 6 };

/** The lattice that the rule takes with another threshold than that of the product. */
function chosenBy(lattices, threshold) {
  const least = Math.min(...lattices.map(({ log10Odds }) => log10Odds));
  const near = lattices.filter(({ log10Odds }) => log10Odds - least < threshold);
  return near.sort((p, q) => free[p.type[0]] - free[q.type[0]] || p.log10Odds - q.log10Odds)[0];
}

/** Verdicts on known cells by the number of spots: { lattice, label, undecided, right }. */
async function verdictsOn(context, cells, { images, seed, noisePx, lengths = [20, 50, 120, 300] }) {
  const indexer = await context.indexer({ batch: images, maxBatchSpots: 300 * images });
  const rows = [];
  for (const spots of lengths) {
    const seen = { spots, none: 0, lattice: 0, label: 0, undecided: 0, right: 0 };
    for (const [parameters, centring] of Object.values(cells)) {
      const cell = cellFromParameters(...parameters);
      const stills = simulateSpots({ cell, centring, images, seed: seed + spots, spots, noisePx, spurious: 0.2 });
      const input = batchOf(stills.map((still) => still.spots));
      const result = await indexer.run({ ...input, cells: [{ parameters, centring }] });
      for (const [i, { lattices }] of stills.entries())
        seen[verdictOf(result.image(i).crystals()[0], lattices, centring)]++;
    }
    rows.push(seen);
  }
  await indexer.dispose();
  return rows;
}

/** Names of axes: throws if one is wrong, or too many are undecided. */
async function labels(context, { scale, seed, note }) {
  const images = Math.max(5, Math.round(50 * scale));
  const verdicts = async (noisePx, of) => {
    const rows = await verdictsOn(context, pseudoCells, { ...of, seed, noisePx });
    for (const row of rows) note(`known cells, ${noisePx} px: ${JSON.stringify(row)}`);
    return rows;
  };
  // These are at least 2 000 crystals at half a pixel and, at the scale of 1, 2 010 from 50 spots on at one pixel.
  const many = Math.max(50, images);
  const half = await verdicts(0.5, { images: many });
  const from50 = await verdicts(1, { images: Math.ceil((4 * images) / 3), lengths: [50, 120, 300] });
  await verdicts(1, { images, lengths: [20] });
  await verdicts(2, { images });
  const plain = await verdictsOn(context, plainCells, { images, seed, noisePx: 0.5 });
  for (const row of plain) note(`plain cells: ${JSON.stringify(row)}`);
  const total = (rows, kind) => rows.reduce((sum, row) => sum + row[kind], 0);
  // Odds of 20 decide: one name of 40 000 is wrong, of a crystal with 20 spots.
  const wrong = total(half.slice(1), 'label') + total(from50, 'label');
  if (wrong > 0 || total(half, 'label') > 1) throw new Error('the axes of a crystal have wrong names');
  // 2.6 % of 36 000 are: the share of 2 000 is above 3 % in two of eighteen runs, and by three deviations in none.
  const most = 0.03 * 4 * 10 * many;
  if (total(half, 'undecided') > most + 3 * Math.sqrt(most)) throw new Error('over 3 % of the names are undecided');
  if (total(plain, 'label') + total(plain, 'undecided') > 0) throw new Error('plain cells have names to choose from');
}

export async function run({ scale = 1, seeds, note = () => {} } = {}) {
  const context = await createContext({ backend: 'native' });
  const seed = seeds?.[0] ?? 100_000 + Math.floor(Math.random() * 1e6);
  note(`names of axes, seed ${seed}`);
  await labels(context, { scale, seed, note });
  const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
  const count = Math.max(8, Math.round(400 * scale));
  note(`${count} cells, seed ${seed}`);
  const seen = { plain: { right: 0, of: 0 }, pseudo: { right: 0, undecided: 0, of: 0 } };
  const wrong = [];
  const halves = [[], []];
  for (let i = 0; i < count; i++) {
    const { cell, truth, stills } = experiment(i, seed);
    const [best] = await indexer.determineCell(stills);
    const [first] = best?.bravais ?? [];
    const kind = seen[cell.isPlain ? 'plain' : 'pseudo'];
    kind.of++;
    const isUndecided = best?.rivals.some(({ log10Odds }) => log10Odds < decisive);
    if (isRight(first, truth)) kind.right++;
    else if (isUndecided && !cell.isPlain) kind.undecided++;
    else wrong.push(`${seed} + ${i}: ${cell.kind} ${cell.parameters.map((x) => x.toFixed(2))} as ${first?.type}`);
    // Whole rounds of the fourteen plain kinds, so that every kind is in both halves.
    if (first) halves[Math.floor(i / 28) % 2].push({ lattices: [{ ...first, log10Odds: 0 }, ...best.rivals], truth });
  }
  await context.dispose();
  const rate = (half, threshold) => half.filter((one) => isRight(chosenBy(one.lattices, threshold), one.truth)).length;
  const [first, second] = halves;
  const thresholds = [1, 2, 3, 4, 5, 6, 7, 8, 10];
  note(`right of ${first.length} by threshold: ${thresholds.map((x) => `10^${x} ${rate(first, x)}`).join(', ')}`);
  note(`with 10^5, of the other half: ${rate(second, 5)} of ${second.length}`);
  note(JSON.stringify(seen));
  for (const text of wrong) note(`wrong: ${text}`);
  if (seen.plain.right < seen.plain.of) throw new Error('a plain cell was lost');
  if (seen.pseudo.right < 0.97 * seen.pseudo.of && seen.pseudo.of >= 100)
    throw new Error('pseudo-symmetric cells: under 97 %');
  if (wrong.length > 0) throw new Error('a wrong cell was not said to be undecided');
}
