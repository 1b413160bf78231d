/** Takes crystals from inputs of any format into the columns of a merge, and counts what cannot be used. */
import type { Mark, ObservationColumns } from './columns.js';
import { noCounts } from './counts.js';
import type { CrystalRecord } from './observations.js';

const bare = (field: string): string => field.replace(/^\/+/, '');

/** The data set that a header value means: a whole number written as a float, such as `1.000000`, means data set 1. */
export const datasetName = (value: string): string =>
  /^[+-]?\d*\.?\d+(e[+-]?\d+)?$/i.test(value) ? String(Number(value)) : value.trim();

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

  /** Whether the data sets are values of this header field; a field may begin with a slash, which users need not type. */
  splitsBy(field: string): boolean {
    return this.#splitBy !== undefined && bare(field) === this.#splitBy;
  }

  /** Adds an observation to the crystal that the next call of `crystal` ends. */
  reflection(h: number, k: number, l: number, intensity: number, sigma: number, peak: number): void {
    if (!Number.isFinite(intensity) || !Number.isFinite(sigma)) this.counts.notFinite++;
    else if (!(sigma > 0)) this.counts.withoutSigma++;
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
