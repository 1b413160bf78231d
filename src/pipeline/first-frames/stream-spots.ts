/**
 * Compares the spots that a stream sends with those of a search, before a run uses them: nothing in a stream states
 * whether positions count from the corner or from the centre of the first pixel, and half a pixel spoils the lattices.
 */

import type { Dataset } from '../../frames/dataset.js';
import type { Detector } from '../../frames/detector/detector.js';
import { argumentError } from '../../options/parameters.js';
import type { Frame } from '../../peaks/contract.js';
import type { PlatformSignal } from '../../util/globals.js';
import { medianWithError } from '../../util/median.js';
import { checkSignal } from '../../util/options.js';
import type { Plans } from '../frame-searcher.js';
import type { SearchSettings } from '../settings.js';
import { maxOffsetPx, maxOffsets, spotOffsets } from '../sinks/stream-agreement.js';
import { readFrame } from '../stages/read-frame.js';
import { type FirstFrames, lookedAt, tunedOn } from './tune.js';

/** Errors by which an offset must be known to be beyond what is allowed. */
const sure = 3;

interface SomeFrame {
  readonly frame: Frame;
  readonly spots: { readonly fs: Float32Array; readonly ss: Float32Array };
}

/**
 * Refuses spots whose positions lie beside those of a search of the first frames. Throws `Argument`, and the errors of
 * reading.
 */
export async function refuseOffsetSpots(
  context: Plans,
  detector: Detector,
  { halfPixelShift = true, minRes = 0, maxRes = 0 }: SearchSettings,
  firstFrames: FirstFrames,
  signal: PlatformSignal | undefined,
): Promise<void> {
  const finder = await context.peaks({ detector, finder: 'peakfinder8', minRes, maxRes });
  try {
    const found: (readonly [number, number])[] = [];
    let frames = 0;
    const compare = async ({ frame, spots }: SomeFrame, peaks: SearchSettings['peaks']): Promise<void> => {
      const own = await finder.run(frame, { ...peaks, ...(signal ? { signal } : {}) });
      found.push(...spotOffsets(own, spots));
      frames++;
    };
    // The search is adjusted to the first of them.
    const early: SomeFrame[] = [];
    let peaks: SearchSettings['peaks'];
    const adjust = async (): Promise<void> => {
      const searcher = { detector, finderFor: async () => finder };
      const images = early.map(({ frame }) => frame);
      ({ peaks } = await tunedOn(searcher, { minRes, maxRes }, images));
      for (const someFrame of early.splice(0)) await compare(someFrame, peaks);
    };
    for await (const { dataset, frames: some } of firstFrames(maxOffsets))
      for (const at of some) {
        checkSignal(signal);
        const someFrame = await listedFrame(dataset, at, { detector, halfPixelShift, signal });
        if (someFrame && peaks) await compare(someFrame, peaks);
        else if (someFrame && early.push(someFrame) === lookedAt) await adjust();
      }
    if (early.length > 0) await adjust();
    refuse(found, frames, halfPixelShift);
  } finally {
    await finder.dispose();
  }
}

/** A frame with the spots that came with it; undefined if it has none, or cannot be read. */
async function listedFrame(
  dataset: Dataset,
  at: number,
  { detector, halfPixelShift: halfPixel, signal }: ReadingSpots,
): Promise<SomeFrame | undefined> {
  try {
    const spots = await dataset.peaks?.(at, 1, { halfPixel, signal });
    return spots && spots.fs.length > 0 ? { frame: await readFrame(dataset, at, detector, signal), spots } : undefined;
  } catch {
    // The run reports it.
    checkSignal(signal);
    return undefined;
  }
}

interface ReadingSpots {
  readonly detector: Detector;
  readonly halfPixelShift: boolean;
  readonly signal: PlatformSignal | undefined;
}

function refuse(found: readonly (readonly [number, number])[], frames: number, isShifted: boolean): void {
  if (found.length === 0) return;
  const [fs, ss] = [0, 1].map((axis) => medianWithError(found.map((off) => off[axis] as number))) as Two;
  if (![fs, ss].some(([offset, error]) => Math.abs(offset) >= Math.max(maxOffsetPx, sure * error))) return;
  const text = (x: number): string => x.toFixed(2).replace('-', '−');
  const isHalf = [fs, ss].every(([offset]) => Math.abs(Math.abs(offset) - 0.5) < maxOffsetPx);
  throw argumentError('', (said) => {
    const search = `leave out ${said('finder')} stream, so that frames are searched here`;
    const shift = isShifted
      ? `${said('halfPixelShift')} false adds no half pixel`
      : `${said('halfPixelShift')} true adds half a pixel`;
    return (
      `the spots that the stream sends lie ${text(fs[0])}, ${text(ss[0])} px (fs, ss) beside those found here ` +
      `(${found.length} spots in ${frames} frames); at most ${maxOffsetPx} px is allowed; ` +
      (isHalf ? `${shift}; otherwise ${search}` : search)
    );
  });
}

type Two = [ReturnType<typeof medianWithError>, ReturnType<typeof medianWithError>];
