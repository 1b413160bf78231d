/** Takes crystals from inputs of any format into the columns of a merge, and counts what cannot be used. */
import type { Mark, ObservationColumns } from './columns.js';
import { noCounts } from './counts.js';
import type { CrystalRecord } from './observations.js';

const bare = (field: string): string => field.replace(/^\/+/, '');

/** Collects the crystals of all inputs. */
export class Collector {
  readonly columns: ObservationColumns;
  readonly counts = noCounts();
  /** Whether the peaks of reflections are required, because there is a limit on them. */
  readonly usesPeaks: boolean;
  readonly #maxAdu: number;
  readonly #splitBy: string | undefined;

  /** Observations whose peak is above `maxAdu` are rejected; the header field `splitBy` divides the data into sets. */
  constructor(columns: ObservationColumns, maxAdu = Number.POSITIVE_INFINITY, splitBy?: string) {
    this.columns = columns;
    this.#maxAdu = maxAdu;
    this.usesPeaks = maxAdu < Number.POSITIVE_INFINITY;
    this.#splitBy = splitBy === undefined ? undefined : bare(splitBy);
  }

  /**
   * The value by which the data are divided into sets, if this line, such as `header/float/FIELD = VALUE`, has it. A
   * field may begin with a slash, which users need not type, or with `hdf5/`, as CrystFEL wrote such lines before 0.10.
   */
  headerValue(line: string): string | undefined {
    if (this.#splitBy === undefined) return undefined;
    const [, field = '', value = ''] = /^(?:header\/\w+|hdf5)\/(.*?) = (.*)$/.exec(line) ?? [];
    if (bare(field) !== this.#splitBy) return undefined;
    // A whole number written as a float, such as `1.000000`, means data set 1.
    return /^[+-]?\d*\.?\d+(e[+-]?\d+)?$/i.test(value) ? String(Number(value)) : value.trim();
  }

  /** Adds an observation to the crystal that the next call of `crystal` ends. */
  reflection(h: number, k: number, l: number, intensity: number, sigma: number, peak: number): void {
    // As the columns hold them: a number beyond 3e38 becomes infinite.
    if (!Number.isFinite(Math.fround(intensity)) || !Number.isFinite(Math.fround(sigma))) this.counts.notFinite++;
    else if (!(Math.fround(sigma) > 0)) this.counts.withoutSigma++;
    else if (this.usesPeaks && peak > this.#maxAdu) this.counts.saturated++;
    else this.columns.reflection(h, k, l, intensity, sigma);
  }

  /** Ends a crystal, whose observations were added since the mark. */
  crystal(begin: Mark, crystal: CrystalRecord): void {
    const { reciprocal, wavelengthA } = crystal;
    const reflections = this.columns.count - begin.count;
    if (!(Array.from(reciprocal).every(Number.isFinite) && wavelengthA > 0)) {
      this.columns.rewind(begin);
      this.counts.incomplete++;
    } else if (reflections === 0) this.counts.empty++;
    else {
      this.columns.crystal(crystal);
      this.counts.crystals++;
      this.counts.reflections += reflections;
    }
  }
}
