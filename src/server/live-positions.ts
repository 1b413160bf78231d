/**
 * Wells of frames that state positions and are still arriving. Rows and columns follow from the positions so far, and
 * are determined again when there are a quarter more of them; pages then read all wells anew.
 */
import { latticeOf } from '../pipeline/chip/lattice.js';
import { type Lattice, nodeOf } from '../pipeline/chip/nodes.js';

/** Positions of the first rows and columns, and the growth after which they are determined again. */
const [fewest, growth] = [8, 1.25];

/** The wells so far. */
export interface FoundWells {
  readonly rows: number;
  readonly columns: number;
  /** Counts how often they were determined. */
  readonly revision: number;
}

export class LivePositions {
  readonly #frames: number[] = [];
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  #lattice: Lattice | undefined;
  #next = fewest;
  found: FoundWells | undefined;

  /** Takes the position of a frame by its number; returns its well, if rows and columns are known and it is in them. */
  add(frame: number, x: number, y: number): number | undefined {
    this.#frames.push(frame);
    this.#x.push(x);
    this.#y.push(y);
    return this.#wellOf(x, y);
  }

  #wellOf(x: number, y: number): number | undefined {
    if (!this.#lattice) return undefined;
    const node = nodeOf(this.#lattice, x, y);
    return node && node.row * this.#lattice.x.count + node.column;
  }

  /** Determines rows and columns if there are enough new positions, or at the end; returns the wells of all frames. */
  refit(isEnd = false): (readonly [frame: number, well: number | undefined])[] {
    const count = this.#frames.length;
    if (count === 0 || (!isEnd && count < this.#next)) return [];
    this.#next = Math.ceil(growth * count);
    this.#lattice = latticeOf(Float64Array.from(this.#x), Float64Array.from(this.#y));
    const { x, y } = this.#lattice;
    this.found = { rows: y.count, columns: x.count, revision: (this.found?.revision ?? 0) + 1 };
    return this.#frames.map((frame, i) => [frame, this.#wellOf(this.#x[i] as number, this.#y[i] as number)]);
  }
}
