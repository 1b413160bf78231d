/**
 * What centres of mass, and what they are integrated to, should be read with: one function for runs and for the page of
 * a scan.
 */
import type { DataType } from '../../bytes/dtype.js';
import type { Image } from '../calibrate/image.js';
import { beamDoubts, beamFaults, type UsedDisk } from './beam-share.js';
import {
  fieldDoubts,
  fieldFaults,
  patternDoubts,
  stuckDoubts,
  stuckFaults,
  stuckKinds,
  stuckPixels,
} from './field-doubts.js';
import { leftOutUnder } from './left-out.js';
import { comNoise, emptyNote, icomNoise } from './noise.js';

/** Centres of mass that were measured. */
export interface MeasuredShifts {
  readonly dtype: DataType;
  readonly nav: readonly number[];
  /** The sum of the frames, and how many they are. */
  readonly sum: Image;
  readonly frames: number;
  /** The pixels within the disk or ring, 1 each, whether they have a count or not. */
  readonly within: Uint8Array;
  /** 1 at pixels to which a calibration gives no count. */
  readonly marks: Uint8Array | undefined;
  readonly disk: UsedDisk;
  /** Shifts in pixels of the file, and the counts of each position, NaN where nothing was measured. */
  readonly y: Float64Array;
  readonly x: Float64Array;
  readonly counts: ArrayLike<number>;
  /** Variance of the pattern along one axis, pixels squared; undefined if it is unknown. */
  readonly spread: number | undefined;
  /** The descan that was subtracted, (y, x) in the axes of the shifts; null for none. */
  readonly descan: Float64Array | null;
}

/** Share of the variance of shifts that may follow the descan without a note. */
const maxOfDescan = 0.25;

/** A note if what a descan leaves of shifts varies as it does. */
function descanNote({ y, x, descan }: MeasuredShifts): string[] {
  if (!descan) return [];
  const valid = Array.from(y.keys()).filter((i) => Number.isFinite(y[i]) && Number.isFinite(x[i]));
  const centred = (of: (i: number) => number): number[] => {
    const mean = valid.reduce((sum, i) => sum + of(i), 0) / valid.length;
    return valid.map((i) => of(i) - mean);
  };
  const field = [...centred((i) => y[i] as number), ...centred((i) => x[i] as number)];
  const moved = [...centred((i) => descan[2 * i] as number), ...centred((i) => descan[2 * i + 1] as number)];
  const dot = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, v, i) => sum + v * (q[i] as number), 0);
  const size = dot(moved, moved);
  const part = dot(field, moved) / size;
  const share = (part * part * size) / dot(field, field);
  if (!(share > maxOfDescan)) return [];
  return [
    `${(100 * share).toFixed(0)} % of the variance of the shifts follow the descan that was subtracted, which is ` +
      `${(100 * Math.abs(part)).toFixed(0)} % too ${part > 0 ? 'small' : 'large'} for them: the object has a field of this ` +
      'form, or the mask cuts the disk or holds what does not move with it; regression plane subtracts either',
  ];
}

/** Their integral. */
export interface IntegratedShifts {
  readonly scanRotation: number;
  readonly flipY: boolean;
  readonly phase: Float64Array;
  /** Variance of an integral of shifts of variance 1. */
  readonly gain: number;
  readonly integrate: (y: Float64Array, x: Float64Array) => Float64Array;
}

/** Notes that say that results are wrong as they are, and others. */
interface ComNotes {
  readonly faults: string[];
  readonly doubts: string[];
}

/** The note on pixels without a count; `isWhole` if all of a frame is used. */
export const comLeftOut = (within: Uint8Array, marks: Uint8Array | undefined, isWhole: boolean): string[] =>
  marks
    ? leftOutUnder(within, marks, isWhole ? 'a frame' : 'the disk', 'the centre of mass is that of the others')
    : [];

/** The sum with 0 where there is no count, and the pixels of it that are used: those that always have the largest number are not. */
function patternOf({ sum, within, marks, dtype, frames }: MeasuredShifts) {
  const data = marks ? sum.data.map((value, i) => (marks[i] ? 0 : value)) : sum.data;
  const used = within.slice();
  const stuck = stuckPixels(data, used, dtype, frames);
  for (const i of stuck) used[i] = 0;
  return { sum: { ...sum, data }, used, stuck: stuckKinds(stuck, { ...sum, data }, dtype, frames) };
}

/** What is to be said of shifts. */
export function comNotes(shifts: MeasuredShifts): ComNotes {
  const { dtype, nav, disk, y, x, counts, spread } = shifts;
  const { sum, used, stuck } = patternOf(shifts);
  const field = new Float64Array(2 * y.length);
  for (let i = 0; i < y.length; i++) field.set([y[i] as number, x[i] as number], 2 * i);
  return {
    faults: [...beamFaults(sum, disk), ...stuckFaults(stuck, dtype)],
    doubts: [
      ...stuckDoubts(stuck, dtype),
      ...(disk.r === null ? [] : [...beamDoubts(sum, disk), ...patternDoubts({ sum, used })]),
      ...emptyNote(counts),
      ...descanNote(shifts),
      ...comNoise({ dtype, nav }, { field, counts }, spread),
    ],
  };
}

/** What is to be said of shifts and of their integral. */
export function icomNotes(shifts: MeasuredShifts, integral: IntegratedShifts): ComNotes {
  const { dtype, nav, disk, y, x, counts, spread } = shifts;
  const { scanRotation, flipY, phase, gain, integrate } = integral;
  const { sum, used, stuck } = patternOf(shifts);
  const field = { y, x, nav: nav as [number, number], scanRotation, flipY, sum, used };
  return {
    faults: [...fieldFaults(field), ...beamFaults(sum, disk), ...stuckFaults(stuck, dtype)],
    doubts: [
      ...stuckDoubts(stuck, dtype),
      ...emptyNote(counts),
      ...descanNote(shifts),
      ...beamDoubts(sum, disk),
      ...fieldDoubts(field, phase, integrate),
      ...icomNoise({ dtype }, phase, counts, spread, gain),
    ],
  };
}
