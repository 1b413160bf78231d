/** Whether positions tell the wells of their images: how many lie between wells, or share one without lying together. */
import { counted } from '../../util/amounts.js';
import { axisPlace, type Lattice, maxOff, nodeOf } from './nodes.js';

/** Images of one well are within this many steps of each other. */
const maxApart = 0.6;

/** Numbers of images whose wells are in doubt. */
export interface WellDoubts {
  readonly images: number;
  readonly between: number;
  readonly shared: number;
}

/** Counts the images whose wells are in doubt. */
export function countDoubts(lattice: Lattice, x: Float64Array, y: Float64Array): WellDoubts {
  let [between, shared] = [0, 0];
  const wells = new Map<number, { readonly column: number; readonly row: number; isCounted: boolean }>();
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i] as number, y[i] as number];
    const [column, row] = [axisPlace(lattice.x, px, py), axisPlace(lattice.y, py, px)];
    if (Math.max(off(column), off(row)) > maxOff) between++;
    const node = nodeOf(lattice, px, py);
    if (!node) continue;
    const at = node.row * lattice.x.count + node.column;
    const first = wells.get(at);
    if (!first) {
      wells.set(at, { column, row, isCounted: false });
      continue;
    }
    // Positions without nodes have cells, of which each is meant for one image.
    if (lattice.isExact && Math.hypot(column - first.column, row - first.row) <= maxApart) continue;
    shared += first.isCounted ? 1 : 2;
    first.isCounted = true;
  }
  return { images: x.length, between, shared };
}

const off = (place: number): number => Math.abs(place - Math.round(place));

/** What is in doubt about the wells, and what to do; undefined if nothing is. */
export function latticeDoubt(lattice: Lattice, x: Float64Array, y: Float64Array): string | undefined {
  const { images, between, shared } = countDoubts(lattice, x, y);
  const share = shared > 0 ? `${shared} of ${counted(images, 'image')} share a well with another one` : '';
  if (!lattice.isExact)
    return (
      `the positions lie on no rows and columns, and cells of the chip take the place of wells${share && `: ${share}`}; ` +
      'check the positions, or give the rule of the scan with --grid'
    );
  if (between === 0 && shared === 0) return undefined;
  const said = between > 0 ? `${between} of ${counted(images, 'image')} lie between wells` : '';
  return `${[said, share].filter(Boolean).join(', and ')}: they may be in a neighbouring well; check the positions`;
}
