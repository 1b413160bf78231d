/** Standard deviations of merged intensities: those implied by the weights, corrected by the observed scatter. */
import type { Spread } from './accumulate.js';

/** Number of bins in which reflections of similar intensity are judged together. */
const bins = 20;
/** Larger scatter is attributed to outliers and not to the error model. */
const maxScatter = 5;

/** 1/√Σ w g², times the root of the reduced χ² of reflections of similar intensity if that is above 1. */
export function mergedSigmas({ counts, information, deviation2 }: Spread, intensity: Float64Array): Float64Array {
  const sigma = information.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum) : Number.POSITIVE_INFINITY));
  const order = new Uint32Array(intensity.length).map((_, i) => i);
  order.sort((a, b) => (intensity[a] as number) - (intensity[b] as number) || a - b);
  for (let bin = 0; bin < bins; bin++) {
    const members = order.subarray(
      Math.floor((bin * order.length) / bins),
      Math.floor(((bin + 1) * order.length) / bins),
    );
    let [scatter, freedom, judged] = [0, 0, 0];
    for (const id of members) {
      const n = counts[id] as number;
      if (n <= 2) continue;
      judged++;
      freedom += n - 1;
      scatter += Math.min((deviation2[id] as number) / (n - 1), maxScatter) * (n - 1);
    }
    if (judged <= 10) continue;
    const factor = Math.sqrt(Math.max(1, scatter / freedom));
    for (const id of members) sigma[id] = (sigma[id] as number) * factor;
  }
  return sigma;
}
