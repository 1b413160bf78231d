/** The text of `ewald info` about a file, for users who do not know the format. */

import { counted, metadataText } from '../entries/command.node.js';
import type { Dataset, FileReport, FrameStatistics } from '../entries/data.node.js';
import { openFlagOf } from './data-options.js';
import { bold, dim, print, yellow } from './output.js';

/** Maximum number of arrays listed: HDF5 files may have hundreds. */
const maxArrays = 12;

/** Arrays with fewer elements, or with one axis, are coordinates and settings, not frames. */
const minElements = 16;
const couldBeFrames = ({ shape, chosen }: Dataset['arrays'][number]): boolean =>
  chosen || (shape.length >= 2 && shape.reduce((a, b) => a * b, 1) >= minElements);

/** The chosen array and the largest of the others, in the order of the file. */
function largestArrays(arrays: Dataset['arrays']): Dataset['arrays'] {
  const size = (array: Dataset['arrays'][number]): number =>
    array.chosen ? Number.POSITIVE_INFINITY : array.shape.reduce((a, b) => a * b, 1);
  const least = [...arrays].sort((a, b) => size(b) - size(a)).slice(0, maxArrays);
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

/** In six digits; beyond 2⁵³, where numbers are rounded, without the digits that they do not have. */
const short = (x: number): string =>
  Math.abs(x) > Number.MAX_SAFE_INTEGER ? x.toExponential(5) : String(Number(x.toPrecision(6)));

/** A value as the file has it: counts to their last digit. */
const number = (x: number): string => (Number.isSafeInteger(x) ? String(x) : short(x));

/** Describes the values of a frame. */
function values({ min, max, mean, unusable }: FrameStatistics, dtype: string): string {
  if (!Number.isFinite(min)) return unusable ? 'no count' : 'no finite number';
  const spoilt =
    unusable === undefined
      ? ''
      : `, ${unusable === 0 ? 'no' : unusable} pixel${unusable === 1 ? '' : 's'} outside the valid range`;
  return `${dtype.startsWith('c') ? 'moduli ' : ''}${number(min)} … ${number(max)}, mean ${short(mean)}${spoilt}`;
}

/** Writes a report in words. */
export function writeReport(report: FileReport, header: boolean): void {
  const { file, title, why, shape, frames, dtype, frameBytes, filters, firstFrame, meta, arrays, sizes } = report;
  const line = (name: string, text: string): void => print(`  ${dim(name.padEnd(12))} ${text}`);
  print(`${bold(file)}  ${title}${why ? dim(`: ${why}`) : ''}`);
  const { nav: navigation, sig: signal } = shape;
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
  if (report.selected)
    line('selected', `${counted(report.selected.frames, 'frame')}: ${values(report.selected, dtype)}`);
  for (const [name, text] of metadataText(meta)) line(name, text);
  for (const { what, expected, found } of sizes)
    if (expected === found) line('size', `${what}: ${found}, as expected`);
    else if (expected < found) line('size', `${what}: ${found}, of which ${expected} are required`);
    else line('size', yellow(`${what}: ${expected} expected, ${found} found`));
  if (report.maskedPixels !== undefined)
    line(
      'mask',
      `the file's mask, ${report.maskedPixels === 0 ? 'no pixel' : `${report.maskedPixels} pixels`} marked` +
        `${report.maskVaries ? ' in the first frame; each frame has a mask of its own' : ''}`,
    );
  if (report.peakList !== undefined) line('peaks', `listed by the file, in ${report.peakList}`);
  if (arrays.length > 1) {
    const shown = largestArrays(arrays.filter(couldBeFrames));
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
      kind === 'guess' ? 'guessed' : kind === 'missing' ? 'missing' : kind,
      `${kind === 'warning' ? yellow(text) : text}${option ? dim(`; ${openFlagOf(option)} overrides`) : ''}`,
    );
  if (report.damaged !== undefined) line('warning', yellow(report.damaged));
  // A note may already have reported it, with advice.
  const untold = report.missing.filter(
    (word) => !report.notes.some(({ kind, text }) => kind === 'missing' && text.includes(word)),
  );
  if (untold.length > 0) line('missing', untold.join(', '));
  if (report.alsoLikely.length > 0)
    line(
      'could be',
      report.alsoLikely.map(({ format, why }) => `${format} (${why})`).join(', ') + dim('; override with --format'),
    );
  line('options', `${report.options.map(openFlagOf).join(' ')} ${dim('to override')}`);
  if (header)
    for (const [key, value] of Object.entries(meta.header ?? {}))
      line('header', `${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}`);
}
