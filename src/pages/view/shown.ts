/** Makes the data that are sent to the page: plain data, in arrays that nothing else uses. */

import type { Detector, FrameCrystal, FrameResult, PeakList } from '../../entries/index.js';
import { mapInto } from '../../entries/pages.js';
import type { FrameData } from './contrast.js';
import type { OpenDataset } from './open-dataset.js';
import type { FrameSummary, ShownCrystal, ShownPeaks, ShownReflections } from './protocol.js';

/** Converts data to a type that textures support. */
export function showable(data: Awaited<ReturnType<OpenDataset['read']>>): FrameData {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array || data instanceof Float64Array)
    return mapInto(new Float32Array(data.length), data as ArrayLike<number | bigint>, Number);
  return data as FrameData;
}

/** Copies of the columns of a peak list: the worker transfers what it answers with. */
export const shownPeaks = (frame: number, { count, fs, ss, intensity }: PeakList, ms: number): ShownPeaks => ({
  frame,
  count,
  fs: fs.slice(),
  ss: ss.slice(),
  intensity: intensity.slice(),
  ms,
});

/** A reflection of a crystal, in pixels of its panel. */
type Reflection = Readonly<Record<'h' | 'k' | 'l' | 'fs' | 'ss' | 'intensity' | 'sigma', number>>;

/** The columns of reflections; `cornerOf` gives the first pixel of the panel on which one is. */
export function shownReflections<R extends Reflection>(
  list: readonly R[],
  cornerOf: (reflection: R) => readonly [fs: number, ss: number],
): ShownReflections {
  return {
    count: list.length,
    hkl: Int16Array.from(list.flatMap(({ h, k, l }) => [h, k, l])),
    fs: Float32Array.from(list, (reflection) => reflection.fs + cornerOf(reflection)[0]),
    ss: Float32Array.from(list, (reflection) => reflection.ss + cornerOf(reflection)[1]),
    intensity: Float32Array.from(list, ({ intensity }) => intensity),
    sigma: Float32Array.from(list, ({ sigma }) => sigma),
  };
}

export function shownCrystal(crystal: FrameCrystal, { geometry }: Detector): ShownCrystal {
  return {
    lengths: [...crystal.lengths],
    angles: [...crystal.angles],
    probability: crystal.probability,
    explained: crystal.peaks.length,
    resolutionA: 1 / crystal.resolution,
    reflections: shownReflections(crystal.reflections ?? [], ({ panel }) => {
      const { minFs = 0, minSs = 0 } = geometry.panels[panel] ?? {};
      return [minFs, minSs];
    }),
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
