/** The text of `ewald info` about a file, for users who do not know the format. */
import type { Dataset, FileReport, FrameStatistics, Metadata } from '../entries/data.node.js';
import { openFlagOf } from './data-options.js';
import { bold, counted, dim, print, yellow } from './output.js';

/** Maximum number of arrays listed: HDF5 files may have hundreds. */
const mostArrays = 12;

/** Arrays with fewer elements, or with one axis, are coordinates and settings, not frames. */
const leastElements = 16;
const couldBeFrames = ({ shape, chosen }: Dataset['arrays'][number]): boolean =>
  chosen || (shape.length >= 2 && shape.reduce((a, b) => a * b, 1) >= leastElements);

/** The chosen array and the largest of the others, in the order of the file. */
function mostOfThem(arrays: Dataset['arrays']): Dataset['arrays'] {
  const size = (array: Dataset['arrays'][number]): number =>
    array.chosen ? Number.POSITIVE_INFINITY : array.shape.reduce((a, b) => a * b, 1);
  const least = [...arrays].sort((a, b) => size(b) - size(a)).slice(0, mostArrays);
  return arrays.filter((array) => least.includes(array));
}

const dims = (shape: readonly number[]): string => shape.join(' × ');

function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

const short = (x: number): string => String(Number(x.toPrecision(6)));

/** A length in a convenient unit. */
function length(metres: number): string {
  if (metres >= 1) return `${short(metres)} m`;
  if (metres >= 1e-3) return `${short(metres * 1e3)} mm`;
  if (metres >= 1e-6) return `${short(metres * 1e6)} µm`;
  return `${short(metres * 1e9)} nm`;
}

const signedLength = (metres: number): string => (metres < 0 ? `−${length(-metres)}` : length(metres));

const lengthUnits: Readonly<Record<string, number>> = {
  m: 1,
  cm: 1e-2,
  mm: 1e-3,
  µm: 1e-6,
  um: 1e-6,
  nm: 1e-9,
  pm: 1e-12,
};

/** A step of an axis: lengths and inverse lengths in a convenient unit. */
function step(scale: number, unit: string): string {
  const plain = lengthUnits[unit];
  if (plain !== undefined) return signedLength(scale * plain);
  const inverse = lengthUnits[/^1\/(.+)$/.exec(unit)?.[1] ?? ''];
  return inverse === undefined ? `${short(scale)} ${unit}` : `${short((scale / inverse) * 1e-9)} 1/nm`;
}

/** Describes the values of a frame. */
function values({ min, max, mean, unusable }: FrameStatistics, dtype: string): string {
  if (!Number.isFinite(min)) return 'no finite number';
  const spoilt =
    unusable === undefined
      ? ''
      : `, ${unusable === 0 ? 'no' : unusable} pixel${unusable === 1 ? '' : 's'} outside the valid range`;
  return `${dtype.startsWith('c') ? 'moduli ' : ''}${short(min)} … ${short(max)}, mean ${short(mean)}${spoilt}`;
}

/** Writes a report in words. */
export function tell(report: FileReport, header: boolean): void {
  const { file, title, why, shape, frames, dtype, frameBytes, filters, firstFrame, meta, arrays, sizes } = report;
  const line = (name: string, text: string): void => print(`  ${dim(name.padEnd(12))} ${text}`);
  print(`${bold(file)}  ${title}${why ? dim(`: ${why}`) : ''}`);
  const { navigation, signal } = shape;
  const many =
    frames === 1 && navigation.length === 0
      ? '1 frame'
      : `${navigation.length > 1 ? `${dims(navigation)} = ` : ''}${frames} frame${frames === 1 ? '' : 's'}`;
  line(
    'frames',
    `${many} of ${dims(signal)} ${dtype}, ${size(frameBytes)}${frames > 1 ? ' each' : ''}${frames > 1 ? `, ${size(frames * frameBytes)} in all` : ''}`,
  );
  if (filters.length > 0) line('stored', filters.join(', '));
  if (firstFrame) line('first frame', values(firstFrame, dtype));
  for (const [name, text] of described(meta)) line(name, text);
  for (const { what, expected, found } of sizes)
    if (expected === found) line('size', `${what}: ${found}, as expected`);
    else if (expected < found) line('size', `${what}: ${found}, of which ${expected} are required`);
    else line('size', yellow(`${what}: ${expected} expected, ${found} found`));
  if (report.maskedPixels !== undefined)
    line('mask', `the file's mask, ${report.maskedPixels === 0 ? 'no pixel' : `${report.maskedPixels} pixels`} marked`);
  if (report.peakList !== undefined) line('peaks', `listed by the file, in ${report.peakList}`);
  if (arrays.length > 1) {
    const shown = mostOfThem(arrays.filter(couldBeFrames));
    line('arrays', `${arrays.length} in this file; another one by --dataset NAME:`);
    for (const array of shown)
      line('', `${array.chosen ? '●' : ' '} ${array.name}  ${dim(`${dims(array.shape)} ${array.dtype}`)}`);
    if (shown.length < arrays.length)
      line(
        '',
        dim(
          `  and ${
            arrays.length - shown.length === 1 ? 'a smaller one' : `${arrays.length - shown.length} smaller ones`
          }; --json lists all of them`,
        ),
      );
  }
  for (const { kind, text, option } of report.notes)
    line(
      kind === 'guess' ? 'guessed' : kind === 'missing' ? 'not told' : kind,
      `${kind === 'warning' ? yellow(text) : text}${option ? dim(`; ${openFlagOf(option)} overrides`) : ''}`,
    );
  if (report.damaged !== undefined) line('warning', yellow(report.damaged));
  // A note may already have reported it, with advice.
  const untold = report.missing.filter(
    (word) => !report.notes.some(({ kind, text }) => kind === 'missing' && text.includes(word)),
  );
  if (untold.length > 0) line('not told', untold.join(', '));
  if (report.alsoLikely.length > 0)
    line(
      'could be',
      report.alsoLikely.map(({ format, why }) => `${format} (${why})`).join(', ') + dim('; override with --format'),
    );
  line('options', `${report.options.map(openFlagOf).join(' ')} ${dim('if the above is wrong')}`);
  if (header)
    for (const [key, value] of Object.entries(meta.header ?? {}))
      line('header', `${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);
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

/** Describes metadata in order of relevance. */
function* described(meta: Metadata): Generator<[string, string]> {
  const maker = [meta.maker, meta.detector, meta.serial && `serial ${meta.serial}`].filter(Boolean);
  if (maker.length > 0) yield ['maker', maker.join(', ')];
  if (meta.date) yield ['date', meta.date];
  if (meta.voltageV)
    yield ['beam', `electrons of ${short(meta.voltageV / 1000)} kV, wavelength ${short(meta.wavelengthA ?? 0)} Å`];
  else if (meta.wavelengthA)
    yield [
      'beam',
      `wavelength ${short(meta.wavelengthA)} Å = ${short(12.398419843320026 / meta.wavelengthA)} keV photons`,
    ];
  if (meta.panels?.length) yield ['panels', placed(meta.panels)];
  if (meta.distanceM) yield ['distance', length(meta.distanceM)];
  if (meta.cameraLengthM) yield ['camera', `camera length ${length(meta.cameraLengthM)}`];
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
    meta.underload !== undefined && `no count below ${meta.underload}`,
    meta.markers && `no count where ${meta.markers.join(' or ')}`,
  ].filter(Boolean);
  if (limits.length > 0) yield ['values', limits.join(', ')];
  // Axes that merely count pixels carry no information.
  const axes = (meta.axes ?? []).filter(
    ({ scale, unit }) => scale !== undefined && scale !== 0 && (unit || scale !== 1),
  );
  if (axes.length > 0)
    yield [
      'axes',
      axes.map(({ name, scale = 1, unit = '' }) => `${name} ${step(scale, unit)}`.trim()).join(', ') + dim(' a step'),
    ];
}
