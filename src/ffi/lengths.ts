/** Checks of arrays whose length the header or the caller declares: in numbers, however they are grouped in rows. */

import { IndirectMemory2D } from '../memory/indirect.js';
import { EwaldError } from '../util/errors.js';
import { CArray } from './carray.js';
import { Directed } from './frame.js';
import { isOpaque } from './header/layout.js';
import { variableLength } from './header/lengths.js';
import type { CFunction, CParameter, CType, PointerType } from './header/types.js';
import { isByte } from './pointees.js';
import { Pointer } from './pointer.js';
import type { Runtime } from './runtime.js';

type Check = (values: readonly unknown[]) => void;

/** What is counted: the numbers of an array of arrays. */
function unitOf(to: CType): { readonly unit: CType; readonly perElement: number } {
  let unit = to;
  let perElement = 1;
  for (; unit.kind === 'array'; unit = unit.of) perElement *= unit.length;
  return { unit, perElement };
}

/** The number that a length is in a call. */
function lengthIn(
  { name, parameters }: CFunction,
  i: number,
  length: number | string,
): (values: readonly unknown[]) => number {
  if (typeof length === 'number') return () => length;
  const array = parameters[i]?.name;
  const at = (counter: string): number => parameters.findIndex((other) => other.name === counter);
  const read = variableLength(length);
  if (!read || read.names.some((counter) => at(counter) < 0))
    throw new EwaldError(
      'Argument',
      `lengths says that ${array} of ${name}() has ${length} elements, but there is no such parameter`,
    );
  const only = at(length);
  // Written out for one parameter: tight loops pass such arrays.
  if (only >= 0) return (values) => Number(values[only]);
  const places = new Map(read.names.map((counter) => [counter, at(counter)]));
  return (values) => read.of((counter) => Number(values[places.get(counter) as number]));
}

/** The check of an array whose length is declared. */
export function lengthCheck(
  runtime: Runtime,
  fn: CFunction,
  i: number,
  length: number | string,
  isNullable: boolean,
): Check {
  const parameter = fn.parameters[i] as CParameter;
  const { to } = parameter.type as PointerType;
  const { perElement } = unitOf(to);
  const lengthOf = lengthIn(fn, i, length);
  const numbersIn = numbersOf(to, runtime);
  return (values) => {
    if (isNullable && values[i] === null) return;
    const declared = lengthOf(values);
    const needed = declared * perElement;
    const numbers = numbersIn(values[i]);
    if (numbers === undefined || !(needed > numbers)) return;
    const rows = perElement === 1 ? '' : `${declared} rows of ${perElement}`;
    const counters = typeof length === 'string' ? `${length} is ${declared}` : '';
    const because = [counters, rows].filter(Boolean).join(': ');
    const of = values[i] === null ? 'null' : `${numbers} elements`;
    throw tooFew(fn, i, of, needed, (because && ` (${because})`) + flattening(values[i]), numbers);
  };
}

/** The check of an array of rows whose number nobody declares: there is at least one; undefined for others. */
export function rowCheck(runtime: Runtime, fn: CFunction, i: number): Check | undefined {
  const { type, row } = fn.parameters[i] as CParameter;
  const { to } = type as PointerType;
  const { perElement } = unitOf(to);
  if (row === undefined && perElement === 1) return undefined;
  const columns = row === undefined ? () => 1 : lengthIn(fn, i, row);
  const numbersIn = numbersOf(to, runtime);
  return (values) => {
    if (values[i] === null) return;
    const needed = columns(values) * perElement;
    const numbers = numbersIn(values[i]);
    // An array without elements has a check of its own.
    if (numbers === undefined || numbers === 0 || !(needed > numbers)) return;
    throw tooFew(fn, i, `${numbers} elements`, needed, ` (one row)${flattening(values[i])}`, numbers);
  };
}

/** What to do with a list of rows, where C has their numbers one after the other. */
const flattening = (given: unknown): string =>
  Array.isArray(given) && given.some((row) => Array.isArray(row) || ArrayBuffer.isView(row))
    ? '; C has the numbers of its rows one after the other: pass rows.flat(), or one typed array'
    : '';

function tooFew(
  { name, parameters }: CFunction,
  i: number,
  has: string,
  needed: number,
  because: string,
  found: number,
): EwaldError {
  return new EwaldError(
    'Shape',
    `${name}(): argument ${i + 1} (${parameters[i]?.name}) has ${has}; expected at least ${needed}${because}`,
    { detail: { found, needed } },
  );
}

/** How many numbers (or structs, pointers) a value has for C, if that is known. */
function numbersOf(to: CType, runtime: Runtime): (given: unknown) => number | undefined {
  const { unit } = unitOf(to);
  const size = unit.kind === 'void' || isOpaque(unit, runtime.table) ? 1 : runtime.sizeOf(unit);
  const isText = isByte(unit, runtime);
  return (given) => {
    if (ArrayBuffer.isView(given)) return Math.floor(given.byteLength / size);
    const value = given instanceof Directed ? given.value : given;
    if (value === null) return 0;
    if (Array.isArray(value)) return value.length;
    if (value instanceof IndirectMemory2D) return value.rowCount;
    if (value instanceof CArray) return Math.floor(value.byteLength / size);
    if (value instanceof Pointer) return value.lent && Math.floor((value.lent.end - Number(value.address)) / size);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return Math.floor(value.byteLength / size);
    if (typeof value === 'string' && isText) return new TextEncoder().encode(value).length + 1;
    // A number, or an object for a struct.
    return typeof value === 'function' || value === undefined ? undefined : 1;
  };
}
