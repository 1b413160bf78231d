/** Finds the local maxima of an image. */

/**
 * Flat indices of pixels that are not exceeded within the square of `distance` pixels around them, highest first, at
 * most `most`. Of equal pixels in a square, the first in C order counts. Pixels equal to the image's minimum, and those
 * closer to an edge than `distance`, are excluded. NaN is not a value: it is never a maximum, and exceeds nothing.
 */
export function localMaxima(
  picture: ArrayLike<number>,
  { width, height }: { readonly width: number; readonly height: number },
  { distance, most }: { readonly distance: number; readonly most: number },
): Uint32Array {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < picture.length; i++) if ((picture[i] as number) < lowest) lowest = picture[i] as number;
  const isHighest = (i: number, reach: number): boolean => {
    const value = picture[i] as number;
    for (let dy = -reach; dy <= reach; dy++)
      for (let k = i + dy * width - reach; k <= i + dy * width + reach; k++) {
        const other = picture[k] as number;
        if (other > value || (k < i && other === value)) return false;
      }
    return true;
  };
  // Nearly all pixels have a neighbour that is higher: one beside them, or in the square around them.
  const near = Math.min(1, distance);
  const isAbove = (i: number): boolean => {
    const value = picture[i] as number;
    if (!(value > lowest)) return false;
    if (near === 0) return true;
    if ((picture[i - 1] as number) >= value || (picture[i - width] as number) >= value) return false;
    return !((picture[i + 1] as number) > value || (picture[i + width] as number) > value);
  };
  const found: number[] = [];
  for (let y = distance; y < height - distance; y++)
    for (let i = y * width + distance; i < (y + 1) * width - distance; i++)
      if (isAbove(i) && isHighest(i, near) && isHighest(i, distance)) found.push(i);
  found.sort((a, b) => (picture[b] as number) - (picture[a] as number) || a - b);
  return Uint32Array.from(found.slice(0, most));
}
