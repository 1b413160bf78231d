/** Flags of peaks, with CrystFEL's names, for every command with frames. */
import type { Command } from 'commander';
import { checkParameter, type Mode, namesOf, type Parameters, refuseOthers } from '../base/parameters.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { FinderName } from '../peaks/contract.js';
import { finderNames, finderRows, searchRows } from '../peaks/parameters.js';
import type { RingRadii } from '../pipeline/integrate.js';
import { integrationRows } from '../pipeline/parameters.js';
import type { PeakParameters, SearchSettings } from '../pipeline/settings.js';
import { type FlagTexts, flagValues, saidAsFlags, withFlags } from './parameter-flags.js';

/** Sources of peak lists that replace the search: CXI's columns, a table of an HDF5 file, or messages. */
export const listNames = ['cxi', 'hdf5', 'msgpack'] as const;
export type ListName = (typeof listNames)[number];

/** Peaks listed in files. */
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

/** In commands, parameters that are not given are estimated from the first frames. */
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

/** The default location of a table in CrystFEL. */
const usualTable = '/processing/hitfinder/peakinfo';

/** The validated flags. */
export interface CheckedPeaks {
  readonly settings: Pick<SearchSettings, 'finder' | 'listed' | 'minRes' | 'maxRes'>;
  /** Parameters of the search that were given. */
  readonly peaks: PeakParameters;
  /** Parameters of the integration, if given. */
  readonly integration: RingRadii | undefined;
  /** The source of a peak list that replaces the search. */
  readonly list: ListName | undefined;
}

const isList = (method: string): method is ListName => (listNames as readonly string[]).includes(method);

/** The search by a finder, or a list in its place. */
const peaksBy = (method: FinderName | ListName): Mode => ({
  stages: [method],
  because: () => (isList(method) ? `--peaks ${method} uses peaks as listed` : `--peaks ${method} does not use it`),
});

/** Validates the flags of peaks. Throws `Argument`. */
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

/** Where peak lists are located: by the flag, the geometry, or the file. */
export const listedBy = (
  { listed }: Pick<SearchSettings, 'listed'>,
  flags: FlagTexts,
  geometry: Geometry | undefined,
): Pick<SearchSettings, 'listed'> => {
  const { hdf5Peaks: path = geometry?.peakList?.path } = flagValues(listRows, flags);
  return listed && path !== undefined ? { listed: { ...listed, path } } : {};
};
