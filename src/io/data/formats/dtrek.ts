/**
 * The keys that d*TREK adds to SMV, as detectors of Rigaku write them: those of the detector begin with its name,
 * `DETECTOR_NAMES=CCD_; CCD_GONIO_VALUES=…`. Lengths are in mm, angles in degrees.
 */
import type { Metadata, Note } from '../dataset.js';

/** Angles below this one, degrees, do not move the beam by a pixel. */
const leastAngle = 0.01;

/** Metadata and notes of a header; undefined if it is not one of d*TREK. */
export function dtrekMetadata(
  values: ReadonlyMap<string, string>,
): { readonly meta: Metadata; readonly notes: readonly Note[] } | undefined {
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
  const distance = axes.find(({ name }) => /dist|transz/i.test(name))?.value;
  const moved = axes.filter(({ name, value }) => !/dist|transz/i.test(name) && Math.abs(value) > leastAngle);
  const [start, end, width, exposure] = wordsOf(values.get('ROTATION')).map(Number);
  const range = width || (end ?? Number.NaN) - (start ?? Number.NaN);
  // A detector that is turned or shifted has neither this distance nor this centre of the beam.
  const isPlain = moved.length === 0;
  return {
    meta: {
      ...(distance && isPlain ? { distanceM: distance / 1000 } : {}),
      ...(pixelX && pixelY ? { pixelSizeM: { x: pixelX / 1000, y: pixelY / 1000 } } : {}),
      ...(isNumber(positionX) && isNumber(positionY) && isPlain
        ? { beamCentrePx: { x: positionX, y: positionY } }
        : {}),
      ...(isNumber(start) && isNumber(range) ? { oscillationDeg: { start, range } } : {}),
      ...(exposure ? { exposureS: exposure } : {}),
    },
    notes: isPlain
      ? []
      : [
          {
            kind: 'missing',
            text:
              `the position of the detector: it is turned or shifted (${moved.map(formatAxis).join(', ')}), which this ` +
              'reader does not follow; use a .geom file',
          },
        ],
  };
}

interface Axis {
  readonly name: string;
  readonly value: number;
  readonly unit: string | undefined;
}

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
