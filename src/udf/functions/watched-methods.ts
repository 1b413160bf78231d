/** Methods of a UDF that are watched while it is tested: what they keep of their frames, and where they write. */
import type { AnyDefinition } from './udf.js';

/** The methods that see frames, and the name of the frames in their scope. */
const framesOfMethod = { processFrame: 'frame', processTile: 'tile', processPartition: 'frames' } as const;

/** Byte that overwrites frames after a method has seen them: a large number in every dtype. */
const spoilt = 0xa5;

type Scope = Record<string, unknown>;
type Method = (scope: Scope) => unknown;

/** The definition with `around` in place of these methods, where it has them. */
function wrapped(
  definition: AnyDefinition,
  names: readonly string[],
  around: (name: string, method: Method) => Method,
): AnyDefinition {
  const methods = definition as unknown as Readonly<Record<string, Method | undefined>>;
  const given = names.flatMap((name) => {
    const method = methods[name];
    return method ? [[name, around(name, method.bind(definition))] as const] : [];
  });
  return { ...definition, ...Object.fromEntries(given) };
}

const framesIn = (method: string, scope: Scope): Uint8Array | undefined => {
  const frames = scope[framesOfMethod[method as keyof typeof framesOfMethod]] as ArrayBufferView | undefined;
  return frames && new Uint8Array(frames.buffer, frames.byteOffset, frames.byteLength);
};

/** The UDF with methods that overwrite their frames when they return. */
export const spoiling = (definition: AnyDefinition): AnyDefinition =>
  wrapped(definition, Object.keys(framesOfMethod), (name, method) => (scope) => {
    const frames = framesIn(name, scope);
    const given = method(scope);
    frames?.fill(spoilt);
    return given;
  });

/** Writes that no run reports. */
export interface Writes {
  /** Methods that have written into their frames. */
  readonly frames: Set<string>;
  /** Results that were written outside. */
  readonly outside: Set<string>;
}

/** A list of writes to be filled in. */
export const noWrites = (): Writes => ({ frames: new Set(), outside: new Set() });

/** The UDF with methods whose writes into frames, and outside of results, are noted. */
export const watching = (definition: AnyDefinition, writes: Writes): AnyDefinition =>
  wrapped(
    definition,
    [...Object.keys(framesOfMethod), 'preprocess', 'postprocess', 'merge'],
    (name, method) => (scope) => {
      const frames = framesIn(name, scope);
      const before = frames?.slice();
      try {
        return method(watchedScope(scope, writes));
      } finally {
        if (frames?.some((byte, i) => byte !== before?.[i])) writes.frames.add(name);
      }
    },
  );

/** Members of a scope that hold results. */
const holders = ['results', 'dest'];

/** A scope whose results note writes outside. */
const watchedScope = (scope: Scope, writes: Writes): Scope =>
  new Proxy(scope, {
    get(target, key) {
      const value = Reflect.get(target, key);
      return holders.includes(key as string) ? watchedResults(value as Scope, writes) : value;
    },
  });

const watchedResults = (results: Scope, writes: Writes): Scope =>
  new Proxy(results, {
    get(target, name) {
      const value = Reflect.get(target, name);
      return ArrayBuffer.isView(value) ? watchedArray(value as Float64Array, String(name), writes) : value;
    },
  });

/** A typed array that notes writes to elements that it does not have; methods are those of the array itself. */
const watchedArray = (array: Float64Array, name: string, writes: Writes): Float64Array =>
  new Proxy(array, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'subarray')
        return (from?: number, to?: number) => watchedArray(target.subarray(from, to), name, writes);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(target, key, value) {
      const isElement = typeof key === 'string' && /^\d+$/.test(key) && Number(key) < target.length;
      if (!isElement) writes.outside.add(name);
      Reflect.set(target, key, value, target);
      return true;
    },
  });
