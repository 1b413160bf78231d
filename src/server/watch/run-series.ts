/**
 * What a run has found over time, in constant memory.
 *
 * Frames are counted in bins of three windows: the whole run, whose bins double their width when all are used, and the
 * last ten minutes and the last minute, whose bins are used again. Every count is exact, and every frame is in all of
 * them: a share is the quotient of two counts, whatever the length of the run.
 */

/** What is counted of a frame. */
export interface SeriesFrame {
  /** When it was finished, or its number in a run without times. */
  readonly at: number;
  readonly index: number;
  readonly hit: boolean;
  readonly indexed: boolean;
  readonly failed: boolean;
}

/** Bins of a window. */
const most = 2048;
/** Frames of a part of a column, of which the least and the greatest share are its spread. */
const ofSpread = 25;
/** Frames of a column: the standard error of its share is then at most 5 %. */
const ofColumn = 100;
/** A window of few frames has at least this many columns. */
const fewestColumns = 40;

const names = ['frames', 'hits', 'indexed', 'failed'] as const;
type Name = (typeof names)[number];
type Counts = Readonly<Record<Name, Float64Array>>;

const countsOf = (length: number): Counts =>
  Object.fromEntries(names.map((name) => [name, new Float64Array(length)])) as unknown as Counts;

/** The counts of a window, in columns of equal width. */
export interface SeriesColumns extends Counts {
  /** Where the first column begins, the width of each, and where the last one ends now. */
  readonly from: number;
  readonly width: number;
  readonly to: number;
  /** The first frame of each column; −1 without any. */
  readonly first: Float64Array;
  /** The least and greatest share of the parts of each column: hits, and indexed hits. NaN for few frames. */
  readonly hitSpread: readonly [least: Float64Array, greatest: Float64Array];
  readonly indexedSpread: readonly [least: Float64Array, greatest: Float64Array];
}

/** The sums of the frames of some time. */
export type SeriesSums = Readonly<Record<Name, number>> & {
  /** How long it was. */
  readonly length: number;
};

/** One window: bins of equal width from 0 on, or only the last ones. */
export class SeriesWindow {
  readonly #counts = countsOf(most);
  readonly #first = new Float64Array(most).fill(-1);
  /** How far back it reaches; undefined: to the beginning. */
  readonly #length: number | undefined;
  #width: number;
  /** The newest bin, counted from 0 on. */
  #newest = 0;
  #to = 0;

  constructor(width: number, length?: number) {
    this.#width = width;
    this.#length = length;
  }

  add({ at, index, hit, indexed, failed }: SeriesFrame): void {
    this.#to = Math.max(this.#to, at);
    while (this.#length === undefined && at >= most * this.#width) this.#double();
    const bin = Math.max(0, Math.floor(at / this.#width));
    this.#reach(bin);
    // A frame that is finished long after later ones is counted in the whole run only.
    if (bin <= this.#newest - most) return;
    const slot = bin % most;
    const { frames, hits, indexed: crystals, failed: unread } = this.#counts;
    frames[slot] = (frames[slot] as number) + 1;
    if (hit) hits[slot] = (hits[slot] as number) + 1;
    if (indexed) crystals[slot] = (crystals[slot] as number) + 1;
    if (failed) unread[slot] = (unread[slot] as number) + 1;
    const known = this.#first[slot] as number;
    if (known < 0 || index < known) this.#first[slot] = index;
  }

  /** The time goes on without a frame. */
  reach(at: number): void {
    if (at <= this.#to) return;
    this.#to = at;
    while (this.#length === undefined && at >= most * this.#width) this.#double();
    this.#reach(Math.floor(at / this.#width));
  }

  /** Empties the bins between the newest one and this one, which becomes the newest. */
  #reach(bin: number): void {
    for (let next = Math.max(this.#newest + 1, bin - most + 1); next <= bin; next++) {
      for (const name of names) this.#counts[name][next % most] = 0;
      this.#first[next % most] = -1;
    }
    this.#newest = Math.max(this.#newest, bin);
  }

  /** Puts two bins together, each of which is whole. */
  #double(): void {
    const half = most / 2;
    for (const name of names) {
      const counts = this.#counts[name];
      for (let i = 0; i < half; i++) counts[i] = (counts[2 * i] as number) + (counts[2 * i + 1] as number);
      counts.fill(0, half);
    }
    for (let i = 0; i < half; i++) {
      const [one, other] = [this.#first[2 * i] as number, this.#first[2 * i + 1] as number];
      this.#first[i] = one < 0 ? other : other < 0 ? one : Math.min(one, other);
    }
    this.#first.fill(-1, half);
    this.#width *= 2;
    this.#newest >>= 1;
  }

  /** The first bin of the last `length`, or of the window. */
  #firstBin(length = this.#length): number {
    const from = length === undefined ? 0 : this.#to - length;
    return Math.max(0, this.#newest - most + 1, Math.ceil(from / this.#width - 1e-9));
  }

  /** The sums of the last `length`, rounded to whole bins; default: of the window. */
  sums(length?: number): SeriesSums {
    const begin = this.#firstBin(length);
    const sum = { frames: 0, hits: 0, indexed: 0, failed: 0 };
    for (let bin = begin; bin <= this.#newest; bin++)
      for (const name of names) sum[name] += this.#counts[name][bin % most] as number;
    return { ...sum, length: this.#to - begin * this.#width };
  }

  /** The window in columns of whole bins, at most `count` and of about a hundred frames each. */
  columns(count: number): SeriesColumns {
    const begin = this.#firstBin();
    const bins = this.#newest - begin + 1;
    const wanted = Math.max(1, Math.min(count, Math.max(fewestColumns, Math.floor(this.sums().frames / ofColumn))));
    const each = Math.max(1, Math.ceil(bins / wanted));
    const length = Math.ceil(bins / each);
    const columns = countsOf(length);
    const first = new Float64Array(length).fill(-1);
    const hitSpread = new Spread(length);
    const indexedSpread = new Spread(length);
    for (let bin = begin; bin <= this.#newest; bin++) {
      const [slot, column] = [bin % most, Math.floor((bin - begin) / each)];
      for (const name of names)
        columns[name][column] = (columns[name][column] as number) + (this.#counts[name][slot] as number);
      if ((first[column] as number) < 0) first[column] = this.#first[slot] as number;
      const { frames, hits, indexed } = this.#counts;
      hitSpread.add(column, hits[slot] as number, frames[slot] as number);
      indexedSpread.add(column, indexed[slot] as number, hits[slot] as number);
    }
    const [from, width] = [begin * this.#width, each * this.#width];
    const spreads = { hitSpread: hitSpread.ends, indexedSpread: indexedSpread.ends };
    return { ...columns, ...spreads, from, width, to: this.#to, first };
  }
}

/** The least and the greatest share of the parts of each column. */
class Spread {
  readonly ends: readonly [Float64Array, Float64Array];
  #column = 0;
  #part = 0;
  #whole = 0;

  constructor(columns: number) {
    this.ends = [new Float64Array(columns).fill(Number.NaN), new Float64Array(columns).fill(Number.NaN)];
  }

  add(column: number, part: number, whole: number): void {
    if (column !== this.#column) [this.#column, this.#part, this.#whole] = [column, 0, 0];
    this.#part += part;
    this.#whole += whole;
    if (this.#whole < ofSpread) return;
    const share = this.#part / this.#whole;
    const [least, greatest] = this.ends;
    if (!((least[column] as number) <= share)) least[column] = share;
    if (!((greatest[column] as number) >= share)) greatest[column] = share;
    [this.#part, this.#whole] = [0, 0];
  }
}

/** Times in ms. */
const [minute, tenMinutes] = [60_000, 600_000];
/** The greatest number of marks and of values that are kept. */
const [maxMarks, maxValues] = [200, 4096];

/** Something that happened during a run: what somebody did, or a fault. */
export interface SeriesMark {
  readonly at: number;
  readonly text: string;
  readonly isFault: boolean;
}

/**
 * What is read of a run about once a second: `merit`, CC1/2 of its merge; `lag`, the age of its oldest unfinished frame
 * in s; and means of its frames, such as `background`, `ice` and `roi:jet.sum`, with ` | DATASET` for one of several.
 */
type SeriesReading = readonly [at: number, value: number];

/** A mark, or a reading at a time. */
export type SeriesMoment = SeriesMark | { readonly at: number; readonly name: string; readonly value: number };

/** What has happened to a run, and what was read of it over time, in constant memory. */
export class RunHistory {
  readonly readings: Record<string, SeriesReading[]> = Object.create(null);
  /** The latest things that happened, in order. */
  readonly marks: SeriesMark[] = [];

  take(moment: SeriesMoment): void {
    if ('name' in moment) this.#read(moment.name, moment.at, moment.value);
    else this.#mark(moment);
  }

  /** All moments later than this. */
  since(at: number): SeriesMoment[] {
    const readings = Object.entries(this.readings).flatMap(([name, all]) =>
      later(all, at, ([when]) => when).map(([when, value]) => ({ at: when, name, value })),
    );
    return [...readings, ...later(this.marks, at, (mark) => mark.at)];
  }

  #read(name: string, at: number, value: number): void {
    let all = this.readings[name];
    if (!all) {
      all = [];
      this.readings[name] = all;
    }
    // A value that stays is kept where it began and where it ends.
    if (all.at(-1)?.[1] === value && all.at(-2)?.[1] === value) all.pop();
    all.push([at, value]);
    if (all.length <= maxValues) return;
    const half = Array.from({ length: all.length >> 1 }, (_, i): SeriesReading => {
      const [one, other] = [all[2 * i] as SeriesReading, all[2 * i + 1] as SeriesReading];
      // The greater of two, so that a long wait remains visible.
      if (name === 'lag') return one[1] > other[1] ? one : other;
      return [other[0], (one[1] + other[1]) / 2];
    });
    all.splice(0, 2 * half.length, ...half);
  }

  #mark(mark: SeriesMark): void {
    const { marks } = this;
    if (marks.at(-1)?.text === mark.text) return;
    const after = marks.findLastIndex(({ at }) => at <= mark.at) + 1;
    marks.splice(after, 0, mark);
    if (marks.length > maxMarks) marks.shift();
  }
}

/** The last of these, which are in order. */
function later<T>(all: readonly T[], at: number, when: (one: T) => number): readonly T[] {
  const last = all.at(-1);
  if (last === undefined || when(last) <= at) return [];
  return all.slice(all.findLastIndex((one) => when(one) <= at) + 1);
}

/** A run over time, in three windows; times in ms. */
export class RunSeries {
  readonly windows = {
    whole: new SeriesWindow(50),
    tenMinutes: new SeriesWindow(500, tenMinutes),
    minute: new SeriesWindow(50, minute),
  };
  readonly history = new RunHistory();

  /** Counts a frame, or takes what has happened. */
  add(one: SeriesFrame | SeriesMoment): void {
    if (!('hit' in one)) this.history.take(one);
    else for (const window of Object.values(this.windows)) window.add(one);
  }

  reach(at: number): void {
    for (const window of Object.values(this.windows)) window.reach(at);
  }
}
