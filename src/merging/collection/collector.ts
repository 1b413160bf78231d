/** Takes crystals from inputs of any format into the columns of a merge, and counts what cannot be used. */
import type { Mark, ObservationColumns } from './columns.js';
import { contradictionOf } from './contradictions.js';
import { addCounts, noCounts, noRejectedRows } from './counts.js';
import type { CrystalRecord } from './observations.js';
import { type RegionSplit, regionSet, regionSplitOf } from './region-split.js';

const bare = (field: string): string => field.replace(/^\/+/, '');

/** What of the inputs is collected. */
export interface CollectorOptions {
  /** Observations whose peak is above this value are rejected; default none. */
  readonly maxAdu?: number | undefined;
  /** Crystals must reach this resolution in Å; default none. */
  readonly minRes?: number | undefined;
  /** The header field, or the level of a region, that divides the data into sets. */
  readonly splitBy?: string | undefined;
}

/** A row of reflections: h, k, l, I, σ(I), peak. */
export type ReflectionRow = readonly [number, number, number, number, number, number];

/** Collects the crystals of all inputs. */
export class Collector {
  readonly columns: ObservationColumns;
  readonly counts = noCounts();
  /** The rows of the current crystal that are not used. */
  #rejected = noRejectedRows();
  /** Whether the peaks of reflections are required, because there is a limit on them. */
  readonly usesPeaks: boolean;
  readonly #maxAdu: number;
  readonly #minRes: number;
  readonly #splitBy: string | undefined;
  /** The region by which the data are divided instead. */
  readonly #region: RegionSplit | undefined;

  constructor(columns: ObservationColumns, options: CollectorOptions = {}) {
    const { maxAdu = Number.POSITIVE_INFINITY, minRes = Number.POSITIVE_INFINITY, splitBy } = options;
    this.columns = columns;
    this.#maxAdu = maxAdu;
    this.#minRes = minRes;
    this.usesPeaks = maxAdu < Number.POSITIVE_INFINITY;
    this.#region = regionSplitOf(splitBy);
    this.#splitBy = splitBy === undefined ? undefined : bare(splitBy);
  }

  /**
   * The value by which the data are divided into sets, if this line, such as `header/float/FIELD = VALUE`, has it. A
   * field may begin with a slash, which users need not type, or with `hdf5/`, as CrystFEL wrote such lines before 0.10.
   */
  headerValue(line: string): string | undefined {
    if (this.#region) return regionSet(this.#region, line);
    if (this.#splitBy === undefined) return undefined;
    const [, field = '', value = ''] = /^(?:header\/\w+|hdf5)\/(.*?) = (.*)$/.exec(line) ?? [];
    if (bare(field) !== this.#splitBy) return undefined;
    // A whole number written as a float, such as `1.000000`, means data set 1.
    return /^[+-]?\d*\.?\d+(e[+-]?\d+)?$/i.test(value) ? String(Number(value)) : value.trim();
  }

  /** Begins a crystal, of which `crystal` receives the mark. */
  begin(): Mark {
    this.#rejected = noRejectedRows();
    return this.columns.mark();
  }

  /** Adds an observation to the crystal that the next call of `crystal` ends. */
  reflection([h, k, l, intensity, sigma, peak]: ReflectionRow, place: number): void {
    // As the columns hold them: a number beyond 3e38 becomes infinite.
    if (!Number.isFinite(Math.fround(intensity)) || !Number.isFinite(Math.fround(sigma))) this.#rejected.notFinite++;
    else if (!(Math.fround(sigma) > 0)) this.#rejected.withoutSigma++;
    else if (this.usesPeaks && peak > this.#maxAdu) this.#rejected.saturated++;
    else this.columns.reflection(h, k, l, intensity, sigma, place);
  }

  /** Ends a crystal, whose observations were added since the mark. Rows of a crystal that is skipped are not counted. */
  crystal(begin: Mark, crystal: CrystalRecord): void {
    const { reciprocal, wavelengthA, limit } = crystal;
    if (!(Array.from(reciprocal).every(Number.isFinite) && wavelengthA > 0 && Number.isFinite(wavelengthA))) {
      this.columns.rewind(begin);
      this.counts.incomplete++;
      return;
    }
    const contradiction = contradictionOf(crystal, this.columns.rows(), begin.count, this.columns.count);
    if (contradiction !== undefined) {
      this.columns.rewind(begin);
      this.counts[contradiction]++;
    } else if (limit < 1 / this.#minRes) {
      this.columns.rewind(begin);
      this.counts.tooCoarse++;
    } else if (this.columns.count === begin.count) {
      this.counts.empty++;
      addCounts(this.counts, this.#rejected);
    } else this.columns.crystal(crystal, this.#rejected);
  }
}
