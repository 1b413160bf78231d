/** Reads the intensities of an MTZ file as a list, used as a reference for the setting and for comparison. */

import type { Centring } from '../../crystal/centring.js';
import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import type { ReflectionList } from './hkl.js';
import { measuredColumns } from './measured-columns.js';
import { mtzHeader } from './mtz-header.js';
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
}

/**
 * Reads the merged intensities of an MTZ file: the measured ones of type J, else the squares of amplitudes of type F, with
 * the sigmas of the same label; never those of a model.
 *
 * Throws `Format` if the bytes are not an MTZ file of merged data, `Argument` if `bytes` is not a Uint8Array or if several
 * columns are as likely: `readReflections` takes the labels.
 */
export const readMtzReflections = (bytes: Uint8Array, name?: string): ReflectionList => readMtzFile(bytes, name).list;

/** The same with what the file states of it; `wanted` are the labels of the columns, such as `I,SIGI`. */
export function readMtzFile(bytes: Uint8Array, name = 'the MTZ file', wanted?: string): MtzReflections {
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
  if (batches > 0) fail('it holds unmerged data; expected merged intensities');
  if (columns.slice(0, 3).some(({ type }) => type !== 'H') || width < 4)
    fail(`it has the columns ${labels}; expected H, K and L first`);
  const { values, sigmas, isAmplitude, others } = measuredColumns(columns, { path: name, wanted, fail });
  const parameters = header.parametersOf(columns[values] as (typeof columns)[number]);
  const { spaceGroupName, spaceGroupNumber: number, operators } = header;
  const group = groupOfFile(name, { operators, name: spaceGroupName, number, parameters });
  const at = (row: number, column: number): number => view.getFloat32(record + 4 * (row * width + column), little);
  const missing = Number((wordsOf('VALM')[0] ?? [])[0]);
  const isThere = (x: number): boolean => Number.isFinite(x) && x !== missing;
  const kept: number[] = [];
  for (let row = 0; row < rows; row++) {
    if (!isThere(at(row, values))) continue;
    const [h, k, l] = [at(row, 0), at(row, 1), at(row, 2)];
    if (!areIndices(h, k, l)) fail(`reflection ${row + 1} has ${wrongIndices(h, k, l)}`);
    const sigma = sigmas < 0 ? 0 : at(row, sigmas);
    if (sigma < 0 && isThere(sigma))
      fail(`reflection ${row + 1} has ${columns[sigmas]?.label} ${sigma}; expected 0 or more`);
    kept.push(row);
  }
  if (kept.length === 0) fail(`its column ${columns[values]?.label} holds no value`);
  const list = {
    symmetry: group.symmetry,
    spaceGroup: group.spaceGroup,
    count: kept.length,
    indices: Int16Array.from(kept.flatMap((row) => [0, 1, 2].map((axis) => at(row, axis)))),
    intensity: Float64Array.from(kept, (row) => (isAmplitude ? at(row, values) ** 2 : at(row, values))),
    sigma: Float64Array.from(kept, (row) => {
      const sigma = sigmas < 0 ? 0 : at(row, sigmas);
      return !isThere(sigma) ? 0 : isAmplitude ? 2 * Math.abs(at(row, values)) * sigma : sigma;
    }),
    measurements: new Float64Array(kept.length).fill(1),
  };
  const read = [values, sigmas].flatMap((column) => columns[column]?.label ?? []);
  return { list, parameters, centring: group.centring, columns: read, others, remarks: group.remarks };
}
