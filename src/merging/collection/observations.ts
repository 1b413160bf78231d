/**
 * Observations as plain columns, and the record of a crystal: the data that the steps of a merge pass to each other.
 */

import { rejections } from './counts.js';
import type { PanelRegion } from './places.js';

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
  /** Number of the known cell by which its indexer has named its axes, see `named-axes.ts`; 0 if it has not. */
  readonly axes: number;
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
  /** Where each was measured, as numbers of `placeList`; `noPlace` where it is not said. */
  readonly places: Uint16Array;
  readonly placeList: readonly PanelRegion[];
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
  /** [crystals], numbers of known cells, 0 where axes are not named. */
  readonly axes: Uint32Array;
  /** [crystals][reasons], numbers of rows that were rejected, by the reasons of `rejections`. */
  readonly rejected: Uint32Array;
  readonly filenames: readonly string[];
  readonly events: readonly string[];
  /** [crystals] */
  readonly headerValues: readonly string[];
}

/** Crystals `first` … `end - 1` as views; nothing is copied but their offsets. */
export function someCrystals(all: Observations, first: number, end: number): Observations {
  const { offsets } = all;
  const [from, to] = [offsets[first] ?? 0, offsets[end] ?? 0];
  return {
    count: to - from,
    crystals: end - first,
    h: all.h.subarray(from, to),
    k: all.k.subarray(from, to),
    l: all.l.subarray(from, to),
    intensity: all.intensity.subarray(from, to),
    sigma: all.sigma.subarray(from, to),
    places: all.places.subarray(from, to),
    placeList: all.placeList,
    offsets: offsets.slice(first, end + 1).map((offset) => offset - from),
    reciprocal: all.reciprocal.subarray(9 * first, 9 * end),
    parameters: all.parameters.subarray(6 * first, 6 * end),
    wavelengths: all.wavelengths.subarray(first, end),
    bandwidths: all.bandwidths.subarray(first, end),
    limits: all.limits.subarray(first, end),
    profileRadii: all.profileRadii.subarray(first, end),
    axes: all.axes.subarray(first, end),
    rejected: all.rejected.subarray(rejections.length * first, rejections.length * end),
    filenames: all.filenames.slice(first, end),
    events: all.events.slice(first, end),
    headerValues: all.headerValues.slice(first, end),
  };
}
