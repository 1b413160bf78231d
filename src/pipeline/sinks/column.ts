/** Columns of the tables of an HDF5 file, which grow with its frames. */
import type { WriteNode } from '../../hdf5/writer.js';

export type Typed =
  | Float32Array
  | Float64Array
  | Int16Array
  | Int32Array
  | Uint16Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array;

/** A column that grows; `bigint` for those of 64 bits. */
export class Column<Value extends number | bigint = number> {
  readonly #type: new (
    length: number,
  ) => Typed;
  #values: Typed;
  length = 0;

  constructor(type: new (length: number) => Typed) {
    this.#type = type;
    this.#values = new type(0);
  }

  add(values: ArrayLike<Value>): void {
    if (this.length + values.length > this.#values.length) {
      const grown = new this.#type(Math.max(1024, 2 * (this.length + values.length)));
      grown.set(this.#values as never);
      this.#values = grown;
    }
    this.#values.set(values as never, this.length);
    this.length += values.length;
  }

  /** The values so far, which the next ones may move. */
  get values(): Typed {
    return this.#values.subarray(0, this.length);
  }

  node(more: readonly number[] = [], attributes: Readonly<Record<string, string>> = {}): WriteNode {
    const value = this.#values.slice(0, this.length);
    const each = more.reduce((product, n) => product * n, 1);
    return { value, shape: [this.length / each, ...more], attributes };
  }
}
