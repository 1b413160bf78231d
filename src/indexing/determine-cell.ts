/**
 * Determines the cell of an unknown crystal from the spots of several stills.
 *
 * Each image proposes reduced cells made of lattice vectors that it shows (cpp/indexing/isa/unknown.cpp). Proposals
 * that agree between images are clustered, the clusters are tried as known cells on all images, and the one that
 * indexes most, by the indexer's own verdict against chance, wins.
 */

import { EwaldError } from '../base/errors.js';
import type { PlatformSignal } from '../base/globals.js';
import { breathe, callback, checkSignal, knownOptions, shown } from '../base/options.js';
import { namesOf } from '../base/parameters.js';
import { type BravaisCandidate, bravaisCandidates } from '../crystal/bravais.js';
import { anglesOf, type Cell, cellFrom, cellFromParameters, lengthsOf, volume } from '../crystal/cell.js';
import { latticeBend } from '../crystal/lattice-match.js';
import { reducedCell } from '../crystal/niggli.js';
import { allFinite, type IndexingInput } from './input.js';
import type { CellSearchParameters } from './parameter-types.js';
import { cellSearchRows, checkCellSearch } from './parameters.js';
import type { ProposalsKernel } from './proposals.js';
import type { IndexingResult } from './result.js';

/** How an unknown cell is looked for. */
export interface CellSearchOptions extends CellSearchParameters {
  readonly signal?: PlatformSignal;
  /** Called with the fraction done, 0 … 1. */
  readonly onProgress?: (done: number) => void;
}

/** A determined cell. */
export interface DeterminedCell {
  /** The Niggli-reduced cell in the standard setting (a along x, b in the xy plane), in angstrom. */
  readonly cell: Cell;
  /** a, b, c in angstrom and α, β, γ in degrees: means over the indexed images. */
  readonly parameters: readonly [number, number, number, number, number, number];
  /** Standard deviation of each parameter between images. */
  readonly spread: readonly [number, number, number, number, number, number];
  /** Number of images it indexes, of how many. */
  readonly indexed: number;
  readonly images: number;
  /** Bravais lattices that its metric fits, highest symmetry first. */
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
  knownOptions('determineCell', options, [...namesOf(cellSearchRows), 'signal', 'onProgress']);
  const search = checkCellSearch(options, (name) => `determineCell: ${name}`);
  const { minLengthA, maxLengthA, proposers, tolerance } = search;
  callback('determineCell: onProgress', options.onProgress);
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
  const clusters: { members: Six[]; proposers: Set<number> }[] = [];
  const asked = rich.slice(0, proposers);
  for (let from = 0; from < asked.length; from += atOnce) {
    checkSignal(options.signal);
    const wave = asked.slice(from, from + atOnce);
    const proposals = await Promise.all(
      wave.map((index) => propose(Float32Array.from(images[index] ?? []), minLengthA, maxLengthA)),
    );
    for (const [k, cells] of proposals.entries()) {
      const seen: Six[] = [];
      for (let at = 0; at < cells.length; at += 9) {
        const six = reducedParameters(cellFrom(cells, at));
        if (!six || six[2] > maxLengthA * 1.05 || seen.some((other) => alike(six, other))) continue;
        seen.push(six);
      }
      for (const six of seen) {
        const home = clusters.find(({ members }) => alike(six, meanOf(members)));
        if (home) home.proposers.add(wave[k] as number);
        if (home) home.members.push(six);
        else clusters.push({ members: [six], proposers: new Set([wave[k] as number]) });
      }
    }
    clusters.sort((p, q) => q.members.length - p.members.length || volumeOf(p.members) - volumeOf(q.members));
    options.onProgress?.((0.8 * (from + wave.length)) / asked.length);
    await breathe();
    // Four images that agree are sufficient.
    if ((clusters[0]?.members.length ?? 0) >= 4) break;
  }

  // Largest cluster first, each is tried as a known cell on every image.
  const tried: { all: Six[]; indexed: number; score: number }[] = [];
  const hopeful = clusters.slice(0, 12);
  for (const [n, { members, proposers }] of hopeful.entries()) {
    checkSignal(options.signal);
    const outcome = await tryCell(run, images, cellFromParameters(...meanOf(members)), options.signal);
    // A cell derived from an image explains that image even if it is noise, so only the agreement of other images
    // counts.
    const others = outcome.which.filter((index) => !proposers.has(index)).length;
    const agreed =
      images.length === 1 ? outcome.score < -20 : outcome.indexed >= 2 && (proposers.size >= 2 || others >= 1);
    if (agreed) tried.push(outcome);
    options.onProgress?.(0.8 + (0.2 * (n + 1)) / hopeful.length);
  }
  // The joint evidence of all images; a supercell indexes as many images, with less evidence per spot.
  tried.sort((p, q) => p.score - q.score);
  const answers = tried.map(({ all, indexed }) => {
    const parameters = meanOf(all);
    const spread = [0, 1, 2, 3, 4, 5].map((i) =>
      Math.sqrt(all.reduce((sum, six) => sum + ((six[i] ?? 0) - (parameters[i] ?? 0)) ** 2, 0) / all.length),
    ) as Six;
    const cell = cellFromParameters(...parameters);
    return { cell, parameters, spread, indexed, images: images.length, bravais: bravaisCandidates(cell, tolerance) };
  });
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

/** Indexes every image with a cell: returns the resulting metrics, and the summed log10 chance of the accepted ones. */
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
    // A found cell keeps the basis of the known one, so the parameters of all images can be averaged.
    all.push(parametersOf(crystal.cell));
    which.push(index);
    score += crystal.log10Chance;
  }
  return { all, which, indexed: all.length, score };
}
