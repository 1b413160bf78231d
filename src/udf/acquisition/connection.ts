/** A connection to a detector, which yields one scan for each acquisition. */

import { countLimitsOf, hasNoCounts } from '../../frames/count-limits.js';
import { checkedOptions, row } from '../../options/call-options.js';
import { abortable, abortError } from '../../util/aborted.js';
import { expects } from '../../util/arguments.js';
import { awaited } from '../../util/callbacks.js';
import { EwaldError, isEwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { MethodOf } from '../../util/members.js';
import { checkSignal } from '../../util/options.js';
import { product } from '../../util/product.js';
import { asyncDispose } from '../../util/resource.js';
import type { LiveParameters } from '../parameter-types.js';
import { liveRows } from '../parameters.js';
import { leavingOut } from '../scans/no-counts.js';
import { Acquisition, type Announcement, type FrameFormat } from './acquisition.js';
import type { DetectorControl } from './detector-control.js';
import { type LiveScan, liveScan } from './live-scan.js';
import { type DetermineNavShape, navShapeFor, shapeNotes } from './nav-shape.js';

/** Receives the frames of one kind of detector. */
export interface DetectorDriver {
  /** The kind of detector, such as 'merlin'. */
  readonly kind: string;
  /** Address, for messages. */
  readonly name: string;
  /** Commands; absent if the detector has none, or is controlled by other means. */
  readonly control?: DetectorControl | undefined;
  /** Starts an acquisition by the detector's usual command. */
  start?: MethodOf<[], Promise<void>> | undefined;
  /** Connects to the detector, if it is not connected. Throws `File` if it cannot be reached. */
  connect(signal: PlatformSignal | undefined): Promise<void>;
  /** Waits for the start of an acquisition. Throws `Lost` if the connection ends, and the error of the signal. */
  announced(signal: PlatformSignal): Promise<Announcement>;
  /** Waits for the first frame of the announced acquisition. */
  format(signal: PlatformSignal): Promise<FrameFormat>;
  /** Passes the frames of the announced acquisition on, from its first one. */
  deliver(acquisition: Acquisition): void;
  close(): Promise<void>;
}

/** Options of `next`. */
export interface NextScanOptions extends Pick<LiveParameters, 'timeoutS' | 'stallS' | 'controller'> {
  /**
   * Shape of the scan, slowest axis first; one length may be -1, or two for a square. Default: that of
   * `onDetermineNavShape`, of the detector, or a square.
   */
  readonly navShape?: readonly number[] | undefined;
  /** Frame of the acquisition at the first scan position, as in `load`. Default 0. */
  readonly syncOffset?: number | undefined;
  /** Whether values that the detector declares to be no counts are counts, as in `load`. Default false. */
  readonly keepNoCount?: boolean | undefined;
  /** Called when an acquisition was announced and its frames can be received: starts the scan of the microscope. */
  readonly onReadyForData?: ((announcement: Announcement) => unknown) | undefined;
  /** Determines the shape of the scan if `navShape` is not given completely. */
  readonly onDetermineNavShape?: DetermineNavShape | undefined;
  readonly signal?: PlatformSignal | undefined;
}

const rows = {
  ...row.others('navShape', 'controller', 'onReadyForData', 'onDetermineNavShape'),
  syncOffset: row.integer(-(2 ** 31), 2 ** 31, 0),
  keepNoCount: row.flag,
  timeoutS: row.number(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
  stallS: liveRows.stallS,
  signal: row.signal,
} as const;

/** A connection to a detector; release it with `dispose` or `await using`. */
export class DetectorConnection {
  readonly #driver: DetectorDriver;
  readonly #ringBytes: number;
  readonly #keep: (scan: LiveScan) => LiveScan;
  #busy = false;
  #closed = false;
  #current: LiveScan | undefined;

  constructor(driver: DetectorDriver, ringBytes: number, keep: (scan: LiveScan) => LiveScan = (scan) => scan) {
    this.#driver = driver;
    this.#ringBytes = ringBytes;
    this.#keep = keep;
    Object.defineProperty(this, asyncDispose, { value: () => this.dispose() });
  }

  /** The detector's address. */
  get name(): string {
    return this.#driver.name;
  }

  /** Commands of the detector; undefined if it has none. */
  get control(): DetectorControl | undefined {
    return this.#driver.control;
  }

  /**
   * Waits for the next acquisition and returns it as a scan, whose frames arrive while a run processes them; undefined
   * if none starts within `timeoutS`. A scan that is not complete is stopped.
   *
   * Throws `Shape` if the shape of the scan cannot be determined, `Lost` if the connection ends, `Format` for messages
   * that are not the detector's, `Aborted`, `Disposed`.
   */
  async next(options: NextScanOptions = {}): Promise<LiveScan | undefined> {
    const { controller, signal, timeoutS, stallS, syncOffset, keepNoCount } = checkedOptions('next', options, rows);
    if (this.#closed) throw new EwaldError('Disposed', `the connection to ${this.name} was closed; connect again`);
    if (this.#busy) throw new EwaldError('Argument', 'next was called again before its previous result');
    const onReadyForData = awaited('next: onReadyForData', options.onReadyForData);
    const determine = awaited('next: onDetermineNavShape', options.onDetermineNavShape);
    checkSignal(signal as AbortSignal | undefined);
    this.#busy = true;
    const waiting = limited(signal as AbortSignal | undefined, timeoutS);
    const driver = this.#driver;
    try {
      this.#current?.live.stop();
      await driver.connect(signal);
      if (controller !== undefined) await this.#start(controller, waiting.signal);
      const announcement = await driver.announced(waiting.signal);
      await abortable(onReadyForData?.(announcement), waiting.signal);
      const navShape = await abortable(navShapeFor(announcement, options.navShape, determine), waiting.signal);
      const format = await firstFrame(driver, waiting.signal, options.stallS);
      const { channel } = announcement;
      const notes = [
        ...(options.syncOffset === undefined ? shapeNotes(announcement, navShape) : []),
        ...(channel === undefined ? [] : [{ kind: 'guess', text: channel, option: 'thresholdChannel' } as const]),
      ];
      const frames = announcement.frames ?? product(navShape) + Math.max(0, syncOffset);
      const acquisition = new Acquisition({
        name: driver.name,
        navShape,
        syncOffset,
        frames: announcement.frames,
        format,
        stallS,
        ringBytes: this.#ringBytes,
      });
      const arriving = liveScan(acquisition, driver.kind, frames, notes);
      this.#current = arriving;
      driver.deliver(acquisition);
      acquisition.begin();
      const scan = this.#keep(keepNoCount ? arriving : await withFirstCounts(arriving, waiting.signal));
      this.#current = scan;
      return scan;
    } catch (error) {
      if (waiting.expired) return undefined;
      // Its cause is the reason of the caller's signal, not of the one that also ends by time.
      if (signal?.aborted && isEwaldError(error, 'Aborted')) throw abortError(signal, 'the wait for an acquisition');
      throw error;
    } finally {
      waiting.end();
      this.#busy = false;
    }
  }

  async #start(controller: NonNullable<NextScanOptions['controller']>, signal: AbortSignal): Promise<void> {
    const { control, start, kind } = this.#driver;
    if (!control || !start)
      throw new EwaldError(
        'Unsupported',
        `next: controller: ${kind} is not started over this connection; start the acquisition by its own software`,
      );
    if (controller === true) await abortable(start.call(this.#driver), signal);
    else {
      expects(typeof controller === 'function', 'next: controller', controller, 'true or a function');
      await abortable(awaited('next: controller', controller)(control), signal);
    }
  }

  /** Stops the scan and closes the connection. */
  async dispose(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#current?.live.stop();
    await this.#driver.close();
  }
}

/** A live scan whose runs leave out the pixels without a count in its first frame, if its detector has any. */
async function withFirstCounts(scan: LiveScan, signal: AbortSignal): Promise<LiveScan> {
  const limits = countLimitsOf(scan.dataset);
  if (!limits) return scan;
  // Frames before the scan may take long, and are not kept.
  const first =
    scan.sync.syncOffset > 0 || !hasNoCounts(limits, scan.dtype)
      ? undefined
      : await abortable(scan.live.first(), signal);
  return leavingOut(scan, first ? [first] : []);
}

/**
 * The format of the frames, which the first one states. A trigger may come long after the acquisition began, so that
 * there is a limit only where the caller sets one. Throws `Lost` after that time.
 */
async function firstFrame(driver: DetectorDriver, signal: AbortSignal, stallS = Number.POSITIVE_INFINITY) {
  const waiting = limited(signal, stallS);
  try {
    return await driver.format(waiting.signal);
  } catch (error) {
    if (!waiting.expired) throw error;
    throw new EwaldError('Lost', `${driver.name} began an acquisition, and no frame has arrived for ${stallS} s`);
  } finally {
    waiting.end();
  }
}

/** A signal that fires with another, or after a time. */
function limited(signal: AbortSignal | undefined, seconds: number) {
  const controller = new AbortController();
  const state = {
    signal: controller.signal,
    expired: false,
    end(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
  const abort = (): void => controller.abort(new EwaldError('Aborted', 'the signal was aborted'));
  signal?.addEventListener('abort', abort, { once: true });
  const timer = Number.isFinite(seconds)
    ? setTimeout(() => {
        state.expired = true;
        controller.abort(new EwaldError('Aborted', `no acquisition started within ${seconds} s`));
      }, 1000 * seconds)
    : undefined;
  return state;
}
