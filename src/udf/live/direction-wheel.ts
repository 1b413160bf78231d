/** The key of the colours of vectors. */
import { vectorsToRgba } from './colormap.js';

/** The colours of vectors of all directions up to the rim of a wheel, [2 radius + 1, 2 radius + 1]; clear beside it. */
export function directionWheel(radius: number): Uint8ClampedArray<ArrayBuffer> {
  const side = 2 * radius + 1;
  const vectors = new Float64Array(2 * side * side).fill(Number.NaN);
  for (let i = 0; i < side * side; i++) {
    const [dy, dx] = [Math.floor(i / side) - radius, (i % side) - radius];
    if (Math.hypot(dy, dx) <= radius) vectors.set([dy, dx], 2 * i);
  }
  return vectorsToRgba(vectors, { most: radius });
}
