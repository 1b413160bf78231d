/** Converts the arguments and the results of JavaScript functions that C calls. */
import { EwaldError } from '../util/errors.js';
import { type CType, type FunctionType, isBounded, isText, signature, typeText } from './header/types.js';
import { lookAtOriginals } from './originals.js';
import { isByte } from './pointees.js';
import { plainText } from './pointer-arguments.js';
import type { AsyncCall, Runtime } from './runtime.js';
import { type Bits, type Scalar, shown } from './scalars.js';

/** The parameters and the result of a function type as a callback. */
export interface CallbackShape {
  /** Wraps a JavaScript function into one that accepts C's values and never throws. */
  wrap(use: (...values: unknown[]) => unknown, call?: AsyncCall): (...bits: (Bits | null)[]) => Bits;
  /** What C gets once there is no function any more; `error` is that of the running call. */
  late(error: () => Error): () => Bits;
}

/**
 * The conversion of a callback's arguments and result. If it throws, C receives zero, and the call to which it belongs
 * rethrows the error: `call` for a callback made for an asynchronous call.
 */
export function callbackShape(runtime: Runtime, type: FunctionType): CallbackShape {
  const { result, parameters } = type;
  const readers = parameters.map(({ type: parameter }, i): Reader => {
    if (parameter.kind === 'struct')
      throw new EwaldError(
        'Unsupported',
        `a callback ${signature(type, '')} with a struct by value is not supported; pass a pointer to it`,
      );
    if (parameter.kind === 'pointer' && isBounded(parameters, i))
      return (address) => runtime.pointer(address, parameter.to);
    if (parameter.kind === 'opaque')
      throw new EwaldError(
        'Unsupported',
        `a callback ${signature(type, '')} gets ${typeText(parameter)} by value, which JavaScript cannot read; have C ` +
          'call a function that passes a pointer or numbers',
      );
    return resultOf(runtime, parameter);
  });
  let answer: Scalar | undefined;
  if (result.kind === 'struct' || result.kind === 'opaque')
    throw new EwaldError(
      'Unsupported',
      `a callback ${signature(type, '')} that returns ${result.kind === 'struct' ? 'a struct' : typeText(result)} by value ` +
        'is not supported; let it write through a pointer',
    );
  if (result.kind !== 'void') answer = runtime.scalar(result);
  const zero: Bits = answer?.layout.size === 8 && answer.layout.kind !== 'float' ? 0n : 0;
  return {
    late: (error) => () => {
      runtime.caught(error(), undefined);
      return zero;
    },
    wrap: (use, call) => {
      const place = (): string => 'what the callback returned';
      const answered = (value: unknown): Bits => {
        if (result.kind === 'void') return 0;
        if (answer) return answer.in(value, place);
        if (result.kind === 'pointer') {
          if (typeof value === 'string' && result.to.const && isByte(result.to, runtime))
            return runtime.lendText(plainText(value, place));
          return runtime.addressOf(value, result, place);
        }
        throw new EwaldError('Unsupported', `a callback cannot return ${shown(value)}`);
      };
      const failed = (error: unknown): Bits => {
        runtime.caught(error, call);
        return zero;
      };
      const { memory } = runtime;
      const [a, b] = readers as readonly Reader[] as readonly [Reader, Reader];
      // Written out by count, since a spread costs as much as a small callback.
      if (readers.length === 1)
        return (x) => {
          memory.turn++;
          try {
            lookAtOriginals();
            return answered(use(a(x ?? 0)));
          } catch (error) {
            return failed(error);
          }
        };
      if (readers.length === 2)
        return (x, y) => {
          memory.turn++;
          try {
            lookAtOriginals();
            return answered(use(a(x ?? 0), b(y ?? 0)));
          } catch (error) {
            return failed(error);
          }
        };
      return (...bits) => {
        memory.turn++;
        try {
          lookAtOriginals();
          return answered(use(...readers.map((read, i) => read(bits[i] ?? 0))));
        } catch (error) {
          return failed(error);
        }
      };
    },
  };
}

type Reader = (bits: Bits) => unknown;

/** The conversion of a value that C returns, or passes to a callback. */
export function resultOf(runtime: Runtime, type: CType): (result: Bits) => unknown {
  if (type.kind === 'void') return () => undefined;
  const scalar = runtime.scalar(type);
  if (scalar) return scalar.out;
  if (type.kind === 'pointer') {
    if (isText(type)) return (address) => (address ? runtime.textAt(address) : null);
    return (address) => runtime.pointer(address, type.to);
  }
  throw new EwaldError(
    'Unsupported',
    'a struct by value cannot be returned here; declare a function that writes it through a pointer',
  );
}
