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
  const at = (y: number, x: number): number => picture[y * width + x] as number;
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < picture.length; i++) if ((picture[i] as number) < lowest) lowest = picture[i] as number;
  const highest = (y: number, x: number): boolean => {
    const value = at(y, x);
    for (let dy = -distance; dy <= distance; dy++)
      for (let dx = -distance; dx <= distance; dx++) {
        const other = at(y + dy, x + dx);
        const earlier = dy < 0 || (dy === 0 && dx < 0);
        if (other > value || (earlier && other === value)) return false;
      }
    return true;
  };
  const found: number[] = [];
  for (let y = distance; y < height - distance; y++)
    for (let x = distance; x < width - distance; x++) if (at(y, x) > lowest && highest(y, x)) found.push(y * width + x);
  found.sort((a, b) => (picture[b] as number) - (picture[a] as number) || a - b);
  return Uint32Array.from(found.slice(0, most));
}
