/** The wavelength that files of a merge state: one, where the crystals were measured with one. */
import { counted } from '../../util/amounts.js';
import { median } from '../../util/median.js';

/** Relative differences up to which wavelengths are the same. */
const same = 1e-3;

/**
 * Sorted wavelengths apart by their gaps: a gap that is wider than half of what it leaves on either side, which the jitter of
 * a source has not but in its last few pulses.
 */
function apart(sorted: readonly number[]): (readonly number[])[] {
  let [at, widest] = [0, 0];
  for (let i = 1; i < sorted.length; i++) {
    const gap = (sorted[i] as number) - (sorted[i - 1] as number);
    if (gap > widest) [at, widest] = [i, gap];
  }
  const [low, high] = [sorted.slice(0, at), sorted.slice(at)];
  const span = (some: readonly number[]): number => (some.at(-1) ?? 0) - (some[0] ?? 0);
  const isApart = widest > same * (sorted[at] ?? 0) && 2 * widest > Math.max(span(low), span(high));
  return isApart ? [...apart(low), ...apart(high)] : [sorted];
}

/** Two digits beyond the tolerance. */
const shown = (x: number): string => String(Number(x.toFixed(4)));

/**
 * The median wavelength of the crystals that are merged, in angstrom; 0, and a remark with those of how many crystals, if they
 * are several. One that jitters is said with its range.
 */
export function statedWavelength(
  wavelengths: Float64Array,
  part: Uint8Array,
): { readonly wavelengthA: number; readonly remark?: string } {
  const used = Array.from(wavelengths.filter((_, c) => part[c] === 1)).sort((a, b) => a - b);
  const wavelengthA = median(used.length > 0 ? used : wavelengths);
  const [first, last] = [used[0] ?? wavelengthA, used.at(-1) ?? wavelengthA];
  if (last - first <= same * wavelengthA) return { wavelengthA };
  const groups = apart(used);
  if (groups.length === 1)
    return {
      wavelengthA,
      remark: `The wavelengths of the crystals are ${shown(first)} to ${shown(last)} Å; files state the median, ${shown(wavelengthA)} Å.`,
    };
  const parts = groups.map((some) => `${counted(some.length, 'crystal')} at ${shown(median(some))} Å`);
  return {
    wavelengthA: 0,
    remark:
      `The crystals were measured with ${groups.length} wavelengths, ${parts.slice(0, 6).join(', ')}` +
      `${parts.length > 6 ? ', …' : ''}: merged files and Table 1 state none, and unmerged MTZ files that of each crystal. ` +
      'Merge each wavelength by itself for anomalous differences.',
  };
}
