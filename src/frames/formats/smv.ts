/** SMV, the format of ADSC and many other detectors (.img): a text header of HEADER_BYTES bytes, then one image. */

import { badFile } from '../../bytes/bad-file.js';
import type { ByteSource } from '../../bytes/byte-source.js';
import { type DataType, elementBytes } from '../../bytes/dtype.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { checkFileBytes } from '../cut-files.js';
import type { Metadata, Note } from '../dataset.js';
import type { Format } from '../format.js';
import { openFrames } from '../frames.js';
import { type HeaderValues, headerPlace, headerQuantity, headerWavelength, statesUnit } from '../header-quantity.js';
import { notesOnNumbers } from '../numbers-doubt.js';
import { checkFrameFits, checkHeaderSize, navigationShape } from '../shapes.js';
import { headerNumber, readTextHeader } from '../text-header.js';
import { anglesOf, withoutPlace } from '../turned-detector.js';
import { dtrekMetadata, raxisDecoder } from './dtrek.js';

/** Bits of the words of C; a long has 32. */
const bitsOf = [
  [/char|byte/, 8],
  [/short/, 16],
  [/long|int/, 32],
] as const;

/** The type of a header in C's words, however they are joined: `unsigned_short`, `long int`, `UNSIGNED SHORT INT`. */
function typeOf(stated: string): DataType | undefined {
  const words = stated
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();
  if (!/^((un)?signed ?)?(char|byte|short|long|int|integer|float|double)?( ?(int|integer|ieee|real))?$/.test(words))
    return undefined;
  if (/float|real/.test(words)) return 'f32';
  if (/double/.test(words)) return 'f64';
  const [, bits] = bitsOf.find(([word]) => word.test(words)) ?? [];
  return bits === undefined ? undefined : (`${/unsigned/.test(words) ? 'u' : 'i'}${bits}` as DataType);
}

export const smv: Format = {
  name: 'smv',
  title: 'SMV (ADSC and others)',
  endings: ['img'],
  options: ['endian'],
  detect({ text }) {
    return /^\{\s*HEADER_BYTES\s*=\s*\d+/.test(text)
      ? { confidence: 1, why: 'it starts with { HEADER_BYTES=' }
      : undefined;
  },
  async open(source, options) {
    const { values } = await readTextHeader(source, 0, options.signal);
    const offset = checkHeaderSize(source, 'HEADER_BYTES', headerNumber(values, 'HEADER_BYTES') ?? 0, 1, source.size);
    const width = checkHeaderSize(source, 'SIZE1', headerNumber(values, 'SIZE1') ?? 0);
    const height = checkHeaderSize(source, 'SIZE2', headerNumber(values, 'SIZE2') ?? 0);
    const type = values.get('TYPE') ?? values.get('DATA_TYPE') ?? 'unsigned_short';
    const stored = typeOf(type);
    if (!stored)
      throw badFile(source, `TYPE is ${type}; expected signed or unsigned char, short or long, float or double`);
    if (values.get('COMPRESSION') && !/^none$/i.test(values.get('COMPRESSION') ?? ''))
      throw badFile(source, `COMPRESSION ${values.get('COMPRESSION')} cannot be read`);
    const storedBytes = width * height * elementBytes(stored);
    checkFrameFits(source, offset, storedBytes, `an image of ${height} × ${width} ${stored}`);
    const { meta, notes } = describe(source, values, width, height);
    const order = values.get('BYTE_ORDER');
    const little = options.endian ? options.endian === 'little' : !/big/i.test(order ?? '');
    const decode = stored === 'u16' ? raxisDecoder(headerNumber(values, 'RAXIS_COMPRESSION_RATIO'), little) : undefined;
    const numbers = { offset, bytes: storedBytes, dtype: stored, little };
    const doubts = options.endian ? await notesOnNumbers(source, numbers) : [];
    return openFrames(source, {
      format: 'smv',
      shape: { nav: navigationShape(source, 1, [], options), sig: [height, width] },
      dtype: decode ? 'u32' : stored,
      meta,
      notes:
        order || options.endian
          ? [...notes, ...doubts]
          : [...notes, { kind: 'guess', text: 'no BYTE_ORDER: little is assumed', option: 'endian' }],
      sizes: [checkFileBytes(source, offset + storedBytes)],
      offset,
      storedBytes,
      little,
      decode,
    });
  },
};

function describe(
  source: ByteSource,
  values: ReadonlyMap<string, string>,
  width: number,
  height: number,
): { readonly meta: Metadata; readonly notes: readonly Note[] } {
  // d*TREK states the number of wavelengths first.
  const ofSource = /^\s*\d+\s+(.*)/.exec(values.get('SOURCE_WAVELENGTH') ?? '')?.[1];
  const header: HeaderValues = {
    source,
    get: (key) => (key === 'SOURCE_WAVELENGTH' ? ofSource : values.get(key)),
  };
  const pixelMm = headerQuantity(header, 'length', 'mm', 'PIXEL_SIZE');
  const distanceMm = headerQuantity(header, 'length', 'mm', 'DISTANCE');
  const { centre, notes } = beamCentre(header, pixelMm, width, height);
  const start = headerQuantity(header, 'angle', 'deg', 'OSC_START', 'PHI');
  const range = headerQuantity(header, 'angle', 'deg', 'OSC_RANGE');
  const dtrek = dtrekMetadata(source, values);
  const angles = anglesOf(header, values.keys());
  const described = {
    meta: omitUndefined({
      serial: values.get('DETECTOR_SN') || undefined,
      detector: values.get('BEAMLINE') || undefined,
      date: values.get('DATE') || undefined,
      wavelengthA: headerWavelength(header, 'A', 'WAVELENGTH', 'SOURCE_WAVELENGTH'),
      distanceM: distanceMm ? distanceMm / 1000 : undefined,
      pixelSizeM: pixelMm ? { x: pixelMm / 1000, y: pixelMm / 1000 } : undefined,
      beamCentrePx: centre,
      oscillationDeg: start !== undefined && range !== undefined ? { start, range } : undefined,
      exposureS: headerQuantity(header, 'time', 's', 'TIME') || undefined,
      saturation: headerNumber(values, 'CCD_IMAGE_SATURATION', 'SATURATED_VALUE') || undefined,
      ...dtrek?.meta,
      header: Object.fromEntries(values),
    }),
    notes: [...notes, ...angles.notes],
  };
  return withoutPlace(described, [...angles.turned, ...(dtrek?.turned ?? [])]);
}

/**
 * The beam centre in pixels. X and Y follow no common convention: ADSC writes mm with X along the slow axis, other
 * programs write pixels; without a unit, the interpretation that places the centre on the detector is used.
 */
function beamCentre(
  header: HeaderValues,
  pixelMm: number | undefined,
  width: number,
  height: number,
): { readonly centre: { x: number; y: number } | undefined; readonly notes: Note[] } {
  const pixelM = pixelMm ? { x: pixelMm / 1000, y: pixelMm / 1000 } : undefined;
  const stated = headerPlace(header, pixelM, 'BEAM_CENTER_Y', 'BEAM_CENTER_X');
  if (!stated || !pixelMm) return { centre: undefined, notes: [] };
  const text = 'BEAM_CENTER_X and _Y follow no common convention: X is taken along the slow axis, as by ADSC';
  if (statesUnit(header, 'BEAM_CENTER_X')) return { centre: stated, notes: [{ kind: 'guess', text }] };
  const { x: fast, y: slow } = stated;
  const ofMm = { x: fast / pixelMm, y: slow / pixelMm };
  const ofPixels = { x: fast, y: slow };
  const isOn = ({ x, y }: { x: number; y: number }): boolean => x >= 0 && x <= width && y >= 0 && y <= height;
  const shown = ({ x, y }: { x: number; y: number }): string => `x ${x.toFixed(1)}, y ${y.toFixed(1)}`;
  if (isOn(ofMm))
    return {
      centre: ofMm,
      notes: [
        {
          kind: 'guess',
          text: 'BEAM_CENTER_X and _Y follow no common convention; read as by ADSC: mm, X along the slow axis',
        },
      ],
    };
  if (isOn(ofPixels))
    return {
      centre: ofPixels,
      notes: [
        {
          kind: 'guess',
          text:
            `BEAM_CENTER_X and _Y are read as pixels (${shown(ofPixels)}, X along the slow axis), because as mm they ` +
            `lie outside the detector (${shown(ofMm)})`,
        },
      ],
    };
  return {
    centre: ofMm,
    notes: [
      {
        kind: 'warning',
        text:
          `the beam centre is outside the detector, whether read as mm (${shown(ofMm)}) ` +
          `or pixels (${shown(ofPixels)})`,
      },
    ],
  };
}
