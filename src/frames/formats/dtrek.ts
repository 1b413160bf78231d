/**
 * The keys that d*TREK adds to SMV, as detectors of Rigaku write them: those of the detector begin with its name,
 * `DETECTOR_NAMES=CCD_; CCD_GONIO_VALUES=…`. Lengths are in mm, angles in degrees.
 */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { unitFactor } from '../../util/units.js';
import type { Metadata } from '../dataset.js';
import { leastAngleDeg } from '../turned-detector.js';

/**
 * Metadata of a header, and the axes by which its detector is turned or shifted; undefined if it is not one of d*TREK.
 * Throws `Format` for an unknown unit.
 */
export function dtrekMetadata(
  source: ByteSource,
  values: ReadonlyMap<string, string>,
): { readonly meta: Metadata; readonly turned: readonly string[] } | undefined {
  const [detector] = wordsOf(values.get('DETECTOR_NAMES'));
  if (detector === undefined) return undefined;
  const own = (key: string): string[] => wordsOf(values.get(`${detector.toUpperCase()}${key}`));
  const numbers = (key: string): number[] => own(key).map(Number);
  const [beamX, beamY, pixelX, pixelY] = numbers('SPATIAL_DISTORTION_INFO');
  const [positionX = beamX, positionY = beamY] = numbers('SPATIAL_BEAM_POSITION');
  const axes = own('GONIO_NAMES').map(
    (name, i): Axis => ({
      name,
      value: numbers('GONIO_VALUES')[i] ?? Number.NaN,
      unit: own('GONIO_UNITS')[i],
    }),
  );
  const away = axes.find(({ name }) => /dist|transz/i.test(name));
  const distanceM = away && away.value * factorOf(source, away, 'length');
  const moved = axes.filter((axis) => axis !== away && isMoved(source, axis));
  const [start, end, width, exposure] = wordsOf(values.get('ROTATION')).map(Number);
  const range = width || (end ?? Number.NaN) - (start ?? Number.NaN);
  return {
    meta: omitUndefined({
      distanceM: distanceM || undefined,
      pixelSizeM: pixelX && pixelY ? { x: pixelX / 1000, y: pixelY / 1000 } : undefined,
      beamCentrePx: isNumber(positionX) && isNumber(positionY) ? { x: positionX, y: positionY } : undefined,
      oscillationDeg: isNumber(start) && isNumber(range) ? { start, range } : undefined,
      exposureS: exposure || undefined,
    }),
    turned: moved.map(formatAxis),
  };
}

interface Axis {
  readonly name: string;
  readonly value: number;
  readonly unit: string | undefined;
}

/** The factor to metres or radians; without units, lengths are in mm and angles in degrees. Throws `Format`. */
function factorOf(source: ByteSource, { name, unit }: Axis, kind: 'length' | 'angle'): number {
  const factor = unitFactor(kind, unit ?? (kind === 'length' ? 'mm' : 'deg'));
  if (factor === undefined)
    throw badFile(
      source,
      `the header states ${name} in "${unit}"; expected ${kind === 'length' ? 'mm, cm, m' : 'deg, rad'}`,
    );
  return factor;
}

/** Whether an axis is at another place than 0, by more than a rounding error. */
function isMoved(source: ByteSource, axis: Axis): boolean {
  const { name, value, unit } = axis;
  const isShift = /^trans/i.test(name) || (unit !== undefined && unitFactor('length', unit) !== undefined);
  if (!(Math.abs(value) > 0)) return false;
  if (isShift) return Math.abs(value * factorOf(source, axis, 'length')) > leastShiftM;
  return Math.abs(value * factorOf(source, axis, 'angle')) > (leastAngleDeg * Math.PI) / 180;
}

/** Shifts below this one do not move the beam by a pixel. */
const leastShiftM = 1e-5;

const wordsOf = (text = ''): string[] => text.split(/\s+/).filter((word) => word !== '');
const formatAxis = ({ name, value, unit }: Axis): string => `${name} ${value}${unit === undefined ? '' : ` ${unit}`}`;
const isNumber = (value: number | undefined): value is number => Number.isFinite(value);

/**
 * Decodes counts beyond 15 bits: with the highest bit set, the others are the count divided by `ratio`. Undefined if the
 * header states no ratio. The numbers keep the byte order of the file.
 */
export function raxisDecoder(
  ratio: number | undefined,
  little: boolean,
): ((stored: Uint8Array, into: Uint8Array) => void) | undefined {
  if (ratio === undefined || ratio <= 1) return undefined;
  return (stored, into) => {
    const from = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    const to = new DataView(into.buffer, into.byteOffset, into.byteLength);
    for (let at = 0; at < stored.length; at += 2) {
      const value = from.getUint16(at, little);
      to.setUint32(2 * at, value < 2 ** 15 ? value : (value - 2 ** 15) * ratio, little);
    }
  };
}
