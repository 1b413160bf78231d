/** The analyses that `ewald run` knows by name, and the flags of each. */
import { EwaldError } from '../entries/index.node.js';
import { nearest, readNpyFile } from '../entries/shell.node.js';
import type { Analysis, Context, Scan } from '../entries/udf.node.js';
import { parseInteger, parseNumber } from './output.js';

/** Flags of analyses, as parsed by commander. */
export interface AnalysisFlags {
  cx?: string;
  cy?: string;
  x?: string;
  y?: string;
  radius?: string;
  ri?: string;
  ro?: string;
  scanRotation?: string;
  flipY?: boolean;
  regression?: string;
  bins?: string;
  maxOrder?: string;
  at?: string;
  mask?: string[];
  clusters?: string;
  peaks?: string;
  minDistance?: string;
}
type Flag = keyof AnalysisFlags;

interface Known {
  readonly about: string;
  /** The method of the context. */
  readonly create: Extract<keyof Context, `create${string}Analysis`>;
  /** Its options, by their flags. */
  readonly options?: Readonly<Partial<Record<Flag, string>>>;
}

const centre = { cx: 'cx', cy: 'cy' };
const ring = { ...centre, ri: 'ri', ro: 'ro' };

/** By name. */
export const analyses: Readonly<Record<string, Known>> = {
  sum: { about: 'sum of all frames', create: 'createSumAnalysis' },
  sumsig: { about: 'sum of each frame', create: 'createSumSigAnalysis' },
  logsum: { about: 'sum of logarithms', create: 'createLogSumAnalysis' },
  stddev: { about: 'standard deviation, mean and variance of each pixel', create: 'createStddevAnalysis' },
  disk: { about: 'sum over a disk', create: 'createDiskAnalysis', options: { ...centre, radius: 'r' } },
  ring: { about: 'sum over a ring', create: 'createRingAnalysis', options: ring },
  point: { about: 'one pixel of each frame', create: 'createPointAnalysis', options: { x: 'x', y: 'y' } },
  com: {
    about: 'centre of mass',
    create: 'createComAnalysis',
    options: {
      ...centre,
      radius: 'maskRadius',
      ri: 'maskRadiusInner',
      scanRotation: 'scanRotation',
      flipY: 'flipY',
      regression: 'regression',
    },
  },
  'radial-fourier': {
    about: 'how many-fold rings are',
    create: 'createRadialFourierAnalysis',
    options: { ...ring, bins: 'nBins', maxOrder: 'maxOrder' },
  },
  'radial-bins': {
    about: 'sums over rings of equal width',
    create: 'createRadialBinsAnalysis',
    options: { ...ring, bins: 'nBins' },
  },
  fem: { about: 'standard deviation on a ring', create: 'createFemAnalysis', options: ring },
  crystallinity: {
    about: 'spectral weight on a ring, after a disk is taken out',
    create: 'createCrystallinityAnalysis',
    options: { ...ring, radius: 'radius' },
  },
  cluster: {
    about: 'regions of frames that are alike',
    create: 'createClusterAnalysis',
    options: { clusters: 'clusters', peaks: 'peaks', minDistance: 'minDistance', ...ring },
  },
  pick: { about: 'one frame', create: 'createPickAnalysis', options: { at: 'at' } },
  'pick-fft': { about: 'the spectrum of one frame', create: 'createPickFftAnalysis', options: { at: 'at' } },
  'fft-sum': {
    about: 'the spectrum of the sum, after a disk is taken out',
    create: 'createFftSumAnalysis',
    options: { ...centre, radius: 'radius' },
  },
  masks: { about: 'sums under masks of your own', create: 'createMaskAnalysis', options: { mask: 'factories' } },
};

/** Flags with integer values, with their ranges; the other flags are real numbers, with four exceptions. */
const whole: Readonly<Partial<Record<Flag, readonly [low: number, high: number]>>> = {
  bins: [1, 4096],
  maxOrder: [0, 1024],
  clusters: [1, 2 ** 31],
  peaks: [1, 65536],
  minDistance: [1, 65536],
};

/** The flag of a name. */
const flagName = (flag: Flag): string =>
  flag === 'radius' || flag === 'x' || flag === 'y'
    ? `-${flag[0]}`
    : `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const flagsOf = ({ options = {} }: Known): Flag[] => Object.keys(options) as Flag[];

/** One line of help for each analysis. */
export const analysisHelp = (): string[] =>
  Object.entries(analyses).map(([name, known]) => {
    const flags = flagsOf(known).map(flagName).join(' ');
    return `  ${name.padEnd(15)} ${known.about}${flags && `: ${flags}`}`;
  });

/** Makes an analysis from its flags. Throws `Argument`, and the errors of reading its files. */
export async function makeAnalysis(
  ctx: Context,
  scan: Scan,
  name: string,
  flags: AnalysisFlags,
  signal: AbortSignal,
): Promise<Analysis> {
  const known = analyses[name] as Known;
  const options: Record<string, unknown> = {};
  for (const flag of flagsOf(known)) {
    const value = await optionOf(flag, flags, signal);
    if (value !== undefined) options[known.options?.[flag] as string] = value;
  }
  if (name === 'masks' && !options.factories)
    throw new EwaldError('Argument', 'masks requires --mask FILE.npy: one mask as [y, x], or several as [masks, y, x]');
  return (ctx[known.create] as (scan: Scan, options: object) => Analysis)(scan, options);
}

async function optionOf(flag: Flag, flags: AnalysisFlags, signal: AbortSignal): Promise<unknown> {
  const given = flags[flag];
  const range = whole[flag];
  if (given === undefined || typeof given === 'boolean') return given;
  if (typeof given !== 'string') return masksOf(given, signal);
  if (range) return parseInteger(given, flagName(flag), ...range);
  if (flag === 'at') return given.split(',').map((word) => parseInteger(word.trim(), '--at', 0, 2 ** 31));
  return flag === 'regression' ? regressionOf(given) : parseNumber(given, flagName(flag));
}

async function masksOf(files: readonly string[], signal: AbortSignal): Promise<(() => Float64Array)[]> {
  const made: (() => Float64Array)[] = [];
  for (const file of files) {
    const { shape, data, complex } = await readNpyFile(file, signal);
    if (complex || shape.length < 2 || shape.length > 3)
      throw new EwaldError(
        'Shape',
        `${file} holds ${complex ? 'complex numbers' : `[${shape}]`}; expected [y, x] or [masks, y, x]`,
      );
    const pixels = (shape.at(-1) as number) * (shape.at(-2) as number);
    for (let at = 0; at < data.length; at += pixels) made.push(() => Float64Array.from(data.subarray(at, at + pixels)));
  }
  return made;
}

function regressionOf(text: string): -1 | 0 | 1 {
  const names = { none: -1, mean: 0, plane: 1, '-1': -1, '0': 0, '1': 1 } as const;
  if (!Object.hasOwn(names, text))
    throw new EwaldError('Argument', `--regression is "${text}"; expected none, mean or plane`);
  return names[text as keyof typeof names];
}

/** The names in a list such as `com,sum`. Throws `Argument`. */
export function namesOf(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  for (const name of names) {
    if (Object.hasOwn(analyses, name)) continue;
    const near = nearest(name, Object.keys(analyses));
    throw new EwaldError(
      'Argument',
      'there is no analysis ' +
        `"${name}"; ${near ? `did you mean "${near}"?` : `expected one of ${Object.keys(analyses).join(', ')}`}`,
    );
  }
  if (new Set(names).size < names.length) throw new EwaldError('Argument', `"${list}" contains an analysis twice`);
  return names;
}

/** Rejects flags that none of the analyses uses: silently ignoring a radius would give a wrong answer. */
export function checkFlags(names: readonly string[], flags: AnalysisFlags): void {
  const taken = names.flatMap((name) => flagsOf(analyses[name] as Known));
  for (const flag of new Set(Object.values(analyses).flatMap(flagsOf)))
    if (flags[flag] !== undefined && !taken.includes(flag))
      throw new EwaldError(
        'Argument',
        `${names.join(', ') || 'a UDF'} does not ` +
          `use ${flagName(flag)}; ${taken.length > 0 ? `it takes ${[...new Set(taken)].map(flagName).join(', ')}` : 'it takes no parameters'}`,
      );
}
