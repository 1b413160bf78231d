/** The colours of a field of vectors by direction and length. */
import { vectorsToRgba } from '../../entries/udf.js';
import { wheelSize } from './protocol.js';

/** The colours of all vectors inside a circle; transparent outside. */
export function wheel(): Uint8Array {
  const vectors = new Float64Array(2 * wheelSize ** 2).fill(Number.NaN);
  const middle = (wheelSize - 1) / 2;
  for (let i = 0; i < wheelSize ** 2; i++) {
    const [y, x] = [Math.floor(i / wheelSize) - middle, (i % wheelSize) - middle];
    if (Math.hypot(y, x) <= middle) vectors.set([y, x], 2 * i);
  }
  return pictureBytes(vectorsToRgba(vectors));
}

export const pictureBytes = ({ buffer, byteOffset, byteLength }: Uint8ClampedArray): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
