/**
 * The unknown small cell of many images of few spots: candidates from the lengths of all of them, judged by the images
 * that they index.
 */

import { type BravaisType, bravaisCandidates } from '../../crystal/bravais.js';
import { type Cell, cellFromParameters, volume } from '../../crystal/cell.js';
import { primitiveOf } from '../../crystal/centring.js';
import { centringOfType } from '../../crystal/settings.js';
import { product, stretch } from '../../crystal/strain.js';
import { candidateCells, leastVolume, mostVolume, type Watch } from './candidates.js';
import { type Batch, batchOf, type FittedCell, type Frames, type Verdict } from './frames.js';
import type { Pool } from './lengths.js';
import { reduced, relatives, sameVectors } from './metric.js';

/** Images that judge candidates, by which these are first looked at, and that judge cells at last: those of most spots. */
const [jury, firstJury, lastJury] = [24, 8, 60];
/** Candidates that all of these judge: those with this part of the best's odds at first, and so many of the best. */
const [leastOfCandidates, fewestJudged] = [0.4, 20];
/** Largest relative of a cell, Å³. */
const mostRelative = 9000;
/** Best candidates that are fitted, cells that are kept to the end, and rounds of relatives. */
const [fittedFirst, keptLast, maxRounds] = [5, 4, 8];
/** A relative is judged by all if it has this part of the best's odds with the first, and kept with that part of all. */
const leastPart = 0.5;
/** A part of a cell that may be better when it is fitted: wrong ones have up to half of the odds of their multiple. */
const leastOfPart = 0.6;
/** Relative differences of lengths below which cells are one: tried before, kept before, kept at last. */
const [sameTried, sameKept, sameLast] = [0.002, 0.004, 0.006];
/** A cell so near to a symmetry is also fitted from strains to both sides, which is kept if ln of its odds gains. */
const [nearlySymmetric, strainStart, leastGain] = [0.02, 0.006, 10];
/**
 * Numbers that a lattice of each family leaves free, and ln of the odds that each further one gains by chance: up to 37
 * were seen for four. A right distortion of 1 % in one number gains 270 of 60 images, of .3 % 25.
 */
const freeNumbers = { c: 1, t: 2, h: 2, o: 3, m: 4, a: 6 } as const;
const numberGain = 12;
/** Relative difference of lengths from which a cell that was fitted from such a strain may be another one. */
const [sameStart, sameSymmetric] = [0.001, 0.0002];
/** A cell with what images say about it. */
export interface JudgedCell {
  readonly cell: Cell;
  readonly odds: number;
}

/** A cell that many images have. */
export interface PooledCell extends Verdict, Pick<FittedCell, 'cell' | 'covariance'> {
  /** Images that judged it, and mean ln of the odds of one. */
  readonly judges: number;
  readonly mean: number;
  /** The next best cell, and by which ln it is less probable. */
  readonly next: JudgedCell | undefined;
}

/** The best cell of images, whether it is good enough or not; undefined if there is no candidate at all. */
export async function pooledCell(
  { frames, pool, images, given }: PooledSearch,
  watch: Watch,
): Promise<PooledCell | undefined> {
  const order = images.map((_, i) => i).sort((p, q) => (images[q]?.length ?? 0) - (images[p]?.length ?? 0));
  const most = (n: number): Batch => batchOf(order.slice(0, n).map((i) => images[i] as ArrayLike<number>));
  const others = batchOf(order.slice(firstJury, jury).map((i) => images[i] as ArrayLike<number>));
  const search = new Search(frames, { first: most(firstJury), others, all: most(jury), last: most(lastJury) });
  const share = (from: number, to: number) => (done: number) => watch.tell(from + (to - from) * done);
  const candidates = given ?? (await candidateCells(pool, { ...watch, tell: share(0, 0.6) }));
  await search.tryCells(candidates, share(0.6, 0.7));
  await search.improve(share(0.7, 0.9));
  const found = await search.settle();
  if (!found) return undefined;
  const all = batchOf(images);
  const verdict = await frames.verdict(found.best.cell, all);
  const sharp = await frames.fitted(found.best.cell, all, { type: found.best.type });
  const judges = Math.min(images.length, lastJury);
  return {
    ...verdict,
    // In the axes of the cell that the covariance is of.
    cell: sharp.cell,
    covariance: sharp.covariance ?? found.best.covariance,
    judges,
    mean: found.best.odds / judges,
    next: found.next,
  };
}

/** What a search is of; `given` takes the place of candidates from the lengths. */
export interface PooledSearch {
  readonly frames: Frames;
  readonly pool: Pool;
  readonly images: readonly ArrayLike<number>[];
  readonly given?: readonly Cell[] | undefined;
}

interface Tried extends JudgedCell, Pick<FittedCell, 'covariance'> {
  /** The lattice whose symmetry it was given. */
  readonly type?: BravaisType | undefined;
}

/** Images that judge: some at first and the others with them, all of these, and more at last. */
interface Juries {
  readonly first: Batch;
  readonly others: Batch;
  readonly all: Batch;
  readonly last: Batch;
}

class Search {
  readonly #frames: Frames;
  readonly #juries: Juries;
  #top: Tried[] = [];

  constructor(frames: Frames, juries: Juries) {
    this.#frames = frames;
    this.#juries = juries;
  }

  async #oddsOf(cell: Cell, batch = this.#juries.all): Promise<number> {
    return (await this.#frames.verdict(cell, batch)).odds;
  }

  /** Tries candidates, the better ones by all images. */
  async tryCells(cells: readonly Cell[], tell: (done: number) => void): Promise<void> {
    const { first, others } = this.#juries;
    const tried: JudgedCell[] = [];
    for (const [i, cell] of cells.entries()) {
      tried.push({ cell, odds: await this.#oddsOf(cell, first) });
      tell((0.7 * (i + 1)) / cells.length);
    }
    tried.sort((p, q) => q.odds - p.odds);
    const least = leastOfCandidates * (tried[0]?.odds ?? 0);
    for (const [i, { cell, odds }] of tried.entries())
      if (i < fewestJudged || odds > least)
        this.#top.push({ cell, odds: odds + (await this.#oddsOf(cell, others)), covariance: undefined });
    tell(1);
  }

  async #fit({ cell: start }: JudgedCell): Promise<void> {
    const { cell } = await this.#frames.fitted(start, this.#juries.all);
    this.#top.push({ cell, odds: await this.#oddsOf(cell), covariance: undefined });
  }

  #sort(): void {
    this.#top.sort((p, q) => q.odds - p.odds);
  }

  /** The best cells, fitted, and their relatives, as long as these are better. */
  async improve(tell: (done: number) => void): Promise<void> {
    this.#sort();
    this.#top = this.#top.slice(0, fittedFirst);
    for (const tried of [...this.#top]) await this.#fit(tried);
    const done: Cell[] = [];
    for (let round = 0; round < maxRounds && this.#top.length > 0; round++) {
      this.#sort();
      const best = this.#top[0] as Tried;
      const least = leastPart * (await this.#oddsOf(best.cell, this.#juries.first));
      for (const { cell } of this.#top.slice(0, 2)) {
        if (done.some((other) => sameVectors(cell, other, sameTried))) continue;
        done.push(cell);
        await this.#tryRelatives(cell, least, leastPart * best.odds);
      }
      this.#sort();
      tell((round + 1) / maxRounds);
      if ((this.#top[0] as Tried).odds <= best.odds + 1) break;
      await this.#fit(this.#top[0] as Tried);
    }
    this.#sort();
  }

  /**
   * The best of the lattices of which a cell is a multiple of index 2 or 3, if it is better, each fitted before it is
   * judged: a multiple that is bent hides the right cell, since its parts are bent as well.
   */
  async #partOf(best: Tried): Promise<Tried> {
    const size = Math.abs(volume(best.cell));
    const { first, others } = this.#juries;
    const firstOdds = await this.#oddsOf(best.cell, first);
    const least = leastOfPart * (firstOdds + (await this.#oddsOf(best.cell, others)));
    let tried = best;
    for (const part of relatives(best.cell)) {
      const share = Math.abs(volume(part)) / size;
      if (share > 0.9 || share < 0.3 || share * size < leastVolume) continue;
      const odds = await this.#oddsOf(part, first);
      if (odds < leastPart * firstOdds || odds + (await this.#oddsOf(part, others)) < least) continue;
      const fitted = await this.#lastFit(part, 2);
      if (fitted.odds > tried.odds) tried = fitted;
    }
    return tried === best ? best : this.#partOf(tried);
  }

  async #tryRelatives(cell: Cell, leastOfFirst: number, least: number): Promise<void> {
    for (const relative of relatives(cell)) {
      const size = Math.abs(volume(relative));
      if (!(size > leastVolume && size < mostRelative)) continue;
      const first = await this.#oddsOf(relative, this.#juries.first);
      if (first < leastOfFirst) continue;
      const odds = first + (await this.#oddsOf(relative, this.#juries.others));
      const isKnown = this.#top.some((tried) => tried.odds >= odds && sameVectors(relative, tried.cell, sameKept));
      if (odds > least && !isKnown) this.#top.push({ cell: relative, odds, covariance: undefined });
    }
  }

  /** The best cell by more images, and the next. */
  async settle(): Promise<{ readonly best: Tried; readonly next: JudgedCell | undefined } | undefined> {
    const kept: Tried[] = [];
    for (const tried of this.#top)
      if (kept.length < keptLast && !kept.some((other) => sameVectors(tried.cell, other.cell, sameLast)))
        kept.push(tried);
    const last: Tried[] = [];
    for (const { cell } of kept) last.push(await this.#lastFit(cell, 1));
    last.sort((p, q) => q.odds - p.odds);
    const [first] = last;
    if (!first) return undefined;
    const named = await this.#symmetric(await this.#strained(await this.#partOf(first)));
    // Of a multiple that was bent, parts were bent as well: only now is one better.
    const part = await this.#partOf(named);
    const best = part === named ? named : await this.#symmetric(part);
    const second = last.find(({ cell }) => !sameVectors(cell, best.cell, sameLast));
    return { best, next: second && { cell: second.cell, odds: second.odds - best.odds } };
  }

  /**
   * The cell, or one that is fitted from a strain, if it is better: settings of single images may be mixed, which makes a
   * lattice seem symmetric.
   */
  async #strained(start: Tried): Promise<Tried> {
    let best = start;
    if (bravaisCandidates(start.cell, nearlySymmetric).length < 2) return best;
    for (let i = 0; i < 6; i++)
      for (const sign of [strainStart, -strainStart]) {
        const strain = new Float64Array(6);
        strain[i] = i < 3 ? sign : sign * Math.SQRT2;
        const strained = reduced(product(start.cell, stretch(strain)));
        if (!strained) continue;
        const { cell } = await this.#frames.fitted(strained, this.#juries.all);
        // Most come back to where they would have begun.
        if (sameVectors(cell, best.cell, sameStart)) continue;
        const other = await this.#lastFit(cell, 1);
        if (other.odds > best.odds + leastGain) best = other;
      }
    return best;
  }

  /**
   * The cell, or the most symmetric one near it that explains nearly as much: where each image takes the setting that it
   * fits best, a lattice seems less symmetric than it is.
   */
  async #symmetric(start: Tried): Promise<Tried> {
    for (const { type, parameters, distortion } of bravaisCandidates(start.cell, nearlySymmetric)) {
      if (type === 'aP') break;
      const cell = reduced(primitiveOf(cellFromParameters(...parameters), centringOfType(type)));
      if (!cell) continue;
      if (distortion < sameSymmetric) return { ...start, type };
      const other = await this.#lastFit(cell, 3, type);
      const fixed = 6 - (freeNumbers[type[0] as keyof typeof freeNumbers] ?? 6);
      if (other.odds > start.odds - numberGain * fixed) return other;
    }
    return start;
  }

  async #lastFit(start: Cell, rounds: number, type?: BravaisType): Promise<Tried> {
    const { cell, covariance } = await this.#frames.fitted(start, this.#juries.last, { rounds, type });
    return { cell, covariance, odds: await this.#oddsOf(cell, this.#juries.last), type };
  }
}

export { mostVolume };
