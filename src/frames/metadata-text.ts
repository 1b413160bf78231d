/** Metadata in words: lengths in a convenient unit, and nothing that a file does not state. */

import { counted } from '../util/amounts.js';
import { wordTable } from '../util/word-table.js';
import { noCountTexts } from './count-limits.js';
import type { Metadata } from './dataset.js';

const short = (x: number): string => String(Number(x.toPrecision(6)));

/** A length in a convenient unit. */
function length(metres: number): string {
  if (metres >= 1) return `${short(metres)} m`;
  if (metres >= 1e-3) return `${short(metres * 1e3)} mm`;
  if (metres >= 1e-6) return `${short(metres * 1e6)} µm`;
  return `${short(metres * 1e9)} nm`;
}

const signedLength = (metres: number): string => (metres < 0 ? `−${length(-metres)}` : length(metres));

const lengthUnits = wordTable<number>({
  m: 1,
  cm: 1e-2,
  mm: 1e-3,
  µm: 1e-6,
  um: 1e-6,
  nm: 1e-9,
  pm: 1e-12,
});

/** A step of an axis: lengths and inverse lengths in a convenient unit. */
function step(scale: number, unit: string): string {
  const plain = lengthUnits[unit];
  if (plain !== undefined) return signedLength(scale * plain);
  const inverse = lengthUnits[/^1\/(.+)$/.exec(unit)?.[1] ?? ''];
  return inverse === undefined ? `${short(scale)} ${unit}` : `${short((scale / inverse) * 1e-9)} 1/nm`;
}

/** Describes the panels that a file places, as `ewald index` uses them without a geometry. */
function placed(panels: NonNullable<Metadata['panels']>): string {
  const distances = panels.map(({ cornerM }) => cornerM[2]);
  const [near, far] = [Math.min(...distances), Math.max(...distances)].map(length);
  const pixels = [...new Set(panels.map(({ fastM }) => length(Math.hypot(...fastM))))];
  const [first = ''] = pixels;
  return (
    `${counted(panels.length, 'panel')} with stated positions, at ${near === far ? near : `${near} to ${far}`}, ` +
    `pixels of ${pixels.length === 1 ? first : `about ${first}`}`
  );
}

const onDetector = ({ degrees, flipY }: NonNullable<Metadata['detectorAxes']>): string =>
  `${degrees === undefined ? '' : `at ${short(degrees)}° and `}${flipY ? 'mirrored' : 'not mirrored'} on the detector`;

/** Behind a number of which the file has one for each frame. */
const ofFirst = ' in the first frame; each frame has its own';

/** Metadata as pairs of a name and a text, the most relevant first. */
export function* metadataText(meta: Metadata): Generator<[string, string]> {
  const maker = [meta.maker, meta.detector, meta.serial && `serial ${meta.serial}`].filter(Boolean);
  if (maker.length > 0) yield ['maker', maker.join(', ')];
  if (meta.date) yield ['date', meta.date];
  if (meta.voltageV)
    yield ['beam', `electrons of ${short(meta.voltageV / 1000)} kV, wavelength ${short(meta.wavelengthA ?? 0)} Å`];
  else if (meta.wavelengthA)
    yield [
      'beam',
      `wavelength ${short(meta.wavelengthA)} Å = ${short(12.398419843320026 / meta.wavelengthA)} keV photons` +
        (meta.ofEachFrame?.radiation ? ofFirst : ''),
    ];
  if (meta.panels?.length) yield ['panels', placed(meta.panels)];
  if (meta.distanceM) yield ['distance', length(meta.distanceM) + (meta.ofEachFrame?.distance ? ofFirst : '')];
  if (meta.cameraLengthM) yield ['camera', `camera length ${length(meta.cameraLengthM)}`];
  if (meta.convergenceRad) yield ['probe', `convergence semi-angle ${short(meta.convergenceRad * 1e3)} mrad`];
  const scan = [
    meta.scanStepM && `steps of ${length(meta.scanStepM.x)} × ${length(meta.scanStepM.y)} (x × y)`,
    meta.scanRotationDeg !== undefined && `turned by ${short(meta.scanRotationDeg)}°, as the microscope states`,
    meta.detectorAxes && onDetector(meta.detectorAxes),
  ].filter(Boolean);
  if (scan.length > 0) yield ['scan', scan.join(', ')];
  if (meta.pixelSizeM) yield ['pixels', `${length(meta.pixelSizeM.x)} × ${length(meta.pixelSizeM.y)} (x × y)`];
  if (meta.beamCentrePx)
    yield ['beam centre', `x ${short(meta.beamCentrePx.x)}, y ${short(meta.beamCentrePx.y)} pixels`];
  if (meta.exposureS) yield ['exposure', `${short(meta.exposureS)} s a frame`];
  if (meta.oscillationDeg)
    yield [
      'rotation',
      meta.oscillationDeg.range === 0
        ? `none, at ${short(meta.oscillationDeg.start)}°`
        : `from ${short(meta.oscillationDeg.start)}° in steps of ${short(meta.oscillationDeg.range)}°`,
    ];
  if (meta.sensor)
    yield [
      'sensor',
      [meta.sensor.material, meta.sensor.thicknessM && length(meta.sensor.thicknessM)].filter(Boolean).join(', '),
    ];
  const limits = [
    meta.bitDepth && `${meta.bitDepth} bit${meta.bitDepth === 1 ? '' : 's'} per pixel`,
    meta.saturation !== undefined && `overloads above ${meta.saturation}`,
    ...noCountTexts(meta).map((text) => `no count ${text}`),
  ].filter(Boolean);
  if (limits.length > 0) yield ['values', limits.join(', ')];
  // Axes that merely count pixels carry no information.
  const axes = (meta.axes ?? []).filter(
    ({ scale, unit }) => scale !== undefined && scale !== 0 && (unit || scale !== 1),
  );
  if (axes.length > 0)
    yield [
      'axes',
      `${axes.map(({ name, scale = 1, unit = '' }) => `${name} ${step(scale, unit)}`.trim()).join(', ')} a step`,
    ];
}
