/** CrystFEL's reflection lists, version 2.0: written with its column widths, read as fields between white space. */

import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { fixed, whole } from '../../crystal/stream/print.js';
import { expects, expectsMembers, type TextOrBytes, textOf } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { refuseNoText } from '../../util/text-begin.js';

/** Merged reflections in columns. */
export interface ReflectionList {
  /** The point group, as CrystFEL names it. */
  readonly symmetry: string;
  /** The space group in its setting, such as `P 31 1 2`, if the file states one; files in other forms state it again. */
  readonly spaceGroup?: string | undefined;
  readonly count: number;
  /** [count][3] */
  readonly indices: Int16Array;
  readonly intensity: Float64Array;
  readonly sigma: Float64Array;
  readonly measurements: Float64Array;
  /**
   * Effective number of measurements, given their weights: (Σ i)²/Σ i² of their information i. Kish 1965. Absent from
   * lists that were read from files.
   */
  readonly effective?: Float64Array | undefined;
}

const title = 'CrystFEL reflection list version 2.0';
const end = 'End of reflections';
const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;
const powered = /^[+-]?(?:\d+\.?\d*|\.\d+)e[+-]?\d+$/i;

/** A list as text; `notes` follow its end marker, one per line. */
export function formatReflectionList(list: ReflectionList, notes: readonly string[] = []): string {
  expectsMembers(
    'formatReflectionList: the list',
    list,
    ['symmetry', 'count', 'indices', 'intensity', 'sigma', 'measurements'],
    'what readReflectionList or a merge returns',
  );
  expects(Array.isArray(notes), 'formatReflectionList: notes', notes, 'an array of lines');
  const lines = [title, `Symmetry: ${list.symmetry}`, '   h    k    l          I    phase   sigma(I)   nmeas'];
  for (let i = 0; i < list.count; i++) {
    const [h, k, l] = [0, 1, 2].map((axis) => whole(list.indices[3 * i + axis] ?? 0, 4));
    const [intensity, sigma] = [list.intensity[i] ?? 0, list.sigma[i] ?? 0].map((x) => fixed(x, 2, 10));
    lines.push(`${h} ${k} ${l} ${intensity}        - ${sigma} ${whole(list.measurements[i] ?? 0, 7)}`);
  }
  return [...lines, end, ...notes, ''].join('\n');
}

/** Reads a list. Throws `Format` with the line number if the text is not a list. */
export function readReflectionList(given: TextOrBytes, name = 'the reflection list'): ReflectionList {
  const text = textOf('readReflectionList: the first argument', given);
  const lines = text.split(/\r\n|\n|\r/);
  const fail = (line: number, message: string): never => {
    throw new EwaldError('Format', `${name}:${line + 1}: ${message}`, { detail: { path: name } });
  };
  refuseNoText(text, name, 'a CrystFEL reflection list');
  if (!lines[0]?.startsWith('CrystFEL reflection list version 2'))
    fail(0, `"${(lines[0] ?? '').slice(0, 60)}" does not begin a reflection list; expected "${title}"`);
  const symmetry = /^Symmetry:\s*(\S+)/.exec(lines[1] ?? '')?.[1] ?? fail(1, 'the line "Symmetry: …" is missing');
  const stop = lines.findIndex((line) => line.trim() === end);
  if (stop < 0) fail(lines.length - 1, `the list has no "${end}"; it is incomplete`);
  const rows = lines.slice(3, stop);
  const indices = new Int16Array(3 * rows.length);
  const [intensity, sigma, measurements] = [0, 0, 0].map(() => new Float64Array(rows.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (const [i, row] of rows.entries()) {
    const [h, k, l, value, , error = '', n] = row.trim().split(/\s+/);
    // A reflection without weight, as CrystFEL's programs read it.
    const isUnknown = /^\+?inf(inity)?$/i.test(error);
    const words = [h, k, l, n, value, isUnknown ? '0' : error];
    const numbers = words.map(Number);
    const [a, b, c, count, own, deviation] = numbers as [number, number, number, number, number, number];
    // Number reads 0x10 as well, and 1e3, which is no index and no count.
    const isNumber = (word = '', place = 0): boolean => plain.test(word) || (place > 3 && powered.test(word));
    if (!words.every(isNumber) || !numbers.every(Number.isFinite))
      fail(i + 3, `"${row.slice(0, 80)}" is not a reflection`);
    if (!areIndices(a, b, c)) fail(i + 3, `the reflection has ${wrongIndices(a, b, c)}`);
    if (deviation < 0) fail(i + 3, `sigma(I) is ${deviation}; expected 0 or more`);
    if (!(Number.isSafeInteger(count) && count >= 0))
      fail(i + 3, `the number of measurements is ${count}; expected a whole number, 0 or more`);
    indices.set([a, b, c], 3 * i);
    intensity[i] = own;
    sigma[i] = isUnknown ? Number.POSITIVE_INFINITY : deviation;
    measurements[i] = count;
  }
  return { symmetry, count: rows.length, indices, intensity, sigma, measurements };
}
