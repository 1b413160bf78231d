/** Lists and objects of which C has a copy while JavaScript runs: what C left would undo how JavaScript changed them. */

import { EwaldError } from '../util/errors.js';
import type { Access } from './access.js';
import type { CField, CType } from './header/types.js';
import type { ArgumentName } from './scalars.js';

const changedMeanwhile = (what: string): EwaldError =>
  new EwaldError(
    'Argument',
    `JavaScript changed ${what} while C worked on a copy of it, which C does not see, and what C left would undo; change it ` +
      'through the pointer that C passes to the callback, or pass memory of alloc()',
  );

/** Refuses a list that is not what it was, but for what was added behind its end. */
export function assertSameList(before: readonly unknown[], now: readonly unknown[], place: ArgumentName): void {
  if (!isSameList(before, now)) throw changedMeanwhile(place());
}

/** What the members of objects are: numbers and texts, those of what is in the struct itself, too. */
export function membersIn(values: readonly unknown[], tag: string, access: Access): readonly unknown[] {
  const found: unknown[] = [];
  for (const value of values) addMembers(value, tag, access, found);
  return found;
}

/** Refuses objects whose members are not what they were; what accessors make anew whenever they are read says nothing. */
export function assertSameMembers(
  before: readonly unknown[],
  now: () => readonly unknown[],
  place: ArgumentName,
): void {
  if (!isSameList(before, now()) && isSameList(now(), now())) throw changedMeanwhile(place());
}

function addMembers(value: unknown, tag: string, access: Access, to: unknown[]): void {
  if (typeof value !== 'object' || value === null) return;
  const fields = access.membersOf(tag)?.fields ?? [];
  for (let i = 0; i < fields.length; i++) {
    const { name, type } = fields[i] as CField;
    addValue((value as Record<string, unknown>)[name], type, access, to);
  }
}

function addValue(value: unknown, type: CType, access: Access, to: unknown[]): void {
  // What a pointer leads to is placed by itself.
  if (typeof value !== 'object' || value === null || type.kind === 'pointer') to.push(value);
  else if (type.kind === 'struct') addMembers(value, type.tag, access, to);
  else if (type.kind === 'array' && (Array.isArray(value) || ArrayBuffer.isView(value)))
    for (const element of value as Iterable<unknown>) addValue(element, type.of, access, to);
}

/** Whether a list begins with the values of another one. */
function isSameList(before: readonly unknown[], now: readonly unknown[]): boolean {
  if (now.length < before.length) return false;
  for (let i = 0; i < before.length; i++) {
    const was = before[i];
    const is = now[i];
    // Object.is takes several times as long.
    if (was !== is && !(Number.isNaN(was) && Number.isNaN(is))) return false;
  }
  return true;
}
