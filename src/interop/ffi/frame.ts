/** The frame of a call: where its arguments are while it runs, and what is done after it. */
import type { FunctionType } from './header/types.js';
import type { Place, Scalar } from './scalars.js';

/** A value passed to C: bits, an address, or (natively) an array whose address is passed. */
export type Argument = number | bigint | ArrayBufferView | object | null;

/** The direction in which the elements of an array are copied. */
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

/** Places arguments in memory that C can access; everything placed exists until the call ends. */
export interface Frame {
  /** Whether JavaScript continues while C works on the arguments. */
  readonly asynchronous: boolean;
  /** Places a JavaScript array for the duration of the call. */
  place(view: ArrayBufferView, direction: Direction): Argument;
  /** Allocates scratch memory, which is filled, passed as the argument, and read after the call. */
  scratch(bytes: number): { readonly argument: Argument; view(): DataView };
  /** Makes a JavaScript function callable for the duration of the call; `isStored` needs its address. */
  callback(type: FunctionType, use: (...values: unknown[]) => unknown, isStored?: boolean): Argument;
  /** Runs `work` after the call, before anything is freed; not if the call failed to start. */
  after(work: () => void): void;
  /** Runs `work` at the very end. */
  release(work: () => void): void;
}

/** Turns one value into an argument. */
export type Converter = (value: unknown, frame: Frame) => Argument;

/** A parameter and its converter. */
export interface Parameter {
  readonly convert: Converter;
  /** The scalar type, if the parameter needs no frame. */
  readonly scalar?: Scalar;
  /** Its name in messages. */
  readonly place: Place;
  /** Checks the values of a call before anything is placed: the declared length of an array. */
  readonly check?: ((values: readonly unknown[]) => void) | undefined;
}

/** A frame with the methods that end it. */
export interface CallFrame extends Frame {
  /** Called after the call: copies back. */
  done(): void;
  /** Called in every case: frees memory. */
  end(): void;
}

/** The end of a frame, common to all targets. */
export class FrameEnds {
  #after: (() => void)[] | undefined;
  #release: (() => void)[] | undefined;

  after(work: () => void): void {
    this.#after ??= [];
    this.#after.push(work);
  }

  release(work: () => void): void {
    this.#release ??= [];
    this.#release.push(work);
  }

  done(): void {
    const after = this.#after;
    if (!after) return;
    this.#after = undefined;
    for (const work of after) work();
  }

  end(): void {
    this.#after = undefined;
    const release = this.#release;
    if (!release) return;
    this.#release = undefined;
    for (const work of release.toReversed()) work();
  }
}
