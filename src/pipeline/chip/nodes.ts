/** The nodes of a chip, and the one next to a position. */

/** Equal steps along an axis. */
export interface LatticeAxis {
  readonly from: number;
  /** 1 if there is a single node. */
  readonly step: number;
  readonly count: number;
  /** How much of the other coordinate is added to that of the axis, where a chip is turned. Default 0. */
  readonly tilt?: number | undefined;
}

/** Nodes of two axes. */
export interface Lattice {
  readonly x: LatticeAxis;
  readonly y: LatticeAxis;
  /** Whether the positions lie on the nodes; otherwise a cell is as large as the space of an image. */
  readonly isExact: boolean;
}

/** A position farther from its node than this share of a step is as likely at the next one, and tells nothing of either. */
export const maxOff = 0.4;

/** Where a position is along an axis, in steps from its first node; `other` is the coordinate of the other axis. */
export const axisPlace = ({ from, step, tilt = 0 }: LatticeAxis, value: number, other: number): number =>
  (value + tilt * other - from) / step;

/** The node next to a position; undefined beyond the ends. */
export function nodeOf(lattice: Lattice, x: number, y: number): { row: number; column: number } | undefined {
  // The sums are no negative zeros.
  const row = Math.round(axisPlace(lattice.y, y, x)) + 0;
  const column = Math.round(axisPlace(lattice.x, x, y)) + 0;
  return row >= 0 && row < lattice.y.count && column >= 0 && column < lattice.x.count ? { row, column } : undefined;
}

export const latticeText = ({ x, y }: Lattice): string =>
  [x, y]
    .map(({ from, step, count }, i) => `${'xy'[i]} ${from} to ${Number((from + step * (count - 1)).toPrecision(6))}`)
    .join(', ');
