/**
 * A scan that is computed where its files are: kept in memory if it fits, so that a virtual detector can be dragged, and read
 * in passes that its pages share. Results are those of the analyses of a run.
 */
import type { Analysis } from '../../stem/analyses/analysis.js';
import { calibratedRun, isCalibratedName, type StatedOptics } from '../../stem/analyses/calibrated-run.js';
import { maskOfShape } from '../../stem/analyses/mask-of-shape.js';
import { coveredBy } from '../../stem/analyses/pattern-axes.js';
import { runOfShape, type VirtualQuantity, type VirtualShape } from '../../stem/analyses/virtual-run.js';
import type { DisposableUdfContext } from '../../stem/bind.js';
import type { ComParams } from '../../stem/builtin/com.js';
import { sumUdf } from '../../stem/builtin/ready.js';
import type { Calibration } from '../../stem/calibrate/calibration.js';
import { isMovingCom, MovingCom } from '../../stem/images/moving-com.js';
import type { NamedResult } from '../../stem/output/named-results.js';
import { knownAnalyses } from '../../stem/parameters.js';
import { type ResidentScan, residentBytes } from '../../udf/scans/resident.js';
import { residentOf, type Scan } from '../../udf/scans/scan.js';
import { PassQueue, pictureOf, type RunResult, runResultOf } from './pass-queue.js';

/** How a scan is opened and what it may take. */
export interface ComputedScanOptions {
  readonly input: string | readonly string[];
  readonly opening: Readonly<Record<string, unknown>>;
  readonly calibration: Calibration | undefined;
  /** Bytes that it may take in memory. */
  readonly maxBytes: number;
}

/** An image that a page asks for. */
export interface ImageQuery {
  /** Of a virtual detector, or an analysis of whole frames. */
  readonly analysis: VirtualQuantity | 'ssb' | 'polar' | 'bragg' | 'strain';
  readonly shape?: VirtualShape | undefined;
  /** Whether a calibration is used, with what is stated of the optics. */
  readonly optics?: StatedOptics | undefined;
  /** Whether its numbers and notes are those of a run; otherwise it is a picture of a detector that moves. */
  readonly exact: boolean;
  /** Of a picture, the only result that is wanted. */
  readonly channel?: string | undefined;
}

type Tell<T> = (done: number, value?: T) => void;

/** Numbers of an image from the first frames. */
export interface GrowingImage {
  readonly image: Float64Array | undefined;
  /** Whether the scan is in memory, or will be. */
  readonly isResident: boolean;
  /** Every how many positions of a line and of a column have been read, if not all of them. */
  readonly every: number;
}

/** Frames that are read for the first picture. */
const sampledFrames = 1024;
/** Time between two pictures of a scan that is read, ms. */
const pictureMs = 300;

export class ComputedScan {
  /** The frames as a run reads them. */
  readonly scan: Scan;
  readonly bytes: number;
  readonly passes: PassQueue;
  readonly #ctx: DisposableUdfContext;
  #options: ComputedScanOptions;
  /** The same scan in memory. */
  #held: Scan | undefined;
  #heldIsWhole = false;
  #turn: Promise<unknown> = Promise.resolve();
  #com: MovingCom | undefined;
  readonly #calibrations = new Map<string, Promise<Calibration>>();

  private constructor(ctx: DisposableUdfContext, scan: Scan, options: ComputedScanOptions) {
    [this.#ctx, this.scan, this.#options] = [ctx, scan, options];
    this.passes = new PassQueue(ctx, scan);
    this.bytes = residentBytes(scan.dataset);
  }

  /** Opens a scan; undefined for files that are none. Throws what `load` throws. */
  static async open(ctx: DisposableUdfContext, options: ComputedScanOptions): Promise<ComputedScan | undefined> {
    const scan = await ctx.load(options.input as string, options.opening);
    const { nav, sig } = scan.shape;
    if (nav.length === 2 && sig.length === 2 && !/^(c|[ui]64)/.test(scan.dtype))
      return new ComputedScan(ctx, scan, options);
    await scan.dispose();
    return undefined;
  }

  /** Whether the scan fits into the memory that it may take. */
  get fits(): boolean {
    return this.bytes <= this.#options.maxBytes && this.scan.sync.syncOffset === 0 && this.scan.live === undefined;
  }

  /** Whether the scan is in memory, where each result of a detector that moves is computed by itself. */
  get isHeld(): boolean {
    return this.#heldIsWhole;
  }

  /** Whether numbers from memory differ in their last bits from those of a pass, which adds reals in another order. */
  get hasOwnOrder(): boolean {
    return this.fits && this.scan.dtype.startsWith('f');
  }

  /** Reads the scan into memory if it fits; pictures of it grow meanwhile, of which the first has every n-th position. */
  async load(shape: VirtualShape, signal: AbortSignal, tell: Tell<GrowingImage>): Promise<GrowingImage> {
    const whole = { image: undefined, isResident: this.fits, every: 1 };
    if (this.#heldIsWhole) return whole;
    const sampled = { ...(await this.#sampled(shape, signal)), isResident: this.fits };
    // Whoever comes later sees it as well.
    if (!this.fits) return sampled;
    tell(0, sampled);
    const { input, opening, maxBytes } = this.#options;
    this.#held ??= await this.#ctx.load(input as string, opening);
    const growing = growingSum(shape);
    let last = 0;
    try {
      await this.#held.resident({
        maxBytes,
        signal,
        onProgress: ({ done, scan }) => {
          if (performance.now() - last < pictureMs) return;
          last = performance.now();
          tell(done, { ...whole, image: growing(done, scan) });
        },
      });
    } catch (error) {
      // This version of Node has no array of this length.
      if (!(error instanceof RangeError)) throw error;
      this.#options = { ...this.#options, maxBytes: 0 };
      return { ...whole, isResident: false };
    }
    this.#heldIsWhole = true;
    return whole;
  }

  /** What an image shows; partial results are told while the frames are read. */
  async image(query: ImageQuery, signal: AbortSignal, tell: Tell<RunResult>): Promise<RunResult> {
    const { analysis: name, shape, optics } = query;
    const isLive = name === 'sum' || name === 'com' || name === 'icom';
    const held = isLive && this.#heldIsWhole && !(query.exact && this.hasOwnOrder) ? this.#held : undefined;
    const on = held ?? this.scan;
    const calibration = optics === undefined ? undefined : await this.calibration(optics);
    const analysis = isCalibratedName(name)
      ? calibratedRun(name, [this.#ctx, on], calibration ?? (await this.calibration({})), optics ?? {})
      : this.#virtual(on, name, shape, calibration);
    if (!held) return this.passes.run(analysis, signal, tell);
    // Detectors move on one scan, one after the other; those that nobody waits for any more do not move at all.
    const done = this.#turn.then(async () => {
      signal.throwIfAborted();
      const picture = query.exact ? undefined : this.#movedCom(on, analysis, query.channel);
      if (picture) return { results: [picture], notes: [] };
      const buffers = await this.#ctx.runUdf(on, analysis.udf, { signal });
      return query.exact ? runResultOf(analysis, buffers) : pictureOf(analysis, buffers);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** A picture of centres of mass within a mask that moves; undefined where it is not of the mask and its axes alone. */
  #movedCom(on: Scan, { name, udf }: Analysis, channel: string | undefined): NamedResult | undefined {
    const resident = residentOf(on);
    const params = udf.params as unknown as ComParams;
    if (!resident || !isMovingCom(channel) || !(name === 'com' || name === 'icom') || !MovingCom.takes(params))
      return undefined;
    this.#com ??= new MovingCom(resident);
    const data = this.#com.image(channel, params);
    const { nav } = on.shape;
    const isField = channel === 'field';
    return {
      ...{ name: channel, dtype: 'f64', navAxes: 2, data, shape: isField ? [...nav, 2] : nav },
      ...(isField && { vectors: true }),
    };
  }

  #virtual(on: Scan, quantity: VirtualQuantity, shape: VirtualShape | undefined, known?: Calibration): Analysis {
    if (!shape) throw new Error('a virtual detector has a shape');
    const axes = known && 'scanRotation' in known.rotation ? known.rotation : {};
    const run = runOfShape(shape, quantity, axes);
    // As the command: a calibration says here which pixels have no count.
    const calibration = known && coveredBy(known).length > 0 ? { calibration: known } : {};
    if (run) {
      const { method } = knownAnalyses[run.name];
      return (this.#ctx[method] as (scan: Scan, options: object) => Analysis)(on, { ...run.options, ...calibration });
    }
    if (quantity !== 'sum')
      throw new Error('Centres of mass are computed where the data are within a disk or a ring; choose one of them.');
    const [height = 1, width = 1] = on.shape.sig;
    return this.#ctx.createMaskAnalysis(on, {
      factories: [() => maskOfShape(shape, { height, width })],
      ...calibration,
    });
  }

  /** The calibration that was given, or the one that the frames give with what is stated; made once, and to the end: others will ask for it. */
  calibration(optics: StatedOptics): Promise<Calibration> {
    const { calibration } = this.#options;
    if (calibration && Object.keys(optics).length === 0) return Promise.resolve(calibration);
    const key = JSON.stringify(optics);
    const known = this.#calibrations.get(key);
    if (known) return known;
    const found = this.#ctx.calibrate(this.scan, optics);
    this.#calibrations.set(key, found);
    found.catch(() => this.#calibrations.delete(key));
    return found;
  }

  /** The mean pattern of a rectangle of positions: first row and column, and rows and columns. */
  async pattern(region: readonly number[] | undefined, signal: AbortSignal): Promise<Float64Array> {
    const { nav } = this.scan.shape;
    const [rows = 1, columns = 1] = nav;
    const [y = 0, x = 0, h = rows, w = columns] = region ?? [];
    const roi = new Uint8Array(rows * columns);
    for (let row = y; row < y + h; row++) roi.fill(1, row * columns + x, row * columns + x + w);
    const all = region === undefined && this.#heldIsWhole ? this.#held : undefined;
    const run = this.#ctx.runUdf(all ?? this.scan, sumUdf(), all ? { signal } : { roi, signal });
    const { intensity } = (await run) as unknown as { intensity: { data: Float64Array } };
    return Float64Array.from(intensity.data, (value) => value / (h * w));
  }

  /** The sums of some positions all over the scan, which their neighbours take as well. */
  async #sampled(shape: VirtualShape, signal: AbortSignal): Promise<Omit<GrowingImage, 'isResident'>> {
    const [rows = 1, columns = 1] = this.scan.shape.nav;
    const every = Math.max(1, Math.ceil(Math.sqrt((rows * columns) / sampledFrames)));
    const roi = new Uint8Array(rows * columns);
    for (let y = 0; y < rows; y += every) for (let x = 0; x < columns; x += every) roi[y * columns + x] = 1;
    const analysis = this.#virtual(this.scan, 'sum', shape);
    const { results } = runResultOf(analysis, await this.#ctx.runUdf(this.scan, analysis.udf, { roi, signal }));
    const data = results[0]?.data as Float64Array;
    const at = (i: number): number => {
      const [y, x] = [Math.floor(i / columns), i % columns];
      return (y - (y % every)) * columns + (x - (x % every));
    };
    return { image: Float64Array.from({ length: rows * columns }, (_, i) => data[at(i)] as number), every };
  }

  async close(): Promise<void> {
    await this.#ctx.close();
  }
}

/** The sums within a shape of a scan that is being read; NaN where it has not been read yet. */
function growingSum(shape: VirtualShape): (share: number, scan: ResidentScan) => Float64Array {
  let pixels: number[] | undefined;
  let image: Float64Array | undefined;
  let summed = 0;
  return (share, { planes, positions, width, height }) => {
    pixels ??= Array.from(maskOfShape(shape, { height, width }).entries()).flatMap(([pixel, isIn]) =>
      isIn ? [pixel] : [],
    );
    image ??= new Float64Array(positions).fill(Number.NaN);
    const read = Math.round(share * positions);
    image.fill(0, summed, read);
    for (const pixel of pixels)
      for (let i = summed, from = pixel * positions; i < read; i++)
        image[i] = (image[i] as number) + (planes[from + i] as number);
    summed = read;
    return image.slice();
  };
}
