/** `diskUdf`: positions of diffraction disks in every frame, and the lattice through them. */

import type { FrameArray } from '../../bytes/dtype.js';
import { udfNumbers } from '../../compute/layout/udf.js';
import { checkedOptions, row } from '../../options/call-options.js';
import type { PassDtype } from '../../udf/contract.js';
import type { FoundDisks } from '../../udf/disks/contract.js';
import {
  checkRefinement,
  correlationRows,
  type DiskCorrelation,
  type DiskRefinement,
  emptyDisks,
} from '../../udf/disks/finder.js';
import { type CheckedPattern, checkFits, checkPattern, type DiskPattern } from '../../udf/disks/patterns.js';
import { type AuxData, isAux } from '../../udf/functions/aux.js';
import type { BufferDeclaration } from '../../udf/functions/buffers.js';
import { defineUdf, type Udf, type UdfFrames, type UdfMeta } from '../../udf/functions/udf.js';
import { EwaldError } from '../../util/errors.js';
import { frameSize } from '../builtin/fluctuation.js';
import { filled, fillOf, type PixelList } from '../images/without-count.js';
import { type DiskJob, diskFrames } from './correlate.js';
import { FollowedLattices } from './follow.js';
import { type CheckedMatch, checkMatch, type LatticeMatch, type MatchedLattice, rint, wholePixel } from './lattice.js';

/** Options of `diskUdf`. */
export interface DiskUdfOptions {
  /** Expected positions (y, x) of the disks in pixels; fractions are dropped. */
  readonly peaks: readonly (readonly [number, number])[] | ArrayLike<number>;
  readonly pattern: DiskPattern;
  /** `fast` (default) correlates a crop around each position, `full` the whole frame. */
  readonly correlation?: DiskCorrelation | undefined;
  /**
   * How a maximum is refined: `parabola` (default) through its neighbours, which is the most accurate; `com`, the
   * centre of mass of 5 × 5 pixels as in LiberTEM-blobfinder; `dft`, upsampling by 20, which is 11 times as slow.
   */
  readonly refine?: DiskRefinement | undefined;
  /** Shift (y, x) of all positions, rounded: of all frames, or `auxData` of kind nav with extraShape [2]. */
  readonly zeroShift?: readonly [number, number] | AuxData | undefined;
  /** The lattice to fit to the disks of each frame; default: none. */
  readonly match?: LatticeMatch | undefined;
  /** Pixels (y, x) that get the mean of their neighbours, such as hot ones; default: none. */
  readonly without?: PixelList | undefined;
}

/** Buffers of the disks of each frame. */
type FoundBuffers = {
  readonly centers: BufferDeclaration<'i32'>;
  readonly refineds: BufferDeclaration<'f32'>;
  readonly heights: BufferDeclaration<'f32'>;
  readonly elevations: BufferDeclaration<'f32'>;
};

/** Buffers of the lattice of each frame. */
type LatticeBuffers = {
  readonly zero: BufferDeclaration<'f64'>;
  readonly a: BufferDeclaration<'f64'>;
  readonly b: BufferDeclaration<'f64'>;
  readonly error: BufferDeclaration<'f64'>;
  readonly selector: BufferDeclaration<'bool'>;
};

/** Buffers of `diskUdf`; with `match`, also those of the lattice. */
type DiskBuffers<O extends DiskUdfOptions = DiskUdfOptions> = O extends { readonly match: LatticeMatch }
  ? FoundBuffers & LatticeBuffers
  : FoundBuffers;

/** Parameters of the UDF, made from its options. */
interface DiskParams extends Readonly<Record<string, unknown>> {
  readonly peaks: Int32Array;
  readonly pattern: CheckedPattern;
  readonly correlation: DiskCorrelation;
  readonly refine: DiskRefinement;
  readonly zeroShift: readonly [number, number] | AuxData;
  readonly match: CheckedMatch | null;
  readonly without: PixelList;
}

const initial: DiskParams = {
  peaks: Int32Array.of(0, 0),
  pattern: checkPattern('disks', { radius: 1 }),
  correlation: 'fast',
  refine: 'parabola',
  zeroShift: [0, 0],
  match: null,
  without: [],
};

type Views = FoundDisks & MatchedLattice;

/** Expected positions of the frames of a partition: of all frames, or of each of them if they are shifted. */
function positionsOf({ peaks, zeroShift }: DiskParams, aux: ArrayLike<number> | undefined, count: number): Int32Array {
  if (!isAux(zeroShift)) {
    const [dy, dx] = zeroShift;
    return peaks.map((value, k) => value + rint(k % 2 === 0 ? dy : dx));
  }
  const shifts = aux as ArrayLike<number>;
  return Int32Array.from({ length: count * peaks.length }, (_, k) => {
    const shift = shifts[2 * Math.floor(k / peaks.length) + (k % 2)] as number;
    return (peaks[k % peaks.length] as number) + rint(shift);
  });
}

/** The lattices of frames that are not fitted yet; undefined without a match. */
function latticesOf(
  views: Views,
  { match, pattern, correlation, peaks }: DiskParams,
  positions: Int32Array,
  { meta, count }: { readonly meta: UdfMeta; readonly count: number },
): FollowedLattices | undefined {
  if (!match) return undefined;
  const job = { match, pattern, correlation, peaks, ...frameSize('disks', meta) };
  return new FollowedLattices(job, views, positions, count);
}

/** The pixels of some frames, one behind the other. */
function framesAt<T extends FrameArray>(frames: T, pixels: number, which: readonly number[]): T {
  const out = new (frames.constructor as new (length: number) => T)(which.length * pixels);
  for (const [i, f] of which.entries()) out.set(frames.subarray(f * pixels, (f + 1) * pixels) as never, i * pixels);
  return out;
}

/** Whether the core finds disks in these frames. */
const takes = ({ inputDtype, sig }: UdfMeta): boolean =>
  Object.hasOwn(udfNumbers, inputDtype) && (sig[1] as number) <= 65536;

const jobOf = ({ pattern, correlation, refine }: DiskParams, meta: UdfMeta): DiskJob => ({
  pattern,
  correlation,
  refine,
  ...frameSize('disks', meta),
});

/** The UDF of `diskUdf`; its parameters are checked there. */
export const disksUdf = /* @__PURE__ */ defineUdf({
  name: 'disks',
  module: 'ewald/udf',
  params: initial,
  buffers(meta, { peaks, pattern, match }) {
    const { width, height } = frameSize('disks', meta);
    checkFits('disks', pattern, [height, width]);
    const disks = peaks.length / 2;
    const nav = { kind: 'nav', dtype: 'f64' } as const;
    return {
      centers: { kind: 'nav', dtype: 'i32', extraShape: [disks, 2] },
      refineds: { kind: 'nav', dtype: 'f32', extraShape: [disks, 2] },
      heights: { kind: 'nav', dtype: 'f32', extraShape: [disks] },
      elevations: { kind: 'nav', dtype: 'f32', extraShape: [disks] },
      ...(match !== null && {
        zero: { ...nav, extraShape: [2] },
        a: { ...nav, extraShape: [2] },
        b: { ...nav, extraShape: [2] },
        error: nav,
        selector: { kind: 'nav', dtype: 'bool', extraShape: [disks] },
      }),
    };
  },
  processPartition({ frames: recorded, count, params, results, aux, meta }) {
    const frames = filled(recorded, fillOf(params.without, frameSize('disks', meta)), count);
    const find = diskFrames(jobOf(params, meta));
    const pixels = frames.length / count;
    const views = results as unknown as Views;
    const disks = params.peaks.length;
    const positions = positionsOf(params, (aux as { zeroShift?: ArrayLike<number> }).zeroShift, count);
    const each = positions.length > disks;
    for (let f = 0; f < count; f++)
      find(
        frames.subarray(f * pixels, (f + 1) * pixels),
        each ? positions.subarray(f * disks, (f + 1) * disks) : positions.subarray(0, disks),
        views,
        (f * disks) / 2,
      );
    const lattices = latticesOf(views, params, positions, { meta, count });
    for (let again = lattices?.again(); again; again = lattices?.again()) {
      const some = emptyDisks(again.frames.length * (disks / 2));
      for (const [i, f] of again.frames.entries())
        find(
          frames.subarray(f * pixels, (f + 1) * pixels),
          again.positions.subarray(i * disks, (i + 1) * disks),
          some,
          (i * disks) / 2,
        );
      lattices?.take(some);
    }
  },
  core({ params, meta, open }) {
    if (!takes(meta)) return undefined;
    const { pattern, correlation, refine, peaks } = params;
    const { search, kind, radius, radiusOuter, delta, template, shape } = pattern;
    const rest =
      kind === 'user'
        ? { template: template as Float64Array, shape }
        : { radius, delta, ...(kind.endsWith('background-subtraction') && { radiusOuter }) };
    const fill = fillOf(params.without, frameSize('disks', meta));
    return open()
      .then((context) =>
        context.diskFinder({
          ...frameSize('disks', meta),
          correlation,
          refine,
          peaks: peaks.length / 2,
          dtype: meta.inputDtype as PassDtype,
          pattern: { kind, search, ...rest },
        }),
      )
      .then((finder) => ({
        async run({ frames, count, results, aux }) {
          const positions = positionsOf(params, (aux as { zeroShift?: ArrayLike<number> }).zeroShift, count);
          const searched = fill ? (filled(frames as UdfFrames, fill, count) as FrameArray) : frames;
          const foundDisks = await finder.run(searched, count, positions);
          const pixels = meta.sig.reduce((product, n) => product * n, 1);
          const views = results as unknown as Views;
          for (const name of ['centers', 'refineds', 'heights', 'elevations'] as const)
            views[name].set(foundDisks[name] as never);
          const lattices = latticesOf(views, params, positions, { meta, count });
          for (let again = lattices?.again(); again; again = lattices?.again()) {
            const some = framesAt(searched, pixels, again.frames);
            lattices?.take(await finder.run(some, again.frames.length, again.positions));
          }
        },
        dispose: () => finder.dispose(),
      }));
  },
});

/** Positions as whole numbers. Throws `Argument`. */
function checkPeaks(what: string, peaks: DiskUdfOptions['peaks']): Int32Array {
  const flat = Array.isArray(peaks) ? (peaks as number[][]).flat() : Array.from((peaks ?? []) as ArrayLike<number>);
  if (flat.length === 0)
    throw new EwaldError(
      'Argument',
      `${what}: there are no peaks; expected positions [[y, x], …] in pixels, such as those of findDiskPeaks`,
    );
  if (flat.length % 2 !== 0 || !flat.every((value) => Number.isFinite(value) && Math.abs(value) < 2 ** 20))
    throw new EwaldError('Argument', `${what}: the peaks are not pairs [y, x] of finite numbers in pixels`);
  return Int32Array.from(flat, wholePixel);
}

const rows = { ...row.others('peaks', 'zeroShift', 'match', 'without'), ...correlationRows } as const;

/**
 * Positions of diffraction disks, found by correlation with a pattern (LiberTEM-blobfinder; Weber et al. 2021). Results
 * of each scan position: `centers`, maxima of the correlation in whole pixels, (y, x); `refineds`, the same with
 * fractions; `heights`, the correlation there; `elevations`, the slope of the steepest cone from the maximum that lies
 * above the correlation, a weight of its quality. With `match` also `zero`, `a`, `b` (pixels), `error` (pixels) and
 * `selector`, the disks that were used; NaN and 0 where no lattice fits.
 *
 * Computed by the core on wasm and native; frames of float64 and 64-bit integers in JavaScript. Throws `Argument` for a
 * pattern that is larger than the frames, or no peaks.
 */
export function diskUdf<const O extends DiskUdfOptions>(options: O): Udf<DiskBuffers<O>, DiskParams> {
  const what = 'diskUdf';
  const wanted = checkedOptions<DiskUdfOptions, typeof rows>(what, options, rows);
  const { correlation, refine, zeroShift = [0, 0], without = [] } = wanted;
  const peaks = checkPeaks(what, wanted.peaks);
  const pattern = checkPattern(what, wanted.pattern);
  checkRefinement(what, correlation, refine);
  if (!isAux(zeroShift) && !(zeroShift.length === 2 && zeroShift.every((value) => Number.isFinite(value))))
    throw new EwaldError('Argument', `${what}: zeroShift is [${zeroShift}]; expected [y, x] in pixels, or auxData`);
  const match = wanted.match ? checkMatch(what, wanted.match, peaks) : null;
  return disksUdf.withParams({ peaks, pattern, correlation, refine, zeroShift, match, without }) as unknown as Udf<
    DiskBuffers<O>,
    DiskParams
  >;
}
