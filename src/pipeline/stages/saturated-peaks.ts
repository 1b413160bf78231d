/** Peaks with saturated pixels. */
import type { Detector } from '../../frames/detector/detector.js';
import type { Frame } from '../../peaks/contract.js';
import { type PeakList, selectPeaks } from '../../peaks/peak-list.js';

type Limits = Pick<Detector, 'geometry' | 'saturation' | 'bad' | 'validRange' | 'width' | 'height'>;

/** The peaks without saturated pixels: those above the maximum of their panel, or above their own in a map. */
export function unsaturated(peakList: PeakList, frame: Frame, detector: Limits): PeakList {
  const { panels } = detector.geometry;
  // What a peak has above its background has been rounded; a count is a whole number.
  const isReal = frame instanceof Float32Array;
  const highest = (i: number): number => {
    const value = (peakList.maximum[i] ?? 0) + (peakList.background[i] ?? 0);
    return isReal ? value : Math.round(value);
  };
  const isBelow = (i: number): boolean =>
    highest(i) <= (panels[peakList.panel[i] ?? 0]?.maximum ?? Number.POSITIVE_INFINITY);
  const { saturation } = detector;
  return selectPeaks(peakList, (i) => isBelow(i) && !(saturation && isAbove(peakList, i, frame, detector, saturation)));
}

/** How far from the pixel of a peak its pixels are looked for. */
const reachOf = ({ pixels }: PeakList, peak: number): number =>
  Math.ceil(Math.sqrt(Math.max(1, pixels[peak] ?? 1) / Math.PI));

/** Calls with the pixels around peaks that `unsaturated` reads, as `Tiles.around` takes them. */
export function eachPeak(peakList: PeakList, call: (fs: number, ss: number, reach: number) => void): void {
  for (let i = 0; i < peakList.count; i++)
    call(Math.floor(peakList.fs[i] ?? 0), Math.floor(peakList.ss[i] ?? 0), reachOf(peakList, i));
}

/** Whether a pixel of a peak is above its limit: one of those within the circle that has as many pixels as the peak. */
function isAbove(
  peakList: PeakList,
  peak: number,
  frame: Frame,
  { bad, validRange: [, greatest], width, height }: Limits,
  saturation: Float32Array,
): boolean {
  const [x, y] = [Math.floor(peakList.fs[peak] ?? 0), Math.floor(peakList.ss[peak] ?? 0)];
  const reach = reachOf(peakList, peak);
  for (let ss = Math.max(0, y - reach); ss <= Math.min(height - 1, y + reach); ss++)
    for (let fs = Math.max(0, x - reach); fs <= Math.min(width - 1, x + reach); fs++) {
      const i = ss * width + fs;
      const value = frame[i] as number;
      if (bad[i] === 0 && value <= greatest && value > (saturation[i] as number)) return true;
    }
  return false;
}
