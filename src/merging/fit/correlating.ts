/** How well each crystal agrees with the mean of all others, before anything is fitted: process_hkl's `--min-cc`. */
import { correlation } from '../../util/correlation.js';
import { type Identified, plainSums } from './accumulate.js';

/**
 * Those of the selected crystals whose intensities correlate by `least` or more with the plain mean of the other ones.
 * A crystal with fewer than three reflections in common with them is kept.
 */
export function correlating(data: Identified, selected: Uint8Array, least: number): Uint8Array {
  const { intensity, offsets } = data.observations;
  const { counts, mean } = plainSums(data, selected);
  return selected.map((on, c) => {
    if (on === 0) return 0;
    const [own, others]: [number[], number[]] = [[], []];
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++) {
      const id = data.ids[i] as number;
      const [n, value] = [counts[id] as number, intensity[i] as number];
      if (n < 2) continue;
      own.push(value);
      others.push(((mean[id] as number) * n - value) / (n - 1));
    }
    return correlation(own, others) < least ? 0 : 1;
  });
}
