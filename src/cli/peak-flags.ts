/** Flags of peaks, with CrystFEL's names, of every command that takes frames; and what they mean. */
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { choice } from '../base/options.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import { peakRadii, peaksRanges } from '../layout/peaks.js';
import type { FinderName } from '../peaks/contract.js';
import { finderNames, finderParameters, refuseOthers } from '../peaks/finders.js';
import type { RingRadii } from '../pipeline/integrate.js';
import type { ListedSettings } from '../pipeline/listed.js';
import type { PeakParameters, SearchSettings } from '../pipeline/settings.js';
import { parseInteger, parseNumber } from './output.js';

/** As the command line gives them. */
export interface PeakFlags {
  peaks?: string;
  hdf5Peaks?: string;
  halfPixelShift?: boolean;
  revalidate?: boolean;
  threshold?: string;
  minSnr?: string;
  minPixCount?: string;
  maxPixCount?: string;
  localBgRadius?: string;
  minSquaredGradient?: string;
  peakRadius?: string;
  gain?: string;
  kernelSize?: string;
  sigmaBackground?: string;
  sigmaStrong?: string;
  minCount?: string;
  minRes?: string;
  maxRes?: string;
  /** Of commands that integrate: zaef's radii where it has none of its own. */
  intRadius?: string;
}

/** Adds the flags of peaks to a command. */
export function withPeakFlags(command: Command): Command {
  return command
    .option(
      '--peaks <method>',
      `how peaks are found: ${finderNames.join(', ')}; or taken from the file: ${listNames.join(', ')}`,
      'peakfinder8',
    )
    .option(
      '--hdf5-peaks <path>',
      'cxi, hdf5: group or table of the peaks; default: peak_list of the geometry, or where the file has them',
    )
    .option('--no-half-pixel-shift', 'cxi, hdf5: positions already count from the corner of the first pixel')
    .option('--no-revalidate', 'cxi, hdf5: also take peaks on bad pixels')
    .option('--threshold <n>', 'values at or below belong to no peak; default: from the first frames, of dispersion 0')
    .option('--min-snr <n>', 'sigmas of a peak above its surroundings')
    .option('--min-pix-count <n>', 'peakfinder8, dispersion: pixels of a peak, at least')
    .option('--max-pix-count <n>', 'peakfinder8, dispersion: pixels of a peak, at most')
    .option('--local-bg-radius <n>', 'peakfinder8: surroundings of a peak reach twice as far, pixels')
    .option('--min-squared-gradient <n>', 'zaef: steepness of a peak, at least; default: 100000')
    .option(
      '--peak-radius <a,b,c>',
      'zaef: radii of peaks and their background, pixels; default: --int-radius, or from the first frames',
    )
    .option('--gain <n>', 'dispersion: units of the frame a count; default: 1')
    .option('--kernel-size <n>', 'dispersion: its window reaches as far to each side, pixels; default: 3')
    .option('--sigma-background <n>', 'dispersion: variance over mean above what counting makes, sigmas; default: 6')
    .option('--sigma-strong <n>', 'dispersion: a pixel above the mean of its window, sigmas; default: 3')
    .option('--min-count <n>', 'dispersion: good pixels of a window, at least; default: 2')
    .option('--min-res <n>', 'no peaks nearer to the beam, pixels', '0')
    .option('--max-res <n>', 'no peaks farther from the beam, pixels; 0 is no limit', '0');
}

/** Where peaks are taken from in place of a search: CXI's columns, a table of an HDF5 file. */
export const listNames = ['cxi', 'hdf5', 'msgpack'] as const;
export type ListName = (typeof listNames)[number];
/** Where CrystFEL looks for a table. */
const usualTable = '/processing/hitfinder/peakinfo';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The flags after their checks. */
export interface CheckedPeaks {
  readonly settings: Pick<SearchSettings, 'finder' | 'listed' | 'minRes' | 'maxRes'>;
  /** Of the search, those that were given. */
  readonly peaks: PeakParameters;
  /** Of integration, where they were given. */
  readonly integration: RingRadii | undefined;
  /** Where peaks are taken from in place of a search. */
  readonly list: ListName | undefined;
}

/** Checks the flags of peaks. Throws `Argument`. */
export function checkPeakFlags(flags: PeakFlags): CheckedPeaks {
  const method = choice<FinderName | ListName>('--peaks', flags.peaks as FinderName | undefined, 'peakfinder8', [
    ...finderNames,
    ...listNames,
  ]);
  const list = listNames.find((name) => name === method);
  const finder = list ? undefined : (method as FinderName);
  if (list) refuseSearch(flags, list);
  else {
    refuseLists(flags, method);
    refuseOthers('', flags as Readonly<Record<string, unknown>>, method as FinderName, (name) => `--${kebab(name)}`);
  }
  const peaks = Object.fromEntries(
    Object.entries(peaksRanges).flatMap(([name, { low, high }]) => {
      const text = flags[name as keyof typeof peaksRanges];
      const parse = /Count|Radius|Size/.test(name) ? parseInteger : parseNumber;
      return text === undefined ? [] : [[name, parse(text, `--${kebab(name)}`, low, high)]];
    }),
  ) as PeakParameters;
  const integration = flags.intRadius === undefined ? undefined : radiiOf(flags.intRadius, '--int-radius');
  const ofPeaks = flags.peakRadius === undefined ? undefined : radiiOf(flags.peakRadius, '--peak-radius');
  const radii = ofPeaks ?? integration;
  if (finder === 'zaef' && radii && !radii.every((r) => r >= peakRadii.low && r <= peakRadii.high))
    throw new EwaldError(
      'Argument',
      `--peak-radius is "${radii}" (without it, --int-radius); radii of zaef are ${peakRadii.low} to ${peakRadii.high} pixels`,
    );
  return {
    settings: {
      ...(finder ? { finder } : {}),
      ...(list ? { listed: listedOf(flags, list) } : {}),
      minRes: parseNumber(flags.minRes ?? '0', '--min-res', 0, 1e6),
      maxRes: parseNumber(flags.maxRes ?? '0', '--max-res', 0, 1e6),
    },
    peaks: finder === 'zaef' && radii ? { ...peaks, peakRadius: radii } : peaks,
    integration,
    list,
  };
}

/** Peak lists stand where the flag says, or the geometry, or the file. */
export const listedBy = (
  { listed }: Pick<SearchSettings, 'listed'>,
  { hdf5Peaks }: PeakFlags,
  geometry: Geometry | undefined,
): Pick<SearchSettings, 'listed'> => {
  const path = hdf5Peaks ?? geometry?.peakList?.path;
  return listed && path !== undefined ? { listed: { ...listed, path } } : {};
};

/** Parameters of a search where there is none. */
function refuseSearch(flags: PeakFlags, list: ListName): void {
  for (const finder of finderNames)
    for (const name of finderParameters[finder])
      if (flags[name as keyof PeakFlags] !== undefined)
        throw new EwaldError(
          'Argument',
          `--${kebab(name)} belongs to a search (--peaks ${finder}); --peaks ${list} takes peaks as the file has them`,
        );
}

function refuseLists(flags: PeakFlags, method: string): void {
  const given = [
    flags.hdf5Peaks === undefined ? undefined : '--hdf5-peaks',
    flags.halfPixelShift === false ? '--no-half-pixel-shift' : undefined,
    flags.revalidate === false ? '--no-revalidate' : undefined,
  ].find((name) => name !== undefined);
  if (given !== undefined)
    throw new EwaldError(
      'Argument',
      `${given} belongs to --peaks ${listNames.join(' and ')}; ${method} searches for peaks`,
    );
}

function listedOf({ hdf5Peaks, halfPixelShift, revalidate }: PeakFlags, list: ListName): ListedSettings {
  const path = hdf5Peaks ?? (list === 'hdf5' ? usualTable : undefined);
  return {
    ...(path === undefined ? {} : { path }),
    halfPixel: halfPixelShift !== false,
    validate: revalidate !== false,
  };
}

function radiiOf(text: string, name: string): RingRadii {
  const radii = text.split(',').map(Number);
  const [inner = 0, middle = 0, outer = 0] = radii;
  if (radii.length !== 3 || !radii.every(Number.isFinite) || !(0 < inner && inner <= middle && middle < outer))
    throw new EwaldError('Argument', `${name} is "${text}"; needed are three rising radii in pixels, such as 4,5,7`);
  return [inner, middle, outer];
}
