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

/** What is read of an original: elements, or members. */
type Reading = (values: readonly unknown[]) => readonly unknown[];

/** Elements of a list. */
export const elementsOf: Reading = (values) => values.slice();

/** An original of which C has a copy, and what it was before JavaScript ran. */
export class Original {
  readonly values: readonly unknown[];
  readonly read: Reading;
  before: readonly unknown[] | undefined = undefined;

  /** `isBeside`: JavaScript runs beside the call. Otherwise it is looked at when C first calls JavaScript, if ever. */
  constructor(values: readonly unknown[], read: Reading, isBeside: boolean) {
    this.values = values;
    this.read = read;
    if (isBeside) this.before = read(values);
    else unseen[count++] = this;
  }

  /** Refuses what is not as it was, but for what was added behind a list; what accessors make anew says nothing. */
  assertSame(place: ArgumentName): void {
    const { before, values, read } = this;
    if (before && !isSameList(before, read(values)) && isSameList(read(values), read(values)))
      throw changedMeanwhile(place());
  }
}

/** Those of the running calls that nobody has looked at, the innermost call's last; their number, since arrays are slow to shrink. */
const unseen: (Original | undefined)[] = [];
let count = 0;

/** Looks at all of them: C calls JavaScript. */
export function lookAtOriginals(): void {
  for (let i = 0; i < count; i++) {
    const original = unseen[i] as Original;
    original.before = original.read(original.values);
  }
  forgetOriginals(0);
}

/** How many there are before a call. */
export const originalsSoFar = (): number => count;

/** Forgets those of a call that has ended. */
export function forgetOriginals(before: number): void {
  while (count > before) unseen[--count] = undefined;
}

/** What the members of objects are: numbers and texts, those of what is in the struct itself, too. */
export function membersIn(values: readonly unknown[], tag: string, access: Access): readonly unknown[] {
  const found: unknown[] = [];
  for (const value of values) addMembers(value, tag, access, found);
  return found;
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
