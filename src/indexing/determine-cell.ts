/**
 * Determines the cell of an unknown crystal from the spots of several stills.
 *
 * Each image proposes reduced cells made of lattice vectors that it shows (cpp/indexing/isa/unknown.cpp). Proposals
 * that agree between images are clustered, the clusters are tried as known cells on all images, and the one that
 * indexes most, by the indexer's own verdict against chance, wins.
 */

import { observer } from '../base/callbacks.js';
import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { breathe, checkSignal, knownOptions, refuseFormer, shown } from '../base/options.js';
import { namesOf } from '../base/parameters.js';
import { type BravaisCandidate, bravaisCandidates } from '../crystal/bravais.js';
import { anglesOf, type Cell, cellFrom, cellFromParameters, combine, lengthsOf, volume } from '../crystal/cell.js';
import { latticeBend } from '../crystal/lattice-match.js';
import { reducedCell } from '../crystal/niggli.js';
import { allFinite, type IndexingInput } from './input.js';
import type { CellSearchParameters } from './parameter-types.js';
import { cellSearchRows, checkCellSearch } from './parameters.js';
import type { Proposals, ProposalsKernel } from './proposals.js';
import type { IndexingResult } from './result.js';

/** Options of the search for an unknown cell. */
export interface CellSearchOptions extends CellSearchParameters {
  readonly signal?: PlatformSignal | undefined;
  /** Called with the fraction done, 0 … 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** A determined cell. */
export interface DeterminedCell {
  /** The Niggli-reduced cell in the standard setting (a along x, b in the xy plane), in angstrom. */
  readonly cell: Cell;
  /** a, b, c in angstrom and α, β, γ in degrees: means over the indexed images. */
  readonly parameters: readonly [number, number, number, number, number, number];
  /** Standard deviation of each parameter between images. */
  readonly spread: readonly [number, number, number, number, number, number];
  /** Number of images that it indexes, and number of all images. */
  readonly indexed: number;
  readonly images: number;
  /**
   * Bravais lattices that its metric fits within the tolerance: first those that differ from it by no more than the
   * images differ among themselves, then the others; in both, highest symmetry first. The first one is the lattice of
   * the crystal as far as these images can tell.
   */
  readonly bravais: readonly BravaisCandidate[];
}

type Six = [number, number, number, number, number, number];
type Run = (input: IndexingInput) => Promise<IndexingResult>;

/** What the search computes with. */
interface CellSearch {
  readonly run: Run;
  readonly propose: ProposalsKernel['propose'];
  /** Images that are searched concurrently. */
  readonly atOnce: number;
}

/** A reduced cell that an image proposes, and the number of its spots that it explains. */
interface Proposal {
  readonly six: Six;
  readonly explained: number;
}

/** Proposals that resemble each other. */
interface Cluster {
  readonly members: Six[];
  /** Images that proposed them. */
  readonly proposers: Set<number>;
  /** By image: the spots explained, relative to the best proposal of this image. */
  readonly shares: Map<number, number>;
}

/** A cell tried on images. */
interface Outcome {
  /** Parameters in the images that it indexes, and in the one whose lattice is least likely to be chance. */
  readonly all: readonly Six[];
  readonly best: Six;
  /** Numbers of these images. */
  readonly which: readonly number[];
  readonly indexed: number;
  /** Sum of the log10 chances of the accepted lattices: the more negative, the better. */
  readonly score: number;
}

/** Number of clusters that are tried because images agree on them. */
const mostAgreed = 12;
/** Number of images that judge them first, and number of clusters that all images then judge. */
const [mostJurors, mostFinalists] = [4, 6];
/** How often a cell is improved, and by which factor its score has to improve each time. */
const [mostRounds, leastGain] = [4, 1.02];

const parametersOf = (cell: Cell): Six => [...lengthsOf(cell), ...anglesOf(cell)] as Six;
const alike = (p: Six, q: Six): boolean =>
  p.every((x, i) => (i < 3 ? Math.abs(x / (q[i] ?? 1) - 1) < 0.03 : Math.abs(x - (q[i] ?? 0)) < 3));
const volumeOf = (members: readonly Six[]): number => volume(cellFromParameters(...meanOf(members)));
const meanOf = (rows: readonly Six[]): Six =>
  [0, 1, 2, 3, 4, 5].map((i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length) as Six;

/**
 * Determines the cell; `images` are [spots, 3] arrays in 1/angstrom. Candidates come best first; an empty list means
 * that no cell explains the images beyond chance. Throws `Argument`, `Aborted`.
 */
export async function determineCell(
  { run, propose, atOnce }: CellSearch,
  images: readonly (Float32Array | Float64Array | readonly number[])[],
  options: CellSearchOptions = {},
): Promise<DeterminedCell[]> {
  refuseFormer('determineCell', options, { tolerance: 'symmetryTolerance' });
  knownOptions('determineCell', options, [...namesOf(cellSearchRows), 'signal', 'onProgress']);
  const search = checkCellSearch(options, (name) => `determineCell: ${name}`);
  const { minLengthA, maxLengthA, proposers, symmetryTolerance } = search;
  const tell = observer('determineCell', options, 'onProgress');
  checkSignal(options.signal);
  if (!Array.isArray(images))
    throw new EwaldError('Argument', `determineCell was given ${shown(images)}; expected a list of images`);
  for (const [i, spots] of images.entries()) {
    const fine = spots instanceof Float32Array || spots instanceof Float64Array || Array.isArray(spots);
    if (!fine || spots.length % 3 !== 0 || !allFinite(spots))
      throw new EwaldError(
        fine && spots.length % 3 === 0 ? 'Argument' : 'Shape',
        `determineCell: image ${i} is ${shown(spots)}; expected finite numbers of 1/angstrom, three per spot`,
      );
  }
  if (images.length === 0)
    throw new EwaldError('Argument', 'determineCell: there are no images; pass the spots of several stills');

  // Proposals: reduced cells of single images.
  const rich = images.map((_, i) => i).sort((i, j) => (images[j]?.length ?? 0) - (images[i]?.length ?? 0));
  const clusters: Cluster[] = [];
  const asked = rich.slice(0, proposers);
  for (let from = 0; from < asked.length; from += atOnce) {
    checkSignal(options.signal);
    const wave = asked.slice(from, from + atOnce);
    const proposals = await Promise.all(
      wave.map((index) => propose(Float32Array.from(images[index] ?? []), minLengthA, maxLengthA)),
    );
    for (const [k, proposed] of proposals.entries()) join(clusters, distinct(proposed, maxLengthA), wave[k] as number);
    clusters.sort((p, q) => q.members.length - p.members.length || volumeOf(p.members) - volumeOf(q.members));
    tell((0.6 * (from + wave.length)) / asked.length);
    await breathe();
    // Four images that agree are sufficient.
    if ((clusters[0]?.members.length ?? 0) >= 4) break;
  }

  const attempt = (cell: Cell, indices: readonly number[]): Promise<Outcome> =>
    tryCell(run, images, indices, cell, options.signal);
  // A few images judge all hopeful clusters, all images the best of these.
  const jury = rich.slice(0, mostJurors);
  const hopeful: { cluster: Cluster; score: number }[] = [];
  const selected = selection(clusters, asked);
  for (const [n, cluster] of selected.entries()) {
    checkSignal(options.signal);
    const { score } = await attempt(cellFromParameters(...meanOf(cluster.members)), jury);
    hopeful.push({ cluster, score });
    tell(0.6 + (0.2 * (n + 1)) / selected.length);
    await breathe();
  }
  hopeful.sort((p, q) => p.score - q.score);
  const finalists = hopeful.slice(0, mostFinalists);
  const tried: Outcome[] = [];
  for (const [n, { cluster }] of finalists.entries()) {
    checkSignal(options.signal);
    const outcome = await improved(await attempt(cellFromParameters(...meanOf(cluster.members)), rich), (cell) =>
      attempt(cell, rich),
    );
    // A cell derived from an image explains that image even if it is noise, so only the agreement of other images
    // counts.
    const others = outcome.which.filter((index) => !cluster.proposers.has(index)).length;
    const agreed =
      images.length === 1 ? outcome.score < -20 : outcome.indexed >= 2 && (cluster.proposers.size >= 2 || others >= 1);
    if (agreed) tried.push(outcome);
    tell(0.8 + (0.2 * (n + 1)) / finalists.length);
  }
  tell(1);
  // The joint evidence of all images; a supercell indexes as many images, with less evidence per spot.
  tried.sort((p, q) => p.score - q.score);
  const answers = tried.map((outcome) => answerOf(outcome, images.length, symmetryTolerance));
  // One lattice may occur in two reduced forms that are equal within errors.
  return answers.filter(
    (answer, i) => !answers.slice(0, i).some((better) => latticeBend(answer.cell, better.cell) < 0.03),
  );
}

/**
 * Parameters of the reduced cell. Measured cells fluctuate between forms that are equal within errors, so a coarse
 * tolerance comes first. Undefined if the cell turns out to be flat.
 */
function reducedParameters(cell: Cell): Six | undefined {
  try {
    return parametersOf(reducedCell(cell, [0.01, 0.001, 1e-5]).cell);
  } catch {
    return undefined;
  }
}

/** The cell of an outcome, reduced, with the lattices that it fits. */
function answerOf({ all, indexed }: Outcome, images: number, tolerance: number): DeterminedCell {
  // The cell was improved after its reduction.
  const { matrix } = reducedCell(cellFromParameters(...meanOf(all)), [0.01, 0.001, 1e-5]);
  const reduced = all.map((six) => parametersOf(combine(matrix, cellFromParameters(...six))));
  const parameters = meanOf(reduced);
  const spread = [0, 1, 2, 3, 4, 5].map((i) =>
    Math.sqrt(reduced.reduce((sum, six) => sum + ((six[i] ?? 0) - (parameters[i] ?? 0)) ** 2, 0) / reduced.length),
  ) as Six;
  const cell = cellFromParameters(...parameters);
  const limit = metricError(parameters, spread, indexed);
  const bravais = bravaisCandidates(cell, tolerance);
  const fits = ({ distortion }: BravaisCandidate): boolean => distortion <= limit;
  return {
    ...{ cell, parameters, spread, indexed, images },
    bravais: [...bravais.filter(fits), ...bravais.filter((candidate) => !fits(candidate))],
  };
}

/** Two-sided 99 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const studentT = [63.66, 9.92, 5.84, 4.6, 4.03, 3.71, 3.5, 3.36, 3.25, 3.17] as const;
/** The largest distortion that is attributed to the calibration of a geometry. */
const calibrationError = 0.01;

/**
 * Largest error that the mean of a metric may have, as a relative length or an angle in radians: what the spread
 * between images allows, since they differ in orientation and so in how an error of the geometry bends their cells, but
 * at least the usual error of a geometry.
 */
function metricError(parameters: Six, spread: Six, images: number): number {
  // One image says nothing about its error.
  if (images < 2) return Number.POSITIVE_INFINITY;
  const worst = Math.max(...spread.map((sigma, i) => (i < 3 ? sigma / (parameters[i] ?? 1) : (sigma * Math.PI) / 180)));
  const quantile = studentT[Math.min(images - 1, studentT.length) - 1] ?? 0;
  return Math.max(calibrationError, (quantile * worst) / Math.sqrt(images - 1));
}

/**
 * An outcome with a better cell. One still determines a long edge that is nearly parallel to the beam only to a few per
 * cent, and such a cell explains most spots of other images with shifted indices. The cell as the best image has it, or
 * as they have it on average, then explains more, and so on until all indices are right. If the lattice turns out to
 * have twice the points, its smaller cell replaces it.
 */
async function improved(first: Outcome, attempt: (cell: Cell) => Promise<Outcome>): Promise<Outcome> {
  let outcome = first;
  for (let round = 0; round < mostRounds && outcome.indexed > 1; round++) {
    const before = outcome.score;
    const mean = cellFromParameters(...meanOf(outcome.all));
    for (const cell of [cellFromParameters(...outcome.best), mean]) {
      const other = await attempt(cell);
      if (other.score < outcome.score) outcome = other;
    }
    if (outcome.score > leastGain * before) break;
  }
  if (outcome.indexed < 2) return outcome;
  for (const half of halves(cellFromParameters(...meanOf(outcome.all)))) {
    const other = await attempt(half);
    if (other.score < outcome.score && other.indexed >= outcome.indexed) return improved(other, attempt);
  }
  return outcome;
}

/** The seven cells of half the volume whose lattices contain that of a cell. */
function halves(cell: Cell): Cell[] {
  const found: Cell[] = [];
  for (let code = 1; code < 8; code++) {
    const centre = [code & 1, (code >> 1) & 1, (code >> 2) & 1];
    const replaced = centre.indexOf(1);
    // The first edge that takes part becomes the vector to the new point.
    const rows = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((k) => (i === replaced ? (centre[k] as number) / 2 : i === k ? 1 : 0)),
    );
    const six = reducedParameters(combine(rows, cell));
    if (six) found.push(cellFromParameters(...six));
  }
  return found;
}

/** The distinct reduced cells among the proposals of an image. */
function distinct({ cells, explained }: Proposals, maxLengthA: number): Proposal[] {
  const found: Proposal[] = [];
  for (let i = 0; i < explained.length; i++) {
    const six = reducedParameters(cellFrom(cells, 9 * i));
    if (!six || six[2] > maxLengthA * 1.05 || found.some((other) => alike(six, other.six))) continue;
    found.push({ six, explained: explained[i] ?? 0 });
  }
  return found;
}

/** Adds the proposals of an image to the clusters they resemble. */
function join(clusters: Cluster[], proposals: readonly Proposal[], image: number): void {
  const most = Math.max(...proposals.map(({ explained }) => explained));
  for (const { six, explained } of proposals) {
    let home = clusters.find(({ members }) => alike(six, meanOf(members)));
    if (!home) {
      home = { members: [], proposers: new Set(), shares: new Map() };
      clusters.push(home);
    }
    home.members.push(six);
    home.proposers.add(image);
    home.shares.set(image, Math.max(home.shares.get(image) ?? 0, explained / most));
  }
}

/**
 * The clusters worth trying: those on which most images agree, and, from some images, the ones that explain most spots
 * among the cells of about the same volume. The latter matter where errors of the geometry bend the cells of the images
 * differently, so that none agree except small ones by chance.
 */
function selection(clusters: readonly Cluster[], asked: readonly number[]): Cluster[] {
  const chosen = new Set(clusters.slice(0, mostAgreed));
  for (const image of asked.slice(0, mostJurors)) {
    const share = ({ shares }: Cluster): number => shares.get(image) ?? 0;
    const octaves = new Map<number, Cluster>();
    for (const cluster of clusters.filter((one) => share(one) > 0)) {
      const octave = Math.round(Math.log2(volumeOf(cluster.members)));
      const old = octaves.get(octave);
      if (!old || share(cluster) > share(old)) octaves.set(octave, cluster);
    }
    for (const cluster of octaves.values()) chosen.add(cluster);
  }
  return [...chosen];
}

/** Indexes images with a cell. */
async function tryCell(
  run: Run,
  images: readonly ArrayLike<number>[],
  indices: readonly number[],
  known: Cell,
  signal: PlatformSignal | undefined,
): Promise<Outcome> {
  const all: Six[] = [];
  const which: number[] = [];
  let [score, least, best] = [0, 0, parametersOf(known)];
  for (const index of indices) {
    checkSignal(signal);
    const result = await run({ spots: Float32Array.from(images[index] ?? []), cells: known });
    const [crystal] = result.image(0).crystals();
    if (!crystal) continue;
    // A found cell keeps the basis of the known one, so the parameters of all images can be averaged.
    const six = parametersOf(crystal.cell);
    all.push(six);
    which.push(index);
    score += crystal.log10Chance;
    if (crystal.log10Chance < least) [least, best] = [crystal.log10Chance, six];
  }
  return { all, best, which, indexed: all.length, score };
}
