/** Rings of hexagonal ice in the background of a frame: how much brighter a band is than its shoulders. */

/** The strongest ring of a frame. */
export interface IceScore {
  /** Intensity of the band over that of its shoulders; 1 without ice. */
  readonly score: number;
  /** Its standard deviation by counting. */
  readonly error: number;
  /** Resolution of the ring in Å. */
  readonly d: number;
  /** Whether the score is above 1 by 4.5 errors and by 3 %, by which a smooth background may be curved. */
  readonly isFlagged: boolean;
}

/** Rings of hexagonal ice (Ih), d in Å. */
export const iceRings: readonly number[] = [3.9, 3.67, 3.44, 2.67, 2.25, 2.07, 1.95, 1.92, 1.88, 1.72];

const ringPlaces = iceRings.map((d) => (2 * Math.PI) / d);

/** Half the width of a band, and where its shoulders begin and end, q = 2π/d in 1/Å. */
const [halfBand, inner, outer] = [0.015, 0.02, 0.05];
/** Bins wider than this do not tell a band from its shoulders. */
export const widestStep = 0.025;
const [fewestSigmas, minExcess] = [4.5, 0.03];

/** The bins: their lowest q, width, and mean q = 2π/d in 1/Å; units per photon. */
interface Bins {
  readonly low: number;
  readonly step: number;
  readonly q: Float64Array;
  readonly gain: number;
}

/** Sums of bins whose mean q lie in some ranges. */
interface BinSums {
  counts: number;
  norm: number;
}

/** The bins of a ring: those of its band, and of its shoulders on both sides. */
export interface IceRing {
  /** Its resolution in Å. */
  readonly d: number;
  readonly band: readonly number[];
  readonly below: readonly number[];
  readonly above: readonly number[];
}

/** The bins of every ring, which frames with the same bins share; none if bins are too wide. */
export function iceRingsIn({ low, step, q: places }: Pick<Bins, 'low' | 'step' | 'q'>): IceRing[] {
  if (step > widestStep) return [];
  const half = Math.max(halfBand, 0.75 * step);
  const [begin, end] = [Math.max(inner, half + 0.5 * step), Math.max(outer, half + 2 * step)];
  const binsIn = (from: number, to: number, isShoulder: boolean): number[] => {
    const found: number[] = [];
    const last = Math.min(places.length - 1, Math.ceil((to - low) / step));
    for (let i = Math.max(0, Math.floor((from - low) / step) - 1); i <= last; i++) {
      const q = places[i] as number;
      if (q < from || q > to || (isShoulder && ringPlaces.some((place) => Math.abs(q - place) <= half))) continue;
      found.push(i);
    }
    return found;
  };
  return ringPlaces.map((place, i) => ({
    d: iceRings[i] as number,
    band: binsIn(place - half, place + half, false),
    below: binsIn(place - end, place - begin, true),
    above: binsIn(place + begin, place + end, true),
  }));
}

/**
 * Scores every ring in the range and returns the one whose excess is largest in units of its error. Bins in the band
 * of another ring are in no shoulder. `rings` are those of the bins.
 */
export function iceScore(
  bins: Bins,
  counts: Float64Array,
  norm: Float64Array,
  rings: readonly IceRing[] = iceRingsIn(bins),
): IceScore | undefined {
  let best: IceScore | undefined;
  for (const { band, below, above, d } of measuredParts(rings, counts, norm)) {
    const shoulders = below.counts / below.norm + above.counts / above.norm;
    const score = (2 * (band.counts / band.norm)) / shoulders;
    const ofShoulders = (below.counts / below.norm ** 2 + above.counts / above.norm ** 2) / shoulders ** 2;
    const error = score * Math.sqrt(bins.gain * (1 / band.counts + ofShoulders));
    const isFlagged = score > 1 + Math.max(fewestSigmas * error, minExcess);
    const one = { score, error, d, isFlagged };
    if (!best || rankOf(one) > rankOf(best)) best = one;
  }
  return best;
}

/** The rings that a profile measures, d in Å: those of which the band and both shoulders have counts. */
export const measuredIceRings = (bins: Bins, counts: Float64Array, norm: Float64Array): number[] =>
  measuredParts(iceRingsIn(bins), counts, norm).map(({ d }) => d);

/** Why a profile measures no ring, in words; undefined if it measures one. */
export function whyNoIce(bins: Bins, counts: Float64Array, norm: Float64Array): string | undefined {
  if (measuredIceRings(bins, counts, norm).length > 0) return undefined;
  const there = Array.from(bins.q).filter((_, i) => (norm[i] as number) > 0);
  if (there.length === 0) return 'no pixel is in the profile';
  const [from, to] = [there[0] as number, there.at(-1) as number].map((q) => (2 * Math.PI) / q) as [number, number];
  const rings = `the rings from ${iceRings[0]} to ${iceRings.at(-1)} Å`;
  if (to > (iceRings[0] as number)) return `the profile ends at ${to.toFixed(2)} Å, before ${rings}`;
  if (from < (iceRings.at(-1) as number)) return `the profile begins at ${from.toFixed(2)} Å, beyond ${rings}`;
  if (bins.step > widestStep)
    return `bins of ${Number(bins.step.toPrecision(2))} 1/Å are too wide to tell a ring; at most ${widestStep} are`;
  return `none of ${rings} has counts both in it and on its two sides, in ${from.toFixed(2)} to ${to.toFixed(2)} Å`;
}

/** A ring, and the sums of its band and of its shoulders. */
interface RingParts {
  readonly d: number;
  readonly band: BinSums;
  readonly below: BinSums;
  readonly above: BinSums;
}

function measuredParts(rings: readonly IceRing[], counts: Float64Array, norm: Float64Array): RingParts[] {
  const sumOf = (bins: readonly number[]): BinSums => {
    const part = { counts: 0, norm: 0 };
    for (const i of bins) {
      part.counts += counts[i] as number;
      part.norm += norm[i] as number;
    }
    return part;
  };
  const measured: RingParts[] = [];
  for (const ring of rings) {
    const [band, below, above] = [sumOf(ring.band), sumOf(ring.below), sumOf(ring.above)];
    const isWhole = band.norm > 0 && below.norm > 0 && above.norm > 0;
    if (isWhole && band.counts > 0 && below.counts + above.counts > 0) measured.push({ d: ring.d, band, below, above });
  }
  return measured;
}

/** The flagged ring with the highest score comes first; without any, the most significant one. */
const rankOf = ({ score, error, isFlagged }: IceScore): number => (isFlagged ? 1e6 + score : (score - 1) / error);
