/** What a target provides: the functions of a library, native or in a wasm module. */

import type { Address } from '../memory/space.js';
import type { MethodOf } from '../util/members.js';
import type { Argument, CallFrame, Converter, Parameter } from './frame.js';
import type { CFunction, CType, FunctionType } from './header/types.js';
import type { Runtime } from './runtime.js';
import type { ArgumentName } from './scalars.js';

/** A function of C for converted arguments, and the conversion of what it returns. */
export interface Bound {
  readonly call: (...values: Argument[]) => unknown;
  readonly out: (result: never) => unknown;
}

/** A target: the source of the functions of a table. */
export interface Target {
  readonly kind: 'wasm' | 'native';
  readonly runtime: Runtime;
  /** Names exported by the library, if they can be listed. */
  symbols(): readonly string[];
  /** Address of a symbol, or undefined. */
  address(name: string): Address | undefined;
  /** What a pointer to a function has for one of the library; undefined if there is no place for it. */
  functionAddress(name: string): Address | undefined;
  /** The function for a declaration. @throws `Load` if the library lacks it, `Unsupported` if it cannot be called. */
  bind(fn: CFunction): Bound;
  /** The converter that passes a type by value that is no scalar; undefined if the target cannot. */
  byValue?: MethodOf<[type: CType, place: ArgumentName], Converter | undefined> | undefined;
  /** The type of an argument after "...", and what it is passed as; absent if the target does not support any. */
  vararg?:
    | MethodOf<[given: unknown, place: ArgumentName], { readonly type: CType; readonly koffi: unknown }>
    | undefined;
  frame(): CallFrame;
  /** Makes a call off the main thread. */
  async(fn: CFunction, values: readonly unknown[], parameters: readonly Parameter[]): Promise<unknown>;
  /** Makes a callback, for a call or longer; C that calls it after its release gets zero, and its caller the error of `late`. */
  callback(
    type: FunctionType,
    use: (...values: unknown[]) => unknown,
    late: () => Error,
    isKept: boolean,
  ): { readonly address: Address; release(): void };
  /** The function at an address, of the type of a declaration. @throws `Unsupported` if it cannot be called. */
  bindAt(address: Address, fn: CFunction): Bound;
  /** Calls C's `free`. */
  free(address: Address): void;
  close(): void;
}
