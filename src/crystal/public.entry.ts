/** The public names of tools for cells, in `ewald/merging`: what a page that reads cells alone does not load. */
export { type CellAmbiguities, cellAmbiguities, type WayToIndex } from './cells/ambiguities.js';
export { type CellComparison, compareCells, type LatticeOfCell } from './cells/compare.js';
export { type PowderRing, powderRings } from './cells/rings.js';
export { type TransformedCell, transformCell } from './cells/transform.js';
export type {
  CellAmbiguitiesOptions,
  CompareCellsOptions,
  PowderRingsOptions,
  TransformCellOptions,
} from './parameter-types.js';
