/** Converts corrections in LiberTEM's terms to those of ewald/data. */

import { Corrections } from '../../frames/corrections.js';
import { isPlainNumbers } from '../../util/arguments.js';
import { EwaldError } from '../../util/errors.js';
import { inspect, knownOptions } from '../../util/options.js';
import { product } from '../../util/product.js';

/**
 * (value − dark) · gain in float64; then each excluded pixel gets the mean of its neighbours that are not excluded.
 * Only those pixels are replaced: a gain of 0 is a factor, and NaN stays NaN.
 */
export interface CorrectionSet {
  /** Subtracted from every frame, [y, x]. */
  readonly dark?: ArrayLike<number> | undefined;
  /** Factor applied after the dark frame is subtracted, [y, x]. */
  readonly gain?: ArrayLike<number> | undefined;
  /** Pixels without a count: a list of (y, x), or a mask that is nonzero where a pixel has none. */
  readonly excludedPixels?: readonly (readonly [number, number])[] | Uint8Array | undefined;
  /** Sets a pixel without a good neighbour to 0; default false, which rejects it. */
  readonly allowEmpty?: boolean | undefined;
}

/**
 * Corrections for frames of `sig`, with the pixels of the file's own mask excluded if there is one, and with its
 * dark frame if none is given; `Corrections` replace both. Throws `Shape`, `Argument`.
 */
export function correctionsFor(
  given: CorrectionSet | Corrections | undefined,
  sig: readonly number[],
  {
    mask: fileMask,
    dark: fileDark,
  }: { readonly mask?: Uint8Array | undefined; readonly dark?: Float64Array | undefined } = {},
): Corrections | undefined {
  if (given instanceof Corrections) return given.isIdentity ? undefined : given;
  if (given === undefined && fileMask === undefined && fileDark === undefined) return undefined;
  knownOptions('corrections', given ?? {}, ['dark', 'gain', 'excludedPixels', 'allowEmpty']);
  const length = product(sig);
  const { dark = fileDark, gain, excludedPixels, allowEmpty = false } = given ?? {};
  let mask: Uint8Array | undefined;
  // The planes of a stack of panels are repaired one by one.
  const [height = 1, width = length] = sig.slice(-2).length === 2 ? sig.slice(-2) : [1, length];
  if (excludedPixels !== undefined) {
    if (sig.length !== 2)
      throw new EwaldError(
        'Shape',
        `corrections: excluded pixels require frames of two axes; these have ${sig.length}`,
      );
    mask = excludedPixels instanceof Uint8Array ? excludedPixels : excludedMask(excludedPixels, height, width);
    if (mask.length !== length)
      throw new EwaldError('Shape', `corrections: excludedPixels has ${mask.length} pixels; the frame has ${length}`);
    if (!allowEmpty) checkNeighbours(mask, height, width);
  }
  // Masks of files mark gaps between modules, in which pixels have no good neighbours and become 0.
  if (fileMask) mask = mask ? fileMask.map((bad, i) => (bad || mask?.[i] ? 1 : 0)) : fileMask;
  const patch = mask && { width, height };
  const corrections = new Corrections({ length, dark, gain, mask, maskOnly: true, ...(patch && { patch }) });
  return corrections.isIdentity ? undefined : corrections;
}

function excludedMask(pixels: readonly (readonly [number, number])[], height: number, width: number): Uint8Array {
  const forms = `expected positions [y, x] within ${height} × ${width}, or a mask of all pixels as a Uint8Array`;
  if (!Array.isArray(pixels))
    throw new EwaldError('Argument', `corrections: excludedPixels is ${inspect(pixels)}; ${forms}`);
  const mask = new Uint8Array(height * width);
  // Holes of the list are invalid, and must not be skipped.
  for (const pixel of Array.from<unknown>(pixels)) {
    if (!isPlainNumbers(pixel) || pixel.length !== 2)
      throw new EwaldError('Argument', `corrections: an element of excludedPixels is ${inspect(pixel)}; ${forms}`);
    const [y, x] = [pixel[0] as number, pixel[1] as number];
    if (!(Number.isInteger(y) && Number.isInteger(x) && y >= 0 && x >= 0 && y < height && x < width))
      throw new EwaldError('Argument', `corrections: the excluded pixel (${y}, ${x}) is outside ${height} × ${width}`);
    mask[y * width + x] = 1;
  }
  return mask;
}

function checkNeighbours(mask: Uint8Array, height: number, width: number): void {
  const marked = mask.reduce((n, bad) => n + (bad ? 1 : 0), 0);
  if (2 * marked > mask.length)
    throw new EwaldError(
      'Argument',
      `corrections: excludedPixels marks ${marked} of the ${mask.length} pixels of a frame: 1 is a pixel to leave out, 0 ` +
        'one to use; is the mask inverted?',
    );
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      let good = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) if (!mask[v * width + u]) good++;
      if (good === 0)
        throw new EwaldError(
          'Argument',
          `corrections: the excluded pixel (${y}, ${x}) has no good neighbour from which to be repaired; ` +
            'allowEmpty: true sets it to 0',
        );
    }
}
