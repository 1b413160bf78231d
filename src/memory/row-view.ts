/** One row through accessors. */
import type { Value } from './format.js';
import { refuseIndexing } from './no-index.js';

/** A row of elements that reads and writes the memory directly; nothing is copied, and it never becomes stale. */
export class RowView<V extends Value = Value> {
  /** Number of elements. */
  readonly length: number;
  readonly #read: (j: number) => V;
  readonly #write: (j: number, value: V) => void;

  constructor(length: number, read: (j: number) => V, write: (j: number, value: V) => void) {
    this.length = length;
    this.#read = read;
    this.#write = write;
  }

  /** Element j; negative indices count from the end. */
  at(j: number): V {
    return this.#read(j);
  }

  /** Writes element j. */
  set(j: number, value: V): void {
    this.#write(j, value);
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (let j = 0; j < this.length; j++) yield this.#read(j);
  }

  /** The elements: a copy. */
  toArray(): V[] {
    return [...this];
  }
}
refuseIndexing(RowView, 'row; at(j) reads an element and set(j, value) writes it, toArray() copies all of them');
