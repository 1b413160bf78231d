/** Reads the intensities of an MTZ file as a list, used as a reference for the setting and for comparison. */

import { type Centring, centrings } from '../../crystal/centring.js';
import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';
import { wordTable } from '../../util/word-table.js';
import type { ReflectionList } from './hkl.js';

/** The Laue group of merged data, by CCP4's name of the point group. */
const laueOf = wordTable<string>({
  '1': '-1',
  '2': '2/m_uab',
  '222': 'mmm',
  '4': '4/m',
  '422': '4/mmm',
  '3': '-3_H',
  '312': '-31m_H',
  '321': '-3m1_H',
  '32': '-3m1_H',
  '6': '6/m',
  '622': '6/mmm',
  '23': 'm-3',
  '432': 'm-3m',
});

/** The monoclinic Laue group with the unique axis that the name of the space group states, if that is c or a. */
const monoclinicOf = (group: string, syminf: string): string | undefined =>
  group !== '2' ? undefined : /'\w 1 1 \S+'/.test(syminf) ? '2/m' : /'\w \S+ 1 1'/.test(syminf) ? '2/m_uaa' : undefined;

const record = 80;

/**
 * Reads the merged intensities of an MTZ file: its first column of type J, or the squares of its first of type F, with
 * the sigmas that follow.
 *
 * Throws `Format` if the bytes are not an MTZ file of merged data, `Argument` if `bytes` is not a Uint8Array.
 */
export function readMtzReflections(bytes: Uint8Array, name = 'the MTZ file'): ReflectionList {
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
  const records = recordsFrom(bytes, head);
  const wordsOf = (key: string): string[][] =>
    records.filter((line) => line.startsWith(`${key} `)).map((line) => line.trim().split(/\s+/).slice(1));
  const [width = 0, rows = 0, batches = 0] = (wordsOf('NCOL')[0] ?? []).map(Number);
  const columns = wordsOf('COLUMN').map(([label = '', type = '']) => ({ label, type }));
  const labels = columns.map(({ label }) => label).join(', ');
  if (width !== columns.length) fail(`it says ${width} columns, and describes ${columns.length}`);
  if (!(Number.isInteger(rows) && rows >= 0) || record + 4 * width * rows !== head)
    fail(`it says ${width} columns of ${rows} reflections, and has ${(head - record) / 4} numbers before its header`);
  if (batches > 0) fail('it holds unmerged data; expected merged intensities');
  if (columns.slice(0, 3).some(({ type }) => type !== 'H') || width < 4)
    fail(`it has the columns ${labels}; expected H, K and L first`);
  const pick = (type: string, from = 0): number => columns.findIndex((column, i) => i >= from && column.type === type);
  const intensities = pick('J');
  const values = intensities >= 0 ? intensities : pick('F');
  if (values < 0) fail(`it has no intensities (J) or amplitudes (F) among ${labels}`);
  const sigmas = pick('Q', values);
  const syminf = records.find((line) => line.startsWith('SYMINF')) ?? '';
  const group = /(?:PG)(\S+)\s*$/.exec(syminf)?.[1] ?? '';
  const symmetry = monoclinicOf(group, syminf) ?? laueOf[group] ?? fail(`its point group "${group}" is not known`);
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
  return {
    symmetry,
    count: kept.length,
    indices: Int16Array.from(kept.flatMap((row) => [0, 1, 2].map((axis) => at(row, axis)))),
    intensity: Float64Array.from(kept, (row) => (intensities >= 0 ? at(row, values) : at(row, values) ** 2)),
    sigma: Float64Array.from(kept, (row) => {
      const sigma = sigmas < 0 ? 0 : at(row, sigmas);
      return !isThere(sigma) ? 0 : intensities >= 0 ? sigma : 2 * Math.abs(at(row, values)) * sigma;
    }),
    measurements: new Float64Array(kept.length).fill(1),
  };
}

function recordsFrom(bytes: Uint8Array, head: number): string[] {
  const records: string[] = [];
  for (let at = head; at + record <= bytes.length; at += record)
    records.push(String.fromCharCode(...bytes.subarray(at, at + record)).trimEnd());
  return records;
}

/** The cell that the header of an MTZ file states, in angstrom and degrees, and its centring; undefined without one. */
export function mtzCell(
  bytes: Uint8Array,
): { readonly parameters: readonly number[]; readonly centring: Centring } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = (bytes[8] as number) >> 4 !== 1;
  const short = view.getInt32(4, little);
  const records = recordsFrom(bytes, 4 * ((short === -1 ? Number(view.getBigInt64(16, little)) : short) - 1));
  const parameters = (records.find((line) => line.startsWith('CELL ')) ?? '').trim().split(/\s+/).slice(1).map(Number);
  if (parameters.length !== 6 || !parameters.every((x) => x > 0)) return undefined;
  const letter = (records.find((line) => line.startsWith('SYMINF')) ?? '').trim().split(/\s+/)[3];
  const found = centrings.find((one) => one === letter) ?? 'P';
  // R means hexagonal axes as well.
  return { parameters, centring: found === 'R' && Math.abs((parameters[5] as number) - 120) < 1 ? 'H' : found };
}
