/** What happens around one call: where arguments lie while it runs, and what is done after it. */
import type { CType } from './header/types.js';
import type { Place, Scalar } from './scalars.js';

/** What the binding hands to C: bits, an address, or (natively) an array whose address is taken. */
export type Argument = number | bigint | ArrayBufferView | object | null;

/** Which way the elements of an array go. */
export type Direction = 'in' | 'out' | 'inout';

/** An array marked with a direction. */
export class Directed {
  readonly direction: Direction;
  readonly value: unknown;
  constructor(direction: Direction, value: unknown) {
    this.direction = direction;
    this.value = value;
  }
}

/** How a target puts things where C reaches them; everything placed lives until the call ends. */
export interface Frame {
  /** Whether JavaScript goes on while C works on the arguments. */
  readonly asynchronous: boolean;
  /** A JavaScript array for the time of the call. */
  place(view: ArrayBufferView, direction: Direction): Argument;
  /** Scratch memory: fill it, pass the argument, and read it after the call. */
  scratch(bytes: number): { readonly argument: Argument; view(): DataView };
  /** A function of JavaScript for the time of the call. */
  callback(type: CType & { kind: 'function' }, use: (...values: unknown[]) => unknown): Argument;
  /** Runs after the call, before anything is freed; not when the call failed to start. */
  after(work: () => void): void;
  /** Runs at the very end. */
  release(work: () => void): void;
}

/** Turns one value into an argument. */
export type Converter = (value: unknown, frame: Frame) => Argument;

/** What one parameter takes. */
export interface Parameter {
  readonly convert: Converter;
  /** The scalar it is, when it needs no frame. */
  readonly scalar: Scalar | undefined;
  /** Its name in messages. */
  readonly place: Place;
}
