/** Functions of C that call functions of JavaScript. They are made once and lent again, since C may keep their address. */

import type { Address } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { FunctionType } from './header/types.js';
import type { Bits } from './scalars.js';

type Use = (...bits: (Bits | null)[]) => Bits | null;

/** A function with an address. */
interface Made {
  readonly address: Address;
  release(): void;
}

interface Slot extends Made {
  use: Use;
}

/**
 * Trampolines of a signature that rest before one is lent again: C that calls a function that it was given for an
 * earlier call gets an error, not another function.
 */
const resting = 64;

export class Trampolines {
  readonly #make: (type: FunctionType, enter: Use) => Made;
  readonly #idle = new Map<FunctionType, Slot[]>();
  readonly #all = new Set<Slot>();

  /** `make` makes a function that calls another one. */
  constructor(make: (type: FunctionType, enter: Use) => Made) {
    this.#make = make;
  }

  /** Lends one that calls `use`, and `later` after it was given back. */
  lend(type: FunctionType, use: Use, later: Use): Made {
    let idle = this.#idle.get(type);
    if (!idle) {
      idle = [];
      this.#idle.set(type, idle);
    }
    const resters = idle;
    const slot = (resters.length > resting ? resters.shift() : undefined) ?? this.#made(type, resters);
    slot.use = use;
    let isLent = true;
    return {
      address: slot.address,
      release: () => {
        if (!isLent) return;
        isLent = false;
        slot.use = later;
        resters.push(slot);
      },
    };
  }

  /** A new one; where there can be no more, one that rests. */
  #made(type: FunctionType, idle: Slot[]): Slot {
    for (;;) {
      try {
        const slot: Slot = {
          ...this.#make(
            type,
            entered(type.parameters.length, (): Slot => slot),
          ),
          use: () => 0,
        };
        this.#all.add(slot);
        return slot;
      } catch (error) {
        const own = idle.shift();
        if (own) return own;
        const other = [...this.#idle.values()].find((slots) => slots.length > 0)?.shift();
        if (!other) throw error;
        this.#all.delete(other);
        other.release();
      }
    }
  }

  /** Ends all; C must not call them any more. */
  close(): void {
    for (const slot of this.#all) slot.release();
    this.#all.clear();
    this.#idle.clear();
  }
}

/** Calls what a slot uses now; written out by count, since a spread costs as much as a small callback. */
function entered(count: number, slot: () => Slot): Use {
  switch (count) {
    case 0:
      return () => slot().use();
    case 1:
      return (a) => slot().use(a as Bits);
    case 2:
      return (a, b) => slot().use(a as Bits, b as Bits);
    default:
      return (...bits) => slot().use(...bits);
  }
}

/** The error for a function that C calls too late. */
export const calledLate = (what: string, wasLent: boolean): EwaldError =>
  new EwaldError(
    'Disposed',
    wasLent
      ? `C called the function given as ${what} after that call; make it with callback(), which lives until its dispose()`
      : `C called ${what} after its dispose(); dispose of it when C does not call it any more`,
  );
