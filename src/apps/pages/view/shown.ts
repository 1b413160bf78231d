/** Makes the data that are sent to the page: plain data, in arrays that nothing else uses. */

import type { Detector, FrameCrystal, FrameResult, PeakList } from '../../../entries/index.js';
import { mapInto } from '../../../entries/pages.js';
import type { FrameData } from './contrast.js';
import type { OpenDataset } from './open-dataset.js';
import type { FrameSummary, ShownCrystal, ShownPeaks } from './protocol.js';

/** Converts data to a type that textures support. */
export function showable(data: Awaited<ReturnType<OpenDataset['read']>>): FrameData {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof Float64Array)
    return mapInto(new Float32Array(data.length), data as ArrayLike<number | bigint>, Number);
  return data as FrameData;
}

/** Copies of the columns of a peak list: the worker transfers what it answers with. */
export const shownPeaks = (frame: number, { count, fs, ss, intensity, snr }: PeakList, ms: number): ShownPeaks => ({
  frame,
  count,
  fs: fs.slice(),
  ss: ss.slice(),
  intensity: intensity.slice(),
  snr: snr.slice(),
  ms,
});

export function shownCrystal(crystal: FrameCrystal, { geometry }: Detector): ShownCrystal {
  const list = crystal.reflections ?? [];
  const hkl = new Int16Array(3 * list.length);
  const columns = () => new Float32Array(list.length);
  const [fs, ss, intensity, sigma] = [columns(), columns(), columns(), columns()];
  for (const [i, reflection] of list.entries()) {
    const panel = geometry.panels[reflection.panel];
    hkl.set([reflection.h, reflection.k, reflection.l], 3 * i);
    fs[i] = reflection.fs + (panel?.minFs ?? 0);
    ss[i] = reflection.ss + (panel?.minSs ?? 0);
    intensity[i] = reflection.intensity;
    sigma[i] = reflection.sigma;
  }
  return {
    lengths: [...crystal.lengths],
    angles: [...crystal.angles],
    probability: crystal.probability,
    explained: crystal.peaks.length,
    resolutionA: 1 / crystal.resolution,
    axes: crystal.cell.flat(),
    reflections: { count: list.length, hkl, fs, ss, intensity, sigma },
  };
}

export function summaryOf(frame: number, result: FrameResult | undefined, error: string | undefined): FrameSummary {
  const [first] = result?.crystals ?? [];
  return {
    frame,
    peaks: result?.peaks.count ?? 0,
    hit: result?.hit ?? false,
    crystals: result?.crystals.length ?? 0,
    cell: first && [...first.lengths, ...first.angles],
    resolutionA: first && 1 / first.resolution,
    error,
  };
}
