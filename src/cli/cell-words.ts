/** What the commands for cells print of each. */
import { anglesOf, type Cell, lengthsOf } from '../entries/index.node.js';

/** Edges and angles on a line. */
export const parametersLine = (cell: Cell): string =>
  `${lengthsOf(cell)
    .map((x) => x.toFixed(3))
    .join(' ')} Å ${anglesOf(cell)
    .map((x) => x.toFixed(2))
    .join(' ')}°`;
