/** The facts that UDFs receive about their run and their partition. */
import type { DataType } from '../../bytes/dtype.js';

/** The information that a UDF receives about its run. */
export interface UdfMeta {
  /** Shape of the scan and of a frame, slowest axis first. */
  readonly nav: readonly number[];
  readonly sig: readonly number[];
  /** Dtype of the file. */
  readonly datasetDtype: DataType;
  /** Dtype of the frames that the UDF sees: after corrections, and never 64-bit integers or half floats. */
  readonly inputDtype: DataType;
  /** Number of positions in the run: of the region of interest if given, otherwise all. */
  readonly frames: number;
  /** The region of interest, one element per position of the scan; absent without one. */
  readonly roi: Uint8Array | undefined;
}

/** The meta of a partition, with its index and the positions of its frames in the scan. */
export interface PartitionMeta extends UdfMeta {
  /**
   * The partition's index, first position and number of positions; index -1 is the whole run, in its own `preprocess`.
   */
  readonly partition: { readonly index: number; readonly first: number; readonly count: number };
  /** Flat scan position of each existing frame, in order. */
  readonly positions: Uint32Array;
  /** Scan coordinates of each existing frame, [positions, axes of the scan], slowest axis first; computed when read. */
  readonly coordinates: Uint32Array;
}

/** The meta of a partition. Coordinates are computed when they are first read. */
export function partitionMeta(
  run: UdfMeta,
  { index, first, count, positions }: PartitionMeta['partition'] & { readonly positions: Uint32Array },
): PartitionMeta {
  let coordinates: Uint32Array | undefined;
  return {
    ...run,
    partition: { index, first, count },
    positions,
    get coordinates() {
      coordinates ??= coordinatesOf(positions, run.nav);
      return coordinates;
    },
  };
}

/** Flat positions as coordinates, [positions, axes]. */
function coordinatesOf(positions: Uint32Array, nav: readonly number[]): Uint32Array {
  const out = new Uint32Array(positions.length * nav.length);
  for (let i = 0; i < positions.length; i++) {
    let rest = positions[i] as number;
    for (let axis = nav.length - 1; axis >= 0; axis--) {
      const size = nav[axis] as number;
      out[i * nav.length + axis] = rest % size;
      rest = Math.floor(rest / size);
    }
  }
  return out;
}
