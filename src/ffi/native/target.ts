/** A native library, called through koffi. Arrays are passed by their address and are not copied. */
import { toMultiple } from '../../memory/space.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { type CallbackShape, callbackShape, resultOf } from '../callback.js';
import {
  type Argument,
  type CallFrame,
  type Converter,
  type Direction,
  FrameEnds,
  type Parameter,
  type Scratch,
} from '../frame.js';
import {
  type CFunction,
  type CType,
  type FunctionTable,
  type FunctionType,
  isText,
  type StructType,
  signature,
  typeText,
} from '../header/types.js';
import { Lent, lentView } from '../lent.js';
import { missing } from '../names.js';
import { type AsyncCall, Runtime } from '../runtime.js';
import { type ArgumentName, shown } from '../scalars.js';
import { placedValue } from '../struct-arguments.js';
import type { Bound, Target } from '../target.js';
import { calledLate, type Trampolines } from '../trampolines.js';
import { type Complex, complexParts, partOf } from '../wide-values.js';
import { passedFields } from './by-value.js';
import {
  type CallbackSignature,
  callbackSignature,
  endAtOnce,
  functionTypes,
  trampolinesOf,
  warnWithoutGates,
} from './callbacks.js';
import { assertLoadable, type LibraryFile, symbolNames } from './find.js';
import { type Koffi, type KoffiFunction, type KoffiLibrary, nativeSpace, turns } from './koffi.js';
import { needsOwnNames } from './own-names.js';
import { shareVariables } from './shared-variables.js';

export class NativeTarget implements Target {
  readonly kind = 'native';
  readonly runtime: Runtime;
  readonly #koffi: Koffi;
  readonly #library: KoffiLibrary;
  readonly #path: string;
  readonly #bound = new Map<string, KoffiFunction>();
  readonly #structs = new Map<string, unknown>();
  readonly #shapes = new WeakMap<FunctionType, { shape: CallbackShape; signature: CallbackSignature }>();
  readonly #trampolines: Trampolines<CallbackSignature>;
  readonly #signatures = new WeakMap<FunctionType, CallbackSignature>();
  #symbols: readonly string[] | undefined;
  #unloaded = false;

  constructor(
    table: FunctionTable,
    name: string,
    { path, byName }: Pick<LibraryFile, 'path' | 'byName'>,
    koffi: Koffi,
  ) {
    if (!byName) assertLoadable(path);
    this.#koffi = koffi;
    this.#path = path;
    this.runtime = new Runtime(table, nativeSpace(koffi), name);
    try {
      const deep = !byName && needsOwnNames(path);
      if (deep) shareVariables(koffi);
      this.#library = koffi.load(path, { deep });
    } catch (cause) {
      throw new EwaldError('Load', `the library ${path} does not load: ${messageOf(cause)}`, { cause });
    }
    this.#trampolines = trampolinesOf(koffi);
    this.#trampolines.prepare(new Set(functionTypes(this.runtime).map((type) => this.#signature(type))));
  }

  symbols(): readonly string[] {
    this.#symbols ??= symbolNames(this.#path);
    return this.#symbols;
  }

  address(name: string): bigint | undefined {
    try {
      return this.#koffi.address(this.#library.symbol(name));
    } catch {
      return undefined;
    }
  }

  functionAddress(name: string): bigint | undefined {
    return this.address(name);
  }

  bind(fn: CFunction): Bound {
    return { call: this.#function(fn), out: this.#result(fn.result) };
  }

  #result(type: CType): (value: unknown) => unknown {
    if (type.kind === 'struct') return (value) => this.#fromStruct(type, value);
    if (partOf(type)) return (value) => ({ ...(value as Complex) });
    if (isText(type)) return (text) => text;
    return resultOf(this.runtime, type) as (value: unknown) => unknown;
  }

  byValue(type: CType, place: ArgumentName): Converter | undefined {
    if (partOf(type)) {
      return (value) => {
        const [re, im] = complexParts(value, place);
        return { re, im };
      };
    }
    if (type.kind !== 'struct') return undefined;
    const { runtime } = this;
    return (value, frame) => this.#structObject(type, placedValue(value, type, { runtime, place, frame }), place);
  }

  #function(fn: CFunction): KoffiFunction {
    let bound = this.#bound.get(fn.name);
    if (bound) return bound;
    const [result, parameters] = this.#passed(fn);
    try {
      bound = this.#library.func(fn.symbol ?? fn.name, result, fn.variadic ? [...parameters, '...'] : parameters);
    } catch (cause) {
      if (/cannot find/i.test(messageOf(cause))) throw missing(this, fn.symbol ?? fn.name);
      throw new EwaldError('Unsupported', `${signature(fn, fn.name)} cannot be called: ${messageOf(cause)}`, { cause });
    }
    this.#bound.set(fn.name, bound);
    return bound;
  }

  /** The result and the parameters in koffi's notation. */
  #passed(fn: CFunction): [result: unknown, parameters: unknown[]] {
    for (const type of [fn.result, ...fn.parameters.map((parameter) => parameter.type)]) {
      if (type.kind === 'array' || (type.kind === 'opaque' && !partOf(type)))
        throw new EwaldError(
          'Unsupported',
          `${signature(fn, fn.name)} passes ${typeText(type)} by value, which calls of native libraries do not support; ` +
            'declare a function that takes a pointer to it, or one of double',
        );
    }
    const passed = (type: CType): unknown => (isText(type) ? 'str' : this.#type(type));
    return [passed(fn.result), fn.parameters.map(({ type }) => passed(type))];
  }

  /** The type in koffi's notation. Pointers are passed as addresses; pointees are checked before. */
  #type(type: CType): unknown {
    if (type.kind === 'void') return 'void';
    if (type.kind === 'pointer')
      return type.to.kind === 'function' && isCalledBack(type.to) ? this.#signature(type.to).type : 'void *';
    const scalar = this.runtime.scalar(type);
    if (scalar) {
      const { kind, size } = scalar.layout;
      if (kind === 'float') return size === 4 ? 'float' : 'double';
      return `${kind === 'signed' ? 'int' : 'uint'}${size * 8}_t`;
    }
    if (type.kind === 'array') return this.#koffi.array(this.#type(type.of), type.length, 'Array');
    if (type.kind === 'struct') {
      let struct = this.#structs.get(type.tag);
      if (struct) return struct;
      const fields = passedFields(type, this.runtime);
      // Only the bytes matter: names such as __proto__ mean something to koffi.
      struct = this.#koffi.struct(Object.fromEntries(fields.map((field, i) => [`m${i}`, this.#type(field.type)])));
      this.#structs.set(type.tag, struct);
      return struct;
    }
    const part = partOf(type);
    if (part) {
      // The ABIs pass a complex number as a struct of two.
      const name = part.bytes === 4 ? 'float' : 'double';
      const struct = this.#structs.get(`${name} _Complex`) ?? this.#koffi.struct({ re: name, im: name });
      this.#structs.set(`${name} _Complex`, struct);
      return struct;
    }
    throw new EwaldError('Unsupported', `a ${typeText(type)} cannot be passed by value`);
  }

  /** The signature of a callback, which is the same for all libraries of the process. */
  #signature(type: FunctionType): CallbackSignature {
    let found = this.#signatures.get(type);
    if (!found) {
      const { result, parameters } = type;
      found = callbackSignature(
        this.#koffi,
        this.#type(result),
        parameters.map(({ type: parameter }) => (parameter.kind === 'pointer' ? 'void *' : this.#type(parameter))),
      );
      this.#signatures.set(type, found);
    }
    return found;
  }

  /** A further argument of a variadic function: its type, and the value converted to it. */
  vararg(given: unknown, place: ArgumentName): { readonly type: CType; readonly koffi: unknown } {
    if (!Array.isArray(given) || given.length !== 2 || typeof given[0] !== 'string')
      throw new EwaldError(
        'Argument',
        `${place()} is ${shown(given)}; after "..." each argument has its type: ['int', 5], ['double', 1.5], ` +
          `['const char *', 'text']`,
      );
    const type = this.runtime.typeOf(given[0]);
    return { type, koffi: this.#type(promoted(type, this.runtime)) };
  }

  /** Memory for a struct as koffi has it: of whole words, if it is passed as words. */
  #roomFor(type: StructType): Uint8Array {
    return new Uint8Array(Math.ceil(this.runtime.sizeOf(type) / 8) * 8);
  }

  /** A struct in koffi's form, by way of its bytes: the codec of structs checks names, ranges and lengths. */
  #structObject(type: StructType, value: unknown, place: ArgumentName): object {
    const { runtime } = this;
    const bytes = this.#roomFor(type);
    runtime.write(new DataView(bytes.buffer), 0, type, value, place);
    return this.#koffi.decode(this.#koffi.address(bytes), this.#type(type)) as object;
  }

  /** A struct that koffi returned, by way of its bytes. */
  #fromStruct(type: StructType, value: unknown): unknown {
    const bytes = this.#roomFor(type);
    this.#koffi.encode(this.#koffi.address(bytes), this.#type(type), value);
    return this.runtime.read(new DataView(bytes.buffer), 0, type);
  }

  frame(): CallFrame {
    return new NativeFrame(this);
  }

  /** The address of the memory under a view. */
  addressOf(view: ArrayBufferView): bigint {
    return this.#koffi.address(view);
  }

  async async(fn: CFunction, values: readonly unknown[], parameters: readonly Parameter[]): Promise<unknown> {
    if (fn.variadic) throw varargs(fn, 'off the main thread');
    const { out } = this.bind(fn);
    const raw = this.#function(fn);
    const call: AsyncCall = {};
    const frame = new NativeFrame(this, call);
    // From here on the library stays loaded, even if it is disposed.
    this.runtime.waiting.add(call);
    const lending = this.runtime.lend();
    frame.lending = lending;
    try {
      // The arguments stay here, so that no array is collected while C works on it.
      const args = values.map((value, i) => (parameters[i] as Parameter).convert(value, frame));
      const result = await turns.run(raw, args);
      void args.length;
      frame.hasFailed = call.thrown !== undefined;
      frame.done();
      if (call.thrown) throw call.thrown.error;
      return out(result as never);
    } finally {
      this.runtime.waiting.delete(call);
      this.runtime.endTexts();
      this.runtime.memory.turn++;
      this.runtime.endCall(lending);
      frame.end();
      if (this.runtime.disposed) this.#unload();
    }
  }

  callback(
    type: FunctionType,
    use: (...values: unknown[]) => unknown,
    late: () => Error,
    isKept: boolean,
    call?: AsyncCall,
  ): { address: bigint; release(): void } {
    let found = this.#shapes.get(type);
    if (!found) {
      found = { shape: callbackShape(this.runtime, type), signature: this.#signature(type) };
      this.#shapes.set(type, found);
    }
    if (isKept) {
      endAtOnce();
      warnWithoutGates();
    }
    const { shape, signature: own } = found;
    return this.#trampolines.lend(own, shape.wrap(use, call), shape.late(late), this, isKept) as ReturnType<
      NativeTarget['callback']
    >;
  }

  /** What koffi has made of the types of functions, which it keeps for good. */
  readonly #prototypes = new Map<string, unknown>();

  bindAt(address: number | bigint, fn: CFunction): Bound {
    const text = signature(fn, fn.name);
    const prototype = this.#prototypes.get(text) ?? this.#koffi.proto(...this.#passed(fn));
    this.#prototypes.set(text, prototype);
    return { call: this.#koffi.decode(BigInt(address), prototype) as Bound['call'], out: this.#result(fn.result) };
  }

  free(address: number | bigint): void {
    this.#koffi.free(BigInt(address));
  }

  close(): void {
    this.#unload();
  }

  /** Unloads the library once none of its code is running, neither on another thread nor further up in this call. */
  #unload(): void {
    const { waiting, depth } = this.runtime;
    if (this.#unloaded || waiting.size > 0) return;
    if (depth > 0) {
      setImmediate(() => this.#unload());
      return;
    }
    this.#unloaded = true;
    this.#trampolines.forget(this);
    this.#library.unload();
  }
}

/** Whether koffi has the types of a function; of others only an address, or null, can be passed. */
const isCalledBack = ({ result, parameters }: FunctionType): boolean =>
  [result, ...parameters.map(({ type }) => type)].every((type) => type.kind !== 'opaque' || partOf(type));

const varargs = (fn: CFunction, why: string): EwaldError =>
  new EwaldError(
    'Unsupported',
    `${signature(fn, fn.name)} takes varargs, which cannot be passed ${why}; wrap it in a function with fixed ` +
      'parameters',
  );

/** The type that a value has after "...": small integers are ints, floats are doubles. */
function promoted(type: CType, runtime: Runtime): CType {
  const layout = runtime.scalar(type)?.layout;
  if (layout?.kind === 'float') return { kind: 'scalar', name: 'double' };
  return layout && layout.size < 4 ? { kind: 'scalar', name: 'int' } : type;
}

const utf8 = new TextEncoder();

/** A text with its zero; three bytes hold what one unit of UTF-16 is in UTF-8. */
function encoded(text: string): Uint8Array {
  if (text.length > 1000) return utf8.encode(`${text}\0`);
  const bytes = new Uint8Array(text.length * 3 + 1);
  utf8.encodeInto(text, bytes);
  return bytes;
}

/** What an empty array is passed as: an address. */
const noElements = new Uint8Array(64);

/** Memory of a call, which exists as long as it is referenced. */
class NativeScratch implements Scratch {
  readonly argument: Uint8Array;
  lent: Lent | undefined;
  readonly #target: NativeTarget;
  #address: bigint | undefined;
  #view: DataView | undefined;

  constructor(memory: Uint8Array, target: NativeTarget) {
    this.argument = memory;
    this.#target = target;
  }

  get address(): bigint {
    this.#address ??= this.#target.addressOf(this.argument);
    return this.#address;
  }

  view = (): DataView => {
    this.#view ??= new DataView(this.argument.buffer, this.argument.byteOffset, this.argument.byteLength);
    return this.#view;
  };
}

/** Passes arrays as they are; koffi takes their addresses. */
class NativeFrame extends FrameEnds implements CallFrame {
  readonly #target: NativeTarget;
  readonly #call: AsyncCall | undefined;
  #held: unknown[] = [];
  readonly #spare = new Map<number, NativeScratch[]>();

  /** `call` is the asynchronous call to which the frame belongs. */
  constructor(target: NativeTarget, call?: AsyncCall) {
    super(call !== undefined);
    this.#target = target;
    this.#call = call;
  }

  place(view: ArrayBufferView, _direction: Direction): Argument {
    // koffi passes null for an empty array, which says something else: crc32(5, null, 0) is 0.
    if (view.byteLength === 0) return noElements;
    if (this.lending) {
      if (this.lending.runsJavaScript) this.#watch(view);
      this.lending.add(lentView(view, this.lending.place, () => this.#target.addressOf(view)));
    }
    return view;
  }

  at(views: readonly ArrayBufferView[], _direction: Direction): readonly bigint[] {
    this.#held.push(views);
    if (this.lending?.runsJavaScript) for (const view of views) this.#watch(view);
    return views.map((view) => this.#target.addressOf(view.byteLength > 0 ? view : noElements));
  }

  text(text: string): Argument {
    // koffi copies a text, for the call alone.
    return this.lending ? this.place(encoded(text), 'in') : text;
  }

  scratch(bytes: number, direction: Direction = 'in', align = 1): Scratch {
    const { lending } = this;
    const known = lending || align > 16 ? undefined : this.#spare.get(bytes)?.pop();
    known?.argument.fill(0);
    const nativeScratch = known ?? new NativeScratch(this.#memory(bytes, align), this.#target);
    // A table has only its address.
    this.#held.push(nativeScratch);
    if (lending) {
      const copiedFor = direction === 'in' ? undefined : lending;
      nativeScratch.lent = new Lent({
        what: lending.place,
        bytes,
        address: () => nativeScratch.address,
        kept: nativeScratch,
        copiedFor,
      });
      lending.add(nativeScratch.lent);
    }
    return nativeScratch;
  }

  #memory(bytes: number, align: number): Uint8Array {
    if (align <= 16) return new Uint8Array(bytes);
    const all = new Uint8Array(bytes + align);
    const gap = toMultiple(this.#target.addressOf(all), align);
    return all.subarray(gap, gap + bytes);
  }

  /** Arrays on which C works while JavaScript may run, and their bytes. */
  #watched: [view: ArrayBufferView, bytes: number][] = [];

  #watch(view: ArrayBufferView): void {
    this.#watched.push([view, view.byteLength]);
  }

  override done(): void {
    if (this.#watched.length > 0) this.#assertWatched();
    super.done();
  }

  #assertWatched(): void {
    for (const [view, bytes] of this.#watched)
      if (view.byteLength !== bytes)
        throw new EwaldError(
          'Disposed',
          'the buffer of an array was transferred or resized while C worked on it, so that what C read and wrote is not ' +
            `in it${this.asynchronous ? ', and may be in memory that was freed since' : ''}; transfer it after the call`,
        );
  }

  /** Keeps small memory for the next call, unless a pointer may lead into it. */
  #spareAll(): void {
    for (const made of this.#held) {
      if (!(made instanceof NativeScratch) || made.lent || made.argument.length > 1024) continue;
      const { length } = made.argument;
      const spare = this.#spare.get(length);
      if (!spare) this.#spare.set(length, [made]);
      else if (spare.length < 4) spare.push(made);
    }
    this.#held = [];
  }

  override end(): void {
    super.end();
    if (this.#watched.length > 0) this.#watched = [];
    if (this.#held.length > 0) this.#spareAll();
  }

  callback(type: FunctionType, use: (...values: unknown[]) => unknown, place: ArgumentName): Argument {
    const { address, release } = this.#target.callback(type, use, () => calledLate(place(), true), false, this.#call);
    this.release(release);
    return address;
  }
}
