/** The analyses by their parameters; defaults are LiberTEM's. */
import { EwaldError } from '../../errors.js';
import { knownOptions, real } from '../../options.js';
import { type ComParams, comUdf } from '../builtin/com.js';
import { crystallinityUdf, femUdf } from '../builtin/fluctuation.js';
import { masksUdf } from '../builtin/masks.js';
import { pickUdf } from '../builtin/pick.js';
import { stddevUdf } from '../builtin/stddev.js';
import { logSumUdf, sumSigUdf, sumUdf } from '../builtin/sums.js';
import { product } from '../dtypes.js';
import { shiftedMagnitude } from '../fourier.js';
import { circular, type MaskArray, point, radialBins, ring } from '../masks.js';
import type { Scan } from '../scan.js';
import { type Analysis, type Channel, columnOf, complexChannels } from './analysis.js';

/** Width and height of a scan's frames. */
export function sizeOf(scan: Scan, what: string): { width: number; height: number } {
  const [height, width] = scan.shape.sig;
  if (scan.shape.sig.length !== 2 || height === undefined || width === undefined)
    throw new EwaldError(
      'Shape',
      `${what} needs frames of two axes; those of ${scan.name} are ${scan.shape.sig.join(' × ')}`,
    );
  return { width, height };
}

/** A centre within the frame: default the middle, half the size. */
export function centreOf(scan: Scan, what: string, given: { cx?: number | undefined; cy?: number | undefined }) {
  const { width, height } = sizeOf(scan, what);
  return {
    width,
    height,
    cx: inside(`${what}: cx`, given.cx, width / 2, width),
    cy: inside(`${what}: cy`, given.cy, height / 2, height),
  };
}

function inside(what: string, value: number | undefined, fallback: number, length: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= 0 && value <= length - 1))
    throw new EwaldError(
      'Argument',
      `${what} is ${value}, which lies outside of the frame; needed is 0 to ${length - 1}`,
    );
  return value;
}

const radius = (what: string, value: number | undefined, fallback: number): number =>
  real(what, value, fallback, 0, 1e6);

/** Two radii of a ring, checked. */
export function radii(
  what: string,
  given: { ri?: number | undefined; ro?: number | undefined },
  ri: number,
  ro: number,
) {
  const outer = radius(`${what}: ro`, given.ro, ro);
  const inner = radius(`${what}: ri`, given.ri, given.ro === undefined ? ri : Math.min(ri, 0.8 * outer));
  if (!(inner < outer))
    throw new EwaldError(
      'Argument',
      `${what}: ri is ${inner} and ro ${outer}; needed is an inner radius below the outer one`,
    );
  return { ri: inner, ro: outer };
}

const navChannel = (scan: Scan, key: string, title: string, desc: string, data: ArrayLike<number>): Channel => ({
  key,
  title,
  desc,
  shape: scan.shape.nav,
  data,
});

/** Options of `createMaskAnalysis`. */
export interface MaskAnalysisOptions {
  /** Makes a mask each, [y, x] in C order: an array of numbers, or `{ re, im }` for complex ones. */
  readonly factories: readonly (() =>
    | MaskArray
    | readonly number[]
    | { readonly re: MaskArray; readonly im: MaskArray })[];
  readonly useSparse?: boolean | 'auto';
  readonly shifts?: readonly [number, number] | ArrayLike<number>;
}

/** One channel a mask: `mask_0`, `mask_1`, …; complex masks have five each. */
export function maskAnalysis(scan: Scan, { factories, useSparse = 'auto', shifts }: MaskAnalysisOptions): Analysis {
  if (!Array.isArray(factories) || factories.length === 0)
    throw new EwaldError('Argument', 'createMaskAnalysis: factories is empty; needed are functions that make masks');
  const made = factories.map((factory) => factory());
  const complex = made.some((mask) => 're' in mask);
  const array = (mask: MaskArray | readonly number[]): MaskArray =>
    Array.isArray(mask) ? Float64Array.from(mask) : (mask as MaskArray);
  const masks = made.flatMap((mask) => {
    if ('re' in mask) return [mask.re, mask.im];
    return complex ? [array(mask), new Uint8Array(mask.length)] : [array(mask)];
  });
  const udf = masksUdf.withParams({ masks, complex, sparse: useSparse, shifts: shifts ?? null });
  return {
    name: 'masks',
    scan,
    udf,
    channels({ intensity }) {
      const columns = intensity.extraShape[0] as number;
      return Array.from({ length: columns }, (_, k) => {
        const [key, title] = [`mask_${k}`, `mask ${k}`];
        if (!intensity.dtype.startsWith('c'))
          return [
            navChannel(
              scan,
              key,
              title,
              `sum of each frame under mask ${k}`,
              columnOf(intensity.data as Float64Array, columns, k),
            ),
          ];
        const data = intensity.data as Float64Array;
        const own = Float64Array.from(
          { length: (2 * data.length) / (2 * columns) },
          (_, i) => data[2 * ((i >> 1) * columns + k) + (i % 2)] as number,
        );
        return complexChannels(key, title, scan.shape.nav, own);
      }).flat() as never;
    },
  };
}

function oneMask<K extends string>(
  scan: Scan,
  name: string,
  mask: MaskArray,
  title: string,
  desc: string,
): Analysis<K> {
  const udf = masksUdf.withParams({ masks: [mask] });
  return {
    name,
    scan,
    udf,
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', title, desc, intensity.data as Float64Array) as Channel & { key: K },
    ],
  };
}

/** Virtual bright field: sum over a disk; the middle, radius 0.15 of the shorter side by default. */
export function diskAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; r?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createDiskAnalysis', options, ['cx', 'cy', 'r']);
  const centre = centreOf(scan, 'createDiskAnalysis', options);
  const r = radius('createDiskAnalysis: r', options.r, 0.15 * Math.min(centre.width, centre.height));
  return oneMask(scan, 'disk', circular({ ...centre, r }), 'disk', 'sum over a disk');
}

/** Virtual annular detector: sum over a ring; half of the shorter side and 0.8 of that by default. */
export function ringAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; ri?: number; ro?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createRingAnalysis', options, ['cx', 'cy', 'ri', 'ro']);
  const centre = centreOf(scan, 'createRingAnalysis', options);
  const half = Math.min(centre.width, centre.height) / 2;
  return oneMask(
    scan,
    'ring',
    ring({ ...centre, ...radii('createRingAnalysis', options, 0.8 * half, half) }),
    'ring',
    'sum over a ring',
  );
}

/** One pixel of every frame; the middle by default. */
export function pointAnalysis(scan: Scan, options: { x?: number; y?: number } = {}): Analysis<'intensity'> {
  knownOptions('createPointAnalysis', options, ['x', 'y']);
  const centre = centreOf(scan, 'createPointAnalysis', { cx: options.x, cy: options.y });
  return oneMask(scan, 'point', point(centre), 'point', 'one pixel of each frame');
}

/** Options of `createComAnalysis`. */
export interface ComOptions {
  readonly cx?: number;
  readonly cy?: number;
  /** Radius that counts; default: all. */
  readonly maskRadius?: number;
  readonly maskRadiusInner?: number;
  readonly flipY?: boolean;
  /** Degrees. */
  readonly scanRotation?: number;
  readonly regression?: ComParams['regression'];
}

/** Centre of mass: `field`, `magnitude`, `divergence`, `curl`, `x`, `y`. */
export function comAnalysis(
  scan: Scan,
  options: ComOptions = {},
): Analysis<'field' | 'magnitude' | 'divergence' | 'curl' | 'x' | 'y'> {
  const what = 'createComAnalysis';
  knownOptions(what, options, ['cx', 'cy', 'maskRadius', 'maskRadiusInner', 'flipY', 'scanRotation', 'regression']);
  const { cx, cy } = centreOf(scan, what, options);
  const { maskRadius, maskRadiusInner, flipY = false, scanRotation = 0, regression = -1 } = options;
  const params = {
    cx,
    cy,
    r: maskRadius === undefined ? null : radius(`${what}: maskRadius`, maskRadius, 0),
    ri: maskRadiusInner === undefined ? null : radius(`${what}: maskRadiusInner`, maskRadiusInner, 0),
    flipY,
    scanRotation: real(`${what}: scanRotation`, scanRotation, 0, -1e4, 1e4),
    regression,
  };
  if (params.ri !== null && !(params.ri < (params.r ?? Number.POSITIVE_INFINITY)))
    throw new EwaldError(
      'Argument',
      `${what}: maskRadiusInner is ${params.ri}, maskRadius ${params.r}; needed is an inner radius below the outer one`,
    );
  return {
    name: 'com',
    scan,
    udf: comUdf.withParams(params),
    channels(results) {
      const of = (key: string, title: string, desc: string, data: ArrayLike<number>) =>
        navChannel(scan, key, title, desc, data) as never;
      return [
        {
          ...(of('field', 'field', 'shift of the centre of mass, length in pixels', results.magnitude.data) as Channel),
          vectors: results.field.data,
        } as never,
        of('magnitude', 'magnitude', 'length of the shift, pixels', results.magnitude.data),
        of('divergence', 'divergence', 'divergence of the shifts', results.divergence.data),
        of('curl', 'curl', 'curl of the shifts', results.curl.data),
        of('x', 'x', 'shift along x, pixels', results.fieldX.data),
        of('y', 'y', 'shift along y, pixels', results.fieldY.data),
      ];
    },
  };
}

const sigChannel = (
  scan: Scan,
  key: string,
  title: string,
  desc: string,
  data: ArrayLike<number>,
  log = false,
): Channel => ({
  key,
  title,
  desc,
  shape: scan.shape.sig,
  data,
  ...(log && { log }),
});

/** Sum of all frames. */
export const sumAnalysis = (scan: Scan): Analysis<'intensity'> => ({
  name: 'sum',
  scan,
  udf: sumUdf,
  channels: ({ intensity }) => [
    sigChannel(scan, 'intensity', 'sum', 'sum of all frames', intensity.data as Float64Array, true) as never,
  ],
});

/** Sum of each frame. */
export const sumSigAnalysis = (scan: Scan): Analysis<'intensity'> => ({
  name: 'sumsig',
  scan,
  udf: sumSigUdf,
  channels: ({ intensity }) => [
    navChannel(scan, 'intensity', 'sum of each frame', 'sum of each frame', intensity.data as Float64Array) as never,
  ],
});

/** Sum of logarithms. */
export const logSumAnalysis = (scan: Scan): Analysis<'logsum'> => ({
  name: 'logsum',
  scan,
  udf: logSumUdf,
  channels: ({ logsum }) => [
    sigChannel(scan, 'logsum', 'sum of logarithms', 'sum of log(I − least + 1)', logsum.data) as never,
  ],
});

/** Standard deviation of each pixel, and mean, variance, sum. */
export const stddevAnalysis = (scan: Scan): Analysis<'std' | 'mean' | 'var' | 'sum'> => ({
  name: 'stddev',
  scan,
  udf: stddevUdf,
  channels: (results) =>
    (['std', 'mean', 'var', 'sum'] as const).map(
      (key) => sigChannel(scan, key, key, `${key} of each pixel`, results[key].data, true) as never,
    ),
});

/** One frame: the position's coordinates, slowest axis first, or x, y, z as LiberTEM has them. */
export function pickAnalysis(
  scan: Scan,
  options: { x?: number; y?: number; z?: number; at?: readonly number[] } = {},
  fourier = false,
): Analysis<'intensity'> {
  knownOptions('createPickAnalysis', options, ['x', 'y', 'z', 'at']);
  const { nav, sig } = scan.shape;
  const given = options.at ?? [options.z, options.y, options.x].filter((value): value is number => value !== undefined);
  const at = given.length === 0 ? nav.map(() => 0) : given;
  if (
    at.length !== nav.length ||
    at.some((value, axis) => !Number.isInteger(value) || value < 0 || value >= (nav[axis] as number))
  )
    throw new EwaldError(
      'Argument',
      `createPickAnalysis: the position is (${at.join(', ')}); the scan of ${scan.name} is ${nav.join(' × ') || 'one frame'}`,
    );
  const roi = new Uint8Array(product(nav));
  roi[at.reduce((flat, value, axis) => flat * (nav[axis] as number) + value, 0)] = 1;
  return {
    name: fourier ? 'pick-fft' : 'pick',
    scan,
    udf: pickUdf,
    roi,
    channels({ intensity }) {
      const raw = intensity.rawData as Float64Array;
      if (intensity.dtype.startsWith('c')) return complexChannels('intensity', 'frame', sig, raw) as never;
      if (!fourier) return [sigChannel(scan, 'intensity', 'frame', `frame ${at.join(', ')}`, raw) as never];
      const { width, height } = sizeOf(scan, 'pick-fft');
      return [
        sigChannel(
          scan,
          'intensity',
          'spectrum',
          `|spectrum| of frame ${at.join(', ')}, frequency 0 in the middle`,
          shiftedMagnitude(raw, height, width),
          true,
        ) as never,
      ];
    },
  };
}

/** Spectrum of the sum of all frames, after a disk is taken out where a radius is given. */
export function fftSumAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; radius?: number } = {},
): Analysis<'intensity' | 'complex'> {
  knownOptions('createFftSumAnalysis', options, ['cx', 'cy', 'radius']);
  const centre = centreOf(scan, 'createFftSumAnalysis', options);
  const hole =
    options.radius === undefined
      ? undefined
      : circular({ ...centre, r: radius('createFftSumAnalysis: radius', options.radius, 0) });
  return {
    name: 'fft-sum',
    scan,
    udf: sumUdf,
    channels({ intensity }) {
      const sum = Float64Array.from(intensity.data as Float64Array, (value, i) => (hole?.[i] ? 0 : value));
      const logs = shiftedMagnitude(sum, centre.height, centre.width).map((value) => Math.log(value + 1));
      return [
        sigChannel(
          scan,
          'intensity',
          'spectrum of the sum',
          'log(|spectrum of the sum| + 1), frequency 0 in the middle',
          logs,
        ) as never,
        sigChannel(scan, 'complex', 'sum', 'the sum that was transformed', sum) as never,
      ];
    },
  };
}

/** Fluctuations on a ring. */
export function femAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; ri?: number; ro?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createFemAnalysis', options, ['cx', 'cy', 'ri', 'ro']);
  const { cx, cy, width, height } = centreOf(scan, 'createFemAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'fem',
    scan,
    udf: femUdf.withParams({ cx, cy, ...radii('createFemAnalysis', options, 0.8 * half, half) }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'FEM', 'standard deviation on a ring', intensity.data) as never,
    ],
  };
}

/** Spectral weight on a ring of frequencies. */
export function crystallinityAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; radius?: number; ri?: number; ro?: number } = {},
): Analysis<'intensity'> {
  knownOptions('createCrystallinityAnalysis', options, ['cx', 'cy', 'radius', 'ri', 'ro']);
  const { cx, cy, width, height } = centreOf(scan, 'createCrystallinityAnalysis', options);
  const half = Math.min(width, height) / 2;
  return {
    name: 'crystallinity',
    scan,
    udf: crystallinityUdf.withParams({
      cx,
      cy,
      radius: radius('createCrystallinityAnalysis: radius', options.radius, 0),
      ...radii('createCrystallinityAnalysis', options, 0.2 * half, half),
    }),
    channels: ({ intensity }) => [
      navChannel(scan, 'intensity', 'crystallinity', 'spectral weight on a ring', intensity.data) as never,
    ],
  };
}

/** Rings of equal width between ri and ro: a channel each, `bin_0` …, sums over soft-edged rings. */
export function radialBinsAnalysis(
  scan: Scan,
  options: { cx?: number; cy?: number; ri?: number; ro?: number; nBins?: number; normalize?: boolean } = {},
): Analysis {
  knownOptions('createRadialBinsAnalysis', options, ['cx', 'cy', 'ri', 'ro', 'nBins', 'normalize']);
  const centre = centreOf(scan, 'createRadialBinsAnalysis', options);
  const half = Math.min(centre.width, centre.height) / 2;
  const { ri, ro } = radii('createRadialBinsAnalysis', options, 0, half);
  const bins = options.nBins ?? Math.max(1, Math.round(ro - ri));
  const masks = radialBins({ ...centre, ri, ro, bins, normalize: options.normalize ?? false });
  return {
    name: 'radial-bins',
    scan,
    udf: masksUdf.withParams({ masks }),
    channels: ({ intensity }) =>
      masks.map((_, k) =>
        navChannel(
          scan,
          `bin_${k}`,
          `bin ${k}`,
          `sum over ring ${k}`,
          columnOf(intensity.data as Float64Array, masks.length, k),
        ),
      ),
  };
}
