/**
 * Regions in the HDF5 file of a run, where Jungfraujoch writes them: `roi/NAME/{sum, sum_sq, max, npixel, x, y}` with a
 * number for each frame, and `roi_defs` with the definitions and a map of their pixels.
 */

import type { RegionValue } from '../../crystal/stream/regions.js';
import type { WriteNode } from '../../hdf5/writer.js';
import type { FrameRecord } from '../record.js';
import { type Region, regionText } from '../regions/region.js';
import { type RegionDetector, spansOf } from '../regions/spans.js';
import { Column } from './column.js';

const greatestU64 = 2n ** 64n - 1n;

/** The columns of a region: whole numbers, or float64 for frames of reals. */
class RegionColumns {
  readonly #isReal: boolean;
  readonly #sum: Column<number | bigint>;
  readonly #sumSquares: Column<number | bigint>;
  /** Of numbers that may be absent: NaN where no pixel has a count. */
  readonly #max = new Column(Float64Array);
  readonly #pixels = new Column<bigint>(BigUint64Array);
  readonly #x = new Column(Float64Array);
  readonly #y = new Column(Float64Array);

  constructor(isReal: boolean) {
    const column = (whole: typeof BigInt64Array | typeof BigUint64Array): Column<number | bigint> =>
      new Column(isReal ? Float64Array : whole);
    this.#isReal = isReal;
    this.#sum = column(BigInt64Array);
    this.#sumSquares = column(BigUint64Array);
  }

  add({ sum, sumSquares, max, pixels, x, y }: RegionValue): void {
    this.#pixels.add([BigInt(pixels)]);
    this.#x.add([x]);
    this.#y.add([y]);
    this.#max.add([max]);
    this.#sum.add([this.#isReal ? Number(sum) : BigInt(sum)]);
    if (this.#isReal) {
      this.#sumSquares.add([Number(sumSquares)]);
      return;
    }
    // More than 64 bits would look like a small number.
    const squares = BigInt(sumSquares);
    this.#sumSquares.add([squares > greatestU64 ? greatestU64 : squares]);
  }

  node(definition: string): WriteNode {
    const pixel = { units: 'pixel' };
    return {
      attributes: { NX_class: 'NXcollection', definition },
      children: {
        sum: this.#sum.node(),
        sum_sq: this.#sumSquares.node(),
        max: this.#max.node(),
        npixel: this.#pixels.node(),
        x: this.#x.node([], pixel),
        y: this.#y.node([], pixel),
      },
    };
  }
}

/** A frame of an earlier session that was run without this region. */
const none: RegionValue = {
  sum: 0n,
  sumSquares: 0n,
  max: Number.NaN,
  pixels: 0,
  mean: Number.NaN,
  variance: Number.NaN,
  x: Number.NaN,
  y: Number.NaN,
};

/** The regions of a run. */
export class RegionTable {
  readonly #regions: readonly Region[];
  readonly #detector: RegionDetector;
  readonly #columns: readonly RegionColumns[];

  constructor(regions: readonly Region[], detector: RegionDetector) {
    this.#regions = regions;
    this.#detector = detector;
    this.#columns = regions.map(() => new RegionColumns(detector.dtype === 'f32'));
  }

  add({ rois }: Pick<FrameRecord, 'rois'>): void {
    for (const [i, { name }] of this.#regions.entries()) this.#columns[i]?.add(rois?.[name] ?? none);
  }

  /** The groups of the file. */
  nodes(): Readonly<Record<string, WriteNode>> {
    const each = (node: (region: Region, i: number) => WriteNode | undefined): Record<string, WriteNode> =>
      Object.fromEntries(this.#regions.map((region, i) => [region.name, node(region, i) as WriteNode]));
    const collection = { NX_class: 'NXcollection' };
    return {
      roi: { attributes: collection, children: each((region, i) => this.#columns[i]?.node(regionText(region))) },
      roi_defs: {
        attributes: collection,
        children: {
          ...each(definitionOf),
          map: { ...this.#map(), attributes: { long_name: 'one bit for each region' } },
        },
      },
    };
  }

  /** The regions of each pixel, one bit for each region; masked pixels are in none. */
  #map(): { readonly value: Uint16Array<ArrayBuffer>; readonly shape: readonly number[] } {
    const { width, height } = this.#detector;
    const value = new Uint16Array(width * height);
    const { region, ss, fs, count } = spansOf(this.#detector, this.#regions);
    for (let span = 0; span < count.length; span++) {
      const first = (ss[span] as number) * width + (fs[span] as number);
      for (let i = first; i < first + (count[span] as number); i++)
        value[i] = (value[i] as number) | (1 << (region[span] as number));
    }
    return { value, shape: [height, width] };
  }
}

/** What a region is, by name. */
function definitionOf(region: Region, bit: number): WriteNode {
  const { name: _, kind, ...numbers } = region;
  const columns = Object.entries(numbers).map(([name, value]): [string, WriteNode] => [
    name,
    typeof value === 'number' ? { value } : { value: Float64Array.from(value), shape: [2] },
  ]);
  return {
    attributes: { NX_class: 'NXcollection' },
    children: { type: { value: kind }, bit: { value: bit }, ...Object.fromEntries(columns) },
  };
}
