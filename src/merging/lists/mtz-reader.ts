/** Reads the intensities of an MTZ file as a list, used as a reference for the setting and for comparison. */

import type { Centring } from '../../crystal/centring.js';
import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { centric } from '../../crystal/symmetry/asymmetric-unit.js';
import { pointGroup } from '../../crystal/symmetry/point-group.js';
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { BadRows } from './bad-rows.js';
import { isFreeLabel } from './free-set.js';
import type { ReflectionList } from './hkl.js';
import { type MateColumns, type MeasuredColumns, mateColumns, measuredColumns } from './measured-columns.js';
import { mtzHeader } from './mtz-header.js';
import { readFromAmplitudes, squared } from './squared.js';
import { groupOfFile } from './stated-group.js';

const record = 80;

/** A list of a file, and what the file states of it. */
export interface MtzReflections {
  readonly list: ReflectionList;
  readonly parameters: readonly number[] | undefined;
  readonly centring: Centring;
  /** The labels of the columns that were read. */
  readonly columns: readonly string[];
  /** Those of other intensities and amplitudes. */
  readonly others: readonly string[];
  readonly remarks: readonly string[];
  /** Rows that are no reflections, which are left out. */
  readonly badRows: number;
}

/**
 * Reads the merged intensities of an MTZ file: the measured ones of type J, else the squares of amplitudes of type F, with
 * the sigmas of the same label; never those of a model.
 *
 * Throws `Format` if the bytes are not an MTZ file of merged data, `Argument` if `bytes` is not a Uint8Array or if several
 * columns are as likely: `readReflections` takes the labels.
 */
export const readMtzReflections = (bytes: Uint8Array, name?: string): ReflectionList =>
  readMtzFile(bytes, name, undefined, true).list;

/** The same with what the file states of it; `wanted` are the labels of the columns, such as `I,SIGI`; with `isStrict`, no row may be bad. */
export function readMtzFile(
  bytes: Uint8Array,
  name = 'the MTZ file',
  wanted?: string,
  isStrict = false,
): MtzReflections {
  if (!(bytes instanceof Uint8Array))
    throw new EwaldError(
      'Argument',
      `readMtzReflections: the first argument is ${inspect(bytes)}; expected the bytes of a file`,
    );
  const fail = (message: string): never => {
    throw new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < record || String.fromCharCode(...bytes.subarray(0, 4)) !== 'MTZ ')
    fail('the file does not begin with "MTZ "; expected an MTZ file');
  // The machine stamp states the byte order: 4 is little-endian, 1 big-endian.
  const little = (bytes[8] as number) >> 4 !== 1;
  const short = view.getInt32(4, little);
  const head = 4 * ((short === -1 ? Number(view.getBigInt64(16, little)) : short) - 1);
  if (!(head >= record && head <= bytes.length)) fail(`its header is said to begin at byte ${head} of ${bytes.length}`);
  const records: string[] = [];
  for (let at = head; at + record <= bytes.length; at += record)
    records.push(String.fromCharCode(...bytes.subarray(at, at + record)).trimEnd());
  const header = mtzHeader(records);
  const { columns, wordsOf } = header;
  const [width = 0, rows = 0, batches = 0] = (wordsOf('NCOL')[0] ?? []).map(Number);
  const labels = columns.map(({ label }) => label).join(', ');
  if (width !== columns.length) fail(`it says ${width} columns, and describes ${columns.length}`);
  if (!(Number.isInteger(rows) && rows >= 0) || record + 4 * width * rows !== head)
    fail(`it says ${width} columns of ${rows} reflections, and has ${(head - record) / 4} numbers before its header`);
  if (batches > 0)
    fail('it holds unmerged data; expected merged intensities, such as a merge writes with --mtz beside --unmerged');
  if (columns.slice(0, 3).some(({ type }) => type !== 'H') || width < 4)
    fail(`it has the columns ${labels}; expected H, K and L first`);
  const { spaceGroupName, spaceGroupNumber: number, operators } = header;
  const found = mateColumns(columns, wanted);
  const single = found ? undefined : measuredColumns(columns, { path: name, wanted, fail });
  const of = columns[found ? found.plus[0] : (single as MeasuredColumns).values] as (typeof columns)[number];
  const parameters = header.parametersOf(of);
  const group = groupOfFile(name, { operators, name: spaceGroupName, number, parameters });
  const mates = group.apart === group.symmetry ? undefined : found;
  const { values, sigmas, isAmplitude, others } =
    single ?? (mates ? ofMates(columns, mates) : measuredColumns(columns, { path: name, wanted, fail }));
  const at = (row: number, column: number): number => view.getFloat32(record + 4 * (row * width + column), little);
  const missing = Number((wordsOf('VALM')[0] ?? [])[0]);
  const isThere = (x: number): boolean => Number.isFinite(x) && x !== missing;
  const kept: { readonly row: number; readonly of: readonly [number, number]; readonly sign: 1 | -1 }[] = [];
  const own = pointGroup(group.apart);
  let without = 0;
  const bad = new BadRows(isStrict ? fail : undefined);
  for (let row = 0; row < rows; row++) {
    const [h, k, l] = [at(row, 0), at(row, 1), at(row, 2)];
    const places =
      mates && areIndices(h, k, l) && !centric([h, k, l], own)
        ? [mates.plus, mates.minus]
        : [[values, sigmas] as const];
    const before = kept.length;
    if (!areIndices(h, k, l)) {
      if (isThere(at(row, values))) bad.add(`reflection ${row + 1} has ${wrongIndices(h, k, l)}`);
      continue;
    }
    let wrong = '';
    for (const [n, of] of places.entries()) {
      if (!isThere(at(row, of[0]))) continue;
      const sigma = of[1] < 0 ? 0 : at(row, of[1]);
      if (sigma < 0 && isThere(sigma))
        wrong = `reflection ${row + 1} has ${columns[of[1]]?.label} ${sigma}; expected 0 or more`;
      else kept.push({ row, of, sign: n === 0 ? 1 : -1 });
    }
    if (wrong !== '') {
      bad.add(wrong);
      kept.length = before;
      continue;
    }
    if (kept.length === before) without++;
  }
  const ofBad = bad.remarks(rows, fail);
  if (kept.length === 0) fail(`its column ${columns[values]?.label} holds no value`);
  const flags = columns.findIndex(({ label, type }) => type === 'I' && isFreeLabel(label));
  const list = {
    symmetry: mates ? group.apart : group.symmetry,
    spaceGroup: group.spaceGroup,
    wavelengthA: header.wavelengthOf(of),
    count: kept.length,
    indices: Int16Array.from(kept.flatMap(({ row, sign }) => [0, 1, 2].map((axis) => sign * at(row, axis)))),
    intensity: Float64Array.from(kept, ({ row, of }) => (isAmplitude ? squared(at(row, of[0]), 0)[0] : at(row, of[0]))),
    sigma: Float64Array.from(kept, ({ row, of }) => {
      const sigma = of[1] < 0 ? 0 : at(row, of[1]);
      return !isThere(sigma) ? 0 : isAmplitude ? squared(at(row, of[0]), sigma)[1] : sigma;
    }),
    measurements: Float64Array.from(kept, ({ row, sign }) => {
      const column = countsOf(columns, mates ? (sign > 0 ? 'N(+)' : 'N(-)') : 'N', mates ? -1 : values);
      const count = column < 0 ? 1 : at(row, column);
      return isThere(count) && count >= 1 ? Math.round(count) : 1;
    }),
    ...(flags >= 0 && {
      free: Int32Array.from(kept, ({ row }) => (isThere(at(row, flags)) ? Math.round(at(row, flags)) : -1)),
    }),
  };
  const read = (mates ? [...mates.plus, ...mates.minus] : [values, sigmas]).flatMap((one) => columns[one]?.label ?? []);
  const remarks = [
    ...group.remarks,
    ...ofBad,
    ...(mates ? [matesApart(read)] : []),
    ...withoutValue(without, rows, columns[values]?.label),
    ...(isAmplitude ? readFromAmplitudes(kept.filter(({ row, of }) => at(row, of[0]) < 0).length, read[0]) : []),
  ];
  return { list, parameters, centring: group.centring, columns: read, others, remarks, badRows: bad.count };
}

/**
 * The column of the numbers of measurements, as ewald and DIALS name it, if they are those of the column of `values`: the
 * first one of intensities, or mates, -1. Returns -1 without it.
 */
function countsOf(
  columns: readonly { readonly label: string; readonly type: string }[],
  name: string,
  values: number,
): number {
  if (values >= 0 && columns.findIndex(({ type }) => type === 'J') !== values) return -1;
  return columns.findIndex(({ label, type }) => type === 'I' && label.toUpperCase() === name);
}

/** What to know of rows whose value is missing. */
export const withoutValue = (without: number, rows: number, label = ''): string[] =>
  without === 0 ? [] : [`${without} of ${counted(rows, 'row')} have no ${label}, and are left out.`];

/** What to know of a list whose mates are apart. */
export const matesApart = (read: readonly string[]): string =>
  `Friedel mates are apart (${read.filter((_, n) => n % (read.length / 2) === 0).join(' and ')}); give the Laue group with -y, or ` +
  'the column of their mean, for averages.';

/** The columns that are read of a file with mates: those of the first one for messages, and the labels of others. */
function ofMates(
  columns: readonly { readonly label: string; readonly type: string }[],
  { plus: [values, sigmas], minus: [minus], isAmplitude }: MateColumns,
): MeasuredColumns {
  const others = columns
    .filter(({ type }, at) => 'JFKG'.includes(type) && at !== values && at !== minus)
    .map(({ label }) => label);
  return { values, sigmas, isAmplitude, others };
}
