/**
 * Observations as plain columns, and the record of a crystal: the data that the steps of a merge pass to each other.
 */

/** A crystal without its reflections. */
export interface CrystalRecord {
  /** Name of the frame's file and the frame in it. */
  readonly filename: string;
  readonly event: string;
  /** a*, b*, c* as nine numbers, 1/angstrom, laboratory frame, +z along the beam. */
  readonly reciprocal: ArrayLike<number>;
  /** Lengths in angstrom and angles in degrees, as the stream states them. */
  readonly parameters: ArrayLike<number>;
  readonly wavelengthA: number;
  /** Relative width (standard deviation) of the spectrum, 0 if unknown. */
  readonly bandwidth: number;
  /** Largest 1/d at which the frame has spots, 1/angstrom; infinite if unknown. */
  readonly limit: number;
  /** Profile radius in 1/angstrom as the stream states it, or NaN. */
  readonly profileRadius: number;
  /** Value of the header field that divides the data into sets; empty if the frame has none. */
  readonly headerValue: string;
}

/** Observations of many crystals; `offsets[c]` … `offsets[c + 1] - 1` belong to crystal c. */
export interface Observations {
  readonly count: number;
  readonly crystals: number;
  readonly h: Int16Array;
  readonly k: Int16Array;
  readonly l: Int16Array;
  readonly intensity: Float32Array;
  readonly sigma: Float32Array;
  /** [crystals + 1] */
  readonly offsets: Uint32Array;
  /** [crystals][3][3], rows a*, b*, c*, 1/angstrom. */
  readonly reciprocal: Float64Array;
  /** [crystals][6], angstrom and degrees. */
  readonly parameters: Float64Array;
  readonly wavelengths: Float64Array;
  readonly bandwidths: Float64Array;
  /** [crystals], 1/angstrom. */
  readonly limits: Float64Array;
  readonly profileRadii: Float64Array;
  readonly filenames: readonly string[];
  readonly events: readonly string[];
  /** [crystals] */
  readonly headerValues: readonly string[];
}
