/** An open library: its functions as properties, and the tools around them. */

import { expects } from '../../base/arguments.js';
import { EwaldError } from '../../base/errors.js';
import { disposableClass, disposeSymbol, type MaybeDisposable } from '../memory/disposable.js';
import { shownAs } from '../memory/inspect.js';
import type { MemorySpace } from '../memory/space.js';
import { callParameters } from './arguments.js';
import { bindCall, bindVariadic, countError, marking } from './bind.js';
import { CArray } from './carray.js';
import { refusingEmpty } from './empty.js';
import { Directed } from './frame.js';
import { type CFunction, type FunctionTable, signature, typeText } from './header/types.js';
import { Callback } from './kept-callback.js';
import { missing, undeclaredName, unknownName } from './names.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import type { Target } from './target.js';

/** Options of binding a library. */
export interface BindOptions {
  /** Throws immediately if the library lacks a declared function; default false: the first use throws. */
  readonly strict?: boolean | undefined;
  /**
   * Functions that free handles, by type: `{ ctx_t: 'ctx_free' }`. Functions such as `void ctx_free(ctx_t *)` are found
   * automatically.
   */
  readonly handles?: Readonly<Record<string, string>> | undefined;
  /**
   * Required numbers of elements of arrays: `{ get_array: { array: 'len' } }` names the parameter that contains it; a
   * number is possible as well.
   */
  readonly lengths?: Readonly<Record<string, Readonly<Record<string, number | string>>>> | undefined;
}

/** Any value; that functions are named gives a type to the parameters of callbacks. */
type Passed =
  | (object | string | number | bigint | boolean | symbol | null | undefined)
  // biome-ignore lint/suspicious/noExplicitAny: the header is known at run time only; a generated module has the types
  | ((...values: any[]) => unknown);

/** A function of the library. */
export interface LibraryFunction {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  (...values: Passed[]): any;
  /** The same call off the main thread. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  async(...values: Passed[]): Promise<any>;
  /** The declaration. */
  readonly declaration: CFunction;
}

/** The tools of an open library. They are properties of the library, unless one of its functions has the same name. */
export class LibraryTools {
  readonly #target: Target;
  readonly #functionOf: (name: string) => LibraryFunction | undefined;

  /** @internal `functionOf` finds a declared function. */
  constructor(target: Target, functionOf: (name: string) => LibraryFunction | undefined) {
    this.#target = target;
    this.#functionOf = functionOf;
  }

  /** `wasm` or `native`. */
  get backend(): 'wasm' | 'native' {
    return this.#target.kind;
  }

  /** The declarations of the header, with layouts for this library's target. */
  get table(): FunctionTable {
    return this.#target.runtime.table;
  }

  /** The memory in which C works, for `ewald/memory`: `IndirectMemory2D.create(2, 3, 'd', { memory: lib.memory })`. */
  get memory(): MemorySpace {
    return this.#target.runtime.memory;
  }

  /** Bytes that have been allocated for the caller and not been freed. */
  get liveBytes(): number {
    return this.#target.runtime.memory.liveBytes;
  }

  get disposed(): boolean {
    return this.#target.runtime.disposed;
  }

  /**
   * Allocates zeroed memory that C can access without a copy.
   *
   * @param type Type of an element in C's notation: `double`, `int *`, `struct rec`.
   * @param length Number of elements; default 1.
   */
  alloc<V = number>(type: string, length = 1): CArray<V> {
    const { runtime } = this.#target;
    runtime.assertAlive();
    expects(Number.isSafeInteger(length) && length >= 0, 'the length', length, 'a whole number from 0');
    const element = runtime.typeOf(type);
    const allocation = runtime.memory.allocate(length * runtime.sizeOf(element), `an array of ${type}`);
    return new CArray<V>(runtime, element, length, allocation, () => allocation.free());
  }

  /**
   * Allocates one element to pass as `T *` and read after the call: `const n = lib.ref('int', 5); lib.f(n); n.at(0)`.
   */
  ref<V = number>(type: string, value?: V): CArray<V> {
    const array = this.alloc<V>(type, 1);
    if (value !== undefined) array.set(0, value);
    return array;
  }

  /**
   * Takes over memory that the library allocated: it is freed by `dispose()`.
   *
   * @param pointer The pointer that the library returned.
   * @param options `length`: number of elements. `free`: the name of the library's function that frees it, or a
   * JavaScript function; default C's `free`.
   */
  owned<V = number>(
    pointer: Pointer | null,
    options: { readonly length: number; readonly free?: string | ((pointer: Pointer) => void) | undefined },
  ): CArray<V> {
    const { runtime } = this.#target;
    if (pointer === null) throw new EwaldError('Argument', 'the pointer is null: the library returned no memory');
    if (!(pointer instanceof Pointer) || pointer.runtime.memory !== runtime.memory)
      throw new EwaldError('Argument', 'owned() needs a pointer that this library returned');
    const { length, free = 'free' } = options;
    expects(Number.isSafeInteger(length) && length >= 0, 'owned: the length', length, 'a whole number from 0');
    const { address } = pointer;
    const span = runtime.memory.span(address, length * runtime.sizeOf(pointer.type));
    const release = this.#freeing(free, pointer, address);
    return new CArray<V>(runtime, pointer.type, length, span, () => {
      if (runtime.disposed) return;
      release();
      pointer.end('its owner, which freed it');
    });
  }

  /**
   * Frees memory that the library allocated, by C's `free`; the pointer and its casts are invalid afterwards.
   *
   * @throws `Argument` for what is no pointer of C's.
   */
  free(pointer: Pointer | null): void {
    const { runtime } = this.#target;
    if (pointer === null) return;
    if (!(pointer instanceof Pointer) || pointer.runtime.memory !== runtime.memory)
      throw new EwaldError('Argument', 'free() needs a pointer that C returned; alloc() is freed by its dispose()');
    this.#target.free(pointer.address);
    pointer.end('free()');
  }

  #freeing(free: string | ((pointer: Pointer) => void), pointer: Pointer, address: number | bigint): () => void {
    if (typeof free === 'function') return () => free(pointer);
    const declared = this.#functionOf(free);
    if (declared) return () => declared(pointer);
    if (free === 'free') return () => this.#target.free(address);
    throw unknownName(`the header declares no function "${free}" to free with`, free, this.table.functions);
  }

  /** Marks an array whose elements C only writes, so that nothing is copied in. */
  out<T>(array: T): T {
    return new Directed('out', array) as T;
  }

  /** Marks an array whose elements C only reads, so that nothing is copied back. */
  in<T>(array: T): T {
    return new Directed('in', array) as T;
  }

  /** Marks an array whose elements C reads and writes, which is the default unless the parameter is const. */
  inout<T>(array: T): T {
    return new Directed('inout', array) as T;
  }

  /**
   * Makes a function that C may keep beyond the call; dispose it when C no longer calls it.
   *
   * @param type A typedef of the header, or the type in C's notation: `int (*)(int)`.
   */
  callback(type: string, use: (...values: never[]) => unknown): Callback {
    const { runtime } = this.#target;
    runtime.assertAlive();
    const declared = runtime.typeOf(type);
    const fn = declared.kind === 'pointer' ? declared.to : declared;
    if (fn.kind !== 'function')
      throw new EwaldError(
        'Argument',
        `"${type}" is ${typeText(declared)}; a callback needs a function type such as int (*)(int)`,
      );
    const { address, release } = this.#target.callback(fn, use as (...values: unknown[]) => unknown);
    return new Callback(runtime, address, release);
  }

  /** The function at a function pointer. */
  callable(pointer: Pointer): (...values: unknown[]) => unknown {
    const { type } = pointer;
    if (type.kind !== 'function')
      throw new EwaldError('Argument', `${pointer.typeText} is not a pointer to a function`);
    return this.#target.callable(pointer.address, type);
  }

  /** A pointer to a variable of the library. */
  variable(name: string): Pointer {
    const { runtime } = this.#target;
    const declared = Object.hasOwn(runtime.table.variables, name) ? runtime.table.variables[name] : undefined;
    if (!declared) throw unknownName(`the header declares no variable "${name}"`, name, runtime.table.variables);
    const address = this.#target.address(name);
    if (address === undefined) throw missing(this.#target, name);
    const { type } = declared;
    return new Pointer(runtime, address, type.kind === 'array' ? type.of : type);
  }

  /** A pointer of a type to a given address. Nothing checks that the address is valid. */
  pointer(type: string, address: number | bigint): Pointer | null {
    const isAddress = typeof address === 'bigint' ? address >= 0n : Number.isSafeInteger(address) && address >= 0;
    expects(isAddress, 'pointer: the address', address, 'a whole number from 0, or a bigint');
    return this.#target.runtime.pointer(address, this.#target.runtime.typeOf(type));
  }

  /**
   * Closes the library. Its memory and objects are invalid afterwards; a second call does nothing.
   *
   * Native code that is still running (asynchronous calls, or the call whose callback disposes) finishes first.
   */
  dispose(): void {
    const { runtime } = this.#target;
    if (runtime.disposed) return;
    runtime.disposed = true;
    this.#target.close();
  }
}
disposableClass(LibraryTools);

/** An open library; a generated module types its functions, which are otherwise untyped. */
export type Library<Functions = Record<string, LibraryFunction>> = Functions & LibraryTools & MaybeDisposable;

/** The tools by name; functions of a library come first. */
const toolNames = Object.getOwnPropertyNames(LibraryTools.prototype).filter((name) => name !== 'constructor');
const tools = new WeakMap<object, LibraryTools>();

/** The tools of a library, independent of the names of its functions. */
export function toolsOf(library: object): LibraryTools {
  const found = tools.get(library);
  if (!found) throw new EwaldError('Argument', 'this is not a library that getLibHandle() opened');
  return found;
}

/** Names of functions that free handles, such as `void x_free(x *)`; used if there is exactly one for a type. */
const destructorName = /(?:free|destroy|delete|close|release|dispose|destruct|deinit)$/i;

function findDestructors(
  { functions, structs, typedefs }: FunctionTable,
  given: Readonly<Record<string, string>>,
): Map<string, string> {
  const found = new Map<string, string>();
  const several = new Set<string>();
  for (const { name, result, parameters, symbol } of Object.values(functions)) {
    // A macro gave it one more name.
    if (symbol !== undefined && symbol !== name && functions[symbol]) continue;
    const [first] = parameters;
    const pointee = first?.type.kind === 'pointer' ? first.type.to : undefined;
    if (result.kind !== 'void' || parameters.length !== 1 || pointee?.kind !== 'struct' || pointee.const) continue;
    const { tag } = pointee;
    if (structs[tag]?.fields !== undefined || !destructorName.test(name) || several.has(tag)) continue;
    if (found.delete(tag)) several.add(tag);
    else found.set(tag, name);
  }
  for (const [type, name] of Object.entries(given)) {
    const named = typedefs[type]?.type;
    const tag = named?.kind === 'struct' ? named.tag : structs[type] ? type : undefined;
    if (tag === undefined)
      throw new EwaldError(
        'Argument',
        `handles names "${type}", which is not a struct of the header; it has ` +
          `${Object.keys(structs).join(', ') || 'none'}`,
      );
    const declared = functions[name];
    if (!declared)
      throw unknownName(`handles names the function "${name}", which the header does not declare`, name, functions);
    if (declared.parameters.length !== 1)
      throw new EwaldError(
        'Argument',
        `${signature(declared, name)} takes ${declared.parameters.length} arguments; a destructor takes only ` +
          'the handle',
      );
    found.set(tag, name);
  }
  return found;
}

/** Makes the library object. */
export function makeLibrary(target: Target, options: BindOptions = {}): Library {
  const { runtime } = target;
  const { table } = runtime;
  const lengths = options.lengths ?? {};
  for (const name of Object.keys(lengths)) {
    if (!(name in table.functions))
      throw new EwaldError('Argument', `lengths names "${name}", which the header does not declare`);
  }
  const destructors = findDestructors(table, options.handles ?? {});
  const endings = new Set(destructors.values());
  const functionOf = (name: string): LibraryFunction | undefined =>
    name in table.functions ? library[name] : undefined;
  const own = new LibraryTools(target, functionOf);
  const library = Object.create(undeclared(own)) as Library;
  addTools(library, own);
  for (const fn of Object.values(table.functions)) {
    const sizes = Object.hasOwn(lengths, fn.name) ? lengths[fn.name] : {};
    const make = (): LibraryFunction => makeFunction(target, fn, sizes, endings.has(fn.name));
    addLazily(library, fn.name, runtime, make);
  }
  for (const [tag, name] of destructors)
    runtime.destructors.set(tag, { name, call: (handle) => void functionOf(name)?.(handle) });
  Object.defineProperty(library, disposeSymbol, { value: () => own.dispose() });
  shownAs(library, () => {
    const count = Object.keys(table.functions).length;
    return `library ${runtime.name} (${target.kind}${runtime.disposed ? ', disposed' : ''}) with ${count} functions`;
  });
  tools.set(library, own);
  if (options.strict) requireAll(library, own);
  return library;
}

/** Binds a function; `ends` says that it frees the handle it receives. */
function makeFunction(
  target: Target,
  fn: CFunction,
  lengths: Readonly<Record<string, number | string>> | undefined,
  ends: boolean,
): LibraryFunction {
  const { runtime } = target;
  const parameters = callParameters(runtime, fn, lengths, target.byValue?.bind(target))
    .map((parameter, i) => (i === 0 && ends ? marking(parameter, `${fn.name}()`) : parameter))
    .map((parameter, i) => refusingEmpty(parameter, fn, i, runtime));
  const bound = (fn.variadic ? bindVariadic : bindCall)(target, fn, parameters);
  const asynchronous = async (...values: unknown[]): Promise<unknown> => {
    runtime.assertAlive();
    if (!fn.variadic && values.length !== parameters.length) throw countError(fn, values.length);
    for (const { check } of parameters) check?.(values);
    return target.async(fn, values, parameters);
  };
  return Object.assign(bound, { async: asynchronous, declaration: fn }) as LibraryFunction;
}

/** A property that is made on first use. */
function addLazily(library: Library, name: string, runtime: Runtime, make: () => LibraryFunction): void {
  const get = (): LibraryFunction => {
    runtime.assertAlive();
    const made = make();
    Object.defineProperty(library, name, { value: made, enumerable: true });
    return made;
  };
  Object.defineProperty(library, name, { get, enumerable: true, configurable: true });
}

/** Where undeclared names are looked up, after the declared ones, which stay plain properties. */
function undeclared(own: LibraryTools): LibraryTools {
  const { table } = own;
  return new Proxy(own, {
    get(_, name) {
      if (typeof name === 'symbol' || engineNames.has(name) || toolNames.includes(name))
        return Reflect.get(own, name, own);
      throw undeclaredName(name, table, toolNames);
    },
  });
}

/** The tools as properties, bound once, but for names of functions. */
function addTools(library: Library, own: LibraryTools): void {
  for (const name of toolNames) {
    if (name in own.table.functions) continue;
    const value: unknown = Reflect.get(own, name, own);
    if (typeof value === 'function') Object.defineProperty(library, name, { value: value.bind(own) });
    else Object.defineProperty(library, name, { get: () => Reflect.get(own, name, own) });
  }
}

/** Binds all functions now; the library is closed if one cannot be. */
function requireAll(library: Library, own: LibraryTools): void {
  try {
    for (const name of Object.keys(own.table.functions)) void library[name];
  } catch (error) {
    own.dispose();
    throw error;
  }
}

/** Names that engines and tools look up on any object. */
const engineNames = new Set(
  (
    'then toJSON constructor toString valueOf inspect nodeType asymmetricMatch $$typeof __esModule prototype ' +
    'hasOwnProperty length name tagName isMockFunction'
  ).split(' '),
);
