/** Which images are pooled: few spots of one beam, and enough images of them. */
import { median } from '../../util/median.js';
import { wavelengthOfSpots } from '../few/choice.js';
import type { FewSpotParameters } from '../few/parameter-types.js';

/** Images, [spots, 3] in 1/Å each. */
export type Images = readonly ArrayLike<number>[];

/** Spots of an image that may be few, and their median from which images are searched by the usual method alone. */
const [leastSpots, mostSpots, mostMedian] = [3, 25, 15];
/** Fewest images that are pooled, those that decide well, and most. */
export const [fewestImages, enoughImages, mostImages] = [15, 60, 300];

/** Images of few spots of one beam. */
export interface FewImagesOf {
  readonly images: Images;
  readonly wavelengthA: number;
}

/** The images, if most are few spots on a sphere; undefined if not. */
export function imagesOfFew(all: Images, { wavelengthA }: FewSpotParameters): FewImagesOf | undefined {
  const images = all.filter(({ length }) => length >= 3 * leastSpots && length <= 3 * mostSpots);
  if (images.length < 3 || 2 * images.length < all.length) return undefined;
  if (median(images.map(({ length }) => length / 3)) > mostMedian) return undefined;
  if (wavelengthA) return { images, wavelengthA };
  const found = images.flatMap((spots) => wavelengthOfSpots(Float32Array.from(spots), 0, spots.length / 3) ?? []);
  return 2 * found.length > images.length ? { images, wavelengthA: median(found) } : undefined;
}

type Six = readonly [number, number, number, number, number, number];

/** What images say that were pooled. */
export interface FewEvidence {
  /** Sum over the images of the log10 of the odds of this cell against no lattice, at most 60 images. */
  readonly log10Odds: number;
  /** Part of the images that it indexes; those of another phase are not counted for the second cell. */
  readonly share: number;
  /** The next best cell, and the log10 of the odds against it. */
  readonly next: { readonly parameters: Six; readonly log10Odds: number } | undefined;
  /** 1, or 2 for a cell that indexes images that the first does not. */
  readonly phase: number;
}
