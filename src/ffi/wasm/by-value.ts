/** Structs, unions, complex numbers and wide numbers by value: what a wasm function gets and returns for them. */
import { readAddress, writeAddress } from '../../memory/model.js';
import { toMultiple } from '../../memory/space.js';
import type { Argument, Converter, Frame } from '../frame.js';
import type { CField, CFunction, CType } from '../header/types.js';
import type { Runtime } from '../runtime.js';
import type { ArgumentName, Bits } from '../scalars.js';
import { placedValue } from '../struct-arguments.js';
import type { Bound } from '../target.js';
import { passedAs } from './types.js';

/** Two values of wasm for one argument. */
class Pair {
  readonly values: readonly [bigint, bigint];
  constructor(view: DataView) {
    this.values = [view.getBigInt64(0, true), view.getBigInt64(8, true)];
  }
}

/** An argument without a value: a struct without members. */
const nothing: Argument = {};

/** Whether a type is passed in another way than as one number or address. */
export const isLowered = (type: CType): boolean => type.kind === 'struct' || type.kind === 'opaque';

/** The converter of a type that is no scalar; undefined if it cannot be passed. */
export function valueConverter(runtime: Runtime, type: CType, place: ArgumentName): Converter | undefined {
  const passed = isLowered(type) ? passedAs(type, runtime) : undefined;
  if (!passed) return undefined;
  const size = runtime.sizeOf(type);
  const placed = (value: unknown, frame: Frame): unknown =>
    type.kind === 'struct' ? placedValue(value, type, { runtime, place, frame }) : value;
  if (passed.how === 'copy')
    return (given, frame) => {
      const value = placed(given, frame);
      const { argument, view } = frame.scratch(size, 'in', runtime.alignOf(type));
      runtime.write(view(), 0, type, value, place);
      return argument;
    };
  return (given, frame) => {
    const view = new DataView(new ArrayBuffer(Math.max(16, size)));
    runtime.write(view, 0, type, placed(given, frame), place);
    if (passed.how === 'nothing') return nothing;
    return passed.how === 'pair' ? new Pair(view) : bitsAt(view, passed.of, runtime);
  };
}

function bitsAt(view: DataView, { type, offset, bits }: CField, runtime: Runtime): Bits {
  if (type.kind === 'pointer') return readAddress(view, offset, runtime.model);
  const scalar = runtime.scalar(type);
  if (!scalar) return 0;
  const value = scalar.format.read(view, offset) as Bits;
  // A bit-field is passed in an integer of its type.
  if (bits === undefined || typeof value !== 'number') return value;
  return scalar.layout.kind === 'signed' ? (value << (32 - bits)) >> (32 - bits) : value & (2 ** bits - 1);
}

/** A function of wasm with its results and arguments as C has them. */
export function lowered(
  call: (...values: Argument[]) => unknown,
  { parameters, result }: Pick<CFunction, 'parameters' | 'result'>,
  runtime: Runtime,
  heap: {
    readonly memory: { readonly buffer: ArrayBufferLike };
    malloc(bytes: number): number;
    free(at: number): void;
  },
): Bound {
  const flat = (values: readonly Argument[]): Argument[] =>
    values.flatMap((value) => (value instanceof Pair ? [...value.values] : value === nothing ? [] : [value]));
  const passing = parameters.some(({ type }) => isLowered(type))
    ? (...values: Argument[]): unknown => call(...flat(values))
    : call;
  const passed = isLowered(result) ? passedAs(result, runtime) : undefined;
  if (!passed) return { call: passing, out: (value: never) => value };
  const size = runtime.sizeOf(result);
  const align = runtime.alignOf(result);
  if (passed.how === 'value') {
    const { type, offset } = passed.of;
    return {
      call: passing,
      out: (bits: never) => {
        const view = new DataView(new ArrayBuffer(Math.max(8, size)));
        if (type.kind === 'pointer') writeAddress(view, offset, runtime.model, bits);
        else runtime.scalar(type)?.format.put(view, offset, bits);
        return runtime.read(view, 0, result);
      },
    };
  }
  return {
    call: (...values) => {
      const start = heap.malloc(Math.max(16, size) + align) >>> 0;
      const at = start + toMultiple(start, align);
      try {
        if (passed.how === 'nothing') passing(...values);
        else passing(at, ...values);
        return new DataView(heap.memory.buffer.slice(at, at + size) as ArrayBuffer);
      } finally {
        heap.free(start);
      }
    },
    out: (view: never) => runtime.read(view, 0, result),
  };
}
