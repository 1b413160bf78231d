/** The frame of a call: where its arguments are while it runs, and what is done after it. */
import type { Address } from '../memory/space.js';
import type { FunctionType } from './header/types.js';
import type { Lending, Lent } from './lent.js';
import type { ArgumentName, Scalar } from './scalars.js';

/** A value passed to C: bits, an address, or (natively) an array whose address is passed, or a text. */
export type Argument = number | bigint | string | ArrayBufferView | object | null;

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

/** Memory for the duration of a call. */
export interface Scratch {
  readonly argument: Argument;
  readonly address: Address;
  /** What it is to pointers that C gives back, if it can. */
  readonly lent?: Lent | undefined;
  view(): DataView;
}

/**
 * Places arguments in memory that C can access; everything placed exists until the call ends, and as long as a pointer
 * that C gave back leads into it.
 */
export interface Frame {
  /** What the call lends; undefined if C cannot give back a pointer. */
  lending?: Lending | undefined;
  /** Whether JavaScript continues while C works on the arguments. */
  readonly asynchronous: boolean;
  /** Places a JavaScript array for the duration of the call. */
  place(view: ArrayBufferView, direction: Direction): Argument;
  /** Places arrays that do not overlap each other, for a table of addresses. */
  at(views: readonly ArrayBufferView[], direction: Direction): readonly Address[];
  /** Places a text without a NUL, which C only reads. */
  text(text: string): Argument;
  /** Allocates zeroed memory for what is copied in, and back unless the direction is `in`; aligned to `align` bytes. */
  scratch(bytes: number, direction?: Direction, align?: number): Scratch;
  /** Makes a JavaScript function callable for the duration of the call; `place` is the argument. */
  callback(type: FunctionType, use: (...values: unknown[]) => unknown, place: ArgumentName): Argument;
  /** Arrays and objects that were copied, with the types they were copied as: given twice, they are one to C, too. */
  copies?: [value: unknown, type: unknown, direction: Direction, argument: Argument][] | undefined;
  /** Whether JavaScript may run before the call ends and change a list or an object, which what C left would undo. */
  watches(direction: Direction): boolean;
  /** Whether JavaScript runs beside the call, and not only where C calls it. */
  readonly isBeside: boolean;
  /** Whether a callback has failed, whose error the call throws. */
  readonly hasFailed: boolean;
  /** Runs `work` after the call, before anything is freed; not if the call failed to start. */
  after(work: () => void): void;
  /** Runs `work` at the very end. */
  release(work: () => void): void;
}

/** Turns one value into an argument. */
export type Converter = (value: unknown, frame: Frame) => Argument;

/** The values of a parameter that are passed as they are, in a call that needs no frame then. */
export interface Direct {
  /** Whether a value is one. */
  readonly passes: (value: unknown) => boolean;
  /** The check of such values. */
  readonly check: ((values: readonly unknown[]) => void) | undefined;
}

/** A parameter and its converter. */
export interface Parameter {
  readonly direct?: Direct | undefined;
  readonly convert: Converter;
  /** The scalar type, if the parameter needs no frame. */
  readonly scalar?: Scalar;
  /** Its name in messages. */
  readonly place: ArgumentName;
  /** Checks the values of a call before anything is placed: the declared length of an array. */
  readonly check?: ((values: readonly unknown[]) => void) | undefined;
}

/** A frame with the methods that end it. */
export interface CallFrame extends Frame {
  hasFailed: boolean;
  /** Called after the call: copies back. */
  done(): void;
  /** Called in every case: frees memory. */
  end(): void;
}

/** The argument for a value that is copied, once for each call. */
export function copiedOnce(
  frame: Frame,
  value: unknown,
  type: unknown,
  direction: Direction,
  copy: () => Argument,
): Argument {
  if (frame.copies)
    for (const [other, as, way, argument] of frame.copies)
      if (other === value && as === type && (way === direction || way === 'inout')) return argument;
  const argument = copy();
  frame.copies ??= [];
  frame.copies.push([value, type, direction, argument]);
  return argument;
}

/** The end of a frame, common to all targets. `asynchronous`: JavaScript continues while C works on the arguments. */
export class FrameEnds {
  readonly asynchronous: boolean;
  lending: Lending | undefined;
  copies: Frame['copies'];
  hasFailed = false;
  #after: (() => void)[] | undefined;
  #release: (() => void)[] | undefined;

  constructor(asynchronous: boolean) {
    this.asynchronous = asynchronous;
  }

  get isBeside(): boolean {
    return this.asynchronous;
  }

  watches(direction: Direction): boolean {
    return direction === 'inout' && (this.asynchronous || this.lending?.runsJavaScript === true);
  }

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
    if (this.copies) this.copies = undefined;
    const release = this.#release;
    if (!release) return;
    this.#release = undefined;
    for (const work of release.toReversed()) work();
  }
}
