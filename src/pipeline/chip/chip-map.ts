/**
 * What was found in each well of a chip, as maps of one quantity each. A well may have several images; images come in
 * any order, and one that never comes leaves its well empty.
 */
import type { FrameGrid } from './grid.js';
import { latticeOf } from './lattice.js';
import { latticeDoubt } from './lattice-doubt.js';
import { nodeOf } from './nodes.js';
import { type MapQuantity, mapQuantities } from './quantities.js';

/** What was found in an image. */
export interface WellFrame {
  readonly hit: boolean;
  readonly spots: number;
  readonly crystals: number;
  /** The resolution of its peaks in Å; undefined without peaks. */
  readonly resolutionA: number | undefined;
  /** Counts a pixel between the peaks; undefined if nothing has measured it. */
  readonly background?: number | undefined;
  /** Further numbers by name, such as those of regions. */
  readonly more?: Readonly<Record<string, number>> | undefined;
}

/** A map: one number for each well, [rows, columns]; NaN where it is not known. */
export interface WellValues {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The wells of one chip. */
export class ChipMap {
  /** The series of images on it; undefined if there is one. */
  readonly series: string | undefined;
  rows: number;
  columns: number;
  /** Images that have a well, and those that have none. */
  frames = 0;
  unplaced = 0;
  /** Why its images may be in wrong wells; undefined if nothing says so. */
  doubt: string | undefined;
  /** Images of each well; those that could not be read, or have not been searched; hits and indexed ones. */
  #came: Uint32Array;
  #failed: Uint32Array;
  #unsearched: Uint32Array;
  #hits: Uint32Array;
  #indexed: Uint32Array;
  /** Sums over the images, and of the resolution the best. */
  #spots: Float64Array;
  #resolution: Float32Array;
  /** Sum and number of each further quantity. */
  readonly #more = new Map<string, { sum: Float64Array; count: Uint32Array }>();

  constructor(rows: number, columns: number, series?: string) {
    this.rows = rows;
    this.columns = columns;
    this.series = series;
    const n = rows * columns;
    this.#came = new Uint32Array(n);
    this.#failed = new Uint32Array(n);
    this.#unsearched = new Uint32Array(n);
    this.#hits = new Uint32Array(n);
    this.#indexed = new Uint32Array(n);
    this.#spots = new Float64Array(n);
    this.#resolution = new Float32Array(n).fill(Number.NaN);
  }

  /** Adds an image to a well; undefined for one that could not be read. */
  add(row: number, column: number, frame: WellFrame | undefined): void {
    if (row >= this.rows || column >= this.columns)
      this.#resize(Math.max(this.rows, 2 * (row + 1)), Math.max(this.columns, 2 * (column + 1)));
    const at = row * this.columns + column;
    this.frames++;
    this.#came[at] = (this.#came[at] as number) + 1;
    if (!frame) {
      this.#failed[at] = (this.#failed[at] as number) + 1;
      return;
    }
    this.#found(at, frame);
  }

  /** Adds an image that nothing has searched yet. */
  arrive(row: number, column: number): void {
    const at = row * this.columns + column;
    this.frames++;
    this.#came[at] = (this.#came[at] as number) + 1;
    this.#unsearched[at] = (this.#unsearched[at] as number) + 1;
  }

  /** Takes what was found in an image of a well that had only arrived. */
  search(row: number, column: number, frame: WellFrame): void {
    const at = row * this.columns + column;
    if (this.#unsearched[at] === 0) return;
    this.#unsearched[at] = (this.#unsearched[at] as number) - 1;
    this.#found(at, frame);
  }

  #found(at: number, { hit, spots, crystals, resolutionA, background, more }: WellFrame): void {
    if (hit) this.#hits[at] = (this.#hits[at] as number) + 1;
    if (crystals > 0) this.#indexed[at] = (this.#indexed[at] as number) + 1;
    this.#spots[at] = (this.#spots[at] as number) + spots;
    const best = this.#resolution[at] as number;
    if (hit && resolutionA !== undefined && !(resolutionA >= best)) this.#resolution[at] = resolutionA;
    if (background !== undefined) this.#sum('background', at, background);
    for (const name in more) this.#sum(name, at, more[name] as number);
  }

  #sum(name: string, at: number, value: number): void {
    const n = this.rows * this.columns;
    const one = this.#more.get(name) ?? { sum: new Float64Array(n), count: new Uint32Array(n) };
    this.#more.set(name, one);
    if (!Number.isFinite(value)) return;
    one.sum[at] = (one.sum[at] as number) + value;
    one.count[at] = (one.count[at] as number) + 1;
  }

  /** Changes the size of a map whose size was not known. */
  #resize(rows: number, columns: number): void {
    const each = Math.min(columns, this.columns);
    const moved = <T extends Uint32Array | Float32Array | Float64Array>(from: T, fill = 0): T => {
      const to = new (from.constructor as new (n: number) => T)(rows * columns).fill(fill) as T;
      for (let y = 0; y < Math.min(rows, this.rows); y++)
        to.set(from.subarray(y * this.columns, y * this.columns + each) as never, y * columns);
      return to;
    };
    this.#came = moved(this.#came);
    this.#failed = moved(this.#failed);
    this.#unsearched = moved(this.#unsearched);
    this.#hits = moved(this.#hits);
    this.#indexed = moved(this.#indexed);
    this.#spots = moved(this.#spots);
    this.#resolution = moved(this.#resolution, Number.NaN);
    for (const value of this.#more.values()) Object.assign(value, { sum: moved(value.sum), count: moved(value.count) });
    this.rows = rows;
    this.columns = columns;
  }

  /** What it can show: everything that some image had. */
  get quantities(): MapQuantity[] {
    const others = [...this.#more.keys()].filter((name) => name !== 'background').sort();
    return [
      ...mapQuantities.filter((mapQuantity) => mapQuantity !== 'background' || this.#more.has(mapQuantity)),
      ...others,
    ];
  }

  /**
   * A map of a quantity: hits and indexed images are counted, the resolution is the best of the hits, and other
   * quantities are means over the images of a well. NaN: no image has come, or none that tells it.
   */
  values(quantity: MapQuantity): WellValues {
    const { rows, columns } = this;
    const values = new Float32Array(rows * columns);
    for (let i = 0; i < values.length; i++) values[i] = this.value(quantity, i);
    return { rows, columns, values };
  }

  /** The numbers of some wells, evenly distributed over the chip: all of them, or a part with at most this many. */
  sample(quantity: MapQuantity, most: number): Float32Array {
    const n = this.rows * this.columns;
    // A step that has no factor in common with most numbers of columns does not follow one of them.
    let step = Math.ceil(n / most);
    if (step > 1) while (this.columns % step === 0 || step % 2 === 0) step++;
    return Float32Array.from({ length: Math.ceil(n / step) }, (_, i) => this.value(quantity, i * step));
  }

  /** The number of one well, row × columns + column. */
  value(quantity: MapQuantity, i: number): number {
    const read = (this.#came[i] as number) - (this.#failed[i] as number) - (this.#unsearched[i] as number);
    if (read === 0) return Number.NaN;
    if (quantity === 'hits') return this.#hits[i] as number;
    if (quantity === 'indexed') return this.#indexed[i] as number;
    if (quantity === 'spots') return (this.#spots[i] as number) / read;
    if (quantity === 'resolution') return this.#resolution[i] as number;
    const more = this.#more.get(quantity);
    return more?.count[i] ? (more.sum[i] as number) / more.count[i] : Number.NaN;
  }

  /** Whether no image of a well has come, or none could be read. */
  stateOf(i: number): 'empty' | 'unreadable' | 'known' {
    if (this.#came[i] === 0) return 'empty';
    return this.#came[i] === this.#failed[i] ? 'unreadable' : 'known';
  }

  /** Number of images that have come of each well, and of those that could not be read. */
  get came(): { readonly images: Uint32Array; readonly unreadable: Uint32Array } {
    return { images: this.#came.slice(), unreadable: this.#failed.slice() };
  }

  /** The map of the rows and columns that have images, of one whose size was not known. */
  trimmed(): this {
    let [rows, columns] = [1, 1];
    for (let i = 0; i < this.#came.length; i++) {
      if (this.#came[i] === 0) continue;
      rows = Math.max(rows, Math.floor(i / this.columns) + 1);
      columns = Math.max(columns, (i % this.columns) + 1);
    }
    this.#resize(rows, columns);
    return this;
  }
}

/** Positions without wells: frames that are still arriving, whose nodes are found at the end. */
interface Loose {
  readonly x: number;
  readonly y: number;
  readonly frame: WellFrame | undefined;
}

/** The chips of a run, one for each series of images. Frames are added in any order. */
export class ChipMaps {
  readonly #size: { readonly rows: number; readonly columns: number } | undefined;
  readonly #maps = new Map<string, ChipMap>();
  readonly #loose = new Map<string, Loose[]>();

  /** Without a size the maps have the rows and columns of the images that have come. */
  constructor(size?: { readonly rows: number; readonly columns: number }) {
    this.#size = size;
  }

  /** Adds an image; undefined for one that could not be read. */
  add({ series, row, column, x, y }: FrameGrid, frame: WellFrame | undefined): void {
    const key = series ?? '';
    if (row === undefined && x !== undefined && y !== undefined && !this.#size) {
      const loose = this.#loose.get(key) ?? [];
      this.#loose.set(key, loose);
      loose.push({ x, y, frame });
      return;
    }
    const { rows = 1, columns = 1 } = this.#size ?? {};
    const map = this.#maps.get(key) ?? new ChipMap(rows, columns, series);
    this.#maps.set(key, map);
    if (row === undefined || column === undefined) map.unplaced++;
    else map.add(row, column, frame);
  }

  /** The chips, in the order of their first images. */
  get maps(): ChipMap[] {
    const loose = [...this.#loose].map(([series, all]) => {
      const [x, y] = [Float64Array.from(all, (one) => one.x), Float64Array.from(all, (one) => one.y)];
      const lattice = latticeOf(x, y);
      const map = new ChipMap(lattice.y.count, lattice.x.count, series || undefined);
      map.doubt = latticeDoubt(lattice, x, y);
      for (const one of all) {
        const node = nodeOf(lattice, one.x, one.y);
        if (node) map.add(node.row, node.column, one.frame);
        else map.unplaced++;
      }
      return map;
    });
    const known = [...this.#maps.values()];
    return [...(this.#size ? known : known.map((map) => map.trimmed())), ...loose];
  }
}
