/** A view of a rectangular memory: while it exists, the memory is kept and its format is fixed. */
import { type DisposableObject, disposableClass } from './disposable.js';
import { BufferError } from './errors.js';
import type { Value } from './format.js';
import { refuseIndexing } from './no-index.js';

export interface View2D<V extends Value = Value> extends DisposableObject {
  [Symbol.iterator](): IterableIterator<V[]>;
}

/** What a view uses of its memory, which may have been disposed. */
interface Viewed<V extends Value> {
  readonly shape: readonly [number, number];
  readonly format: string;
  /** Counts a user; the returned function ends it. */
  lock(): () => void;
  readAt(i: number, j: number): V;
  writeAt(i: number, j: number, value: V): void;
}

/** Access to a memory by row and column; dispose it to unlock the memory. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class View2D<V extends Value = Value> {
  readonly shape: readonly [number, number];
  readonly format: string;
  readonly readonly: boolean;
  readonly #memory: Viewed<V>;
  #unlock: (() => void) | undefined;

  /** @internal */
  constructor(memory: Viewed<V>, readonly: boolean) {
    this.#memory = memory;
    this.shape = memory.shape;
    this.format = memory.format;
    this.readonly = readonly;
    this.#unlock = memory.lock();
  }

  at(i: number, j: number): V {
    this.#assertAlive();
    return this.#memory.readAt(i, j);
  }

  set(i: number, j: number, value: V): void {
    this.#assertAlive();
    if (this.readonly) throw new BufferError('READONLY', 'cannot modify read-only memory');
    this.#memory.writeAt(i, j, value);
  }

  *[Symbol.iterator](): IterableIterator<V[]> {
    const [rows, columns] = this.shape;
    for (let i = 0; i < rows; i++) yield Array.from({ length: columns }, (_, j) => this.at(i, j));
  }

  /** Ends the view; a second call does nothing. */
  dispose(): void {
    this.#unlock?.();
    this.#unlock = undefined;
  }

  #assertAlive(): void {
    if (!this.#unlock) throw new BufferError('DISPOSED', 'this view was disposed; take a new one with view()');
  }
}
disposableClass(View2D);
refuseIndexing(View2D, 'view; at(i, j) reads an element and set(i, j, value) writes it');
