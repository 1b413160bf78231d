/** Flags of peaks, with CrystFEL's names, of every command that takes frames; and what they mean. */
import type { Command } from 'commander';
import { checkParameter, type Mode, namesOf, type Parameters, refuseOthers } from '../base/parameters.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { FinderName } from '../peaks/contract.js';
import { finderNames, finderRows, searchRows } from '../peaks/parameters.js';
import type { RingRadii } from '../pipeline/integrate.js';
import { integrationRows } from '../pipeline/parameters.js';
import type { PeakParameters, SearchSettings } from '../pipeline/settings.js';
import { type FlagTexts, flagValues, saidAsFlags, withFlags } from './parameter-flags.js';

/** Where peaks are taken from in place of a search: CXI's columns, a table of an HDF5 file, or messages. */
export const listNames = ['cxi', 'hdf5', 'msgpack'] as const;
export type ListName = (typeof listNames)[number];

/** Peaks that files list. */
const listRows = {
  hdf5Peaks: {
    kind: 'text',
    sentence: 'group or table of the peaks',
    usual: 'peak_list of the geometry, or where the file has them',
    value: 'path',
    of: ['cxi', 'hdf5'],
  },
  halfPixelShift: {
    kind: 'boolean',
    sentence: 'positions already count from the corner of the first pixel',
    fallback: true,
    of: listNames,
  },
  revalidate: {
    kind: 'boolean',
    sentence: 'also take peaks on bad pixels',
    fallback: true,
    of: listNames,
  },
} as const satisfies Parameters;

const methodRows = {
  ...finderRows,
  finder: {
    ...finderRows.finder,
    sentence: 'how peaks are found, or where they are taken from',
    choices: [...finderNames, ...listNames],
  },
} as const satisfies Parameters;

/** At the command what is not given comes from the first frames. */
const tunedRows = {
  ...searchRows,
  threshold: { ...searchRows.threshold, usual: 'from the first frames; dispersion, dispersion-extended: 0' },
  minSnr: { ...searchRows.minSnr, usual: 'peakfinder8: 4.5, zaef: 5' },
  minPixCount: { ...searchRows.minPixCount, usual: 'from the first frames' },
  maxPixCount: { ...searchRows.maxPixCount, usual: 'from the first frames' },
  localBgRadius: { ...searchRows.localBgRadius, usual: 'from the first frames' },
  minSquaredGradient: { ...searchRows.minSquaredGradient, usual: 'from the first frames' },
  peakRadius: { ...searchRows.peakRadius, usual: '--int-radius, or from the first frames' },
  gain: { ...searchRows.gain, usual: 'from the first frames' },
  kernelSize: { ...searchRows.kernelSize, usual: 'from the first frames' },
} as const satisfies Parameters;

/** All flags of peaks. */
export const peakRows = { ...methodRows, ...listRows, ...tunedRows } as const satisfies Parameters;

/** Adds the flags of peaks to a command. */
export const withPeakFlags = (command: Command): Command => withFlags(command, peakRows);

/** Where CrystFEL looks for a table. */
const usualTable = '/processing/hitfinder/peakinfo';

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

const isList = (method: string): method is ListName => (listNames as readonly string[]).includes(method);

/** The search by a finder, or a list in place of it. */
const peaksBy = (method: FinderName | ListName): Mode => ({
  stages: [method],
  because: () =>
    isList(method) ? `--peaks ${method} takes peaks as they are listed` : `--peaks ${method} does not use it`,
});

/** Checks the flags of peaks. Throws `Argument`. */
export function checkPeakFlags(flags: FlagTexts): CheckedPeaks {
  const said = saidAsFlags(peakRows);
  const values = flagValues(peakRows, flags, said);
  const { finder: method = 'peakfinder8', minRes = 0, maxRes = 0, hdf5Peaks, halfPixelShift, revalidate } = values;
  refuseOthers(peakRows, values, peaksBy(method), said);
  const { intRadius: integration } = flagValues(integrationRows, flags);
  const peaks = Object.fromEntries(
    namesOf(searchRows).flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  ) as PeakParameters;
  const path = hdf5Peaks ?? (method === 'hdf5' ? usualTable : undefined);
  const list = isList(method) ? method : undefined;
  const listed = {
    ...(path === undefined ? {} : { path }),
    halfPixel: halfPixelShift ?? true,
    validate: revalidate ?? true,
  };
  const isZaef = method === 'zaef' && peaks.peakRadius === undefined && integration !== undefined;
  if (isZaef)
    checkParameter(searchRows.peakRadius, integration, '--int-radius, which zaef takes without --peak-radius,');
  return {
    settings: { ...(isList(method) ? { listed } : { finder: method }), minRes, maxRes },
    peaks: isZaef ? { ...peaks, peakRadius: integration } : peaks,
    integration,
    list,
  };
}

/** Peak lists stand where the flag says, or the geometry, or the file. */
export const listedBy = (
  { listed }: Pick<SearchSettings, 'listed'>,
  flags: FlagTexts,
  geometry: Geometry | undefined,
): Pick<SearchSettings, 'listed'> => {
  const { hdf5Peaks: path = geometry?.peakList?.path } = flagValues(listRows, flags);
  return listed && path !== undefined ? { listed: { ...listed, path } } : {};
};
