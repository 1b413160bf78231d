/**
 * Frames as workers report them if their results do not have to pass through the client: the numbers that a summary
 * counts, and the place of the text in a shard. A frame takes 160 bytes, and 320 more for each crystal.
 */

import type { Cell } from '../../crystal/cell.js';
import type { RegionValues } from '../../crystal/stream/regions.js';
import { shardName } from '../../parallel/shards.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { EwaldError } from '../../util/errors.js';
import { explainedFraction } from '../doubt.js';
import type { CopiedHeader } from '../inputs/copied-headers.js';
import type { ProfileRecord } from '../profile/radial-profile.js';
import {
  type CrystalRecord,
  type FrameFailure,
  type FrameRecord,
  isFailure,
  isRead,
  type StoredBytes,
} from '../record.js';
import type { StageBackends } from '../stages/frame.js';

/** A frame without its peaks, indices and reflections, and where its text and its whole record are. */
export interface BriefRecord extends FrameRecord {
  /** The fraction of its peaks that its crystals explain; undefined without crystals. */
  readonly explained: number | undefined;
  readonly storedRecord?: StoredBytes | undefined;
}

type PlacedRecord = BriefRecord & { storedText: StoredBytes | undefined; storedRecord: StoredBytes | undefined };

export const isBrief = (item: object): item is BriefRecord => 'explained' in item;

/** Length and CRC-32 of the bytes that a frame has in a shard; a length of 0 without any. */
export interface Extent {
  readonly length: number;
  readonly crc: number;
}

/** What a task gives. */
export interface BriefTask {
  readonly filename: string;
  /** Name of the shard with the texts and records of the frames; undefined if `texts` has the texts, one after the other. */
  readonly shard: string | undefined;
  /** Where the texts begin in the shard, one after the other; the records follow. */
  readonly at: number;
  readonly texts: Uint8Array;
  /** For each frame `frameNumbers`, for each of its crystals `crystalNumbers` and those of its rivals. */
  readonly numbers: Float64Array;
  readonly spots: Float32Array;
  /** These two lists end with the last member that differs from the one before. */
  readonly backends: readonly StageBackends[];
  readonly headers: readonly (readonly CopiedHeader[] | undefined)[];
  /** The event of each frame in groups, `tag-1//`; absent if no frame is in one. */
  readonly tags?: readonly (string | undefined)[] | undefined;
  /** The regions of each frame; absent without any. */
  readonly rois?: readonly (RegionValues | undefined)[] | undefined;
  /** Background, ice and spots by shell of each frame, without bins; absent if no frame has a profile. */
  readonly profiles?: readonly (ProfileRecord | undefined)[] | undefined;
  readonly failures: readonly FrameFailure[];
}

/** Numbers of a frame, and of a crystal without its rivals. */
const [frameNumbers, crystalNumbers] = [23, 40];

const orNaN = (value: number | undefined): number => value ?? Number.NaN;
const orUndefined = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

/** The numbers of a crystal. */
function packedCrystal(crystal: CrystalRecord): number[] {
  const { cell, reciprocal, lengths, angles, probability, refined, rivals, inputCell, residual, detector } = crystal;
  return [
    ...[cell, reciprocal].flat(2),
    ...[...lengths, ...angles, probability, Number(refined), inputCell, residual],
    ...[orNaN(detector?.scale), ...(detector?.shiftM ?? [0, 0]), detector?.rmsM ?? 0, detector?.count ?? 0],
    ...[crystal.profileRadius, crystal.resolution, orNaN(crystal.reflections), crystal.overlapping, crystal.saturated],
    ...[Number(crystal.named), rivals.length, ...rivals.flat(2)],
  ];
}

/** The frames of a task; `stored` has the extents of the text and of the record of each frame that was read. */
export function briefTask(
  items: readonly (FrameRecord | FrameFailure)[],
  place: Pick<BriefTask, 'filename' | 'shard' | 'at' | 'texts'>,
  stored: readonly (readonly [text: Extent, record: Extent])[],
  withSpots: boolean,
): BriefTask {
  const records = items.filter(isRead);
  const spotsOf = ({ spots, crystals }: FrameRecord): number[] =>
    withSpots && crystals.length > 0 ? Array.from(spots) : [];
  const numbers = records.flatMap((record, i) => {
    const { origin, hit, peaks, beam, ms, crystals } = record;
    const [text, whole] = stored[i] ?? [];
    return [
      ...[origin.serial, orNaN(origin.event as number | undefined), Number(hit), peaks.count, orNaN(peaks.omitted)],
      ...[orNaN(explainedFraction(record)), beam.wavelengthA, beam.distanceM, ...beam.shiftM],
      ...[ms.read, ms.peaks, ms.index, ms.integrate, text?.length ?? 0, text?.crc ?? 0],
      ...[whole?.length ?? 0, whole?.crc ?? 0, spotsOf(record).length, crystals.length],
      ...[Number(record.few === true), record.maskedByFirst ?? 0, orNaN(record.unlit)],
      ...crystals.flatMap(packedCrystal),
    ];
  });
  const spots = records.flatMap(spotsOf);
  return {
    ...place,
    numbers: Float64Array.from(numbers),
    spots: Float32Array.from(spots),
    backends: once(records.map(({ backends }) => backends)),
    headers: once(records.map(({ headers }) => headers)),
    ...(records.some(({ origin }) => origin.tag !== undefined) && { tags: records.map(({ origin }) => origin.tag) }),
    ...(records.some(({ rois }) => rois) && { rois: records.map(({ rois }) => rois) }),
    ...(records.some(({ profile }) => profile) && { profiles: records.map(({ profile }) => withoutBins(profile)) }),
    failures: items.filter(isFailure),
  };
}

/** A profile without the arrays of its bins. */
const withoutBins = (profile: ProfileRecord | undefined): ProfileRecord | undefined =>
  profile && {
    ...profile,
    edges: noNumbers,
    q: noNumbers,
    counts: noNumbers,
    norm: noNumbers,
    backgroundCounts: noNumbers,
    backgroundNorm: noNumbers,
  };

/** A list whose last member stands for the further ones, which are equal to it. */
function once<T>(list: readonly T[]): readonly T[] {
  const texts = list.map((one) => JSON.stringify(one));
  let length = list.length;
  while (length > 1 && texts[length - 1] === texts[length - 2]) length--;
  return list.slice(0, length);
}

const none = new Float32Array(0);
const noNumbers = new Float64Array(0);
const noCount = new Uint32Array(0);
const noIndices = new Int32Array(0);

// Written without spreads and iterators, which would take several times as long as everything else that the client does.
const rowAt = (n: Float64Array, at: number): [number, number, number] => [
  n[at] as number,
  n[at + 1] as number,
  n[at + 2] as number,
];
const cellAt = (n: Float64Array, at: number): Cell => [rowAt(n, at), rowAt(n, at + 3), rowAt(n, at + 6)];

/** The crystal whose numbers begin at `at`. */
function crystalAt(n: Float64Array, at: number): CrystalRecord {
  const v = (i: number): number => n[at + i] as number;
  const rivals: Cell[] = [];
  for (let i = 0; i < v(crystalNumbers - 1); i++) rivals.push(cellAt(n, at + crystalNumbers + 9 * i));
  const scale = v(28);
  return {
    cell: cellAt(n, at),
    reciprocal: cellAt(n, at + 9),
    lengths: rowAt(n, at + 18),
    angles: rowAt(n, at + 21),
    probability: v(24),
    refined: v(25) === 1,
    inputCell: v(26),
    residual: v(27),
    detector: Number.isNaN(scale) ? undefined : { scale, shiftM: [v(29), v(30)], rmsM: v(31), count: v(32) },
    profileRadius: v(33),
    resolution: v(34),
    reflections: orUndefined(v(35)),
    overlapping: v(36),
    saturated: v(37),
    named: v(38) === 1,
    rivals,
    indices: noIndices,
    peaks: noCount,
  };
}

const damaged = (): EwaldError =>
  new EwaldError('Format', 'a worker has reported frames in another form than this build of ewald');

/** A list of which only the number of peaks is known. */
const countedPeaks = (count: number, omitted: number | undefined): PeakList => ({
  count,
  fs: none,
  ss: none,
  intensity: none,
  maximum: none,
  snr: none,
  background: none,
  pixels: noCount,
  panel: noCount,
  omitted,
  rings: undefined,
});

/** The frames of a task in the order of their serial numbers. Throws `Format` if it is no `BriefTask`. */
export function briefRecords(task: BriefTask): (BriefRecord | FrameFailure)[] {
  const { shard, numbers: n, texts, backends, headers, profiles, failures, filename } = task;
  const hasTexts = shard !== undefined || texts instanceof Uint8Array;
  const isWhole = n instanceof Float64Array && task.spots instanceof Float32Array && hasTexts;
  const isNamed = shard === undefined || (typeof shard === 'string' && shardName.test(shard));
  if (!isWhole || !isNamed || !Array.isArray(backends) || !Array.isArray(failures)) throw damaged();
  const found: PlacedRecord[] = [];
  const extents: (readonly [Extent, Extent])[] = [];
  let [at, spot, text] = [0, 0, 0];
  for (let i = 0; at + frameNumbers <= n.length; i++) {
    const begin = at;
    const f = (k: number): number => n[begin + k] as number;
    const crystals: CrystalRecord[] = [];
    at += frameNumbers;
    for (let c = 0; c < f(19); c++) {
      const next = at + crystalNumbers + 9 * (n[at + crystalNumbers - 1] as number);
      if (!(next <= n.length)) throw damaged();
      crystals.push(crystalAt(n, at));
      at = next;
    }
    found.push({
      origin: { filename, serial: f(0), event: orUndefined(f(1)), ...(task.tags?.[i] && { tag: task.tags[i] }) },
      hit: f(2) === 1,
      peaks: countedPeaks(f(3), orUndefined(f(4))),
      explained: orUndefined(f(5)),
      beam: { wavelengthA: f(6), distanceM: f(7), shiftM: [f(8), f(9)] },
      ms: { read: f(10), peaks: f(11), index: f(12), integrate: f(13) },
      spots: task.spots.subarray(spot, spot + f(18)),
      crystals,
      ...(f(20) === 1 && { few: true }),
      ...(f(21) > 0 && { maskedByFirst: f(21) }),
      ...(!Number.isNaN(f(22)) && { unlit: f(22) }),
      backends: backends[i] ?? backends.at(-1) ?? { peaks: undefined, index: undefined },
      headers: i < headers.length ? headers[i] : headers.at(-1),
      ...(task.rois?.[i] && { rois: task.rois[i] }),
      ...(profiles?.[i] && { profile: profiles[i] }),
      chunk: '',
      text: shard === undefined ? texts.subarray(text, text + f(14)) : undefined,
      storedText: undefined,
      storedRecord: undefined,
    });
    extents.push([
      { length: f(14), crc: f(15) },
      { length: f(16), crc: f(17) },
    ]);
    spot += f(18);
    text += f(14);
  }
  if (at !== n.length || found.length < backends.length || (shard === undefined && text !== texts.length))
    throw damaged();
  if (shard !== undefined) place(found, extents, { shard, at: task.at });
  return [...found, ...failures].sort((a, b) => a.origin.serial - b.origin.serial);
}

/** Notes where frames are in a shard: the texts one after the other, then the records. */
function place(
  found: readonly PlacedRecord[],
  extents: readonly (readonly [Extent, Extent])[],
  { shard, at }: { readonly shard: string; readonly at: number },
): void {
  let text = at;
  let record = at + extents.reduce((sum, [one]) => sum + one.length, 0);
  for (const [i, frame] of found.entries()) {
    const [ofText, ofRecord] = extents[i] as readonly [Extent, Extent];
    frame.storedText = { shard, at: text, length: ofText.length, crc: ofText.crc };
    if (ofRecord.length > 0) frame.storedRecord = { shard, at: record, length: ofRecord.length, crc: ofRecord.crc };
    text += ofText.length;
    record += ofRecord.length;
  }
}
