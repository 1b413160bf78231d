// Generated from parameters.ts by `npm run layout`. Do not edit.

/** How an unknown cell is looked for. */
export interface CellSearchParameters {
  /** Shortest cell edge. Angstrom; 1 … 1000; default 3. */
  readonly minLengthA?: number | undefined;
  /**
   * Longest cell edge; ranges of up to 150 and 400 Å are searched as well, on finer grids. Angstrom; 1 … 1000;
   * default 1000.
   */
  readonly maxLengthA?: number | undefined;
  /** Images that propose cells: those with the most spots up to maxSpots; all images vote. 1 … 1000; default 12. */
  readonly proposers?: number | undefined;
  /** How far lengths (relative) and angles (in radians) may be bent for a symmetry. 0 … 0.2; default 0.02. */
  readonly symmetryTolerance?: number | undefined;
}
