/**
 * The cell of an unknown crystal, from the spots of several stills alone.
 *
 * Each image proposes reduced cells made of lattice vectors it shows (plane-waves.ts); proposals that agree between
 * images are clustered; the clusters are tried as known cells on all images, and the one that indexes most, by the
 * indexer's own verdict against chance, wins.
 */
import { type BravaisCandidate, bravaisCandidates } from '../crystal/bravais.js';
import { anglesOf, type Cell, cellFromParameters, lengthsOf } from '../crystal/cell.js';
import { niggli } from '../crystal/niggli.js';
import { EwaldError } from '../errors.js';
import type { PlatformSignal } from '../globals.js';
import { breathe, checkSignal, integer, knownOptions, real } from '../options.js';
import type { IndexingInput } from './input.js';
import { combineVectors, findVectors } from './plane-waves.js';
import type { IndexingResult } from './result.js';

/** How an unknown cell is looked for. */
export interface CellSearchOptions {
  /** Shortest cell edge in angstrom, 1 … 1000, default 3. */
  readonly minLengthA?: number;
  /** Longest cell edge in angstrom, up to 1000, default 150; twice as long costs four times the time. */
  readonly maxLengthA?: number;
  /**
   * Images that propose cells, 1 … 1000, default 12: those with the most spots up to `maxSpots` are taken. All images
   * vote.
   */
  readonly proposers?: number;
  /** Tolerance of the Bravais lattices: relative lengths, and angles in radians, 0 … 0.2, default 0.02. */
  readonly tolerance?: number;
  readonly signal?: PlatformSignal;
  /** Told the fraction done, 0 … 1. */
  readonly onProgress?: (done: number) => void;
}

/** A cell that was found. */
export interface DeterminedCell {
  /** The Niggli-reduced cell in the standard setting (a along x, b in the xy plane), in angstrom. */
  readonly cell: Cell;
  /** a, b, c in angstrom and α, β, γ in degrees: means over the indexed images. */
  readonly parameters: readonly [number, number, number, number, number, number];
  /** Standard deviation of each parameter between images. */
  readonly spread: readonly [number, number, number, number, number, number];
  /** Images it indexes, of how many. */
  readonly indexed: number;
  readonly images: number;
  /** Bravais lattices that its metric fits, highest symmetry first. */
  readonly bravais: readonly BravaisCandidate[];
}

type Six = [number, number, number, number, number, number];
type Run = (input: IndexingInput) => Promise<IndexingResult>;

const parametersOf = (cell: Cell): Six => [...lengthsOf(cell), ...anglesOf(cell)] as Six;
const alike = (p: Six, q: Six): boolean =>
  p.every((x, i) => (i < 3 ? Math.abs(x / (q[i] ?? 1) - 1) < 0.03 : Math.abs(x - (q[i] ?? 0)) < 3));
const meanOf = (rows: readonly Six[]): Six =>
  [0, 1, 2, 3, 4, 5].map((i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length) as Six;

/**
 * Determines the cell; `images` are [spots, 3] arrays in 1/angstrom. Candidates come best first; an empty list means
 * that no cell explains the images beyond chance. Throws `Argument`, `Aborted`.
 */
export async function determineCell(
  run: Run,
  images: readonly (Float32Array | Float64Array | readonly number[])[],
  options: CellSearchOptions = {},
): Promise<DeterminedCell[]> {
  knownOptions('determineCell', options, [
    'minLengthA',
    'maxLengthA',
    'proposers',
    'tolerance',
    'signal',
    'onProgress',
  ]);
  const minLengthA = real('determineCell: minLengthA', options.minLengthA, 3, 1, 1000);
  const maxLengthA = real('determineCell: maxLengthA', options.maxLengthA, 150, minLengthA, 1000);
  const proposers = integer('determineCell: proposers', options.proposers, 12, 1, 1000);
  const tolerance = real('determineCell: tolerance', options.tolerance, 0.02, 0, 0.2);
  if (images.length === 0)
    throw new EwaldError('Argument', 'determineCell: there are no images; give the spots of several stills');

  // Proposals: reduced cells of single images.
  const rich = images.map((_, i) => i).sort((i, j) => (images[j]?.length ?? 0) - (images[i]?.length ?? 0));
  const clusters: { members: Six[]; proposers: Set<number> }[] = [];
  for (const [n, index] of rich.slice(0, proposers).entries()) {
    checkSignal(options.signal);
    const spots = lowest(images[index] ?? [], 400);
    const vectors = findVectors(spots, { minLengthA, maxLengthA, keep: 24 });
    const seen: Six[] = [];
    for (const { cell } of combineVectors(vectors, spots, 12)) {
      const six = reducedParameters(cell);
      if (!six) continue;
      if (six[2] > maxLengthA * 1.05 || seen.some((other) => alike(six, other))) continue;
      seen.push(six);
    }
    for (const six of seen) {
      const home = clusters.find(({ members }) => alike(six, meanOf(members)));
      if (home) home.proposers.add(index);
      if (home) home.members.push(six);
      else clusters.push({ members: [six], proposers: new Set([index]) });
    }
    clusters.sort((p, q) => q.members.length - p.members.length);
    options.onProgress?.((0.8 * (n + 1)) / Math.min(proposers, images.length));
    await breathe();
    // Four images that agree have said enough.
    if ((clusters[0]?.members.length ?? 0) >= 4) break;
  }

  // Largest cluster first, each is tried as a known cell on every image.
  const tried: { all: Six[]; indexed: number; score: number }[] = [];
  const hopeful = clusters.slice(0, 12);
  for (const [n, { members, proposers }] of hopeful.entries()) {
    checkSignal(options.signal);
    const outcome = await tryCell(run, images, cellFromParameters(...meanOf(members)), options.signal);
    // A cell made from an image explains that image, noise or not: what counts is that others agree.
    const others = outcome.which.filter((index) => !proposers.has(index)).length;
    const agreed =
      images.length === 1 ? outcome.score < -20 : outcome.indexed >= 2 && (proposers.size >= 2 || others >= 1);
    if (agreed) tried.push(outcome);
    options.onProgress?.(0.8 + (0.2 * (n + 1)) / hopeful.length);
  }
  // The evidence of all images together; a supercell indexes as many, with less evidence a spot.
  tried.sort((p, q) => p.score - q.score);
  const answers = tried.map(({ all, indexed }) => {
    const parameters = meanOf(all);
    const spread = [0, 1, 2, 3, 4, 5].map((i) =>
      Math.sqrt(all.reduce((sum, six) => sum + ((six[i] ?? 0) - (parameters[i] ?? 0)) ** 2, 0) / all.length),
    ) as Six;
    const cell = cellFromParameters(...parameters);
    return { cell, parameters, spread, indexed, images: images.length, bravais: bravaisCandidates(cell, tolerance) };
  });
  // One lattice may have come in two reduced forms that are equal within errors: its conventional cell is the same.
  const same = (p: DeterminedCell, q: DeterminedCell): boolean =>
    alike(p.parameters as Six, q.parameters as Six) ||
    (p.bravais[0]?.type === q.bravais[0]?.type && alike(conventional(p), conventional(q)));
  return answers.filter((answer, i) => !answers.slice(0, i).some((better) => same(answer, better)));
}

const conventional = ({ bravais }: DeterminedCell): Six => bravais[0]?.parameters as Six;

/**
 * Parameters of the reduced cell. Measured cells waver between forms that are equal within errors, so a coarse
 * tolerance comes first; where it does not converge, a finer one does. Undefined for a cell that is flat after all.
 */
function reducedParameters(cell: Cell): Six | undefined {
  for (const tolerance of [0.01, 0.001, 1e-5]) {
    try {
      return parametersOf(niggli(cell, tolerance).cell);
    } catch {
      // Tried again with the next one.
    }
  }
  return undefined;
}

/** Indexes every image with a cell: the metrics found, and the summed log10 chance of the accepted ones. */
async function tryCell(
  run: Run,
  images: readonly ArrayLike<number>[],
  known: Cell,
  signal: PlatformSignal | undefined,
): Promise<{ all: Six[]; which: number[]; indexed: number; score: number }> {
  const all: Six[] = [];
  const which: number[] = [];
  let score = 0;
  for (const [index, image] of images.entries()) {
    checkSignal(signal);
    const result = await run({ spots: Float32Array.from(image), cells: known });
    const [crystal] = result.image(0).crystals();
    if (!crystal) continue;
    // The found cell keeps the known one's basis, so the parameters of all images can be averaged.
    all.push(parametersOf(crystal.cell));
    which.push(index);
    score += crystal.log10Chance;
  }
  return { all, which, indexed: all.length, score };
}

function lowest(spots: ArrayLike<number>, count: number): number[] {
  const order = Array.from({ length: Math.floor(spots.length / 3) }, (_, i) => i).sort(
    (i, j) => square(spots, i) - square(spots, j),
  );
  return order
    .slice(0, count)
    .flatMap((i) => [spots[3 * i] as number, spots[3 * i + 1] as number, spots[3 * i + 2] as number]);
}

const square = (spots: ArrayLike<number>, i: number): number =>
  (spots[3 * i] as number) ** 2 + (spots[3 * i + 1] as number) ** 2 + (spots[3 * i + 2] as number) ** 2;
