/** Functions of C that call functions of JavaScript. They are made once and lent again, since C may keep their address. */

import type { Address } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { Bits } from './scalars.js';

type Use = (...bits: (Bits | null)[]) => Bits | null;

/** A function with an address. */
interface Made {
  readonly address: Address;
  release(): void;
}

interface Slot extends Made {
  use: Use;
  /** The library that used it last, and what gives back one that it keeps. */
  owner: object | undefined;
  giveBack: (() => void) | undefined;
}

/**
 * Trampolines of a signature that rest before one is lent again: C that calls a function that it was given for an
 * earlier call gets an error, not another function.
 */
const resting = 64;

/** The signature of a trampoline; equal ones are the same object. */
interface Signature {
  readonly parameters: readonly unknown[];
}

/**
 * With `ahead`, those that are made while C calls JavaScript can only be called until that call ends, as koffi's: so many
 * of each signature are made before, and lent there first.
 */
export class Trampolines<T extends Signature> {
  readonly #make: (type: T, enter: Use) => Made;
  readonly #ahead: number;
  readonly #idle = new Map<T, Slot[]>();
  readonly #all = new Set<Slot>();
  /** Signatures that a library which was opened may lend while C calls JavaScript. */
  readonly #needed = new Set<T>();
  /** Signatures that were lent while C called JavaScript. */
  readonly #short = new Set<T>();
  /** Those that can no longer be called, and that C may have kept. */
  readonly #retired: Slot[] = [];
  #depth = 0;

  /** `make` makes a function that calls another one. */
  constructor(make: (type: T, enter: Use) => Made, ahead = 0) {
    this.#make = make;
    this.#ahead = ahead;
  }

  /** Those that may be needed while C calls JavaScript: they are made before it first can. */
  prepare(types: Iterable<T>): void {
    for (const type of types) this.#needed.add(type);
  }

  #fillNeeded(): void {
    for (const type of this.#needed) this.#fill(type, this.#ahead);
    this.#needed.clear();
  }

  /** How many there are. */
  get count(): number {
    return this.#all.size;
  }

  /** Ends those that C may not call. */
  endIdle(): void {
    for (const slots of [this.#retired, ...this.#idle.values()]) for (const slot of slots.splice(0)) this.#end(slot);
  }

  /** Makes some; fewer if a process can have no more. */
  #fill(type: T, count: number): void {
    const idle = this.#idleOf(type);
    if (this.#depth > 0) {
      if (idle.length < count) this.#short.add(type);
      return;
    }
    try {
      while (idle.length < count) idle.push(this.#new(type));
    } catch {
      // Whoever needs one gets the error.
    }
  }

  #fillShort(): void {
    for (const type of this.#short) this.#fill(type, resting + this.#ahead);
    this.#short.clear();
  }

  /** Lends one that calls `use`, and `later` after it was given back; `isKept` if C may call it after this call. */
  lend(type: T, use: Use, later: Use, owner: object, isKept: boolean): Made {
    const idle = this.#idleOf(type);
    const isInside = this.#ahead > 0 && this.#depth > 0;
    if (isInside) {
      if (idle.length <= resting) this.#short.add(type);
    } else if (this.#ahead > 0) {
      if (this.#needed.size > 0 && this.#depth === 0) this.#fillNeeded();
      if (idle.length <= resting) this.#fill(type, resting + this.#ahead);
      if (this.#short.size > 0) this.#fillShort();
    }
    const rested = idle.length > (isInside ? 0 : resting) ? idle.shift() : undefined;
    if (!rested && isInside && isKept)
      throw new EwaldError(
        'Limit',
        `a callback that is made while C calls JavaScript can be called only until that call returns, and the ` +
          `${this.#ahead} of its type that were made before are taken; make it before the call`,
      );
    const slot = rested ?? this.#made(type, idle);
    const isBrief = isInside && !rested;
    slot.use = use;
    slot.owner = owner;
    let isLent = true;
    const release = (): void => {
      if (!isLent) return;
      isLent = false;
      slot.use = later;
      if (isBrief) this.#retire(slot);
      else this.#rest(slot, idle);
    };
    if (isKept) slot.giveBack = release;
    return { address: slot.address, release };
  }

  #idleOf(type: T): Slot[] {
    let idle = this.#idle.get(type);
    if (!idle) {
      idle = [];
      this.#idle.set(type, idle);
    }
    return idle;
  }

  /** Has one rest, and ends those that have rested longest where there are more than are needed. */
  #rest(slot: Slot, idle: Slot[]): void {
    idle.push(slot);
    while (this.#ahead > 0 && this.#depth === 0 && idle.length > resting + this.#ahead) this.#end(idle.shift());
  }

  #retire(slot: Slot): void {
    this.#retired.push(slot);
    if (this.#retired.length > resting) this.#end(this.#retired.shift());
  }

  #end(slot: Slot | undefined): boolean {
    if (!slot) return false;
    this.#all.delete(slot);
    slot.release();
    return true;
  }

  #new(type: T): Slot {
    const enter = this.#entered(type.parameters.length, (): Slot => slot);
    const slot: Slot = { ...this.#make(type, enter), use: () => 0, owner: undefined, giveBack: undefined };
    this.#all.add(slot);
    return slot;
  }

  /** A new one; where there can be no more, one that rests. */
  #made(type: T, idle: Slot[]): Slot {
    for (;;) {
      try {
        return this.#new(type);
      } catch (error) {
        const own = idle.shift();
        if (own) return own;
        const others = [this.#retired, ...this.#idle.values()].find((slots) => slots.length > 0);
        if (!this.#end(others?.shift())) throw error;
      }
    }
  }

  /** Calls what a slot uses now; written out by count, since a spread costs as much as a small callback. */
  #entered(count: number, slot: () => Slot): Use {
    const inside =
      (call: Use): Use =>
      (...bits) => {
        this.#depth++;
        try {
          return call(...bits);
        } finally {
          this.#depth--;
        }
      };
    switch (count) {
      case 0:
        return inside(() => slot().use());
      case 1:
        return (a) => {
          this.#depth++;
          try {
            return slot().use(a as Bits);
          } finally {
            this.#depth--;
          }
        };
      case 2:
        return (a, b) => {
          this.#depth++;
          try {
            return slot().use(a as Bits, b as Bits);
          } finally {
            this.#depth--;
          }
        };
      default:
        return inside((...bits) => slot().use(...bits));
    }
  }

  /** Takes back those of a library that was closed, which C must not call any more. */
  forget(owner: object): void {
    for (const slot of this.#all) {
      if (slot.owner !== owner) continue;
      slot.giveBack?.();
      slot.use = () => 0;
      slot.owner = slot.giveBack = undefined;
    }
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
