/** The same work done in two ways, which must give the same bytes. */

import type { Context } from '../../../context/rooms.js';
import type { IndexingMethod, IndexingResult } from '../../../indexing/indexer.js';
import { simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import type { Row } from '../../case.js';
import { differentBytes } from '../../compare.js';
import type { TrueImage } from '../../oracle/indexing/lattices.js';
import { type Answer, type CellName, cells, electrons, type Lists, makePlan, type Run, withIndexer } from './lists.js';
import { noiseImages } from './refused.js';
import { makeRow } from './row.js';

/** Lists of one size for each of some cells. */
interface Lot {
  readonly names: readonly CellName[];
  readonly spots: readonly number[];
}
const twelve: Lot = { names: ['mono', 'hex', 'tri'], spots: [10, 40, 150, 300] };
/** For devices emulated by a CPU: the same comparison, in a tenth of the time. */
const two: Lot = { names: ['mono', 'hex'], spots: [40] };

/** How the second run is made. */
type Twin = (context: Context, lists: Lists, run: Run) => Promise<IndexingResult>;

// Two runs that must give the same bytes, on many lists and on few.
const twins = (method: IndexingMethod, address: string, about: string, twin: Twin) =>
  [twelve, two].map((lot) => twinsOf(method, address, about, twin, lot));

function twinsOf(method: IndexingMethod, address: string, about: string, twin: Twin, { names, spots }: Lot) {
  const amount = names.length * spots.length;
  return makeRow(
    method,
    `${address}:images=${amount}`,
    about,
    (seed) => {
      const images = names.flatMap((name, i) =>
        spots.flatMap((count, k) =>
          simulateSpots({ cell: cells[name], seed: seed + 10 * i + k, spots: count, spurious: 0.3 }),
        ),
      );
      return { images, known: names.map((name) => cells[name]), thresholds: { maxCrystals: 2 } };
    },
    {
      ...sameBytes(twin),
      // There are two runs or more, and unlike those of other rows they never find an easy image: six efforts for each
      // known cell, in two searches.
      ...(method === 'exhaustive' ? {} : { cost: 0.025 * amount }),
    },
  );
}

/** What a row of twins compares. */
const sameBytes = (twin: Twin): Pick<Row<Lists, Answer, Lists>, 'plan' | 'compare' | 'bounds'> => ({
  plan: (context, lists) => makePlan(context, lists, twin),
  compare({ result, twin: other }) {
    if (!other) return { errors: { bytes: Number.POSITIVE_INFINITY } };
    const parts = (['found', 'results', 'assignment'] as const).map((name) => ({
      name,
      ...differentBytes(other[name], result[name]),
    }));
    const bad = parts.find(({ error }) => error !== 0);
    return {
      errors: { bytes: parts.reduce((sum, { error }) => sum + error, 0) },
      note: bad && `${bad.name}: ${bad.note}`,
    };
  },
  bounds: () => ({ bytes: bounds.sameBytes }),
});

/** Puts the result of a run of one image in its place among those of all images. */
function copyResult(whole: IndexingResult, single: IndexingResult, image: number): void {
  whole.found.set(single.found, image * single.found.length);
  whole.results.set(single.results, image * single.results.length);
  whole.assignment.set(single.assignment, whole.offsets[image] ?? 0);
}

async function runSeparately(lists: Lists, run: Run): Promise<IndexingResult> {
  const whole = await run(lists.images);
  for (const bytes of [whole.found, whole.results, whole.assignment]) bytes.fill(0);
  for (const [i, image] of lists.images.entries()) copyResult(whole, await run([image]), i);
  return whole;
}

/** Searches with a single effort, then what that did not settle with all of them; which images that must be. */
const inTwoSteps =
  (unsettled: readonly number[]): Twin =>
  async (context, lists, run) => {
    const { images } = lists;
    const result = await withIndexer(context, lists, { efforts: 1 }, (light) => light(images));
    const open = images.flatMap((_, i) => (result.image(i).unsettled ? [i] : []));
    if (String(open) !== String(unsettled))
      throw new Error(`images ${open.join(', ')} are unsettled; expected ${unsettled.join(', ')}`);
    for (const i of open) copyResult(result, await run([images[i] as TrueImage]), i);
    return result;
  };

/** Images that one effort settles, and others: noise, and an Ewald sphere that is nearly flat. */
export const effortsOf = (method: IndexingMethod) => [
  makeRow(
    method,
    'efforts=1:images=6',
    'what one effort settles has the bytes of a whole search, and noise is left unsettled',
    (seed) => ({
      images: [
        ...simulateSpots({ cell: cells.mono, images: 2, seed, spots: 150 }),
        ...noiseImages(100, 2)(seed),
        ...simulateSpots({ cell: cells.mono, images: 2, seed: seed + 1, spots: 150 }),
      ],
      known: [cells.mono],
    }),
    { ...sameBytes(inTwoSteps([2, 3])), cost: 0.2 },
  ),
  makeRow(
    method,
    'efforts=1:small:images=2',
    'a nearly flat Ewald sphere takes every effort, so one settles nothing',
    (seed) => ({
      images: simulateSpots({ cell: cells.small, spots: 100, ...electrons, images: 2, seed }),
      known: [cells.small],
    }),
    { ...sameBytes(inTwoSteps([0, 1])), cost: 0.2 },
  ),
];

/** Rows of every method. */
export const singlesOf = (method: IndexingMethod) =>
  twins(method, 'batch-is-single', 'a batch gives what its images give one by one', async (_, lists, run) =>
    runSeparately(lists, run),
  );
export const repeatOf = (method: IndexingMethod) =>
  twins(method, 'repeat', 'twice the same bytes', (_, lists, run) => run(lists.images));

/** Additional rows of two of the methods. */
export const furtherTwinsOf = (method: IndexingMethod) => [
  ...twins(method, 'into', 'every byte of a result that is used again is written', async (_, lists, run) => {
    const into = await run(lists.images);
    for (const bytes of [into.found, into.results, into.assignment]) bytes.fill(0xa5);
    return run(lists.images, into);
  }),
  ...twins(method, 'threads', 'one thread gives what several give', (context, lists) =>
    withIndexer(context, lists, { threads: 1 }, (run) => run(lists.images)),
  ),
];
