/** Converts the results of a chunk of a stream to the form in which they are shown. */
import { type Cell, type Detector, reciprocal, type StreamChunk, type StreamCrystal } from '../../entries/index.js';
import type { ShownCrystal, ShownPeaks } from './protocol.js';
import { shownReflections } from './shown.js';

/** First row of each panel's module in the frame; the stream counts rows within the module. */
const firstRows = (detector: Detector | undefined): ReadonlyMap<string, number> =>
  new Map(detector?.geometry.panels.map(({ name, firstRow }) => [name, firstRow ?? 0]));

/** The peaks of a chunk, in pixels of the frame. */
export function listedPeaks(frame: number, { peaks = [] }: StreamChunk, detector: Detector | undefined): ShownPeaks {
  const rows = firstRows(detector);
  return {
    frame,
    count: peaks.length,
    fs: Float32Array.from(peaks, ({ fs }) => fs),
    ss: Float32Array.from(peaks, ({ ss, panel }) => ss + (rows.get(panel) ?? 0)),
    intensity: Float32Array.from(peaks, ({ intensity }) => intensity),
    ms: undefined,
  };
}

/** Rows a, b, c in Å from a*, b*, c* in 1/nm. */
export const crystalAxes = (rows: StreamCrystal['reciprocal']): Cell =>
  reciprocal(rows.map((row) => row.map((x) => x / 10)) as unknown as Cell);

/** A crystal of a chunk. */
export function listedCrystal(crystal: StreamCrystal, detector: Detector | undefined): ShownCrystal {
  const rows = firstRows(detector);
  const [a, b, c, ...angles] = crystal.parameters;
  return {
    lengths: [10 * a, 10 * b, 10 * c],
    angles,
    probability: undefined,
    explained: undefined,
    resolutionA: crystal.resolutionLimit?.angstrom ?? Number.NaN,
    reflections: shownReflections(crystal.reflections ?? [], ({ panel }) => [0, rows.get(panel) ?? 0]),
  };
}
