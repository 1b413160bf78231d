/** Calibrates a scan from its frames: bad pixels, beam stop, disk, descan, rotation. */

import { type DataType, largestOf } from '../../bytes/dtype.js';
import { checkedOptions, row } from '../../options/call-options.js';
import type { SliceOptions } from '../../options/frame-slice.js';
import { argumentError } from '../../options/parameters.js';
import type { UdfRunOptions } from '../../udf/context-options.js';
import type { ResultBuffer } from '../../udf/functions/buffers.js';
import type { AnyUdf } from '../../udf/functions/udf.js';
import { rowsOfScan, type Scan } from '../../udf/scans/scan.js';
import { type Progress, progressOf } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { maskOf } from '../../util/map-into.js';
import { median } from '../../util/median.js';
import { checkSignal, yieldToEventLoop } from '../../util/options.js';
import { detectorSize } from '../analyses/parameters.js';
import { masksUdf } from '../builtin/masks.js';
import { calibrateRows } from '../parameters.js';
import { type BadPixels, findBadPixels } from './bad-pixels.js';
import { type Beam, findBeam } from './beam.js';
import { blockEdges, blockSumsUdf } from './block-sums.js';
import { type Calibration, ellipseOf, type PixelRuns } from './calibration.js';
import type { ScanBlock } from './descan.js';
import { type Image, pixelsOf } from './image.js';
import { latticeScaleOf } from './lattice-scale.js';
import { momentMasks, shiftsOf } from './moments.js';
import { contradictions, opticsOf, unusual } from './optics.js';
import { byRings } from './ring-centre.js';
import { ringsOf, scaleOf } from './rings.js';
import { findRotation, noStructure, type ScanAxes } from './rotation.js';
import { checkSpacings, scaleNotes } from './spacings.js';
import { findStop, startOf } from './start.js';
import { stopOfDisk } from './stop-of-disk.js';
import { termsOf } from './trend.js';

/** Options of `calibrate`. */
export interface CalibrateOptions extends Pick<UdfRunOptions, 'corrections'>, SliceOptions {
  /** Convergence semi-angle in mrad, above 0 to 1500, for mrad a pixel. Default: what the file says, if anything. */
  readonly semiconv?: number | undefined;
  /** Acceleration voltage in kV, 0.001 to 1e5. Default: what the file says, if anything. */
  readonly voltage?: number | undefined;
  /** Step of the scan in nm, above 0 to 1e6. Default: what the file says, if anything. */
  readonly dpix?: number | undefined;
  /** Lattice spacings of a known powder in nm, whose rings give the size of a pixel. Default: none. */
  readonly rings?: readonly number[] | undefined;
  /**
   * A crystal whose disks give the size of a pixel: the spacings in nm of two sets of planes whose vectors span the
   * pattern, and the angle between the vectors in degrees. Default: none.
   */
  readonly lattice?: readonly number[] | undefined;
  /** Aborts with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
  /** Receives the share that is done: two passes over the frames, and the fits between them. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Runs a UDF over a scan. */
type RunUdf = (scan: Scan, udf: AnyUdf, options: UdfRunOptions) => Promise<Readonly<Record<string, ResultBuffer>>>;

/** The smallest scan has as many rows and columns. */
const minRows = 4;

/** Memory for the sums of all blocks, in numbers. */
const maxNumbers = 2 ** 25;

/**
 * What a scan tells about its optics; see `Calibration`. The frames are read twice; those that `first` or `frames`
 * selects have to be whole rows, of which the result is the calibration. Throws `Shape` for a scan that is
 * not at least 4 × 4, `Unsupported` for live scans and complex frames, `Argument`, `Aborted`, and errors of reading.
 */
export async function calibrateScan(run: RunUdf, whole: Scan, options: CalibrateOptions): Promise<Calibration> {
  const what = 'calibrate';
  const { semiconv, voltage, dpix, rings, lattice, corrections, signal, first, frames } = checkedOptions(
    what,
    options,
    {
      ...calibrateRows,
      ...row.others('corrections', 'onProgress'),
      signal: row.signal,
    },
  );
  checkSpacings(what, rings, lattice);
  checkSignal(signal);
  const tell = progressOf(what, options);
  calibrationShape(what, whole);
  const scan = rowsOfScan(what, whole, { first, frames }, minRows);
  const { nav, height, width } = calibrationShape(what, scan);
  const pass = (udf: AnyUdf, from: number, to: number) =>
    run(scan, udf, {
      corrections,
      signal,
      onProgress: ({ frames, totalFrames }) => tell(from + ((to - from) * frames) / Math.max(1, totalFrames)),
    });
  let side = Math.min(6, ...nav);
  while (side > 4 && side * side * height * width > maxNumbers) side--;
  const top = largestOf(scan.dtype);
  const { sums, missing, full } = await pass(blockSumsUdf.withParams({ side, top }) as AnyUdf, 0, 0.4);
  const { blocks, image } = blocksOf((sums as ResultBuffer<'f64'>).data, side, nav, { height, width });
  await yieldToEventLoop();
  checkSignal(signal);
  // A frame without any number tells nothing about its pixels.
  const [leftOut, without] = withoutNumbers((missing as ResultBuffer<'f64'>).data);
  for (const i of without) image.data[i] = Number.NaN;
  const parts = blocks.map(({ sum }) => sum);
  const bad = findBadPixels(image, parts, scan.mask);
  const good = new Uint8Array(height * width).fill(1);
  for (const pixels of Object.values(bad)) for (const i of pixels) good[i] = 0;
  for (let i = 0; i < good.length; i++) {
    if (!Number.isFinite(image.data[i])) image.data[i] = 0;
    if (!good[i]) for (const { sum } of blocks) sum[i] = 0;
  }
  const start = startOf(image, good);
  const uncovered = good.slice();
  const stop = start ? stopOfDisk(image, good, findStop(image, good, start)) : [];
  for (const i of stop) good[i] = 0;
  const beam = findBeam(blocks, image, good, nav, stop.length > 0 ? undefined : start);
  // What was taken for a stop may be the dark between rings.
  const alone = typeof beam === 'string' && rings ? byRings(image, uncovered, rings) : undefined;
  tell(0.6);
  await yieldToEventLoop();
  checkSignal(signal);
  const axes = typeof beam === 'string' ? beam : await measuredAxes((udf) => pass(udf, 0.6, 1), image, good, beam, nav);
  tell(1);
  const { meta } = scan.dataset;
  const optics = opticsOf(meta, { voltage, semiconv, dpix });
  const rotation = typeof axes === 'string' ? { refused: axes } : axes;
  const doubts =
    typeof beam === 'string'
      ? [...unusual(optics)]
      : contradictions(meta, optics, { ...beam, radius: beam.fit.p[2] as number, rotation });
  return resultOf(
    scan,
    { nav, height, width },
    {
      bad,
      stop,
      beam,
      alone,
      axes,
      optics,
      doubts,
      rings,
      lattice,
      leftOut,
      saturated: pixelsOf((full as ResultBuffer<'f64'>).data).length,
      spread: spreadOf(image, good),
    },
  );
}

/** Variance of an image along one axis about its centre of mass; the mean of both axes. */
function spreadOf({ data, width }: Image, good: Uint8Array): number | undefined {
  let [sum, y, x, squares] = [0, 0, 0, 0];
  for (const [i, value] of data.entries()) {
    if (!good[i]) continue;
    const [row, column] = [Math.floor(i / width), i % width];
    sum += value;
    y += value * row;
    x += value * column;
    squares += value * (row * row + column * column);
  }
  const spread = (squares / sum - (y / sum) ** 2 - (x / sum) ** 2) / 2;
  return spread > 0 ? spread : undefined;
}

/** Frames without any number, and pixels without one in other frames, from the count of such frames of each pixel. */
function withoutNumbers(missing: Float64Array): [frames: number, pixels: number[]] {
  const frames = median(missing);
  return [frames, pixelsOf(maskOf(missing, (count) => count > frames))];
}

/** Rows and columns of scan and frames. */
interface Shape {
  readonly nav: readonly [number, number];
  readonly height: number;
  readonly width: number;
}

function calibrationShape(what: string, scan: Scan): Shape {
  const { width, height } = detectorSize(scan, what);
  const { nav } = scan.shape;
  if (scan.live)
    throw new EwaldError(
      'Unsupported',
      `${what} reads all frames twice, but those of ${scan.name} can only be read once, while they arrive`,
    );
  if (scan.dtype.startsWith('c'))
    throw new EwaldError('Unsupported', `${what}: the frames of ${scan.name} are complex; expected counts`);
  const [rows = 1, columns = 1] = nav;
  if (nav.length !== 2 || Math.min(rows, columns) < minRows)
    throw argumentError(
      what,
      (said) =>
        `the scan ${scan.name} ${nav.length === 0 ? 'is one frame' : `is ${nav.join(' × ')}`}; expected two axes of ` +
        `at least ${minRows} positions: ${said('navShape')}`,
    );
  return { nav: [rows, columns], height, width };
}

function blocksOf(
  sums: Float64Array,
  side: number,
  nav: readonly [number, number],
  size: Pick<Image, 'height' | 'width'>,
): { blocks: ScanBlock[]; image: Image } {
  const pixels = size.height * size.width;
  const [rows, columns] = [blockEdges(nav[0], side), blockEdges(nav[1], side)];
  const data = new Float64Array(pixels);
  const edges = (of: readonly number[], i: number): [number, number] => [of[i] as number, of[i + 1] as number];
  const blocks = Array.from({ length: side * side }, (_, k) => {
    const sum = sums.subarray(k * pixels, (k + 1) * pixels);
    for (let i = 0; i < pixels; i++) data[i] = (data[i] as number) + (sum[i] as number);
    return { sum, terms: termsOf(nav, edges(rows, Math.floor(k / side)), edges(columns, k % side)) };
  });
  return { blocks, image: { ...size, data } };
}

/** The second pass: centres of mass and dark field of each position. */
async function measuredAxes(
  pass: (udf: AnyUdf) => ReturnType<RunUdf>,
  image: Image,
  good: Uint8Array,
  beam: Beam,
  nav: readonly [number, number],
): Promise<ScanAxes | string> {
  const moments = momentMasks(image, good, beam);
  const { masks } = moments;
  const udf = masksUdf.withParams({ masks, complex: false, sparse: 'auto', shifts: null });
  const { data } = (await pass(udf as AnyUdf)).intensity as ResultBuffer<'f64'>;
  const dark = masks.length > 3 ? data.filter((_, i) => i % masks.length === 3) : undefined;
  return findRotation(shiftsOf(data, moments, nav), nav, dark);
}

/** What was found, in terms of estimators. */
interface Estimates {
  readonly bad: BadPixels;
  readonly stop: readonly number[];
  readonly beam: Beam | string;
  /** What rings tell if there is no disk. */
  readonly alone: ReturnType<typeof byRings> | undefined;
  readonly axes: ScanAxes | string;
  readonly optics: NonNullable<Calibration['optics']>;
  /** Of the file against the frames. */
  readonly doubts: readonly string[];
  /** Spacings of a powder. */
  readonly rings: readonly number[] | undefined;
  /** Spacings and angle of a crystal. */
  readonly lattice: readonly number[] | undefined;
  /** Frames without any number. */
  readonly leftOut: number;
  /** Pixels that have the largest number of their type in some frame. */
  readonly saturated: number;
  readonly spread: number | undefined;
}

function resultOf({ name, dtype }: Scan, { nav, height, width }: Shape, estimates: Estimates): Calibration {
  const { bad, stop, beam, alone, axes, optics, rings, lattice } = estimates;
  const points = (pixels: readonly number[]) => pixels.map((i) => [Math.floor(i / width), i % width] as const);
  const parts = beamParts(beam, optics.semiconv?.value);
  const scale = {
    ...(rings && (typeof beam === 'string' ? alone : { scale: scaleOf(ringsOf({ ...beam, p: beam.fit.p }), rings) })),
    ...(lattice && { scale: typeof beam === 'string' ? { refused: beam } : latticeScaleOf(beam, lattice) }),
  };
  return {
    format: 'ewald calibration',
    version: 1,
    file: name,
    shape: [...nav, height, width],
    ...parts,
    ...(estimates.spread !== undefined && { spread: estimates.spread }),
    ...scale,
    optics,
    rotation: typeof axes === 'string' ? { refused: axes } : axes,
    badPixels: {
      hot: points(bad.hot),
      dead: points(bad.dead),
      gap: runsOf(bad.gap, width),
      invalid: runsOf(bad.invalid, width),
    },
    stop: runsOf(stop, width),
    notes: [
      ...notesOf(estimates, dtype),
      ...scaleNotes({ ...parts, ...scale, optics }, rings ?? lattice?.slice(0, 2) ?? []),
    ],
  };
}

function beamParts(beam: Beam | string, semiconv: number | undefined) {
  if (typeof beam === 'string') {
    const refused = { refused: beam };
    const milliradians = semiconv === undefined ? {} : { milliradians: refused };
    return { centre: refused, disk: refused, ...milliradians, ellipse: refused, descan: refused };
  }
  const { fit, errors, trend, cy, cx } = beam;
  const [, , radius, edge, , , e1, e2] = [...fit.p] as [number, number, number, number, number, number, number, number];
  const [ey, ex, error, , , , d1, d2] = [...errors] as [number, number, number, number, number, number, number, number];
  const value = (semiconv ?? 0) / radius;
  return {
    centre: { cy, cx, errors: [ey, ex] as const },
    disk: { radius, error, edge },
    ...(semiconv !== undefined && { milliradians: { value, error: (value * error) / radius } }),
    ellipse: ellipseOf([e1, e2], [d1, d2]),
    descan: trend ?? { refused: 'fewer than 12 blocks of the scan have a disk: there are too few counts' },
  };
}

/** Pixels as runs of rows. */
function runsOf(pixels: readonly number[], width: number): PixelRuns {
  const runs: [number, number, number][] = [];
  for (const i of [...pixels].sort((a, b) => a - b)) {
    const [y, x] = [Math.floor(i / width), i % width];
    const last = runs.at(-1);
    if (last?.[0] === y && last[2] === x) last[2]++;
    else runs.push([y, x, x + 1]);
  }
  return runs;
}

function notesOf({ beam, axes, stop, doubts, leftOut, saturated }: Estimates, dtype: DataType): string[] {
  const notes: string[] = [...doubts];
  if (saturated > 0)
    notes.push(
      `${saturated} ${saturated === 1 ? 'pixel is' : 'pixels are'} ${largestOf(dtype)} in some frames, the largest number ` +
        `of ${dtype}: saturated, or without a count, which moves what is measured`,
    );
  if (leftOut > 0) notes.push(`${leftOut} of the frames have no finite number and are omitted`);
  if (typeof beam !== 'string') {
    const { trend, edge, otherwise, hidden } = beam;
    if (edge)
      notes.push(
        `the edge of an object crosses the scan and moves the disk by ${Math.hypot(...edge.shift).toFixed(2)} pixels: ` +
          'centre and descan are without it',
      );
    if (otherwise)
      notes.push('what seems to be descan may be the edge of an object that crosses the scan: the errors allow for it');
    else if (hidden)
      notes.push(
        'the counts within the disk are those at the edge of an object: the errors of centre and descan allow for what ' +
          'it may move',
      );
    const moves = trend && trend.order > 0 ? `the disk moves by ${trend.span.toFixed(2)} pixels over the scan; ` : '';
    // Without a drift, and without an object, there is no field.
    if (moves !== '' || axes !== noStructure)
      notes.push(
        `${moves}a constant or slowly varying field of the object moves the disk as descan does, and only a scan of ` +
          'vacuum with the same optics tells them apart',
      );
  }
  if (typeof axes !== 'string' && axes.halfTurn === 'open')
    notes.push(
      `the scan rotation is ${axes.scanRotation.toFixed(1)} degrees or half a turn more: neither atoms nor the dark ` +
        'field tell which',
    );
  if (typeof axes !== 'string' && axes.halfTurn === 'assumed')
    notes.push(
      `the scan rotation of ${axes.scanRotation.toFixed(1)} degrees assumes that fields point to atoms; in an object of ` +
        'dips, such as pores in a film, it is half a turn more, and phases have the other sign',
    );
  if (stop.length > 0) notes.push(`a beam stop covers ${stop.length} pixels, which the fits skip`);
  return notes;
}
