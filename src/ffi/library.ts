/** An open library: its functions as properties, and the tools around them. */

import { disposableClass, disposeSymbol, type MaybeDisposable } from '../memory/disposable.js';
import { shownAs } from '../memory/inspect.js';
import type { Address, MemorySpace } from '../memory/space.js';
import { expects } from '../util/arguments.js';
import { EwaldError } from '../util/errors.js';
import { callParameters } from './arguments.js';
import { bindCall, bindVariadic, countError, givesPointers, marking } from './bind.js';
import { CArray } from './carray.js';
import { refusingEmpty } from './empty.js';
import { type Ending, endingOf, findEnds, findKeeps, type GivenEnds, type HandleOptions } from './ends.js';
import { Directed, type Parameter } from './frame.js';
import { layoutOf } from './header/layout.js';
import { type CFunction, type FunctionTable, typeText } from './header/types.js';
import { keep } from './kept.js';
import { Callback } from './kept-callback.js';
import { Lent } from './lent.js';
import { missing, propertyName, undeclaredName, unknownName } from './names.js';
import { isFunctionOfC, pointerOf } from './own-functions.js';
import { own, refuseForeign, refuseUsed } from './owned.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import { shown } from './scalars.js';
import type { Target } from './target.js';
import { calledLate } from './trampolines.js';

/** Options of binding a library. */
export interface BindOptions {
  /** Throws immediately if the library lacks a declared function; default false: the first use throws. */
  readonly strict?: boolean | undefined;
  /**
   * Functions that free handles, by type: `{ ctx_t: 'ctx_free' }`, and the arguments that a handle keeps until then:
   * `{ ctx_t: { keeps: { ctx_bind: 'text' } } }`, by their name or number. Functions such as `void ctx_free(ctx_t *)`,
   * and others that their name says to free or close their only argument, are found automatically.
   */
  readonly handles?: Readonly<Record<string, string | HandleOptions>> | undefined;
  /**
   * Functions that end an argument, by the name or the number of the argument, beside those that are found:
   * `{ GEOSGeom_destroy_r: 2, free_rows: 'rows' }`; false for a function that is found and ends nothing.
   */
  readonly ends?: GivenEnds | undefined;
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
  readonly #frees: (name: string) => void;

  /** @internal `functionOf` finds a declared function, `frees` notes that it frees what it is given. */
  constructor(
    target: Target,
    functionOf: (name: string) => LibraryFunction | undefined,
    frees: (name: string) => void,
  ) {
    this.#target = target;
    this.#functionOf = functionOf;
    this.#frees = frees;
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
    const bytes = length * runtime.sizeOf(element);
    const allocation = runtime.memory.allocate(bytes, `an array of ${type}`, runtime.alignOf(element));
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
    refuseForeign(pointer, 'owned()');
    refuseUsed(pointer, 'owned()');
    const span = runtime.memory.span(address, length * runtime.sizeOf(pointer.type));
    const release = this.#freeing(free, pointer);
    const disown = own(runtime.memory, address);
    const end = (): void => {
      disown();
      if (runtime.disposed) return;
      release();
      pointer.end('its owner, which freed it');
    };
    // C may have more memory there.
    return new CArray<V>(runtime, pointer.type, length, span, end, { lent: undefined, check: () => {} });
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
    refuseForeign(pointer, 'free()');
    refuseUsed(pointer, 'free()');
    this.#target.free(pointer.address);
    pointer.end('free()');
  }

  #freeing(free: string | ((pointer: Pointer) => void), pointer: Pointer): () => void {
    if (typeof free === 'function') return () => free(pointer);
    this.#frees(free);
    const declared = this.#functionOf(free);
    if (declared) return () => declared(pointer);
    if (free === 'free') return () => this.#target.free(pointer.address);
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
    const given = use as (...values: unknown[]) => unknown;
    const { address, release } = this.#target.callback(fn, given, () => calledLate(`a callback ${type}`, false), true);
    runtime.keepsCallbacks = true;
    return new Callback(runtime, fn, address, release);
  }

  /**
   * Makes what C may keep beyond the call: memory of C with a copy of a text or a typed array, which is freed when the
   * owner ends, is freed by C, or is collected. Memory of alloc(), pointers and callbacks are themselves kept.
   *
   * @param value What C keeps; pass the result to the function.
   * @param owner The object whose end is that of the value, such as the handle that keeps it.
   */
  keep(value: string | ArrayBufferView, owner: object): CArray;
  keep<T extends CArray | Pointer | Callback>(value: T, owner: object): T;
  keep(value: unknown, owner: object): unknown {
    const { runtime } = this.#target;
    runtime.assertAlive();
    return keep(runtime, runtime.kept, value, owner);
  }

  /**
   * The function at a pointer to one, which takes what a function of the library takes: `lib.callable(lib.get_fn())(2)`.
   *
   * @throws `Argument` for other pointers, `Unsupported` for functions with varargs.
   */
  callable(pointer: Pointer): (...values: unknown[]) => unknown {
    const { runtime } = this.#target;
    if (!(pointer instanceof Pointer) || pointer.type.kind !== 'function' || pointer.memory !== runtime.memory)
      throw new EwaldError(
        'Argument',
        `callable() is given ${pointer instanceof Pointer ? `a ${pointer.typeText}` : shown(pointer)}; it needs a pointer to a function that this library returned`,
      );
    const { type, address } = pointer;
    if (type.variadic)
      throw new EwaldError(
        'Unsupported',
        `callable(): ${pointer.typeText} takes varargs; call it from a function of C`,
      );
    const fn: CFunction = { ...type, name: '(*)', file: '', line: 0, column: 0 };
    const parameters = callParameters(runtime, fn, undefined, this.#target.byValue?.bind(this.#target)).map(
      (parameter, i) => refusingEmpty(parameter, fn, i, runtime),
    );
    const call = bindCall(this.#target, fn, parameters, this.#target.bindAt(address, fn));
    const checked = (...values: unknown[]): unknown => {
      void pointer.address;
      return call(...values);
    };
    isFunctionOfC(checked, () => pointer);
    return checked;
  }

  /** A pointer to a variable of the library. */
  variable(name: string): Pointer {
    const { runtime } = this.#target;
    const declared = Object.hasOwn(runtime.table.variables, name) ? runtime.table.variables[name] : undefined;
    if (!declared) throw unknownName(`the header declares no variable "${name}"`, name, runtime.table.variables);
    const address = this.#target.address(name);
    if (address === undefined) throw missing(this.#target, name);
    const { type } = declared;
    const of = type.kind === 'array' ? type.of : type;
    // One that is declared without a length is as long as C says.
    const bytes = layoutOf(type, runtime.model, runtime.table)?.size || Number.POSITIVE_INFINITY;
    const lent = new Lent({ what: () => `the variable "${name}"`, bytes, address: () => address, kept: undefined });
    return new Pointer(runtime, address, of, lent);
  }

  /**
   * A pointer of a type to a given address; nothing checks that the address is valid. To memory of `alloc()`, which C calls
   * a cast, the pointer keeps it: `lib.uv_close(lib.pointer('uv_handle_t', timer), null)`; so it does to a callback that C
   * takes as a function of any type: `lib.pointer('GCallback', callback)`.
   */
  pointer(type: string, address: number | bigint | CArray | Callback): Pointer | null {
    const { runtime } = this.#target;
    if (address instanceof Callback) return this.#castCallback(type, address);
    if (address instanceof CArray && address.runtime.memory === runtime.memory)
      return runtime.pointer(address.address, runtime.typeOf(type), address.lent);
    const isAddress =
      typeof address === 'bigint' ? address >= 0n : Number.isSafeInteger(address) && Number(address) >= 0;
    expects(isAddress, 'pointer: the address', address, 'a whole number from 0, a bigint or memory of alloc()');
    return runtime.pointer(address as number | bigint, runtime.typeOf(type));
  }

  #castCallback(type: string, callback: Callback): Pointer {
    const { runtime } = this.#target;
    const declared = runtime.typeOf(type);
    const fn = declared.kind === 'pointer' ? declared.to : declared;
    expects(fn.kind === 'function', 'pointer: the type of a callback', type, 'that of a function');
    const what = (): string => 'a callback';
    const address = (): Address => callback.addressFor(runtime, what);
    return new Pointer(runtime, address(), fn, new Lent({ what, bytes: 1, address, kept: callback, check: address }));
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
  const tool = tools.get(library);
  if (!tool) throw new EwaldError('Argument', 'this is not a library that getLibHandle() opened');
  return tool;
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
  const ends = findEnds(table, options.handles, options.ends);
  runtime.counted = ends.counted;
  const keeps = findKeeps(table, options.handles);
  const functionOf = (name: string): LibraryFunction | undefined =>
    name in table.functions ? library[propertyName(name)] : undefined;
  const frees = (name: string): void => {
    const fn = table.functions[name];
    const [first] = fn?.parameters ?? [];
    if (!fn || ends.endings.has(name) || first?.type.kind !== 'pointer' || first.type.to.kind === 'function') return;
    if (options.ends?.[name] === false) return;
    ends.endings.set(name, endingOf(fn, 0));
    // Made again: so far it only took a pointer.
    add(fn);
  };
  const own = new LibraryTools(target, functionOf, frees);
  const library = Object.create(undeclared(own)) as Library;
  addTools(library, own);
  const add = (fn: CFunction): void => {
    const sizes = Object.hasOwn(lengths, fn.name) ? lengths[fn.name] : {};
    const make = (): LibraryFunction =>
      makeFunction(target, fn, {
        lengths: sizes,
        ending: ends.endings.get(fn.name),
        isReference: ends.references.has(fn.name),
        keeps: keeps.get(fn.name),
      });
    addLazily(library, propertyName(fn.name), runtime, make);
  };
  for (const fn of Object.values(table.functions)) add(fn);
  for (const [tag, name] of ends.disposers)
    runtime.destructors.set(tag, {
      name,
      call: (handle) => {
        functionOf(name)?.(handle);
        // What `ends` says to end nothing is still the end of this object.
        if (!ends.endings.has(name)) (handle as Pointer).end(`${name}()`);
      },
    });
  Object.defineProperty(library, disposeSymbol, { value: () => own.dispose() });
  shownAs(library, () => {
    const count = Object.keys(table.functions).length;
    return `library ${runtime.name} (${target.kind}${runtime.disposed ? ', disposed' : ''}) with ${count} functions`;
  });
  tools.set(library, own);
  if (options.strict) requireAll(library, own);
  return library;
}

/** What is known of a function beside its declaration. */
interface Known {
  readonly lengths: Readonly<Record<string, number | string>> | undefined;
  /** Whether it frees the pointer that it receives. */
  readonly ending: Ending | undefined;
  /** Whether its handle needs one more end after it. */
  readonly isReference: boolean;
  /** The arguments that its handle keeps. */
  readonly keeps: { readonly owner: number; readonly kept: readonly number[] } | undefined;
}

/** Binds a function. */
function makeFunction(target: Target, fn: CFunction, known: Known): LibraryFunction {
  const { lengths, ending, isReference, keeps } = known;
  const { runtime } = target;
  const ends = ending && !ending.mayFail && !ending.moves && !ending.through;
  const ended = ending?.argument ?? 0;
  const parameters = callParameters(runtime, fn, lengths, target.byValue?.bind(target))
    .map((parameter, i) =>
      i === ended && ending && !ending.through ? guarding(parameter, fn, ended, ending) : parameter,
    )
    .map((parameter, i) => (i === ended && ends ? marking(parameter, `${fn.name}()`) : parameter))
    .map((parameter, i) => refusingEmpty(parameter, fn, i, runtime));
  let bound = (fn.variadic ? bindVariadic : bindCall)(target, fn, parameters);
  let asynchronous = async (...values: unknown[]): Promise<unknown> => {
    runtime.assertAlive();
    if (!fn.variadic && values.length !== parameters.length) throw countError(fn, values.length);
    for (const { check } of parameters) check?.(values);
    return target.async(fn, values, parameters);
  };
  if (ending?.through) {
    const [call, later] = [bound, asynchronous];
    bound = (...values) => {
      const end = endingWithin(values[ended], `${fn.name}()`);
      const result = call(...values);
      end();
      return result;
    };
    asynchronous = async (...values) => {
      const end = endingWithin(values[ended], `${fn.name}()`);
      const result = await later(...values);
      end();
      return result;
    };
  } else if (ending && !ends) {
    const [call, later] = [bound, asynchronous];
    const end = (values: readonly unknown[], result: unknown): unknown => {
      const given = values[ended];
      // No bytes are freed, and their place is nowhere.
      const isOver = ending.moves
        ? result !== null || values.some((value) => value === 0 || value === 0n)
        : Number(result) === 0;
      if (given instanceof Pointer && isOver) {
        const same = result instanceof Pointer && !given.freed && result.address === given.address;
        given.end(`${fn.name}()`);
        // It is where it was.
        if (same) runtime.ends.forget(result.address);
      }
      return result;
    };
    bound = (...values) => end(values, call(...values));
    asynchronous = async (...values) => end(values, await later(...values));
  }
  if (isReference) {
    const [call, later] = [bound, asynchronous];
    const reference = (given: unknown, result: unknown): unknown => {
      if (given instanceof Pointer) given.reference(result);
      return result;
    };
    bound = (...values) => reference(values[0], call(...values));
    asynchronous = async (...values) => reference(values[0], await later(...values));
  }
  if (
    givesPointers(runtime, fn) &&
    fn.parameters.some(({ type }) => type.kind === 'pointer' && runtime.isCounted(type.to))
  )
    bound = giving(runtime, bound);
  if (keeps) {
    const [call, later] = [bound, asynchronous];
    bound = (...values) => call(...keeping(target, fn, values, keeps));
    asynchronous = async (...values) => later(...keeping(target, fn, values, keeps));
  }
  isFunctionOfC(bound, () => {
    const address = target.functionAddress(fn.symbol ?? fn.name);
    const { result, variadic } = fn;
    const type = { kind: 'function', result, parameters: fn.parameters, variadic } as const;
    return address === undefined ? undefined : new Pointer(runtime, address, type);
  });
  return Object.assign(bound, { async: asynchronous, declaration: fn }) as LibraryFunction;
}

/** What ends a handle in a list or an array, as `[handle]`, if C left NULL for it. */
function endingWithin(given: unknown, by: string): () => void {
  const first = (): unknown =>
    given instanceof CArray && given.length > 0 ? given.at(0) : Array.isArray(given) ? given[0] : null;
  const before = first();
  return () => {
    if (before instanceof Pointer && first() === null) before.end(by);
  };
}

/** A call that notes which pointers it was given, since those that come back may be others to the same things. */
const giving =
  (runtime: Runtime, call: (...values: unknown[]) => unknown) =>
  (...values: unknown[]): unknown => {
    const outer = runtime.given;
    runtime.given = [...values.filter((value) => value instanceof Pointer), ...outer];
    try {
      return call(...values);
    } finally {
      runtime.given = outer;
    }
  };

/** A parameter of a function that ends it, which refuses what is not C's to end. */
function guarding(parameter: Parameter, fn: CFunction, i: number, { frees }: Ending): Parameter {
  const by = `${fn.name}()`;
  const check = (values: readonly unknown[]): void => {
    parameter.check?.(values);
    const value = values[i];
    if (frees) refuseForeign(value instanceof Directed ? value.value : value, by);
    if (value instanceof Pointer) refuseUsed(value, by);
  };
  return { ...parameter, check, direct: undefined };
}

/** The arguments of a call, those that the handle keeps in memory of C. */
function keeping(
  target: Target,
  { name, parameters }: CFunction,
  values: readonly unknown[],
  { owner, kept }: NonNullable<Known['keeps']>,
): unknown[] {
  const { runtime } = target;
  const handle = values[owner];
  if (!(handle instanceof Pointer)) return [...values];
  return values.map((value, i) => {
    if (!kept.includes(i)) return value;
    const type = parameters[i]?.type;
    if (pointerOf(value)) return value;
    if (typeof value === 'function' && type?.kind === 'pointer' && type.to.kind === 'function') {
      const what = `${name}(): argument ${i + 1}`;
      const use = value as (...values: unknown[]) => unknown;
      const { address, release } = target.callback(type.to, use, () => calledLate(what, false), true);
      runtime.keepsCallbacks = true;
      const callback = new Callback(runtime, type.to, address, release);
      runtime.kept.add({ value: callback, free: release }, handle);
      return callback;
    }
    const isCopied = typeof value === 'string' || ArrayBuffer.isView(value) || isKeepable(value);
    return isCopied ? keep(runtime, runtime.kept, value, handle) : value;
  });
}

const isKeepable = (value: unknown): boolean =>
  value instanceof Callback || value instanceof Pointer || value instanceof CArray;

/** A property that is made on first use. */
function addLazily(library: Library, name: string, runtime: Runtime, make: () => LibraryFunction): void {
  const set = (): void => {
    throw new EwaldError(
      'Argument',
      `${name} is a function of C, which no other one replaces in its library; give yours another name`,
    );
  };
  const get = (): LibraryFunction => {
    runtime.assertAlive();
    const libraryFunction = make();
    // Read-only from now on: an accessor would cost 3 ns at each call, so that the engine refuses assignments itself.
    Object.defineProperty(library, name, { value: libraryFunction, enumerable: true });
    return libraryFunction;
  };
  Object.defineProperty(library, name, { get, set, enumerable: true, configurable: true });
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
    // For a variable, a property would be one of JavaScript alone, which C does not see; others are the caller's own.
    set(_, name, value, library) {
      if (typeof name === 'string' && Object.hasOwn(table.variables, name))
        throw new EwaldError(
          'Argument',
          `${name} is a variable of C: variable('${name}').write(value) of the library sets it`,
        );
      return Reflect.defineProperty(library, name, { value, writable: true, enumerable: true, configurable: true });
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
    for (const name of Object.keys(own.table.functions)) void library[propertyName(name)];
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
