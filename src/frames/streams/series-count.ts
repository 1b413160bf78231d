/** Counts the images of a detector's series, which are numbered: those that did not arrive, or arrived twice. */
import { counted } from '../../util/amounts.js';

/** Missing images of a series whose numbers are kept, so that late ones are recognised. */
const maxKept = 100_000;

/** The images of one series after the other. Its calls return what a person has to know, once a series each. */
export class SeriesCount {
  #series: number | undefined;
  #announced: number | undefined;
  /** The number after the greatest one so far; undefined before the first image that was received. */
  #next: number | undefined;
  readonly #missing = new Set<number>();
  #isReported = false;
  /** Images that did not arrive, of all series. */
  lost = 0;
  #before = 0;
  /** How often each series has begun of which images have arrived. */
  readonly #times = new Map<number, number>();

  /** How often a series has begun: a detector that begins anew may use a number again. */
  timesOf(series: number): number {
    return this.#times.get(series) ?? 1;
  }

  /** A series begins, of this number of images if it is known. */
  begin(series: number | undefined, frames: number | undefined): string | undefined {
    const remark = this.end();
    const anew = series === undefined ? undefined : this.#beginsAnew(series);
    this.#series = series;
    this.#announced = frames;
    this.#next = 0;
    return [remark, anew].filter(Boolean).join('; ') || undefined;
  }

  /** An image has arrived, by its number from 0. A run that began within a series counts from its first image. */
  image(series: number | undefined, index: number): string | undefined {
    if (this.#series !== undefined && series !== undefined && series !== this.#series) {
      const remark = this.end();
      this.#series = series;
      this.#next = index + 1;
      this.#times.set(series, this.timesOf(series));
      return remark;
    }
    this.#series ??= series;
    const next = this.#next ?? index;
    // Its first image again: the detector has begun anew, and its announcement is lost.
    if (series !== undefined && index === 0 && next > 1 && !this.#missing.has(0)) {
      const remark = this.begin(series, this.#announced);
      this.#next = 1;
      return remark;
    }
    if (series !== undefined) this.#times.set(series, this.timesOf(series));
    this.#next = Math.max(next, index + 1);
    if (index < next) {
      if (this.#missing.delete(index)) this.lost--;
      else return this.#once(`image ${index}${this.#of} arrived twice, and is in the results twice`);
      return undefined;
    }
    if (index === next) return undefined;
    this.lost += index - next;
    for (let i = next; i < index && this.#missing.size < maxKept; i++) this.#missing.add(i);
    const which = index - next === 1 ? `image ${next}` : `images ${next} to ${index - 1}`;
    return this.#once(`${which}${this.#of} did not arrive before image ${index}; further ones are counted`);
  }

  /** The series ends, or is left (`isLeft`) while it goes on; says how many of its images did not arrive. */
  end({ isLeft = false } = {}): string | undefined {
    const { lost: before } = this;
    if (!isLeft && this.#announced !== undefined && this.#next !== undefined)
      this.lost = before + Math.max(0, this.#announced - this.#next);
    const lost = this.lost - this.#before;
    const images = this.#announced === undefined ? counted(lost, 'image') : `${lost} of ${this.#announced} images`;
    const text = lost > 0 ? `${images}${this.#of} did not arrive` : undefined;
    this.#before = this.lost;
    this.#series = undefined;
    this.#announced = undefined;
    this.#next = undefined;
    this.#missing.clear();
    this.#isReported = false;
    return text;
  }

  #beginsAnew(series: number): string | undefined {
    const times = this.#times.get(series);
    if (times === undefined) return undefined;
    this.#times.set(series, times + 1);
    return `series ${series} begins anew`;
  }

  get #of(): string {
    return this.#series === undefined ? '' : ` of series ${this.#series}`;
  }

  #once(text: string): string | undefined {
    if (this.#isReported) return undefined;
    this.#isReported = true;
    return text;
  }
}
