/** How far the detector has moved since the beginning of a run, in the plane of its pixels, from its crystals. */
import { medianWithError } from '../../util/median.js';

/** Crystals of the beginning, and of the time that is judged: fewer are not. */
export const fewestCrystals = 25;
/** Crystals that are kept; of older ones every second is dropped whenever there are more. */
const most = 20_000;

/** A crystal's shift of the detector from the geometry of the run, m. */
interface Shift {
  readonly s: number;
  readonly x: number;
  readonly y: number;
}

/** The drift over some time; distances in metres. */
export interface Drift {
  /** Crystals that tell where the detector is. */
  readonly crystals: number;
  /** Distance of the medians from those of the first crystals; undefined for too few. */
  readonly byM: number | undefined;
  /** Its standard error. */
  readonly errorM: number | undefined;
}

export class DetectorDrift {
  readonly #begin: Shift[] = [];
  #kept: Shift[] = [];
  #s = 0;
  readonly #keptS: number;

  /** `keptS`: the longest time that is asked for, s. */
  constructor(keptS: number) {
    this.#keptS = keptS;
  }

  /** A crystal was found; it counts from the next `reach` on. */
  add([x, y]: readonly [number, number]): void {
    const shift = { s: this.#s, x, y };
    if (this.#begin.length < fewestCrystals) this.#begin.push(shift);
    this.#kept.push(shift);
    if (this.#kept.length > most) this.#kept = this.#kept.filter((_, i) => i % 2 === 0 || i > most / 2);
  }

  /** The time goes on, s. */
  reach(s: number): void {
    this.#s = s;
    const old = this.#kept.findIndex((shift) => shift.s > s - this.#keptS);
    this.#kept.splice(0, old < 0 ? this.#kept.length : old);
  }

  /** The drift of the last `seconds`. */
  over(seconds: number): Drift {
    const last = this.#kept.filter(({ s }) => s > this.#s - seconds);
    if (this.#begin.length < fewestCrystals || last.length < fewestCrystals)
      return { crystals: last.length, byM: undefined, errorM: undefined };
    const along = (axis: 'x' | 'y') => {
      const [begin, beginError] = medianWithError(this.#begin.map((shift) => shift[axis]));
      const [now, error] = medianWithError(last.map((shift) => shift[axis]));
      return { by: now - begin, error: Math.hypot(beginError, error) };
    };
    const [x, y] = [along('x'), along('y')];
    return { crystals: last.length, byM: Math.hypot(x.by, y.by), errorM: Math.hypot(x.error, y.error) };
  }
}
