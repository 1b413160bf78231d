/**
 * Determines the cell of an unknown crystal from the spots of several stills.
 *
 * Each image proposes reduced cells made of lattice vectors that it shows (cpp/indexing/isa/unknown.cpp). Proposals
 * that agree between images are clustered, the clusters are tried as known cells on all images, and the one that
 * indexes most, by the indexer's own verdict against chance, wins.
 */

import { type BravaisCandidate, bravaisCandidates } from '../crystal/bravais.js';
import { anglesOf, type Cell, cellFrom, cellFromParameters, combine, lengthsOf, volume } from '../crystal/cell.js';
import { latticeBend } from '../crystal/lattice-match.js';
import { reducedCell } from '../crystal/niggli.js';
import { checked, namesOf } from '../options/parameters.js';
import { type Progress, progressOf } from '../util/callbacks.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformSignal } from '../util/globals.js';
import { checkSignal, inspect, knownOptions, yieldToEventLoop } from '../util/options.js';
import type { FewSpotParameters } from './few/parameter-types.js';
import { fewRows } from './few/parameters.js';
import { allFinite, type IndexingInput } from './input.js';
import { chooseLattice, type LatticeEvidence } from './lattice/choose-lattice.js';
import { isMultiple } from './lattice/multiples.js';
import { type AlignedStills, alignStills } from './lattice/one-setting.js';
import { fitStill, type StillFit } from './lattice/still-fit.js';
import type { CellSearchParameters } from './parameter-types.js';
import { cellSearchRows, checkCellSearch } from './parameters.js';
import type { FewEvidence } from './pooled/rule.js';
import type { Proposals, ProposalsKernel } from './proposals.js';
import type { IndexingResult } from './result.js';

/** Options of the search for an unknown cell. */
export interface CellSearchOptions extends CellSearchParameters, FewSpotParameters {
  /** Called with what the images leave open, and why no cell is accepted. */
  readonly onEvent?: ((event: CellSearchEvent) => void) | undefined;
  readonly signal?: PlatformSignal | undefined;
  /** Called with the fraction done, 0 … 1. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a search for an unknown cell says in words. */
export interface CellSearchEvent {
  readonly kind: 'warning';
  readonly text: string;
}

/** A determined cell. */
export interface DeterminedCell {
  /** The Niggli-reduced cell in the standard setting (a along x, b in the xy plane), in angstrom. */
  readonly cell: Cell;
  /** a, b, c in angstrom and α, β, γ in degrees: means over the indexed images, in one setting. */
  readonly parameters: Parameters;
  /**
   * Standard deviation of each parameter between images; of few spots, single images of which determine no cell, the
   * error times the root of their number.
   */
  readonly spread: Parameters;
  /** Number of images that it indexes, and of those that were looked at: of more than 300, so many, evenly chosen. */
  readonly indexed: number;
  readonly images: number;
  /**
   * Bravais lattices that its metric fits within the tolerance: first the one chosen, by the evidence of the images if
   * they determine it and otherwise as the one of the highest symmetry, then the others, highest symmetry first.
   */
  readonly bravais: readonly BravaisCandidate[];
  /**
   * Standard errors of the parameters of the first lattice at the distance and the wavelength that the spots suppose:
   * errors of those scale all lengths. Undefined if the images do not determine them, as one image.
   */
  readonly errors: Parameters | undefined;
  /** The other lattices, the most probable first, as far as the images determine their odds. */
  readonly rivals: readonly LatticeEvidence[];
  /** Of images of few spots: the odds of the cell, and the next best. */
  readonly few?: FewEvidence | undefined;
}

type Parameters = readonly [number, number, number, number, number, number];
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
const maxAgreed = 12;
/** Number of images that judge them first, and number of clusters that all images then judge. */
const [maxJurors, maxFinalists] = [4, 6];
/**
 * Ranges of edges, in Å, that are searched before the given one: the range sets the grid on which vectors of the
 * lattice are looked for, so that a short one finds what a long one misses. A range that excludes an edge leaves half
 * of an image's spots or more without explanation; no longer one is searched if most are explained.
 */
const [shorterRanges, maxExplained] = [[150, 400], 0.8];
/** Reduced cells that differ by less are of one lattice. */
const sameBend = 0.03;
/** How often a cell is improved, and by which factor its score has to improve each time. */
const [maxRounds, minGain] = [4, 1.02];

const sixParameters = (cell: Cell): Six => [...lengthsOf(cell), ...anglesOf(cell)] as Six;
const alike = (p: Six, q: Six): boolean =>
  p.every((x, i) => (i < 3 ? Math.abs(x / (q[i] ?? 1) - 1) < 0.03 : Math.abs(x - (q[i] ?? 0)) < 3));
const volumeOf = (members: readonly Six[]): number => volume(cellFromParameters(...meanParameters(members)));
const meanParameters = (rows: readonly Six[]): Six =>
  [0, 1, 2, 3, 4, 5].map((i) => rows.reduce((sum, row) => sum + (row[i] ?? 0), 0) / rows.length) as Six;

/** Checks images and options of a search for a cell. Throws `Argument`, `Shape`. */
export function checkCellImages(
  images: readonly (Float32Array | Float64Array | readonly number[])[],
  options: CellSearchOptions,
): ReturnType<typeof checkCellSearch> {
  knownOptions('determineCell', options, [
    ...namesOf(cellSearchRows),
    ...namesOf(fewRows),
    'signal',
    'onProgress',
    'onEvent',
  ]);
  const search = checkCellSearch('determineCell', options);
  checked(fewRows, { ...options }, (name) => `determineCell: ${name}`);
  if (!Array.isArray(images))
    throw new EwaldError('Argument', `determineCell was given ${inspect(images)}; expected a list of images`);
  for (const [i, spots] of images.entries()) {
    const fine = spots instanceof Float32Array || spots instanceof Float64Array || Array.isArray(spots);
    if (!fine || spots.length % 3 !== 0 || !allFinite(spots))
      throw new EwaldError(
        fine && spots.length % 3 === 0 ? 'Argument' : 'Shape',
        `determineCell: image ${i} is ${inspect(spots)}; expected finite numbers of 1/angstrom, three per spot`,
      );
  }
  if (images.length === 0)
    throw new EwaldError('Argument', 'determineCell: there are no images; pass the spots of several stills');
  return search;
}

/**
 * Determines the cell; `images` are [spots, 3] arrays in 1/angstrom. Candidates come best first; an empty list means
 * that no cell explains the images beyond chance. Throws `Argument`, `Aborted`.
 */
export async function determineCell(
  { run, propose, atOnce }: CellSearch,
  images: readonly (Float32Array | Float64Array | readonly number[])[],
  options: CellSearchOptions = {},
): Promise<DeterminedCell[]> {
  const { minLengthA, maxLengthA, proposers, symmetryTolerance } = checkCellImages(images, options);
  const tell = progressOf('determineCell', options);
  checkSignal(options.signal);
  const setup: Setup = { run, propose, atOnce, images, proposers, minLengthA, signal: options.signal };
  const ranges = [...shorterRanges.filter((range) => range > minLengthA && range < maxLengthA), maxLengthA];
  const tried = await outcomesWithin(setup, ranges, tell);
  const answers: DeterminedCell[] = [];
  for (const outcome of tried) {
    const aligned = answers.length === 0 ? await settled(outcome, images, run, options.signal) : undefined;
    answers.push(answerOf(outcome, images.length, symmetryTolerance, aligned));
  }
  tell(1);
  // One lattice may occur in two reduced forms that are equal within errors.
  return answers.filter(
    (answer, i) => !answers.slice(0, i).some((better) => latticeBend(answer.cell, better.cell) < sameBend),
  );
}

/** What the search for a cell within ranges of edges computes with. */
interface Setup extends CellSearch {
  readonly images: readonly ArrayLike<number>[];
  readonly proposers: number;
  readonly minLengthA: number;
  readonly signal: PlatformSignal | undefined;
}

/** The cells on which images agree, best first, of those that they propose within the ranges. */
async function outcomesWithin(
  { run, propose, atOnce, images, proposers, minLengthA, signal }: Setup,
  ranges: readonly number[],
  tell: (done: number) => void,
): Promise<Outcome[]> {
  // Proposals: reduced cells of single images.
  const rich = images.map((_, i) => i).sort((i, j) => (images[j]?.length ?? 0) - (images[i]?.length ?? 0));
  const clusters: Cluster[] = [];
  const proposing = rich.slice(0, proposers);
  for (let from = 0; from < proposing.length; from += atOnce) {
    checkSignal(signal);
    const wave = proposing.slice(from, from + atOnce);
    const proposals = await Promise.all(
      wave.map(async (index) => {
        const spots = Float32Array.from(images[index] ?? []);
        const found: Proposal[] = [];
        for (const range of ranges) {
          addDistinct(found, await propose(spots, minLengthA, range), range);
          if (found.some(({ explained }) => 3 * explained > maxExplained * spots.length)) break;
        }
        return found;
      }),
    );
    for (const [k, proposed] of proposals.entries()) join(clusters, proposed, wave[k] as number);
    clusters.sort((p, q) => q.members.length - p.members.length || volumeOf(p.members) - volumeOf(q.members));
    tell((0.6 * (from + wave.length)) / proposing.length);
    await yieldToEventLoop();
    // Four images that agree are sufficient.
    if ((clusters[0]?.members.length ?? 0) >= 4) break;
  }

  const attempt = (cell: Cell, indices: readonly number[]): Promise<Outcome> =>
    tryCell(run, images, indices, cell, signal);
  // A few images judge all hopeful clusters, all images the best of these.
  const jury = rich.slice(0, maxJurors);
  const hopeful: { cluster: Cluster; score: number }[] = [];
  const selected = selection(clusters, proposing);
  for (const [n, cluster] of selected.entries()) {
    checkSignal(signal);
    const { score } = await attempt(cellFromParameters(...meanParameters(cluster.members)), jury);
    hopeful.push({ cluster, score });
    tell(0.6 + (0.2 * (n + 1)) / selected.length);
    await yieldToEventLoop();
  }
  hopeful.sort((p, q) => p.score - q.score);
  const finalists = hopeful.slice(0, maxFinalists);
  const tried: { first: Outcome; outcome: Outcome }[] = [];
  for (const [n, { cluster }] of finalists.entries()) {
    checkSignal(signal);
    const cell = cellFromParameters(...meanParameters(cluster.members));
    const first = await attempt(cell, rich);
    // A multiple of a lattice that explains more, or another form of it, would be improved to the same.
    const known = tried.some(
      (one) =>
        one.first.score <= first.score &&
        isMultiple(cell, cellFromParameters(...meanParameters(one.outcome.all)), sameBend),
    );
    if (known) continue;
    const outcome = await improved(first, (better) => attempt(better, rich));
    // A cell derived from an image explains that image even if it is noise, so only the agreement of other images
    // counts.
    const others = outcome.which.filter((index) => !cluster.proposers.has(index)).length;
    const agreed =
      images.length === 1 ? outcome.score < -20 : outcome.indexed >= 2 && (cluster.proposers.size >= 2 || others >= 1);
    if (agreed) tried.push({ first, outcome });
    tell(0.8 + (0.2 * (n + 1)) / finalists.length);
  }
  // The joint evidence of all images; a supercell indexes as many images, with less evidence per spot.
  return tried.map(({ outcome }) => outcome).sort((p, q) => p.score - q.score);
}

/**
 * Parameters of the reduced cell. Measured cells fluctuate between forms that are equal within errors, so a coarse
 * tolerance comes first. Undefined if the cell turns out to be flat.
 */
function reducedParameters(cell: Cell): Six | undefined {
  try {
    return sixParameters(reducedCell(cell, [0.01, 0.001, 1e-5]).cell);
  } catch {
    return undefined;
  }
}

/** How often the images are indexed again with the cell in one setting. */
const settlingRounds = 3;

/**
 * The images of an outcome in one setting, indexed again with their mean until it is sharp; undefined if their spots do
 * not determine it.
 */
async function settled(
  { all }: Outcome,
  images: readonly ArrayLike<number>[],
  run: Run,
  signal: PlatformSignal | undefined,
): Promise<AlignedStills | undefined> {
  let aligned: AlignedStills | undefined;
  for (let round = 0; round < settlingRounds; round++) {
    const fits: StillFit[] = [];
    const known = aligned?.mean ?? cellFromParameters(...meanParameters(all));
    for (const spots of images) {
      checkSignal(signal);
      const [crystal] = (await run({ spots: Float32Array.from(spots), cells: known })).image(0).crystals();
      const fit = crystal && fitStill(crystal.cell, spots);
      if (fit) fits.push(fit);
    }
    const next = alignStills(fits, aligned?.mean);
    if (!next) return aligned;
    aligned = next;
  }
  return aligned;
}

/** The cell of an outcome, reduced, with the lattices that it fits. */
function answerOf(
  { all, indexed }: Outcome,
  images: number,
  tolerance: number,
  aligned: AlignedStills | undefined,
): DeterminedCell {
  const sixes = aligned ? aligned.stills.map(({ cell }) => sixParameters(cell)) : all;
  // The cell was improved after its reduction.
  const mean = aligned?.mean ?? cellFromParameters(...meanParameters(sixes));
  const { cell: reduced, matrix } = reducedCell(mean, [0.01, 0.001, 1e-5]);
  const parameters = sixParameters(reduced);
  const spread = meanParameters(
    sixes.map(
      (six) =>
        sixParameters(combine(matrix, cellFromParameters(...six))).map(
          (x, i) => (x - (parameters[i] ?? 0)) ** 2,
        ) as Six,
    ),
  ).map(Math.sqrt) as Six;
  const cell = cellFromParameters(...parameters);
  const bravais = bravaisCandidates(cell, tolerance);
  const [chosen, ...rivals] = aligned ? chooseLattice(aligned, tolerance) : [];
  const first = chosen && {
    type: chosen.type,
    cell: chosen.cell,
    parameters: chosen.parameters,
    distortion: bravais.find(({ type }) => type === chosen.type)?.distortion ?? 0,
  };
  return {
    cell,
    parameters,
    spread,
    indexed,
    images,
    bravais: first ? [first, ...bravais.filter(({ type }) => type !== first.type)] : bravais,
    errors: chosen?.errors,
    rivals: rivals.map(({ cell: _, ...rival }) => rival),
  };
}

/**
 * An outcome with a better cell. One still determines a long edge that is nearly parallel to the beam only to a few per
 * cent, and such a cell explains most spots of other images with shifted indices. The cell as the best image has it, or
 * as they have it on average, then explains more, and so on until all indices are right. If the lattice turns out to
 * have twice the points, its smaller cell replaces it.
 */
async function improved(first: Outcome, attempt: (cell: Cell) => Promise<Outcome>): Promise<Outcome> {
  let outcome = first;
  for (let round = 0; round < maxRounds && outcome.indexed > 1; round++) {
    const before = outcome.score;
    const mean = cellFromParameters(...meanParameters(outcome.all));
    for (const cell of [cellFromParameters(...outcome.best), mean]) {
      const other = await attempt(cell);
      if (other.score < outcome.score) outcome = other;
    }
    if (outcome.score > minGain * before) break;
  }
  if (outcome.indexed < 2) return outcome;
  for (const half of halves(cellFromParameters(...meanParameters(outcome.all)))) {
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

/** Adds the reduced cells among the proposals of an image that it has not made yet. */
function addDistinct(found: Proposal[], { cells, explained }: Proposals, maxLengthA: number): void {
  for (let i = 0; i < explained.length; i++) {
    const six = reducedParameters(cellFrom(cells, 9 * i));
    if (!six || six[2] > maxLengthA * 1.05 || found.some((other) => alike(six, other.six))) continue;
    found.push({ six, explained: explained[i] ?? 0 });
  }
}

/** Adds the proposals of an image to the clusters they resemble. */
function join(clusters: Cluster[], proposals: readonly Proposal[], image: number): void {
  const most = Math.max(...proposals.map(({ explained }) => explained));
  for (const { six, explained } of proposals) {
    let home = clusters.find(({ members }) => alike(six, meanParameters(members)));
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
function selection(clusters: readonly Cluster[], proposing: readonly number[]): Cluster[] {
  const chosen = new Set(clusters.slice(0, maxAgreed));
  for (const image of proposing.slice(0, maxJurors)) {
    const share = ({ shares }: Cluster): number => shares.get(image) ?? 0;
    const octaves = new Map<number, Cluster>();
    for (const cluster of clusters.filter((cluster) => share(cluster) > 0)) {
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
  let [score, least, best] = [0, 0, sixParameters(known)];
  for (const index of indices) {
    checkSignal(signal);
    const result = await run({ spots: Float32Array.from(images[index] ?? []), cells: known });
    const [crystal] = result.image(0).crystals();
    if (!crystal) continue;
    // A found cell keeps the basis of the known one, so the parameters of all images can be averaged.
    const six = sixParameters(crystal.cell);
    all.push(six);
    which.push(index);
    score += crystal.log10Chance;
    if (crystal.log10Chance < least) [least, best] = [crystal.log10Chance, six];
  }
  return { all, best, which, indexed: all.length, score };
}
