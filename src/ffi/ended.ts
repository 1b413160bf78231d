/** Addresses at which something ended: other pointers to it have ended as well, until C gives the address out again. */

import type { Address, MemorySpace } from '../memory/space.js';
import { type CType, handleName } from './header/types.js';

/** When what was at an address ended, in turns of its memory, and by what. */
interface End {
  readonly turn: number;
  readonly by: string;
}

/** More are forgotten, the oldest first. */
const most = 4096;

/** What ends at an address: a struct may begin where its first member does. The memory itself is every type. */
const kindOf = (type: CType): string => handleName(type) ?? '*';

class Ended {
  readonly #all = new Map<number | bigint, Map<string, End>>();

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  add(address: Address, type: CType, end: End): void {
    const known = this.#all.get(address) ?? new Map<string, End>();
    this.#all.delete(address);
    this.#all.set(address, known.set(kindOf(type), end));
    for (const oldest of this.#all.keys()) {
      if (this.#all.size <= most) break;
      this.#all.delete(oldest);
    }
  }

  /** What ended a thing that was at an address in a turn. */
  by(address: Address, type: CType, born: number): string | undefined {
    const known = this.#all.get(address);
    if (!known) return undefined;
    for (const kind of new Set([kindOf(type), '*'])) {
      const end = known.get(kind);
      if (end && end.turn >= born) return end.by;
    }
    return undefined;
  }

  forget(address: Address): void {
    this.#all.delete(address);
  }
}

const spaces = new WeakMap<MemorySpace, Ended>();

/** The ends in a memory, which libraries may share. */
export function endedIn(space: MemorySpace): Ended {
  let ended = spaces.get(space);
  if (!ended) {
    ended = new Ended();
    spaces.set(space, ended);
  }
  return ended;
}

export type { Ended };
