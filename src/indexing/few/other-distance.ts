/** Whether images of few spots have their known cell at another distance of the detector. */
import { wavelengthOfSpots } from './choice.js';

/** Images that are looked at, fewest of them, and the parts of them that are indexed as they are, and elsewhere. */
const [mostImages, fewestImages, most, least] = [16, 5, 0.25, 0.5];
/** Distances that are tried, as parts of the given one: from a cell's odds at 0.3 % off nothing is missed. */
const [reach, step] = [0.03, 0.003];

/** A distance at which images are indexed. */
export interface OtherDistance {
  /** The distance, as a part of the given one. */
  readonly factor: number;
  readonly indexed: number;
  readonly before: number;
  readonly images: number;
}

/** The spots of an image at another distance; undefined if they lie on no sphere. */
function spotsAt(spots: Float32Array, factor: number): Float32Array | undefined {
  const wavelengthA = wavelengthOfSpots(spots, 0, spots.length / 3);
  if (wavelengthA === undefined) return undefined;
  const moved = new Float32Array(spots.length);
  for (let i = 0; i < spots.length; i += 3) {
    const [x, y, z] = [spots[i] as number, spots[i + 1] as number, (spots[i + 2] as number) + 1 / wavelengthA];
    const size = Math.hypot(x, y, factor * z) * wavelengthA;
    moved.set([x / size, y / size, (factor * z) / size - 1 / wavelengthA], i);
  }
  return moved;
}

/**
 * The distance at which most of some images are indexed although few are at the given one; undefined if there is none, or
 * if too few images are given. `indexed` says which images of a run have crystals.
 */
export async function otherDistance(
  all: readonly { readonly spots: Float32Array; readonly indexed: boolean }[],
  indexed: (images: readonly Float32Array[]) => Promise<number>,
): Promise<OtherDistance | undefined> {
  const some = all.filter(({ spots }) => spotsAt(spots, 1) !== undefined);
  const before = some.filter((one) => one.indexed).length;
  if (some.length < fewestImages || before > most * some.length) return undefined;
  const looked = some.slice(0, mostImages);
  const tried: { readonly factor: number; readonly count: number }[] = [];
  for (let factor = 1 - reach; factor < 1 + reach + step / 2; factor += step)
    tried.push({ factor, count: await indexed(looked.map(({ spots }) => spotsAt(spots, factor) ?? spots)) });
  const count = Math.max(...tried.map((one) => one.count));
  if (count < least * looked.length) return undefined;
  // All may be indexed at several.
  const best = tried.filter((one) => one.count === count);
  return {
    factor: best.reduce((sum, { factor }) => sum + factor, 0) / best.length,
    indexed: count,
    before: looked.filter((one) => one.indexed).length,
    images: looked.length,
  };
}

/** That the distance is wrong, or the size of the cell. */
export const otherDistanceText = ({ factor, indexed, before, images }: OtherDistance): string =>
  `with the detector ${(100 * Math.abs(1 - factor)).toFixed(1)} % ${factor < 1 ? 'nearer' : 'farther away'}, ${indexed} of ` +
  `${images} images of few spots are indexed instead of ${before}: the distance is wrong by that, or the edges of the cell; a ` +
  'powder tells the distance (ewald geometry refine --powder), or the rings of this cell in the peaks of many frames';
