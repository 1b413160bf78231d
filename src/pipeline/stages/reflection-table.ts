/**
 * Reflections as rows of one array of numbers: they are predicted, measured, written and sent between processes without
 * an object per reflection, of which a frame would have a few thousand. Objects are made for callers who access them.
 */

/** A reflection on the detector. */
export interface Reflection {
  readonly h: number;
  readonly k: number;
  readonly l: number;
  /** Index of the panel. */
  readonly panel: number;
  /** Pixels from the corner of the panel. */
  readonly fs: number;
  readonly ss: number;
  /** 1/Å, signed: positive outside the sphere. */
  readonly excitation: number;
  /** 1/d in 1/Å. */
  readonly inverseD: number;
  /** Recorded fraction of the reflection according to its excitation error: 0 … 1. */
  readonly partiality: number;
}

/** A measured reflection. */
export interface Measured extends Reflection {
  readonly intensity: number;
  readonly sigma: number;
  /** Highest pixel. */
  readonly peak: number;
  readonly background: number;
  readonly saturated: boolean;
}

/** The columns of a row; `saturated` is 0 or 1. */
export const column = {
  h: 0,
  k: 1,
  l: 2,
  panel: 3,
  fs: 4,
  ss: 5,
  excitation: 6,
  inverseD: 7,
  partiality: 8,
  intensity: 9,
  sigma: 10,
  peak: 11,
  background: 12,
  saturated: 13,
} as const;

/** Numbers of a row. */
export const rowLength = 14;

const predictedNames = ['h', 'k', 'l', 'panel', 'fs', 'ss', 'excitation', 'inverseD', 'partiality'] as const;
const numbers = [...predictedNames, 'intensity', 'sigma', 'peak', 'background'] as const;

/** Rows that are appended; their memory is kept when they are cleared. */
export class ReflectionRows {
  values: Float64Array = new Float64Array(0);
  count = 0;

  /** Appends a row, whose numbers are those of an earlier use, and returns where it starts in `values`. */
  add(): number {
    const at = this.count++ * rowLength;
    if (at === this.values.length) {
      const more = new Float64Array(Math.max(1024 * rowLength, 2 * at));
      more.set(this.values);
      this.values = more;
    }
    return at;
  }

  /** A copy of the rows: [reflections, 14]. */
  table(): Float64Array {
    return this.values.slice(0, this.count * rowLength);
  }
}

/** Appends predicted reflections. */
export function addPredicted(rows: ReflectionRows, reflections: readonly Reflection[]): void {
  for (const reflection of reflections) {
    const at = rows.add();
    for (let i = 0; i < predictedNames.length; i++)
      rows.values[at + i] = reflection[predictedNames[i] as keyof Reflection];
  }
}

/** Predicted reflections as objects. */
export function predictedOf({ values, count }: ReflectionRows): Reflection[] {
  const found: Reflection[] = [];
  for (let i = 0; i < count; i++) {
    const at = rowLength * i;
    found.push({
      h: values[at + column.h] as number,
      k: values[at + column.k] as number,
      l: values[at + column.l] as number,
      panel: values[at + column.panel] as number,
      fs: values[at + column.fs] as number,
      ss: values[at + column.ss] as number,
      excitation: values[at + column.excitation] as number,
      inverseD: values[at + column.inverseD] as number,
      partiality: values[at + column.partiality] as number,
    });
  }
  return found;
}

/** Calls with the panel of each row and its place on it. */
export function eachPlace(
  { values, count }: ReflectionRows,
  call: (panel: number, fs: number, ss: number) => void,
): void {
  for (let at = 0; at < rowLength * count; at += rowLength)
    call(values[at + column.panel] as number, values[at + column.fs] as number, values[at + column.ss] as number);
}

/** Number of saturated reflections among measured ones. */
export function countSaturated({ values, count }: ReflectionRows): number {
  let saturated = 0;
  for (let i = 0; i < count; i++) saturated += values[rowLength * i + column.saturated] as number;
  return saturated;
}

/** Removes saturated reflections. */
export function removeSaturated(rows: ReflectionRows): void {
  const { values } = rows;
  let kept = 0;
  for (let i = 0; i < rows.count; i++) {
    const at = rowLength * i;
    if (values[at + column.saturated] === 0) values.copyWithin(rowLength * kept++, at, at + rowLength);
  }
  rows.count = kept;
}

/** The table of measured reflections: [reflections, 14]. */
export function tableOf(reflections: readonly Measured[]): Float64Array {
  const table = new Float64Array(rowLength * reflections.length);
  let at = 0;
  for (const reflection of reflections) {
    for (const name of numbers) table[at++] = reflection[name];
    table[at++] = reflection.saturated ? 1 : 0;
  }
  return table;
}

/** The reflections of a table. */
export const reflectionsOf = (table: Float64Array): Measured[] =>
  Array.from({ length: table.length / rowLength }, (_, i) => {
    const at = rowLength * i;
    const row = Object.fromEntries(numbers.map((name, j) => [name, table[at + j] ?? 0])) as unknown as Measured;
    return { ...row, saturated: table[at + column.saturated] === 1 };
  });

/** The columns of a table by name. */
export const reflectionColumns = (table: Float64Array): Readonly<Record<(typeof numbers)[number], number[]>> =>
  Object.fromEntries(
    numbers.map((name, j) => [
      name,
      Array.from({ length: table.length / rowLength }, (_, i) => table[rowLength * i + j] ?? 0),
    ]),
  ) as unknown as Readonly<Record<(typeof numbers)[number], number[]>>;
