/**
 * The observations that a merger has collected, as bytes: shards of a run collect theirs independently, and a merge of
 * their states in order gives the same bits as a merge of the whole stream.
 *
 * Layout, little-endian: eight bytes `EWALDMG1`, the length of the header as u32, the header as JSON (names, counts,
 * what was rejected, lengths of columns), padding to eight bytes, and the columns in the order of
 * `observationColumns`, each padded to eight bytes.
 */

import { polarisationText } from '../../crystal/polarisation.js';
import { argumentError } from '../../options/parameters.js';
import { EwaldError } from '../../util/errors.js';
import type { CheckedMerge } from '../options.js';
import type { Collected } from '../run.js';
import type { Admission } from './admission.js';
import type { CollectorOptions } from './collector.js';
import { addCounts, noCounts, type RejectedRows, rejections, type ScanCounts } from './counts.js';
import type { Observations } from './observations.js';
import { noPlace, type PanelRegion } from './places.js';
import type { ScannedHead } from './scan.js';

/** The first bytes of a state. */
export const stateBegin = 'EWALDMG1';
const magic = stateBegin;
const align = 8;

/** The options that were applied while streams were read; states can only be joined if these are the same. */
type StateAdmission = Readonly<Record<keyof Admission | keyof CollectorOptions, string>>;

/** The options that decide which observations are collected, and how they are corrected. */
export const admissionOf = ({
  pushRes,
  minSnr,
  minRes,
  maxAdu,
  polarisation,
  splitBy = '',
}: CheckedMerge): StateAdmission => ({
  // Written as text, because JSON cannot represent infinity.
  pushRes: String(pushRes),
  minSnr: String(minSnr),
  minRes: String(minRes),
  maxAdu: String(maxAdu),
  polarisation: polarisation === 'auto' ? 'auto' : polarisationText(polarisation),
  splitBy,
});

interface Head {
  readonly admission: StateAdmission;
  readonly counts: ScanCounts;
  /** Of earlier versions, which have no column of rejected rows. */
  readonly leftOut?: Partial<RejectedRows>;
  readonly heads: readonly { readonly name: string; readonly head: ScannedHead }[];
  readonly filenames: readonly string[];
  readonly events: readonly string[];
  readonly headerValues: readonly string[];
  /** Absent if no axes are named. */
  readonly axes?: readonly number[];
  /** Absent if no panels are named, as in states of earlier versions. */
  readonly placeList?: readonly PanelRegion[];
  readonly crystals: number;
  readonly count: number;
}

const observationColumns = (observations: Observations) => [
  observations.h,
  observations.k,
  observations.l,
  observations.intensity,
  observations.sigma,
  observations.offsets,
  observations.reciprocal,
  observations.parameters,
  observations.wavelengths,
  observations.bandwidths,
  observations.limits,
  observations.profileRadii,
  observations.rejected,
  ...(observations.placeList.length > 0 ? [observations.places] : []),
];

const padded = (bytes: number): number => Math.ceil(bytes / align) * align;

/** Whether bytes begin a state. */
export const isState = (bytes: Uint8Array): boolean =>
  bytes.length >= magic.length && [...magic].every((letter, i) => bytes[i] === letter.charCodeAt(0));

/** The bytes of a state. */
export function formatState({ observations, heads, counts }: Collected, admission: StateAdmission): Uint8Array {
  const { filenames, events, headerValues, axes, crystals, count, placeList } = observations;
  const head: Head = {
    ...{ admission, counts, heads, filenames, events, headerValues, crystals, count },
    ...(axes.some((axis) => axis > 0) && { axes: [...axes] }),
    ...(placeList.length > 0 && { placeList }),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const columns = observationColumns(observations);
  const first = padded(magic.length + 4 + text.length);
  const bytes = new Uint8Array(columns.reduce((sum, { byteLength }) => sum + padded(byteLength), first));
  bytes.set(new TextEncoder().encode(magic));
  new DataView(bytes.buffer).setUint32(magic.length, text.length, true);
  bytes.set(text, magic.length + 4);
  let at = first;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += padded(byteLength);
  }
  return bytes;
}

/** A value of an admission in the unit of its option: limits of resolution are kept in 1/Å and given in 1/nm. */
const asGiven = (option: string, value: string | undefined): string | undefined =>
  option === 'pushRes' && value !== undefined ? `${Number((10 * Number(value)).toPrecision(12))}` : value;

/** Reads a state. Throws `Format` for damaged bytes, `Argument` for a state that was collected with other options. */
export function parseState(bytes: Uint8Array, name: string, admission: StateAdmission): Collected {
  const fail = (message: string): never => {
    throw new EwaldError('Format', `${name}: ${message}`, { detail: { path: name } });
  };
  const length = bytes.length >= magic.length + 4 ? readU32(bytes, magic.length) : Number.POSITIVE_INFINITY;
  if (!isState(bytes) || magic.length + 4 + length > bytes.length) fail('the state of a merge is truncated');
  let head: Head | undefined;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(magic.length + 4, magic.length + 4 + length)));
  } catch {
    fail('the header of the state is damaged');
  }
  const { crystals, count, filenames, events, headerValues, heads, counts, leftOut, admission: theirs } = head as Head;
  for (const [option, value] of Object.entries(admission)) {
    const other = theirs?.[option as keyof StateAdmission];
    if (other !== value)
      throw argumentError(
        '',
        (nameOption) =>
          `${name} was collected with ${nameOption(option)} ${asGiven(option, other)}, this merge has ` +
          `${asGiven(option, value)}; merge with the options of the state, or collect it again`,
      );
  }
  const { placeList = [] } = head as Head;
  const axes = Uint32Array.from((head as Head).axes ?? new Uint32Array(crystals));
  if (!(Number.isInteger(crystals) && Number.isInteger(count) && filenames?.length === crystals))
    fail('the header of the state is damaged');
  if (
    !(
      Array.isArray(placeList) &&
      placeList.every((one) => typeof one?.panel === 'string' && typeof one.part === 'string')
    )
  )
    fail('the header of the state is damaged');
  let at = padded(magic.length + 4 + length);
  const take = <T>(make: new (buffer: ArrayBuffer) => T, bytesEach: number, n: number): T => {
    if (at + n * bytesEach > bytes.length) fail(`the state ends after ${bytes.length} bytes, within its columns`);
    // A copy is aligned for every type.
    const column = new make(bytes.slice(at, at + n * bytesEach).buffer as ArrayBuffer);
    at += padded(n * bytesEach);
    return column;
  };
  const [h, k, l] = [0, 1, 2].map(() => take(Int16Array, 2, count)) as [Int16Array, Int16Array, Int16Array];
  const [intensity, sigma] = [take(Float32Array, 4, count), take(Float32Array, 4, count)];
  const offsets = take(Uint32Array, 4, crystals + 1);
  const doubles = (width: number): Float64Array => take(Float64Array, 8, width * crystals);
  const observations: Observations = {
    count,
    crystals,
    h,
    k,
    l,
    intensity,
    sigma,
    offsets,
    reciprocal: doubles(9),
    parameters: doubles(6),
    wavelengths: doubles(1),
    bandwidths: doubles(1),
    limits: doubles(1),
    profileRadii: doubles(1),
    rejected:
      leftOut === undefined
        ? take(Uint32Array, 4, rejections.length * crystals)
        : new Uint32Array(rejections.length * crystals),
    placeList,
    places: placeList.length > 0 ? take(Uint16Array, 2, count) : new Uint16Array(count).fill(noPlace),
    axes,
    filenames,
    events,
    headerValues,
  };
  if (offsets.some((end, c) => end > count || end < (offsets[c - 1] ?? 0)) || offsets[crystals] !== count)
    fail('the state of a merge is damaged: its crystals do not cover its observations');
  if (!sigma.every((x) => x > 0) || intensity.some(Number.isNaN))
    fail('the state of a merge is damaged: an observation has no intensity or no sigma');
  return { observations, heads, counts: addCounts({ ...noCounts(), ...counts }, leftOut ?? {}) };
}

const readU32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
