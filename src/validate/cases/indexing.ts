/** The case table of indexing: lists whose lattices are known because they were made; answers are compared by meaning, not by bits. */
import type { Context } from '../../context.js';
import { type Cell, cellFromParameters, reciprocal, scale } from '../../crystal/cell.js';
import type { Crystal, ImageView, IndexerOptions, IndexingMethod, IndexingResult, IndexingThresholds } from '../../indexing/indexer.js';
import { Random } from '../../simulate/random.js';
import { rotateRandomly, type SpotSimulation, simulateSpots } from '../../simulate/spots.js';
import type { Comparison, Row } from '../case.js';
import { differentBytes, worstElement } from '../compare.js';
import { distanceToNode, latticeDifference, membershipRadius, orientationSigma, otherHand, perfectImage, spotAt, type TrueImage } from '../oracle/lattices.js';
import { type Scored, type Search, searchExhaustively } from '../oracle/search.js';
import * as bounds from '../tolerances.js';

/** Cells of the table: lengths in angstrom and angles in degrees, one of each kind of lattice that behaves differently. */
export const cells = {
  ortho: cellFromParameters(30, 40, 50, 90, 90, 90),
  tetra: cellFromParameters(79.1, 79.1, 37.9, 90, 90, 90),
  hex: cellFromParameters(80, 80, 90, 90, 90, 120),
  mono: cellFromParameters(52.4, 61.3, 74.8, 90, 103.2, 90),
  tri: cellFromParameters(41.2, 52.7, 63.9, 78.4, 83.1, 95.6),
  cubic: cellFromParameters(58, 58, 58, 90, 90, 90),
  big: cellFromParameters(128, 128, 210, 90, 90, 120),
  small: cellFromParameters(11.3, 16.9, 22.4, 90, 97.5, 90),
};
export type CellName = keyof typeof cells;

/** A batch of images with their truth. */
interface Lists {
  readonly images: readonly TrueImage[];
  readonly known: readonly Cell[];
  /** Index of the known cell of each image; default 0. */
  readonly which?: readonly number[];
  readonly options: IndexerOptions;
  readonly thresholds: IndexingThresholds;
}
interface Answer {
  readonly result: IndexingResult;
  /** The same work done another way, to be the same bytes. */
  readonly twin?: IndexingResult;
}

const batchOf = (images: readonly TrueImage[]) => {
  const offsets = new Uint32Array(images.length + 1);
  images.forEach(({ owner }, i) => {
    offsets[i + 1] = (offsets[i] as number) + owner.length;
  });
  const spots = new Float32Array((offsets[images.length] as number) * 3);
  images.forEach((image, i) => {
    spots.set(image.spots, (offsets[i] as number) * 3);
  });
  return { spots, offsets };
};

async function plan(context: Context, lists: Lists, twin?: (context: Context, lists: Lists, run: Run) => Promise<IndexingResult>) {
  const indexer = await context.indexer({ batch: lists.images.length, maxInputCells: lists.known.length, ...lists.options });
  const run: Run = (images, into) => indexer.run({ ...batchOf(images), cells: lists.known, ...lists.thresholds, ...(into ? { into } : {}) });
  return {
    backend: indexer.backend,
    async run(): Promise<Answer> {
      const result = await run(lists.images);
      return twin ? { result, twin: await twin(context, lists, run) } : { result };
    },
    dispose: () => indexer.dispose(),
  };
}
type Run = (images: readonly TrueImage[], into?: IndexingResult) => Promise<IndexingResult>;

/** Verdicts, orientations, lengths and memberships of every image against the truth. */
function compareWithTruth({ result }: Answer, { images, known, which, options }: Lists): Comparison {
  const { maxSpots = 300 } = options;
  const degrees: number[] = [];
  const sigmas: number[] = [];
  const relative: number[] = [];
  const notes: string[] = [];
  let [missed, invented, wrongCell, membership, summary, figures] = [0, 0, 0, 0, 0, 0];
  images.forEach((image, i) => {
    const view = result.image(i);
    const crystals = view.crystals();
    const spots = image.owner.length;
    const near = Array.from({ length: spots }, (_, k) => Math.hypot(...spotAt(image.spots, k))).filter((reach) => reach <= farthest).length;
    summary += Number(view.usedSpots !== Math.min(near, maxSpots)) + Number(view.truncated !== near > maxSpots) + Number(view.tooFewSpots);
    summary += Number(view.tooFar !== near < spots);
    const taken = new Set<number>();
    image.lattices.forEach((truth, k) => {
      const place = crystals.findIndex(({ cell }, c) => !taken.has(c) && latticeDifference(cell, truth) !== undefined);
      const crystal = crystals[place];
      if (!crystal) {
        missed++;
        return;
      }
      taken.add(place);
      const difference = latticeDifference(crystal.cell, truth);
      if (!difference) return;
      const sigma = Math.hypot(orientationSigma(image, truth, k + 1), bounds.orientationFloorDeg);
      degrees.push(difference.misorientationDeg);
      sigmas.push(difference.misorientationDeg / sigma);
      relative.push(difference.lengths);
      if (crystal.inputCell !== (which?.[i] ?? 0)) wrongCell++;
    });
    invented += crystals.length - taken.size;
    const { differing, figure } = recount(image, view, crystals, known, options.method !== 'exhaustive');
    figures = Math.max(figures, figure);
    if (differing > 0) notes.push(`image ${i}: ${differing} spots differ`);
    membership += differing;
  });
  if (missed > 0) notes.unshift(`${missed} lattices missed`);
  if (invented > 0) notes.unshift(`${invented} lattices that are not there`);
  if (wrongCell > 0) notes.unshift(`${wrongCell} lattices given to another known cell`);
  return {
    errors: {
      missed:
        missed /
        Math.max(
          1,
          images.reduce((sum, { lattices }) => sum + lattices.length, 0),
        ),
      invented: invented + wrongCell,
      orientation: Math.max(0, ...sigmas),
      lengths: Math.max(0, ...relative),
      membership,
      summary,
      figures,
    },
    samples: { 'misorientation, degrees': degrees, 'misorientation, σ': sigmas, 'lengths, relative': relative },
    ...(notes.length > 0 ? { note: notes.slice(0, 4).join('; ') } : {}),
  };
}

// Spots whose membership differs from what the found cells say in float64; for a single lattice also its count of spots and, as relative
// differences, its residual and the merit of the fast method.
function recount(
  image: TrueImage,
  view: ImageView,
  crystals: readonly Crystal[],
  known: readonly Cell[],
  fast: boolean,
): { differing: number; figure: number } {
  const lattices = crystals.map(({ cell, inputCell, number }) => ({
    cell,
    number,
    dual: reciprocal(cell),
    radius: membershipRadius(known[inputCell] as Cell),
  }));
  const spots = Float32Array.from(image.spots);
  const order = Array.from(image.owner, (_, i) => i).sort((i, j) => Math.hypot(...spotAt(spots, i)) - Math.hypot(...spotAt(spots, j)) || i - j);
  let [differing, near, undecided, squares, merit] = [0, 0, 0, 0, 0];
  for (const [rank, i] of order.entries()) {
    // Spots too far out take no part and belong to nothing.
    if (Math.hypot(...spotAt(spots, i)) > farthest) {
      if (view.assignment[i] !== 0) differing++;
      continue;
    }
    const distances = lattices.map(({ cell, dual, radius }) => distanceToNode(cell, dual, spotAt(spots, i)) / radius);
    const owner = view.assignment[i] as number;
    const first = distances[0];
    // The figures are of the spots that took part, the membership is of all.
    if (first !== undefined && rank < view.usedSpots) {
      if (Math.abs(first - 1) < bounds.borderline) undecided++;
      else if (first < 1) {
        near++;
        squares += first * first;
        merit += 1 - first * first;
      }
    }
    const own = lattices.findIndex(({ number }) => number === owner);
    if (owner !== 0 && !((distances[own] as number) < 1 + bounds.borderline)) differing++;
    if (owner === 0 && distances.some((distance) => distance < 1 - bounds.borderline)) differing++;
  }
  const [single] = crystals;
  const [lattice] = lattices;
  if (!single || !lattice || crystals.length > 1) return { differing, figure: 0 };
  differing += Math.max(0, Math.abs(single.indexedSpots - near - undecided / 2) - undecided / 2);
  if (undecided > 0) return { differing, figure: 0 };
  // In units of the membership radius, so that a perfect list has no relative error of its own.
  const residual = Math.abs(single.rmsResidual / lattice.radius - Math.sqrt(squares / near));
  return { differing, figure: Math.max(residual, fast ? Math.abs(single.score / merit - 1) : 0) };
}

/** Seconds an image takes on one thread of the wasm core, by method: measured, rounded up. */
const farthest = 5; // 1/angstrom; see IndexingConstants in src/layout/indexing.ts
const secondsAnImage = { fast: 0.001, turbo: 0.0007, exhaustive: 0.012 };

type Extra = Partial<Row<Lists, Answer, Lists>> & { lengths?: bounds.Bound; missed?: bounds.Bound; orientation?: bounds.Bound };

function row(method: IndexingMethod, address: string, about: string, make: (seed: number) => Lists, extra: Extra = {}): Row<Lists, Answer, Lists> {
  const { lengths, missed, orientation, ...rest } = extra;
  const id = `indexing:${method}:${address}`;
  const amount = Number(/images=(\d+)/.exec(address)?.[1] ?? 1);
  return {
    id,
    about,
    cost: 0.02 + amount * secondsAnImage[method] * 2,
    work: { amount, unit: 'images' },
    // Facts of the published search at 300 spots; the fast method does a fifteenth of it.
    flops: amount * (method === 'exhaustive' ? 6e8 : 4e7),
    bytes: amount * (300 * 12 + 512),
    make: (seed) => {
      const lists = make(seed);
      return { ...lists, options: { method, maxOutputCells: 8, ...lists.options } };
    },
    oracle: (lists) => lists,
    plan: (context, lists) => plan(context, lists),
    compare: compareWithTruth,
    bounds: () => ({
      missed: missed ?? bounds.everyLattice,
      invented: bounds.noLattice,
      orientation: orientation ?? (method === 'exhaustive' ? bounds.orientationOfNine : bounds.orientation),
      lengths: lengths ?? bounds.lengths(0.01, 'the known cell is the true one; a strain is fitted only where the spots carry it'),
      membership: bounds.sameSpots,
      summary: bounds.exactSummary,
      figures: bounds.sameFigures,
    }),
    ...rest,
  };
}

interface Simulation extends Omit<SpotSimulation, 'cell' | 'seed' | 'images' | 'spots'> {
  readonly images?: number;
}

function simulated(method: IndexingMethod, name: CellName, spots: number, simulation: Simulation, about: string, extra?: Extra, options: IndexerOptions = {}) {
  const { images = 8, ...settings } = simulation;
  const words = Object.entries(settings).map(([key, value]) => `:${key}=${value}`);
  return row(
    method,
    `${name}:n=${spots}${words.join('')}:images=${images}`,
    about,
    (seed) => ({
      images: simulateSpots({ cell: cells[name], images, seed, spots, ...settings }),
      known: [cells[name]],
      options: { ...options },
      thresholds: { maxCrystals: settings.crystals ?? 1 },
    }),
    extra,
  );
}

function perfect(method: IndexingMethod, address: string, cell: (seed: number) => Cell, known: Cell, resolutionA: number) {
  const orientation = method === 'exhaustive' ? bounds.endOfRefinement(resolutionA) : undefined;
  return row(
    method,
    `perfect:${address}`,
    'a list of exact nodes, to be indexed to the last spot',
    (seed) => ({ images: [perfectImage(cell(seed), resolutionA)], known: [known], options: {}, thresholds: {} }),
    { lengths: bounds.lengths(1e-5, 'exact nodes in float32: a length is known to some 10 units in the last place'), ...(orientation ? { orientation } : {}) },
  );
}

const turned = (cell: Cell) => (seed: number) => rotateRandomly(cell, new Random(seed, 0));

// Two runs that must give the same bytes.
function twins(method: IndexingMethod, address: string, about: string, twin: (context: Context, lists: Lists, run: Run) => Promise<IndexingResult>) {
  return row(
    method,
    `${address}:images=12`,
    about,
    (seed) => {
      const images = (['mono', 'hex', 'tri'] as const).flatMap((name, i) =>
        [10, 40, 150, 300].flatMap((spots, k) => simulateSpots({ cell: cells[name], seed: seed + 10 * i + k, spots, spurious: 0.3 })),
      );
      return { images, known: [cells.mono, cells.hex, cells.tri], options: {}, thresholds: { maxCrystals: 2 } };
    },
    {
      plan: (context, lists) => plan(context, lists, twin),
      compare({ result, twin: other }) {
        if (!other) return { errors: { bytes: Number.POSITIVE_INFINITY } };
        const parts = (['found', 'results', 'assignment'] as const).map((name) => ({ name, ...differentBytes(other[name], result[name]) }));
        const bad = parts.find(({ error }) => error !== 0);
        return { errors: { bytes: parts.reduce((sum, { error }) => sum + error, 0) }, ...(bad ? { note: `${bad.name}: ${bad.note}` } : {}) };
      },
      bounds: () => ({ bytes: bounds.sameBytes }),
      // Two runs or more, and unlike the others they never find an easy image: six efforts for each known cell, in two searches.
      ...(method === 'exhaustive' ? {} : { cost: 0.3 }),
    },
  );
}

// The published search done again in float64, at a size at which that takes a fraction of a second: the same best cell, the same score.
function reference(name: CellName, spots: number, change: Partial<Search>, about: string) {
  const words = Object.entries(change).map(([key, value]) => `:${key}=${value}`);
  const search: Search = {
    samplePoints: 1024,
    anglePoints: 64,
    candidateVectors: 12,
    cells: 4,
    ...{ triml: 0.001, trimh: 0.3, delta: 0.1, dist1: 0.2, dist3: 0.15, minSpots: 6 },
    ...{ refinement: 'raw', contraction: 0.8, maxDistance: change.refinement === 'ifssr' ? 0.00075 : 0.01 },
    ...{ refineMinSpots: change.refinement === 'ifssr' ? 8 : 6, refineIterations: change.refinement === 'ifssr' ? 32 : 15 },
    ...change,
  };
  const { candidateVectors, cells: outputs, ...thresholds } = search;
  const made: Row<Lists, Answer, Scored[]> = {
    ...row('exhaustive', `reference:${name}:n=${spots}${words.join('')}:images=3`, about, (seed) => ({
      // Low resolution and no noise: a grid this coarse then still lands near the nodes.
      images: simulateSpots({ cell: cells[name], images: 3, seed, spots, dMinA: 6, noisePx: 0.2, bFactorA2: 200 }),
      known: [cells[name]],
      options: { candidateVectors, maxOutputCells: outputs },
      thresholds,
    })),
    oracle: ({ images, known }) =>
      images.map(({ spots: list, owner }) =>
        searchExhaustively(
          Array.from(owner, (_, i) => spotAt(Float32Array.from(list), i)),
          known[0] as Cell,
          search,
        ),
      ),
    compare({ result }, expected) {
      const best = expected.map((_, i) =>
        result
          .image(i)
          .cells()
          .reduce((a, b) => (b.score < a.score ? b : a)),
      );
      const scores = expected.map(({ score }, i) => Math.abs((best[i]?.score ?? Number.NaN) - score));
      const elements = expected.map(({ cell }, i) => worstElement(best[i]?.cell.flat() ?? [], cell.flat()).error);
      return {
        errors: { score: Math.max(...scores), cell: Math.max(...elements) },
        samples: { 'scores against float64': scores, 'cells against float64, relative': elements },
      };
    },
    bounds: () => ({ score: bounds.searchScore, cell: bounds.searchCell }),
  };
  return made;
}

// What an image says of itself: spots used, flags, and that nothing was found.
function empty(
  method: IndexingMethod,
  address: string,
  about: string,
  images: (seed: number) => readonly TrueImage[],
  wanted: { used: number; tooFew: boolean },
) {
  return row(method, address, about, (seed) => ({ images: images(seed), known: [cells.mono], options: {}, thresholds: {} }), {
    compare({ result }, { images: made }) {
      let wrong = 0;
      made.forEach((_, i) => {
        const view = result.image(i);
        wrong += Number(view.indexed) + Number(view.usedSpots !== wanted.used) + Number(view.tooFewSpots !== wanted.tooFew);
        wrong += view.assignment.reduce((sum, owner) => sum + Number(owner !== 0), 0) + Number(view.crystals().length > 0);
      });
      return { errors: { summary: wrong } };
    },
    bounds: () => ({ summary: bounds.exactSummary }),
  });
}

// Spots where no crystal diffracts, among good ones: they change nothing but the flag.
const stray = [
  [1e6, 0, 0],
  [0, -40, 30],
  [-2e18, 2e18, 5],
  [0, 0, 5.5],
].flat();
function strayed(method: IndexingMethod, spots: number) {
  return row(method, `stray:tri:n=${spots}:images=4`, 'spots at 5.5 to 10¹⁸ 1/angstrom among good ones', (seed) => ({
    images: simulateSpots({ cell: cells.tri, images: 4, seed, spots }).map(({ spots: good, lattices, owner }) => ({
      spots: Float64Array.from([...stray, ...good]),
      lattices,
      owner: Uint8Array.from([0, 0, 0, 0, ...owner]),
    })),
    known: [cells.tri],
    options: {},
    thresholds: {},
  }));
}

const noise = (spots: number, images: number) => (seed: number) => simulateSpots({ cell: cells.mono, images, seed, spots, spurious: 1, crystals: 0 });

function rowsOf(method: IndexingMethod): Row<Lists, Answer, Lists>[] {
  const few = bounds.mostLattices(0.25, 'ten true spots among twenty, noise 0.5 px: simulations of the method find nine in ten');
  return [
    perfect(method, 'ortho:axes', () => cells.ortho, cells.ortho, 14),
    perfect(method, 'ortho', turned(cells.ortho), cells.ortho, 14),
    perfect(method, 'hex', turned(cells.hex), cells.hex, 26),
    perfect(method, 'tri', turned(cells.tri), cells.tri, 16),
    row(
      method,
      'perfect:tri:max=80',
      'more spots than maxSpots: the nodes are the ones of lowest resolution, also where the others lie near the beam axis',
      (seed) => {
        const random = new Random(seed, 1);
        const { spots, lattices, owner } = perfectImage(rotateRandomly(cells.tri, random), 18);
        const junk = Array.from({ length: 60 }, () => [
          0.01 * random.normal(),
          0.01 * random.normal(),
          (random.uniform() < 0.5 ? -1 : 1) * (0.1 + 0.1 * random.uniform()),
        ]).flat();
        const image = { spots: Float64Array.from([...junk, ...spots]), lattices, owner: Uint8Array.from([...new Uint8Array(60), ...owner]) };
        return { images: [image], known: [cells.tri], options: { maxSpots: 80 }, thresholds: {} };
      },
      { ...(method === 'exhaustive' ? { orientation: bounds.endOfRefinement(18) } : {}) },
    ),
    perfect(method, 'tri:left-handed', turned(otherHand(cells.tri)), otherHand(cells.tri), 16),
    perfect(method, 'tri:left-known', turned(otherHand(cells.tri)), scale3(-1, otherHand(cells.tri)), 16),
    ...(['ortho', 'tetra', 'hex', 'mono', 'tri', 'cubic', 'big'] as const).map((name) => simulated(method, name, 100, {}, 'each kind of cell')),
    ...[50, 200, 300].map((spots) => simulated(method, 'mono', spots, {}, 'few spots and many')),
    ...[0.3, 0.5].map((spurious) => simulated(method, 'mono', 100, { spurious, noisePx: 1 }, 'spurious spots and noise')),
    simulated(method, 'tri', 300, { spurious: 0.5, noisePx: 1, images: 32 }, 'spurious spots and noise', { bench: true }),
    simulated(method, 'tetra', 300, { images: 64 }, 'the pace of good images', { bench: true }),
    ...(method === 'fast' ? fastOnly(few) : []),
    simulated(method, 'mono', 300, { crystals: 2 }, 'two lattices in an image'),
    row(method, 'cells=3:n=100:images=9', 'three known cells, each image has one of them', (seed) => {
      const names = ['tri', 'ortho', 'mono'] as const;
      const which = Array.from({ length: 9 }, (_, i) => i % 3);
      return {
        images: which.flatMap((k, i) => simulateSpots({ cell: cells[names[k] as CellName], seed: seed + i, spots: 100, spurious: 0.2 })),
        known: names.map((name) => cells[name]),
        which,
        options: {},
        thresholds: {},
      };
    }),
    simulated(method, 'mono', 900, { spurious: 0.3, images: 4 }, 'more spots than maxSpots: those of lowest resolution take part', {}, { maxSpots: 200 }),
    ...[20, 100, 300].map((spots) =>
      empty(method, `noise:n=${spots}:images=16`, 'spots without a lattice are refused', noise(spots, 16), { used: spots, tooFew: false }),
    ),
    ...[20, 100].map((spots) => strayed(method, spots)),
    empty(method, 'spots=0:images=3', 'images without spots', noise0, { used: 0, tooFew: true }),
    empty(method, 'spots=3:images=3', 'fewer spots than indexing needs', noise(3, 3), { used: 3, tooFew: true }),
    twins(method, 'batch-is-single', 'a batch gives what its images give one by one', async (_, lists, run) => joined(lists, run)),
    twins(method, 'repeat', 'twice the same bytes', (_, lists, run) => run(lists.images)),
    twins(method, 'into', 'every byte of a result that is used again is written', async (_, lists, run) => {
      const into = await run(lists.images);
      for (const bytes of [into.found, into.results, into.assignment]) bytes.fill(0xa5);
      return run(lists.images, into);
    }),
    twins(method, 'threads', 'one thread gives what several give', async (context, lists) => {
      const single = await context.indexer({ batch: lists.images.length, maxInputCells: lists.known.length, ...lists.options, threads: 1 });
      try {
        return await single.run({ ...batchOf(lists.images), cells: lists.known, ...lists.thresholds });
      } finally {
        await single.dispose();
      }
    }),
  ];
}

const scale3 = (k: number, [a, b, c]: Cell): Cell => [scale(k, a), scale(k, b), scale(k, c)];
const noise0 = (): TrueImage[] => Array.from({ length: 3 }, () => ({ spots: new Float64Array(0), lattices: [], owner: new Uint8Array(0) }));

async function joined(lists: Lists, run: Run): Promise<IndexingResult> {
  const whole = await run(lists.images);
  for (const bytes of [whole.found, whole.results, whole.assignment]) bytes.fill(0);
  let spots = 0;
  for (const [i, image] of lists.images.entries()) {
    const single = await run([image]);
    whole.found.set(single.found, i * single.found.length);
    whole.results.set(single.results, i * single.results.length);
    whole.assignment.set(single.assignment, spots);
    spots += single.assignment.length;
  }
  return whole;
}

function fastOnly(few: bounds.Bound): Row<Lists, Answer, Lists>[] {
  return [
    simulated('fast', 'mono', 10, { noisePx: 0.3 }, 'ten spots'),
    simulated('fast', 'mono', 20, {}, 'twenty spots'),
    simulated('fast', 'tri', 20, { spurious: 0.5, images: 16 }, 'ten true spots among twenty', { missed: few }),
    simulated('fast', 'mono', 300, { crystals: 3 }, 'three lattices in an image'),
    row(
      'fast',
      'cell-off=1%:n=200:images=8',
      'a known cell whose lengths are one percent wrong',
      (seed) => {
        const off = cellFromParameters(52.4 * 1.01, 61.3 * 0.99, 74.8 * 1.01, 90, 103.2, 90);
        return { images: simulateSpots({ cell: cells.mono, images: 8, seed, spots: 200 }), known: [off], options: {}, thresholds: {} };
      },
      { lengths: bounds.lengths(0.015, 'the known lengths are off by one percent, and the answer may not be further off') },
    ),
    simulated(
      'fast',
      'small',
      100,
      { wavelengthA: 0.0251, distanceMm: 2400, dMinA: 0.8, bandwidth: 1e-5, bFactorA2: 2 },
      'electron diffraction: an Ewald sphere that is nearly flat',
    ),
  ];
}

function turboRows(): Row<Lists, Answer, Lists>[] {
  return [
    perfect('turbo', 'hex', turned(cells.hex), cells.hex, 26),
    ...(['ortho', 'tri', 'big'] as const).map((name) => simulated('turbo', name, 100, {}, 'each kind of cell')),
    simulated('turbo', 'mono', 50, { spurious: 0.3 }, 'few spots'),
    simulated('turbo', 'tri', 300, { spurious: 0.5, noisePx: 1, images: 32 }, 'spurious spots and noise', { bench: true }),
    simulated('turbo', 'tetra', 300, { images: 64 }, 'the pace of good images', { bench: true }),
    simulated('turbo', 'mono', 300, { crystals: 2 }, 'two lattices in an image'),
    strayed('turbo', 20),
    empty('turbo', 'noise:n=100:images=16', 'spots without a lattice are refused', noise(100, 16), { used: 100, tooFew: false }),
    twins('turbo', 'batch-is-single', 'a batch gives what its images give one by one', async (_, lists, run) => joined(lists, run)),
    twins('turbo', 'repeat', 'twice the same bytes', (_, lists, run) => run(lists.images)),
  ];
}

const references = [
  reference('tri', 40, {}, 'the published search: sampling, scores, candidates, angles'),
  reference('tri', 24, { minSpots: 0 }, 'without the refinement of vectors'),
  reference('tri', 30, { minSpots: 0, candidateVectors: 1 }, 'the one best sampled vector as it is: directions and dist1 to the last count'),
  reference('mono', 60, { samplePoints: 2048, anglePoints: 128, candidateVectors: 8 }, 'a finer grid'),
  reference('tri', 50, { triml: 0.01, trimh: 0.2, delta: 0.05, dist1: 0.15, dist3: 0.2 }, 'every threshold reaches the score'),
  ...(['ifss', 'ifse', 'ifssr'] as const).map((refinement) => reference('tri', 60, { refinement }, 'the published refinements')),
];

/** The rows. */
export const indexingRows: readonly Row[] = [...rowsOf('fast'), ...turboRows(), ...rowsOf('exhaustive'), ...references];
