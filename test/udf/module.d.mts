import type { Udf } from 'ewald/udf';

// biome-ignore lint/suspicious/noExplicitAny: plain definitions, as a module without types has them
type Plain = any;
export const brightest: Plain;
export const deadly: Plain;
export const highest: Plain;
export const killer: Plain;
export const least: Plain;
export const median: Plain;
export const remembering: Plain;
export const squares: Plain;
export const squaresOfPartitions: Plain;
export const squaresOfTiles: Plain;
export const thrower: Plain;
export const weighted: Plain;
export type Any = Udf;
