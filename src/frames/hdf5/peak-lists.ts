/** Peak lists stored with the frames: CXI's columns nPeaks, peakXPosRaw, peakYPosRaw, and tables of three columns. */

import { viewAs } from '../../bytes/dtype.js';
import type { Catalog } from '../../hdf5/catalog.js';
import { Hdf5Dataset } from '../../hdf5/dataset.js';
import type { Hdf5File } from '../../hdf5/file.js';
import { Hdf5Group } from '../../hdf5/file.js';
import { framesText } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import { halfToNumber } from '../../util/number-bytes.js';
import type { ListedPeaks, ReadPeaksOptions } from '../dataset.js';

/** Limit on the peaks of one frame: real frames have fewer, but a file may claim any number. */
const maxPeaks = 2 ** 20;
/** Number of frames whose lists are read at a time. */
const framesAtOnce = 256;
const placesAtOnce = 2 ** 22;
/** Limit on the peaks of one call. */
const maxAtOnce = 2 ** 28;

/** The group of CXI's columns; undefined if the file has none. */
export function findPeakList({ entries }: Catalog): string | undefined {
  for (const { path, object } of entries)
    if (path.endsWith('/nPeaks') && object instanceof Hdf5Dataset) {
      const group = path.slice(0, -'/nPeaks'.length);
      if (entries.some((entry) => entry.path === `${group}/peakXPosRaw`)) return group === '' ? '/' : group;
    }
  return undefined;
}

/** The peaks that the file lists for `count` frames from `first` on. */
export async function readPeakLists(
  file: Hdf5File,
  found: string | undefined,
  frames: number,
  [first, count]: readonly [number, number],
  options: ReadPeaksOptions = {},
): Promise<ListedPeaks> {
  const { signal, path = found, halfPixel = true } = options;
  if (!Number.isInteger(first) || !Number.isInteger(count) || first < 0 || count < 0 || first + count > frames)
    throw new EwaldError(
      'Argument',
      `${file.source.name}: peaks of ${framesText(first, count)} were requested; the file has ${frames}`,
      { detail: { first, count, frames } },
    );
  if (path === undefined)
    throw new EwaldError(
      'Format',
      `${file.source.name} lists no peaks: no group has nPeaks, peakXPosRaw and peakYPosRaw; ` +
        'pass path if they are elsewhere',
    );
  const shift = halfPixel ? 0.5 : 0;
  const object = await file.get(path);
  if (object instanceof Hdf5Dataset) return table(object, frames, count, shift);
  if (!(object instanceof Hdf5Group))
    throw new EwaldError('Format', `${file.source.name} has no peak list at ${path}`, { detail: { path } });
  const list = { name: file.source.name, path, shift, ...(await peakColumns(file.source.name, path, object, frames)) };
  const counts = await readCounts(list, first, count, signal);
  const [fs = new Float32Array(), ss = new Float32Array(), sums] = await readColumns(list, counts, first, signal);
  return { counts, fs, ss, ...(sums ? { intensity: sums } : {}) };
}

/** The columns of CXI: numbers of peaks, and for each frame a row of x, of y and, if present, of intensities. */
interface PeakColumns {
  readonly numbers: Hdf5Dataset;
  readonly columns: readonly Hdf5Dataset[];
}

/** A list in messages, and its columns. */
interface PeakList extends PeakColumns {
  readonly name: string;
  readonly path: string;
  /** Added to x and y. */
  readonly shift: number;
}

async function peakColumns(name: string, path: string, group: Hdf5Group, frames: number): Promise<PeakColumns> {
  const column = async (member: string): Promise<Hdf5Dataset | undefined> => {
    const one = await group.get(member);
    return one instanceof Hdf5Dataset && one.numbers ? one : undefined;
  };
  const need = async (member: string, rank: number): Promise<Hdf5Dataset> => {
    const hdf5Dataset = await column(member);
    if (!hdf5Dataset || hdf5Dataset.shape.length !== rank || (hdf5Dataset.shape[0] ?? 0) < frames)
      throw new EwaldError(
        'Format',
        `${name}: ${path}/${member} is ${hdf5Dataset ? hdf5Dataset.summary : 'missing'}; expected ${frames} rows, one per frame`,
        { detail: { path: `${path}/${member}` } },
      );
    return hdf5Dataset;
  };
  const numbers = await need('nPeaks', 1);
  const columns = [await need('peakXPosRaw', 2), await need('peakYPosRaw', 2)];
  const intensity = await column('peakTotalIntensity');
  return { numbers, columns: [...columns, ...(intensity ? [intensity] : [])] };
}

/** The number of peaks of each frame, checked against the rows and the limit of a call. */
async function readCounts(
  { name, path, numbers, columns: [x, y] }: PeakList,
  first: number,
  count: number,
  signal: ReadPeaksOptions['signal'],
): Promise<Uint32Array> {
  const stated = (await part(numbers, [first], [count], signal)) as Float64Array;
  const most = Math.min(x?.shape[1] ?? 0, y?.shape[1] ?? 0, maxPeaks);
  const wrong = stated.findIndex((n) => !(n >= 0 && n <= most));
  if (wrong >= 0)
    throw new EwaldError(
      'Format',
      `${name}: ${path} claims ${stated[wrong]} peaks for frame ${first + wrong}; its rows have room for ${most}`,
      { detail: { path, frame: first + wrong } },
    );
  const counts = Uint32Array.from(stated);
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total > maxAtOnce)
    throw new EwaldError(
      'Limit',
      `${name}: ${path} claims ${total} peaks for ${count} frames; at most ${maxAtOnce} can be read at once`,
      { detail: { path, peaks: total } },
    );
  return counts;
}

/** The values of the peaks in each column, frame after frame, without the unused ends of the rows. */
async function readColumns(
  { columns, shift }: PeakList,
  counts: Uint32Array,
  first: number,
  signal: ReadPeaksOptions['signal'],
): Promise<Float32Array[]> {
  const widest = counts.reduce((most, n) => Math.max(most, n), 1);
  const step = Math.max(1, Math.min(framesAtOnce, Math.floor(placesAtOnce / widest)));
  const total = counts.reduce((sum, n) => sum + n, 0);
  const out = columns.map(() => new Float32Array(total));
  let done = 0;
  for (let at = 0; at < counts.length; at += step) {
    const own = counts.subarray(at, at + step);
    const width = own.reduce((widest, n) => Math.max(widest, n), 0);
    for (const [c, one] of columns.entries()) {
      const values = width === 0 ? undefined : await part(one, [first + at, 0], [own.length, width], signal);
      let to = done;
      for (let row = 0; values && row < own.length; row++)
        for (let i = 0; i < (own[row] ?? 0); i++)
          (out[c] as Float32Array)[to++] = (values[row * width + i] ?? 0) + (c < 2 ? shift : 0);
    }
    done += own.reduce((sum, n) => sum + n, 0);
  }
  return out;
}

/** CrystFEL's list3: rows of fs, ss and intensity, for files of one frame. */
async function table(hdf5Dataset: Hdf5Dataset, frames: number, count: number, shift: number): Promise<ListedPeaks> {
  const [rows = 0, columns = 0] = hdf5Dataset.shape;
  if (!hdf5Dataset.numbers || hdf5Dataset.shape.length !== 2 || columns < 3 || rows > maxPeaks || frames !== 1)
    throw new EwaldError(
      'Format',
      `${hdf5Dataset.file.source.name}: ${hdf5Dataset.path} is ${hdf5Dataset.summary} for ${frames} frames; a table of peaks has rows of ` +
        'fs, ss, intensity and is only valid for a single frame; lists of several frames are in a group with nPeaks',
    );
  if (count === 0) return { counts: new Uint32Array(), fs: new Float32Array(), ss: new Float32Array() };
  const values = await part(hdf5Dataset, [0, 0], [rows, 3]);
  const column = (i: number, add: number) =>
    Float32Array.from({ length: rows }, (_, k) => (values[3 * k + i] ?? 0) + add);
  return { counts: Uint32Array.of(rows), fs: column(0, shift), ss: column(1, shift), intensity: column(2, 0) };
}

/** A box of a small array as numbers. */
async function part(
  hdf5Dataset: Hdf5Dataset,
  start: readonly number[],
  count: readonly number[],
  signal?: ReadPeaksOptions['signal'],
): Promise<Float64Array> {
  const length = count.reduce((product, n) => product * n, 1);
  const bytes = await hdf5Dataset.read({ start, count }, new Uint8Array(length * hdf5Dataset.type.size), signal);
  const { dtype } = hdf5Dataset.numbers ?? { dtype: 'u8' as const };
  return Float64Array.from(viewAs(bytes, dtype) as ArrayLike<number>, dtype === 'f16' ? halfToNumber : Number);
}
