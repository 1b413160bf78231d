/**
 * Measured reflections as one array, in which they are sent between processes without creating an object per
 * reflection.
 */
import type { Measured } from './integrate.js';

const numbers = [
  'h',
  'k',
  'l',
  'panel',
  'fs',
  'ss',
  'excitation',
  'inverseD',
  'partiality',
  'intensity',
  'sigma',
  'peak',
  'background',
] as const;
const columns = numbers.length + 1;

/** [reflections, 14]: the numbers in the order above, then whether it is saturated. */
export function tableOf(reflections: readonly Measured[]): Float64Array {
  const table = new Float64Array(columns * reflections.length);
  let at = 0;
  for (const one of reflections) {
    for (const name of numbers) table[at++] = one[name];
    table[at++] = one.saturated ? 1 : 0;
  }
  return table;
}

/** The reflections of a table. */
export const reflectionsOf = (table: Float64Array): Measured[] =>
  Array.from({ length: table.length / columns }, (_, i) => {
    const at = columns * i;
    const row = Object.fromEntries(numbers.map((name, j) => [name, table[at + j] ?? 0])) as unknown as Measured;
    return { ...row, saturated: table[at + numbers.length] === 1 };
  });

/** The columns of a table by name. */
export const columnsOf = (table: Float64Array): Readonly<Record<(typeof numbers)[number], number[]>> =>
  Object.fromEntries(
    numbers.map((name, j) => [
      name,
      Array.from({ length: table.length / columns }, (_, i) => table[columns * i + j] ?? 0),
    ]),
  ) as unknown as Readonly<Record<(typeof numbers)[number], number[]>>;
