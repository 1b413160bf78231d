/**
 * Results as notebooks show them: Jupyter's kernels for JavaScript, Deno's among them, call the method
 * `Symbol.for('Jupyter.display')` of the value of a cell, await it, and show the richest of the types of its answer that
 * they know: texts as they are, pictures in base64.
 */

import type { DisplayedResult } from '../../util/jupyter.js';
import { htmlText } from '../../util/plain-text.js';
import { base64, deflate, encodePng } from '../../util/png.js';
import { toRgba, vectorsToRgba } from './colormap.js';

/** One array of a result. */
export interface DisplayedArray {
  readonly title: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Numbers in C order; complex ones and vectors (y, x) interleaved. */
  readonly data: ArrayLike<number | bigint>;
  readonly pairs?: 'complex' | 'vectors' | undefined;
  readonly unit?: string | undefined;
  readonly log?: boolean | undefined;
}

/** Pixels of a picture, more than which make a notebook heavy. */
const maxPixels = 2 ** 22;
/** The longer side of a picture on the page, in CSS pixels; values of small ones are squares. */
const side = 360;

/** Results as a notebook shows them: each as a line of text, and those of two axes longer than 1 as pictures. */
export async function displayed(
  arrays: readonly DisplayedArray[],
  notes: readonly string[] = [],
): Promise<DisplayedResult> {
  const shown: { readonly text: string; readonly png?: string; readonly style: string }[] = [];
  for (const array of arrays) shown.push({ text: textOf(array), ...(await pictureOf(array)) });
  const figures = shown.map(({ text, png, style }) => {
    const image = png === undefined ? '' : `<img alt="" style="${style}" src="data:image/png;base64,${png}">`;
    return `<figure style="display:inline-block;margin:4px 12px 4px 0">${image}<figcaption>${htmlText(text)}</figcaption></figure>`;
  });
  const png = shown.find((one) => one.png !== undefined)?.png;
  return {
    'text/plain': [...shown.map(({ text }) => text), ...notes].join('\n'),
    'text/html': [...figures, ...notes.map((note) => `<p>${htmlText(note)}</p>`)].join(''),
    ...(png !== undefined && { 'image/png': png }),
  };
}

/** What an array is, with its limits. */
function textOf({ title, shape, dtype, data, pairs, unit }: DisplayedArray): string {
  const words = `${title}  ${shape.join(' × ')} ${dtype}`;
  const within = unit === undefined || unit === '1' ? '' : ` ${unit}`;
  if (pairs !== undefined)
    return `${words}${within}${pairs === 'vectors' ? ', the hue is the direction' : ', modulus'}`;
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!(least <= most)) return `${words}, no numbers`;
  return `${words}  ${least === most ? least : `${least} … ${most}`}${within}`;
}

/** The picture of an array whose axes longer than 1 are two. */
async function pictureOf({ shape, data, pairs, log }: DisplayedArray): Promise<{ png?: string; style: string }> {
  const axes = shape.filter((length) => length > 1);
  const [height = 0, width = 0] = axes;
  if (axes.length !== 2 || height * width > maxPixels) return { style: '' };
  const numbers = ArrayBuffer.isView(data) && !(data instanceof BigInt64Array || data instanceof BigUint64Array);
  const plain = (numbers ? data : Float64Array.from(data as ArrayLike<number>, Number)) as ArrayLike<number>;
  const moduli = (): Float64Array =>
    Float64Array.from({ length: height * width }, (_, i) =>
      Math.hypot(plain[2 * i] as number, plain[2 * i + 1] as number),
    );
  const rgba = pairs === 'vectors' ? vectorsToRgba(plain) : toRgba(pairs === 'complex' ? moduli() : plain, { log });
  const png = base64(await encodePng(rgba, width, height, deflate));
  const longer = width >= height ? 'width' : 'height';
  return { png, style: `${longer}:${side}px;max-width:100%;image-rendering:pixelated;background:#fff` };
}
