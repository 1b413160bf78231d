/** The analyses of `ewald run` by name, and the flags of each. */
import { EwaldError } from '../base/errors.js';
import { nearest } from '../base/options.js';
import type { Analysis } from '../udf/analyses/analysis.js';
import type { Scan } from '../udf/scan.js';
import { readNpyFile } from './npy-file.js';
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
  readonly flags: readonly Flag[];
  make(scan: Scan, flags: AnalysisFlags, signal: AbortSignal): Promise<Analysis>;
}

const number = (flags: AnalysisFlags, flag: Flag): number | undefined =>
  flags[flag] === undefined ? undefined : parseNumber(String(flags[flag]), flagName(flag));
const whole = (flags: AnalysisFlags, flag: Flag, low: number, high: number): number | undefined =>
  flags[flag] === undefined ? undefined : parseInteger(String(flags[flag]), flagName(flag), low, high);

/** The flag of a name. */
const flagName = (flag: Flag): string =>
  flag === 'radius' ? '-r' : `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Removes undefined options, because a present but undefined option differs from an absent one. */
function given<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

const centre = (flags: AnalysisFlags) => ({ cx: number(flags, 'cx'), cy: number(flags, 'cy') });
const create = () => import('../udf/analyses/create.js');

async function masksOf(files: readonly string[] | undefined, signal: AbortSignal): Promise<(() => Float64Array)[]> {
  if (!files || files.length === 0)
    throw new EwaldError('Argument', 'masks requires --mask FILE.npy: one mask as [y, x], or several as [masks, y, x]');
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

function regressionOf(text: string | undefined): -1 | 0 | 1 | undefined {
  if (text === undefined) return undefined;
  const names = { none: -1, mean: 0, plane: 1, '-1': -1, '0': 0, '1': 1 } as const;
  if (!Object.hasOwn(names, text))
    throw new EwaldError('Argument', `--regression is "${text}"; expected none, mean or plane`);
  return names[text as keyof typeof names];
}

/** Analyses by name. */
export const analyses: Readonly<Record<string, Known>> = {
  sum: { about: 'sum of all frames', flags: [], make: async (scan) => (await create()).sumAnalysis(scan) },
  sumsig: { about: 'sum of each frame', flags: [], make: async (scan) => (await create()).sumSigAnalysis(scan) },
  logsum: { about: 'sum of logarithms', flags: [], make: async (scan) => (await create()).logSumAnalysis(scan) },
  stddev: {
    about: 'standard deviation, mean and variance of each pixel',
    flags: [],
    make: async (scan) => (await create()).stddevAnalysis(scan),
  },
  disk: {
    about: 'sum over a disk: --cx --cy -r',
    flags: ['cx', 'cy', 'radius'],
    make: async (scan, flags) =>
      (await create()).diskAnalysis(scan, given({ ...centre(flags), r: number(flags, 'radius') })),
  },
  ring: {
    about: 'sum over a ring: --cx --cy --ri --ro',
    flags: ['cx', 'cy', 'ri', 'ro'],
    make: async (scan, flags) =>
      (await create()).ringAnalysis(
        scan,
        given({ ...centre(flags), ri: number(flags, 'ri'), ro: number(flags, 'ro') }),
      ),
  },
  point: {
    about: 'one pixel of each frame: -x -y',
    flags: ['x', 'y'],
    make: async (scan, flags) =>
      (await create()).pointAnalysis(scan, given({ x: number(flags, 'x'), y: number(flags, 'y') })),
  },
  com: {
    about: 'centre of mass: --cx --cy -r --ri --scan-rotation --flip-y --regression',
    flags: ['cx', 'cy', 'radius', 'ri', 'scanRotation', 'flipY', 'regression'],
    make: async (scan, flags) =>
      (await create()).comAnalysis(
        scan,
        given({
          ...centre(flags),
          maskRadius: number(flags, 'radius'),
          maskRadiusInner: number(flags, 'ri'),
          scanRotation: number(flags, 'scanRotation'),
          flipY: flags.flipY,
          regression: regressionOf(flags.regression),
        }),
      ),
  },
  'radial-fourier': {
    about: 'rotational symmetry of rings: --cx --cy --ri --ro --bins --max-order',
    flags: ['cx', 'cy', 'ri', 'ro', 'bins', 'maxOrder'],
    make: async (scan, flags) =>
      (await create()).radialFourierAnalysis(
        scan,
        given({
          ...centre(flags),
          ri: number(flags, 'ri'),
          ro: number(flags, 'ro'),
          nBins: whole(flags, 'bins', 1, 4096),
          maxOrder: whole(flags, 'maxOrder', 0, 1024),
        }),
      ),
  },
  'radial-bins': {
    about: 'sums over rings of equal width: --cx --cy --ri --ro --bins',
    flags: ['cx', 'cy', 'ri', 'ro', 'bins'],
    make: async (scan, flags) =>
      (await create()).radialBinsAnalysis(
        scan,
        given({
          ...centre(flags),
          ri: number(flags, 'ri'),
          ro: number(flags, 'ro'),
          nBins: whole(flags, 'bins', 1, 4096),
        }),
      ),
  },
  fem: {
    about: 'standard deviation on a ring: --cx --cy --ri --ro',
    flags: ['cx', 'cy', 'ri', 'ro'],
    make: async (scan, flags) =>
      (await create()).femAnalysis(scan, given({ ...centre(flags), ri: number(flags, 'ri'), ro: number(flags, 'ro') })),
  },
  crystallinity: {
    about: 'spectral weight on a ring: --ri --ro, and --cx --cy -r of a disk to remove first',
    flags: ['cx', 'cy', 'radius', 'ri', 'ro'],
    make: async (scan, flags) =>
      (await create()).crystallinityAnalysis(
        scan,
        given({ ...centre(flags), radius: number(flags, 'radius'), ri: number(flags, 'ri'), ro: number(flags, 'ro') }),
      ),
  },
  cluster: {
    about: 'regions with similar frames: --clusters --peaks --min-distance --cx --cy --ri --ro',
    flags: ['cx', 'cy', 'ri', 'ro', 'clusters', 'peaks', 'minDistance'],
    make: async (scan, flags) =>
      (await create()).clusterAnalysis(
        scan,
        given({
          ...centre(flags),
          ri: number(flags, 'ri'),
          ro: number(flags, 'ro'),
          clusters: whole(flags, 'clusters', 1, 2 ** 31),
          peaks: whole(flags, 'peaks', 1, 65536),
          minDistance: whole(flags, 'minDistance', 1, 65536),
        }),
      ),
  },
  pick: {
    about: 'one frame: --at 3,17',
    flags: ['at'],
    make: async (scan, flags) => (await create()).pickAnalysis(scan, given({ at: positionOf(flags.at) })),
  },
  'pick-fft': {
    about: 'the spectrum of one frame: --at 3,17',
    flags: ['at'],
    make: async (scan, flags) => (await create()).pickAnalysis(scan, given({ at: positionOf(flags.at) }), true),
  },
  'fft-sum': {
    about: 'the spectrum of the sum: --cx --cy -r of a disk to remove first',
    flags: ['cx', 'cy', 'radius'],
    make: async (scan, flags) =>
      (await create()).fftSumAnalysis(scan, given({ ...centre(flags), radius: number(flags, 'radius') })),
  },
  masks: {
    about: 'sums under your own masks: --mask FILE.npy',
    flags: ['mask'],
    make: async (scan, flags, signal) =>
      (await create()).maskAnalysis(scan, { factories: await masksOf(flags.mask, signal) }),
  },
};

function positionOf(text: string | undefined): number[] | undefined {
  return text?.split(',').map((word) => parseInteger(word.trim(), '--at', 0, 2 ** 31));
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
  const taken = names.flatMap((name) => analyses[name]?.flags ?? []);
  const all = new Set(Object.values(analyses).flatMap((known) => known.flags));
  for (const flag of all)
    if (flags[flag] !== undefined && !taken.includes(flag))
      throw new EwaldError(
        'Argument',
        `${names.join(', ') || 'a UDF'} does not ` +
          `use ${flagName(flag)}; ${taken.length > 0 ? `it takes ${[...new Set(taken)].map(flagName).join(', ')}` : 'it takes no parameters'}`,
      );
}
