/**
 * The unknown small cell of many images of few spots: candidates from the lengths of all of them, judged by the images
 * that they index.
 */

import { bravaisCandidates } from '../../crystal/bravais.js';
import { type Cell, volume } from '../../crystal/cell.js';
import { product, stretch } from '../../crystal/strain.js';
import { candidateCells, leastVolume, mostVolume, type Watch } from './candidates.js';
import { type Batch, batchOf, type FittedCell, type Frames, type Verdict } from './frames.js';
import type { Pool } from './lengths.js';
import { reduced, relatives, sameVectors } from './metric.js';

/** Images that judge candidates, relatives at first, and cells at last: those with the most spots. */
const [jury, firstJury, lastJury] = [24, 8, 60];
/** Largest relative of a cell, Å³. */
const mostRelative = 9000;
/** Best candidates that are fitted, cells that are kept to the end, and rounds of relatives. */
const [fittedFirst, keptLast, maxRounds] = [5, 4, 8];
/** A relative is judged by all if it has this part of the best's odds with the first, and kept with that part of all. */
const leastPart = 0.5;
/** A part of a cell that may be better when it is fitted: wrong ones have up to half of the odds of their multiple. */
const leastOfPart = 0.6;
/** Relative differences of lengths below which cells are one: tried before, kept before, kept at last. */
const [sameTried, sameKept, sameLast] = [0.0005, 0.004, 0.006];
/** A cell so near to a symmetry is also fitted from strains to both sides, which is kept if ln of its odds gains. */
const [nearlySymmetric, strainStart, leastGain] = [0.02, 0.006, 3];
/** Only images in which one orientation has this part of the odds tell errors. */
const sure = 0.95;

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
  const search = new Search(frames, [most(firstJury), most(jury), most(lastJury)]);
  const share = (from: number, to: number) => (done: number) => watch.tell(from + (to - from) * done);
  const candidates = given ?? (await candidateCells(pool, { ...watch, tell: share(0, 0.6) }));
  for (const [i, cell] of candidates.entries()) {
    await search.tryCell(cell);
    share(0.6, 0.7)((i + 1) / candidates.length);
  }
  await search.improve(share(0.7, 0.9));
  const found = await search.settle();
  if (!found) return undefined;
  const all = batchOf(images);
  const verdict = await frames.verdict(found.best.cell, all);
  // In the axes of the cell that the covariance is of.
  const sharp = await frames.fitted(found.best.cell, all, { rounds: 1, share: sure });
  const covariance = sharp.covariance ?? found.best.covariance;
  const judges = Math.min(images.length, lastJury);
  return {
    ...verdict,
    cell: sharp.used > 0 ? sharp.cell : found.best.cell,
    covariance,
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

interface Tried extends JudgedCell, Pick<FittedCell, 'covariance'> {}

class Search {
  readonly #frames: Frames;
  readonly #first: Batch;
  readonly #jury: Batch;
  readonly #last: Batch;
  #top: Tried[] = [];

  constructor(frames: Frames, [first, some, last]: readonly [Batch, Batch, Batch]) {
    this.#frames = frames;
    this.#first = first;
    this.#jury = some;
    this.#last = last;
  }

  async #oddsOf(cell: Cell, batch = this.#jury): Promise<number> {
    return (await this.#frames.verdict(cell, batch)).odds;
  }

  async tryCell(cell: Cell): Promise<void> {
    this.#top.push({ cell, odds: await this.#oddsOf(cell), covariance: undefined });
  }

  async #fit({ cell }: JudgedCell): Promise<void> {
    const { cell: better } = await this.#frames.fitted(cell, this.#jury);
    await this.tryCell(better);
  }

  #sort(): void {
    this.#top.sort((p, q) => q.odds - p.odds);
  }

  /** The best cells, fitted, and their relatives, as long as these are better. */
  async improve(tell: (done: number) => void): Promise<void> {
    this.#sort();
    this.#top = this.#top.slice(0, fittedFirst);
    for (const one of [...this.#top]) await this.#fit(one);
    const done: Cell[] = [];
    for (let round = 0; round < maxRounds && this.#top.length > 0; round++) {
      this.#sort();
      const best = this.#top[0] as Tried;
      const least = leastPart * (await this.#oddsOf(best.cell, this.#first));
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
    const least = leastOfPart * (await this.#oddsOf(best.cell));
    let found = best;
    for (const part of relatives(best.cell)) {
      const share = Math.abs(volume(part)) / size;
      if (share > 0.9 || share < 0.3 || share * size < leastVolume) continue;
      if ((await this.#oddsOf(part)) < least) continue;
      const fitted = await this.#lastFit(part, 2);
      if (fitted.odds > found.odds) found = fitted;
    }
    return found === best ? best : this.#partOf(found);
  }

  async #tryRelatives(cell: Cell, leastOfFirst: number, least: number): Promise<void> {
    for (const relative of relatives(cell)) {
      const size = Math.abs(volume(relative));
      if (!(size > leastVolume && size < mostRelative)) continue;
      if ((await this.#oddsOf(relative, this.#first)) < leastOfFirst) continue;
      const odds = await this.#oddsOf(relative);
      const isKnown = this.#top.some((one) => one.odds >= odds && sameVectors(relative, one.cell, sameKept));
      if (odds > least && !isKnown) this.#top.push({ cell: relative, odds, covariance: undefined });
    }
  }

  /** The best cell by more images, and the next. */
  async settle(): Promise<{ readonly best: Tried; readonly next: JudgedCell | undefined } | undefined> {
    const kept: Tried[] = [];
    for (const one of this.#top)
      if (kept.length < keptLast && !kept.some((other) => sameVectors(one.cell, other.cell, sameLast))) kept.push(one);
    const last: Tried[] = [];
    for (const { cell } of kept) last.push(await this.#lastFit(cell, 1));
    last.sort((p, q) => q.odds - p.odds);
    const [first] = last;
    if (!first) return undefined;
    let best = await this.#partOf(first);
    // Settings of single images may be mixed, which makes a lattice seem symmetric: start beside it as well.
    const start = best.cell;
    if (bravaisCandidates(start, nearlySymmetric).length > 1)
      for (let i = 0; i < 6; i++)
        for (const sign of [strainStart, -strainStart]) {
          const strain = new Float64Array(6);
          strain[i] = i < 3 ? sign : sign * Math.SQRT2;
          const cell = reduced(product(start, stretch(strain)));
          const other = cell && (await this.#lastFit(cell, 2));
          if (other && other.odds > best.odds + leastGain) best = other;
        }
    const second = last.find(({ cell }) => !sameVectors(cell, best.cell, sameLast));
    return { best, next: second && { cell: second.cell, odds: second.odds - best.odds } };
  }

  async #lastFit(start: Cell, rounds: number): Promise<Tried> {
    const { cell, covariance } = await this.#frames.fitted(start, this.#last, { rounds });
    return { cell, covariance, odds: await this.#oddsOf(cell, this.#last) };
  }
}

export { mostVolume };
