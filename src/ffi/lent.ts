/** Memory that JavaScript lends to C, and what keeps it while pointers of C lead into it. */

import { backstop } from '../memory/disposable.js';
import { BufferError } from '../memory/errors.js';
import type { Address } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import type { ArgumentName } from './scalars.js';

/** How lent memory is described. */
interface LentMemory {
  /** Its name in messages. */
  readonly what: ArgumentName;
  readonly bytes: number;
  readonly address: () => Address;
  /** The object that keeps the memory as long as it is referenced. */
  readonly kept: unknown;
  /** The call for which it is a copy of what the caller has: after that, a change of it is lost. */
  readonly copiedFor?: Lending | undefined;
  /** Other memory of which it is a part. */
  readonly within?: Lent | undefined;
  /** Whether C allocated it, so that C may free it. */
  readonly isOfC?: boolean | undefined;
  /** Whether other memory that C may use follows, as rows follow each other. */
  readonly isRow?: boolean | undefined;
  /** Throws if the memory has ended. */
  readonly check?: () => void;
  /** Frees memory that would otherwise be freed when the call ends. */
  readonly free?: () => void;
}

/** Memory with a known place; whoever holds this object keeps the memory. */
export class Lent {
  readonly #of: LentMemory;
  #start: number | undefined;
  #claimed = false;
  /** What the pointers in it lead into. */
  #inside: Lender | undefined;
  #held: Lending[] | undefined;

  constructor(of: LentMemory) {
    this.#of = of;
  }

  /** Whether a pointer leads into it, so that the end of the call must not free it. */
  get claimed(): boolean {
    return this.#claimed;
  }

  get isCopy(): boolean {
    const { copiedFor, within } = this.#of;
    return copiedFor ? copiedFor.isOver : (within?.isCopy ?? false);
  }

  /** Whether C may free it. */
  get isOfC(): boolean {
    const { isOfC, within } = this.#of;
    return within?.isOfC ?? isOfC ?? false;
  }

  get inside(): Lender | undefined {
    return this.#inside;
  }

  /** Says what the pointers in this memory lead into. */
  leadsInto(inside: Lender | undefined): this {
    this.#inside = inside;
    return this;
  }

  /** Keeps what pointers that were written to the memory lead into. */
  hold(lending: Lending): void {
    this.#held ??= [];
    this.#held.push(lending);
  }

  get what(): string {
    return this.#of.within?.what ?? this.#of.what();
  }

  get start(): number {
    this.#start ??= Number(this.#of.address());
    return this.#start;
  }

  get end(): number {
    return this.start + this.#of.bytes;
  }

  /** Bytes from an address to the end of what may be used: C knows how long what it allocated is. */
  roomAt(address: Address): number {
    const { within, isOfC, isRow } = this.#of;
    if (within) return within.roomAt(address);
    return isOfC || isRow ? Number.POSITIVE_INFINITY : this.end - Number(address);
  }

  /** Refuses elements outside of the memory. */
  assertInside(address: Address, index: number, size: number, count = 1): void {
    const { within, bytes, isOfC, isRow } = this.#of;
    if (within) {
      within.assertInside(address, index, size, count);
      return;
    }
    if (isOfC || isRow) return;
    const before = Number(address) - this.start;
    const from = before + index * size;
    if (from >= 0 && from + count * size <= bytes) return;
    const least = Math.ceil(-before / size) || 0;
    const most = Math.floor((bytes - before) / size) - 1;
    const inside = most < least ? 'it has none there' : `there it has ${least} to ${most}`;
    throw new BufferError(
      'INDEX',
      `element ${count > 1 ? index + count - 1 : index} is outside of ${this.what}, into which this pointer leads; ${inside}`,
      { index },
    );
  }

  /** @throws `Disposed` if the memory has ended. */
  assertAlive(): void {
    this.#of.check?.();
  }

  /** What to hold so that it is not disposed: its array, or what keeps it. */
  get held(): object {
    const { kept, within } = this.#of;
    return within?.held ?? (typeof kept === 'object' && kept !== null && 'dispose' in kept ? kept : this);
  }

  /** It as a row that begins at an address. */
  rowFrom(address: Address): { readonly held: object; readonly bytes: number } {
    return { held: this.held, bytes: this.end - Number(address) };
  }

  /** Notes that a pointer leads into it: the memory lives as long as this object. */
  claim(): this {
    if (this.#claimed) return this;
    this.#claimed = true;
    const { free } = this.#of;
    if (free) backstop.register(this, { free }, this);
    if (this.#inside instanceof Lending) this.#inside.claim();
    return this;
  }
}

/** Something that knows which memory an address leads into. */
export interface Lender {
  find(address: Address): Lent | undefined;
}

const unnamed: ArgumentName = () => 'an argument';

/** What one call lends. */
export class Lending implements Lender {
  readonly #all: Lent[] = [];
  /** Whether the call has ended. */
  isOver = false;
  /** Whether JavaScript may run before the call ends: in a callback, or beside an asynchronous call. */
  runsJavaScript = true;
  #isSearched = false;
  /** The argument that is being placed. */
  place: ArgumentName = unnamed;

  #later: (() => void)[] | undefined;

  add(lent: Lent): Lent {
    this.#all.push(lent);
    return lent;
  }

  /** Adds what is many: once a pointer is looked for. */
  later(add: () => void): void {
    this.#later ??= [];
    this.#later.push(add);
  }

  #addLater(): void {
    const later = this.#later;
    if (!later) return;
    this.#later = undefined;
    for (const add of later) add();
  }

  claim(): void {
    this.#addLater();
    for (const lent of this.#all) lent.claim();
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether several things are lent, so that C may have stored an address of one in another. */
  get isOfSeveral(): boolean {
    return this.#all.length + (this.#later?.length ?? 0) > 1;
  }

  /** @throws `Disposed` if some of it has ended. */
  assertAlive(): void {
    for (const lent of this.#all) lent.assertAlive();
  }

  /** The memory that contains an address, or that ends at it: the end of a text or an array is a place as well. */
  find(address: Address): Lent | undefined {
    if (this.#later) this.#addLater();
    const at = Number(address);
    let before: Lent | undefined;
    for (const lent of this.#all) {
      if (at < lent.start || at > lent.end) continue;
      if (at < lent.end) return lent.claim();
      before ??= lent;
    }
    return before?.claim() ?? this.#findInside(address);
  }

  /** What pointers in the memory lead into, which may lead back. */
  #findInside(address: Address): Lent | undefined {
    if (this.#isSearched) return undefined;
    this.#isSearched = true;
    try {
      for (const { inside } of this.#all) {
        const lent = inside?.find(address);
        if (lent) return lent;
      }
      return undefined;
    } finally {
      this.#isSearched = false;
    }
  }
}

/** What the pointers in the elements of an array lead into. */
export class Pointees {
  readonly #of = new Map<number, Lending>();

  set(i: number, lending: Lending): void {
    if (lending.isEmpty) this.#of.delete(i);
    else this.#of.set(i, lending);
  }

  /** @throws `Disposed` if what one of them leads into has ended. */
  assertAlive(): void {
    for (const lending of this.#of.values()) lending.assertAlive();
  }

  /** The finder for element i; C may have moved the pointers. */
  at(i: number): Lender {
    return {
      find: (address) => {
        const own = this.#of.get(i)?.find(address);
        if (own) return own;
        for (const lending of this.#of.values()) {
          const lent = lending.find(address);
          if (lent) return lent;
        }
        return undefined;
      },
    };
  }
}

/** An array of JavaScript that C works on in place. */
export function lentView(view: ArrayBufferView, what: ArgumentName, address: () => Address): Lent {
  const bytes = view.byteLength;
  const check = (): void => {
    if (view.byteLength < bytes)
      throw new EwaldError(
        'Disposed',
        `this pointer leads into ${what()}, whose buffer was transferred or resized; call the function again`,
      );
  };
  return new Lent({ what, bytes, address, kept: view, check });
}

/** Refuses to change a copy that nobody sees. */
export function refuseCopy(lent: Lent | undefined): void {
  if (lent?.isCopy)
    throw new EwaldError(
      'Argument',
      `this pointer leads into the copy of ${lent.what} that was made for the call, so that writing to it would ` +
        'change nothing else; pass memory of alloc()',
    );
}
