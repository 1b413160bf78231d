/** What a run has determined before its first frame, for other runs of the same frames. */
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { FittedDistance } from '../../refinement/detector-remarks.js';

/** A refined geometry, and its text for the stream. */
export interface RefinedGeometry {
  readonly geometry: Geometry;
  readonly text: string;
}

/** What a run has determined on its first frames. */
export interface Preparation {
  /** The known cells, or the one that was determined; empty if no cell explains the frames. */
  readonly cells: readonly KnownCell[];
  /** The refined geometry; undefined if nothing has moved. */
  readonly refined: RefinedGeometry | undefined;
  /** Whether the crystals explain so few peaks that the cell is in doubt. */
  readonly isDoubtful: boolean;
  /** What the crystals tell about the distance and the known cells; undefined if neither was fitted. */
  readonly fitted?: FittedDistance | undefined;
}
