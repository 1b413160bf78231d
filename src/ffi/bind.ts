/** Binds a C function as a JavaScript function: counts and converts arguments, calls, and converts the result. */

import { WasmSpace } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import { pointerConverter } from './arguments.js';
import { type Argument, type CallFrame, type Converter, Directed, type Parameter } from './frame.js';
import { type CFunction, type CType, type FunctionType, isText, signature, typeText } from './header/types.js';
import { forgetOriginals, originalsSoFar } from './originals.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';
import type { ArgumentName } from './scalars.js';
import type { Bound, Target } from './target.js';

const checksOf = (parameters: readonly Parameter[]) => parameters.flatMap(({ check }) => check ?? []);

/** Refuses a wrong number of arguments. */
export function countError(fn: CFunction, found: number): EwaldError {
  const needed = fn.parameters.length;
  return new EwaldError(
    'Argument',
    `${fn.name}() got ${found} argument${found === 1 ? '' : 's'}; expected ${needed}: ${signature(fn, fn.name)}`,
    {
      detail: { found, needed },
    },
  );
}

/** Makes the JavaScript function. */
export function bindCall(
  target: Target,
  fn: CFunction,
  parameters: readonly Parameter[],
  { call, out }: Bound = target.bind(fn),
): (...values: unknown[]) => unknown {
  const { runtime } = target;
  const invoke = invoker(
    call,
    parameters.map(({ convert }) => convert),
  );
  const answer = out as (result: unknown) => unknown;
  // Numbers alone need no frame.
  if (!parameters.some(({ scalar, check }) => scalar === undefined || check))
    return bindNumbers(target, fn, invoke, answer);
  const framed = bindFramed(target, fn, parameters, invoke, answer);
  const mayBeDirect =
    parameters.length <= 4 && parameters.every(({ scalar, direct }) => scalar !== undefined || direct);
  return mayBeDirect && !givesPointers(runtime, fn) ? bindDirect(runtime, call, parameters, answer, framed) : framed;
}

/** A call whose arguments are placed in a frame. */
function bindFramed(
  target: Target,
  fn: CFunction,
  parameters: readonly Parameter[],
  invoke: Invoke,
  answer: (result: unknown) => unknown,
): (...values: unknown[]) => unknown {
  const { runtime } = target;
  const count = parameters.length;
  const checks = checksOf(parameters);
  const lends = givesPointers(runtime, fn);
  const callsBack = fn.parameters.some(({ type }) =>
    type.kind === 'pointer' ? mayCall(runtime, type.to) : hasFunctions(runtime, type),
  );
  const heap = runtime.memory instanceof WasmSpace ? runtime.memory : undefined;
  // One frame is reused by consecutive calls; a nested call from a callback uses another.
  let idle: CallFrame | undefined;
  return (...values) => {
    if (values.length !== count) throw countError(fn, values.length);
    if (runtime.disposed) runtime.assertAlive();
    for (let i = 0; i < checks.length; i++) checks[i]?.(values);
    const open = idle ?? target.frame();
    idle = undefined;
    const lending = lends || runtime.keepsCallbacks ? runtime.lend() : undefined;
    open.lending = lending;
    if (lending) lending.runsJavaScript = callsBack || runtime.keepsCallbacks;
    const originals = originalsSoFar();
    const outer = runtime.enter();
    const place = runtime.depth > 1 ? runtime.stack?.save() : undefined;
    let isCalled = false;
    try {
      const result = invoke(values, open);
      isCalled = true;
      open.hasFailed = runtime.thrown !== undefined;
      open.done();
      if (runtime.thrown) throw runtime.thrown.error;
      return answer(result);
    } catch (error) {
      runtime.stack?.restore(place);
      // C was not called, and has changed nothing.
      if (!isCalled && error instanceof EwaldError) runtime.memory.turn--;
      throw error;
    } finally {
      runtime.leave(outer);
      forgetOriginals(originals);
      if (lending) runtime.endCall(lending);
      open.end();
      idle = open;
      if (heap && heap.lent > 0) heap.noticed(`${fn.name}()`);
    }
  };
}

/** A call whose arguments are mostly passed as they are, numbers and arrays of C's type; `framed` takes others. */
function bindDirect(
  runtime: Runtime,
  raw: Raw,
  parameters: readonly Parameter[],
  answer: (result: unknown) => unknown,
  framed: (...values: unknown[]) => unknown,
): (...values: unknown[]) => unknown {
  const count = parameters.length;
  const checks = parameters.flatMap(({ direct }) => direct?.check ?? []);
  const [first, second, third, fourth] = parameters.map(({ direct }) => direct?.passes);
  const [a, b, c, d] = parameters.map(({ direct, convert }) => (direct ? undefined : convert));
  const none = undefined as never;
  /** Written out, since each further function costs a tenth of a small native call. */
  const invoke = (values: readonly unknown[]): unknown => {
    const v = a ? a(values[0], none) : (values[0] as Argument);
    if (count === 1) return raw(v);
    const w = b ? b(values[1], none) : (values[1] as Argument);
    if (count === 2) return raw(v, w);
    const x = c ? c(values[2], none) : (values[2] as Argument);
    return count === 3 ? raw(v, w, x) : raw(v, w, x, d ? d(values[3], none) : (values[3] as Argument));
  };
  return (...values) => {
    // A callback that C keeps may see the arrays of any call.
    if (
      values.length !== count ||
      runtime.disposed ||
      runtime.keepsCallbacks ||
      (first && !first(values[0])) ||
      (second && !second(values[1])) ||
      (third && !third(values[2])) ||
      (fourth && !fourth(values[3]))
    )
      return framed(...values);
    for (let i = 0; i < checks.length; i++) checks[i]?.(values);
    const outer = runtime.enter();
    let isCalled = false;
    try {
      const result = invoke(values);
      isCalled = true;
      if (runtime.thrown) throw runtime.thrown.error;
      return answer(result);
    } catch (error) {
      if (!isCalled && error instanceof EwaldError) runtime.memory.turn--;
      throw error;
    } finally {
      runtime.leave(outer);
    }
  };
}

/** A function of numbers alone, which no frame holds. */
function bindNumbers(
  target: Target,
  fn: CFunction,
  invoke: Invoke,
  answer: (result: unknown) => unknown,
): (...values: unknown[]) => unknown {
  const { runtime } = target;
  const count = fn.parameters.length;
  const heap = runtime.memory instanceof WasmSpace ? runtime.memory : undefined;
  return (...values) => {
    if (values.length !== count) throw countError(fn, values.length);
    if (runtime.disposed) runtime.assertAlive();
    const outer = runtime.enter();
    const place = runtime.depth > 1 ? runtime.stack?.save() : undefined;
    try {
      const result = invoke(values, undefined as never);
      if (runtime.thrown) throw runtime.thrown.error;
      return answer(result);
    } catch (error) {
      runtime.stack?.restore(place);
      throw error;
    } finally {
      runtime.leave(outer);
      if (heap && heap.lent > 0) heap.noticed(`${fn.name}()`);
    }
  };
}

type Raw = (...values: Argument[]) => unknown;
type Invoke = ReturnType<typeof invoker>;

/** Converts the arguments and calls; written out by count, since a spread costs as much as a small native call. */
function invoker(
  raw: Raw,
  converters: readonly Converter[],
): (values: readonly unknown[], frame: CallFrame) => unknown {
  const [a, b, c, d] = converters as readonly [Converter, Converter, Converter, Converter];
  switch (converters.length) {
    case 0:
      return () => raw();
    case 1:
      return (v, f) => raw(a(v[0], f));
    case 2:
      return (v, f) => raw(a(v[0], f), b(v[1], f));
    case 3:
      return (v, f) => raw(a(v[0], f), b(v[1], f), c(v[2], f));
    case 4:
      return (v, f) => raw(a(v[0], f), b(v[1], f), c(v[2], f), d(v[3], f));
    default:
      return (values, frame) => raw(...values.map((value, i) => (converters[i] as Converter)(value, frame)));
  }
}

/** A function with varargs: further arguments are pairs of type and value, `['int', 5]`. */
export function bindVariadic(
  target: Target,
  fn: CFunction,
  parameters: readonly Parameter[],
): (...values: unknown[]) => unknown {
  const { runtime } = target;
  const { call, out } = target.bind(fn);
  const raw = call as (...values: unknown[]) => unknown;
  const checks = checksOf(parameters);
  const further = (given: unknown, place: ArgumentName, open: CallFrame): readonly unknown[] => {
    if (!target.vararg)
      throw new EwaldError('Unsupported', `${place()} is a variadic argument, which cannot be passed here`);
    const { type, koffi } = target.vararg(given, place);
    const scalar = runtime.scalar(type);
    const value = (given as [string, unknown])[1];
    if (scalar) {
      // Promoted after the check: _Bool takes true, and a float is rounded before it becomes a double.
      const bits = scalar.in(value, place);
      return [koffi, scalar.layout.kind === 'float' && scalar.layout.size === 4 ? Math.fround(bits as number) : bits];
    }
    if (type.kind !== 'pointer')
      throw new EwaldError('Unsupported', `${place()} is ${typeText(type)}, which cannot be passed after "..."`);
    return [koffi, pointerConverter(runtime, type, place)(value, open)];
  };
  return (...values) => {
    if (values.length < parameters.length) throw countError(fn, values.length);
    runtime.assertAlive();
    for (const check of checks) check(values);
    const open = target.frame();
    const lending = runtime.lend();
    const originals = originalsSoFar();
    open.lending = lending;
    try {
      const result = calling(runtime, () => {
        const passed = values.flatMap((value, i): readonly unknown[] => {
          const parameter = parameters[i];
          if (parameter) return [parameter.convert(value, open)];
          return further(value, () => `${fn.name}(): argument ${i + 1}`, open);
        });
        const returned = raw(...passed);
        open.hasFailed = runtime.thrown !== undefined;
        open.done();
        return returned;
      });
      return (out as (result: unknown) => unknown)(result);
    } finally {
      forgetOriginals(originals);
      runtime.endCall(lending);
      open.end();
    }
  };
}

/** Whether a call can pass a function of JavaScript at a pointer: itself, or as a member of an object. */
const mayCall = (runtime: Runtime, to: CType): boolean => to.kind === 'function' || hasFunctions(runtime, to);

/** Whether a function may be in a value of a type. */
function hasFunctions(runtime: Runtime, type: CType): boolean {
  if (type.kind === 'pointer') return type.to.kind === 'function';
  if (type.kind === 'array') return hasFunctions(runtime, type.of);
  if (type.kind !== 'struct') return false;
  const { fields = [] } = runtime.membersOf(type.tag) ?? {};
  return fields.some((field) => hasFunctions(runtime, field.type));
}

/** Whether C can give pointers back: returned, in memory that has pointers, or to a callback. */
export const givesPointers = (runtime: Runtime, { result, parameters }: FunctionType | CFunction): boolean =>
  (runtime.hasPointers(result) && !isText(result)) ||
  parameters.some(({ type }) =>
    type.kind === 'pointer' ? type.to.kind === 'function' || runtime.hasPointers(type.to) : runtime.hasPointers(type),
  );

/** Makes a call: errors thrown by callbacks are rethrown. */
export function calling(runtime: Runtime, call: () => unknown): unknown {
  runtime.assertAlive();
  const outer = runtime.enter();
  const place = runtime.depth > 1 ? runtime.stack?.save() : undefined;
  try {
    const result = call();
    if (runtime.thrown) throw runtime.thrown.error;
    return result;
  } catch (error) {
    runtime.stack?.restore(place);
    throw error;
  } finally {
    runtime.leave(outer);
  }
}

/** Makes a destructor mark the handle that it receives as freed. */
export function marking({ convert, ...rest }: Parameter, by: string): Parameter {
  return {
    ...rest,
    convert: (given, frame) => {
      const argument = convert(given, frame);
      const value = given instanceof Directed ? given.value : given;
      if (value instanceof Pointer) frame.after(() => value.end(by));
      return argument;
    },
    direct: undefined,
  };
}
