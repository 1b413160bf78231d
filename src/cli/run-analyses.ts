/** The analyses that `ewald run` knows by name. */
import {
  type AnalysisName,
  analysisRows,
  checkNpyShape,
  type FlagValues,
  knownAnalyses,
  maskWeights,
  nearest,
  type Parameters,
  readCalibration,
  readImageFile,
  refuseOthers,
  roiOf,
  rowsOfAnalysis,
} from '../entries/command.node.js';
import { EwaldError, isEwaldError } from '../entries/index.node.js';
import type { Analysis, Context, Scan } from '../entries/udf.node.js';
import { inShell } from './command-line.js';
import { nameAsFlags, pickFlags } from './parameter-flags.js';
import { everyAnalysis, flagsOf, isAnalysis } from './run-help.js';

/** Throws `Argument` for a file in place of an analysis. */
export function refuseWithoutAnalysis(first: string, second: string | undefined): void {
  if (!/[./\\*]/.test(first)) return;
  const isSwapped = second?.split(',').every(isAnalysis);
  throw new EwaldError(
    'Argument',
    isSwapped
      ? `the analysis comes before the file: ewald run ${inShell(second ?? '')} ${inShell(first)}`
      : `${first} is a file, and no analysis is named before it: ewald run sum ${inShell(first)} adds its frames; ` +
          `there are ${everyAnalysis.join(', ')}`,
  );
}

/** Values of the flags of analyses. */
type AnalysisFlags = FlagValues<typeof analysisRows>;

/** Makes an analysis from the flags. Throws `Argument`, and the errors of reading its files. */
export async function makeAnalysis(
  ctx: Context,
  scan: Scan,
  name: AnalysisName,
  flags: AnalysisFlags,
  signal: AbortSignal,
): Promise<Analysis> {
  const options: Record<string, unknown> = { ...pickFlags<Parameters>(rowsOfAnalysis(name), flags) };
  if (name === 'masks') {
    if (!flags.factories)
      throw new EwaldError(
        'Argument',
        'masks requires --mask FILE.npy: one mask as [y, x], or several as [masks, y, x]',
      );
    options.factories = await masksOf(flags.factories, scan, signal);
  }
  if (flags.template !== undefined && 'template' in options)
    options.template = await templateOf(flags.template, signal);
  if (flags.calibration !== undefined && 'calibration' in options)
    options.calibration = await readCalibration(flags.calibration);
  if (flags.reference !== undefined && 'reference' in options)
    options.reference = await roiOf('--reference', flags.reference, scan, signal);
  const { method } = knownAnalyses[name];
  try {
    return (ctx[method] as (scan: Scan, options: object) => Analysis)(scan, options);
  } catch (error) {
    throw namedAsAnalysis(error, [name]);
  }
}

/** Functions by whose names errors begin, and the analyses that call them. */
const callers: Readonly<Record<string, readonly AnalysisName[]>> = {
  strainMaps: ['strain'],
  findDiskPeaks: ['disks', 'strain'],
  diskUdf: ['disks', 'strain'],
  holographyUdf: ['holo'],
  residentSsb: ['ssb'],
  integrateField: ['icom'],
};
const withinAnalyses = new RegExp(`^(${Object.keys(callers).join('|')})\\b`);

/** An error with the names of these analyses, which the shell has, for those of methods and of what they call. */
export function namedAsAnalysis(error: unknown, names: readonly AnalysisName[]): unknown {
  if (!isEwaldError(error)) return error;
  const message = Object.entries(knownAnalyses).reduce(
    (text, [name, { method }]) => text.replaceAll(new RegExp(`\\b${method}\\b`, 'g'), name),
    error.message.replace(
      withinAnalyses,
      (called: string) => names.find((one) => callers[called]?.includes(one)) ?? called,
    ),
  );
  return message === error.message ? error : new EwaldError(error.tag, message, { cause: error, detail: error.detail });
}

async function masksOf(
  files: readonly string[],
  { shape: { sig } }: Scan,
  signal: AbortSignal,
): Promise<(() => Float64Array)[]> {
  const made: (() => Float64Array)[] = [];
  for (const file of files) {
    const { shape, data: numbers, complex } = await readImageFile(file, signal);
    const data = maskWeights(file, numbers);
    if (complex || shape.length < 2 || shape.length > 3)
      throw new EwaldError(
        'Shape',
        `${file} holds ${complex ? 'complex numbers' : `[${shape}]`}; expected [y, x] or [masks, y, x]`,
      );
    checkNpyShape('--mask', file, shape.slice(-2), sig);
    const pixels = (shape.at(-1) as number) * (shape.at(-2) as number);
    for (let at = 0; at < data.length; at += pixels) made.push(() => Float64Array.from(data.subarray(at, at + pixels)));
  }
  return made;
}

async function templateOf(file: string, signal: AbortSignal) {
  const { shape, data, complex } = await readImageFile(file, signal);
  if (complex || shape.length !== 2)
    throw new EwaldError('Shape', `${file} holds ${complex ? 'complex numbers' : `[${shape}]`}; expected [y, x]`);
  return { data, shape };
}

/** What analyses are called elsewhere. */
const otherNames: Readonly<Record<string, AnalysisName>> = {
  'center-of-mass': 'com',
  'centre-of-mass': 'com',
  dpc: 'com',
  idpc: 'icom',
  'bright-field': 'disk',
  bf: 'disk',
  'dark-field': 'ring',
  adf: 'ring',
  haadf: 'ring',
  'virtual-detector': 'disk',
  ptychography: 'ssb',
};

/** The names in a list such as `com,sum`; `modules` are those of --udf. Throws `Argument`. */
export function listedAnalyses(list: string, modules?: readonly string[]): AnalysisName[] {
  const names = list.split(',').map((name) => name.trim());
  for (const name of names) {
    if (isAnalysis(name)) continue;
    const other = name.toLowerCase().replaceAll('_', '-');
    const near = Object.hasOwn(otherNames, other) ? otherNames[other] : nearest(name, everyAnalysis);
    if (modules !== undefined && !near)
      throw new EwaldError(
        'Argument',
        `there is no analysis "${name}"; functions of --udf are not named, all that ${modules.join(', ')} exports ` +
          `run: ewald run FILE --udf ${modules.map(inShell).join(' --udf ')}`,
      );
    throw new EwaldError(
      'Argument',
      'there is no analysis ' +
        `"${name}"; ${near ? `did you mean "${near}"?` : `expected one of ${everyAnalysis.join(', ')}`}`,
    );
  }
  if (new Set(names).size < names.length) throw new EwaldError('Argument', `"${list}" contains an analysis twice`);
  return names as AnalysisName[];
}

/** Throws `Argument` for flags of analyses that none of these uses. */
export function refuseOtherAnalyses(names: readonly AnalysisName[], flags: AnalysisFlags): void {
  const taken = [...new Set(names.flatMap(flagsOf))].join(', ');
  const who = names.join(', ') || 'a UDF';
  const because = (): string => `${who} does not use it and ${taken === '' ? 'takes no parameters' : `takes ${taken}`}`;
  refuseOthers(analysisRows, flags, { stages: names, because }, nameAsFlags(analysisRows));
}
