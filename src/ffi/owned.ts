/** Who frees memory: C what it allocated, once, and JavaScript its own. */

import type { Address, MemorySpace } from '../memory/space.js';
import { EwaldError } from '../util/errors.js';
import { Pointer } from './pointer.js';
import { shown } from './scalars.js';

const owners = new WeakMap<MemorySpace, Set<number>>();

/** Notes that an array of owned() frees what is at an address; returns what ends that. */
export function own(space: MemorySpace, address: Address): () => void {
  const all = owners.get(space) ?? new Set();
  owners.set(space, all);
  all.add(Number(address));
  return () => void all.delete(Number(address));
}

/** Refuses to end what is in use: a pointer with which an asynchronous call works, or that an array of owned() frees. */
export function refuseUsed(pointer: Pointer, by: string): void {
  if (pointer.isHeld)
    throw new EwaldError(
      'Argument',
      `${by} is given a ${pointer.typeText} with which an asynchronous call works; await that call first`,
    );
  if (pointer.freed || !owners.get(pointer.memory)?.has(Number(pointer.address))) return;
  throw new EwaldError(
    'Argument',
    `${by} is given a ${pointer.typeText} that an array of owned() frees; dispose of that array instead`,
  );
}

/** Refuses what C cannot free: memory of JavaScript, and pointers into it. */
export function refuseForeign(value: unknown, by: string): void {
  if (value === null || value === undefined) return;
  if (!(value instanceof Pointer))
    throw new EwaldError(
      'Argument',
      `${by} frees memory that C allocated, and is given ${shown(value)}; it needs a pointer that C returned` +
        '; alloc() is freed by its dispose()',
    );
  const { lent } = value;
  if (!lent || lent.isOfC) return;
  throw new EwaldError(
    'Argument',
    `${by} frees memory that C allocated, and is given a pointer into ${lent.what}, which C did not allocate`,
  );
}
