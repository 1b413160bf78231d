/** JavaScript functions that C can call until they are disposed. */

import { type DisposableObject, disposableClass } from '../memory/disposable.js';
import { shownAs } from '../memory/inspect.js';
import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import type { FunctionType } from './header/types.js';
import type { ArgumentName } from './scalars.js';

export interface Callback extends DisposableObject {
  dispose(): void;
}

/** A function that C may keep and call later; it stays callable until it is disposed. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: disposableClass provides the `using` face
export class Callback {
  /** The type of the function. */
  readonly type: FunctionType;
  readonly #runtime: Access;
  readonly #address: number | bigint;
  #release: (() => void) | undefined;

  /** @internal */
  constructor(runtime: Access, type: FunctionType, address: number | bigint, release: () => void) {
    this.type = type;
    this.#runtime = runtime;
    this.#address = address;
    this.#release = release;
  }

  /** The address for C; on wasm an index of the function table. @throws `Disposed`. */
  get address(): number | bigint {
    this.#runtime.assertAlive();
    if (!this.#release)
      throw new EwaldError(
        'Disposed',
        'this callback was disposed; create a new one with callback() before passing it on',
      );
    return this.#address;
  }

  /** @internal */
  addressFor(runtime: Access, place: ArgumentName): number | bigint {
    if (runtime !== this.#runtime)
      throw new EwaldError(
        'Argument',
        `${place()} is a callback that another library object (${this.#runtime.name}) made; make it with callback() of the ` +
          `one whose function takes it (${runtime.name})`,
      );
    return this.address;
  }

  /** Its address as text, which JSON can hold. */
  toJSON(): string {
    return String(this);
  }

  /** Ends the callback; the call in which C calls it again rejects with `Disposed`. A second call does nothing. */
  dispose(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
disposableClass(Callback);
shownAs(Callback.prototype, function (this: Callback) {
  return `callback 0x${this.address.toString(16)}`;
});
