/** Small operations on images of one frame: medians, blurs, connected regions, convex hulls. */

/** A sum of frames, [height, width]. */
export interface Image {
  readonly data: Float64Array;
  readonly height: number;
  readonly width: number;
}

/** Calls `visit` with the index of each pixel around (y, x) within `reach`, the pixel itself included. */
export function around(
  { height, width }: Pick<Image, 'height' | 'width'>,
  index: number,
  reach: number,
  visit: (neighbour: number) => void,
): void {
  const [y, x] = [Math.floor(index / width), index % width];
  for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
    for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) visit(v * width + u);
}

/**
 * An image in which `step` × `step` pixels are one, or such of a part of it (top, bottom, left, right): their mean,
 * without those that are not finite, times their number.
 */
export function binned(
  { data, height, width }: Image,
  step: number,
  [top, bottom, left, right]: readonly [number, number, number, number] = [0, height, 0, width],
): Image {
  const [rows, columns] = [Math.floor((bottom - top) / step), Math.floor((right - left) / step)];
  const out = new Float64Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++) {
      let [counts, pixels] = [0, 0];
      for (let y = top + row * step; y < top + (row + 1) * step; y++)
        for (let x = left + column * step; x < left + (column + 1) * step; x++) {
          const value = data[y * width + x] as number;
          if (!Number.isFinite(value)) continue;
          counts += value;
          pixels++;
        }
      out[at] = (counts / pixels) * step * step;
    }
  return { data: out, height: rows, width: columns };
}

/** The marked pixels of a mask. */
export function pixelsOf(mask: ArrayLike<number>): number[] {
  const pixels: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i]) pixels.push(i);
  return pixels;
}

/** The median of the `good` ones of 3 × 3 pixels around a pixel, sorted as they come. */
function medianAt(
  { data, height, width }: Image,
  good: Uint8Array | undefined,
  y: number,
  x: number,
  some: Float64Array,
) {
  const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
  let n = 0;
  for (let row = Math.max(0, y - 1) * width; row <= Math.min(height - 1, y + 1) * width; row += width)
    for (let k = row + left; k <= row + right; k++) {
      if (good?.[k] === 0) continue;
      const value = data[k] as number;
      let at = n++;
      for (; at > 0 && (some[at - 1] as number) > value; at--) some[at] = some[at - 1] as number;
      some[at] = value;
    }
  return n === 0 ? 0 : (some[n >> 1] as number);
}

/** The medians of the `good` ones of 3 × 3 pixels; of all of them without a mask. */
export function medians(image: Image, good?: Uint8Array): Float64Array {
  const { data, height, width } = image;
  const found = new Float64Array(data.length);
  const some = new Float64Array(9);
  const columns = [new Float64Array(width), new Float64Array(width), new Float64Array(width)] as const;
  for (let y = 0, i = 0; y < height; y++) {
    const isInside = !good && y > 0 && y < height - 1;
    if (isInside) sortColumns(data, y * width, columns);
    for (let x = 0; x < width; x++, i++)
      found[i] = isInside && x > 0 && x < width - 1 ? medianOfNine(columns, x) : medianAt(image, good, y, x, some);
  }
  return found;
}

type Columns = readonly [lows: Float64Array, middles: Float64Array, highs: Float64Array];

/** Sorts each pixel of a row and those above and below it. */
function sortColumns(data: Float64Array, row: number, [lows, middles, highs]: Columns): void {
  const width = lows.length;
  for (let x = 0, i = row; x < width; x++, i++) {
    const a = data[i - width] as number;
    const b = data[i] as number;
    const c = data[i + width] as number;
    const low = a < b ? a : b;
    const high = a < b ? b : a;
    lows[x] = c < low ? c : low;
    middles[x] = c < low ? low : c < high ? c : high;
    highs[x] = c < high ? high : c;
  }
}

const middleOf = (a: number, b: number, c: number): number =>
  a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;

/** The median of nine: that of the highest low, the middle middle and the lowest high of three columns. */
function medianOfNine([lows, middles, highs]: Columns, x: number): number {
  const a = lows[x - 1] as number;
  const b = lows[x] as number;
  const c = lows[x + 1] as number;
  const d = highs[x - 1] as number;
  const e = highs[x] as number;
  const f = highs[x + 1] as number;
  return middleOf(
    a > b ? (a > c ? a : c) : b > c ? b : c,
    middleOf(middles[x - 1] as number, middles[x] as number, middles[x + 1] as number),
    d < e ? (d < f ? d : f) : e < f ? e : f,
  );
}

/** Weights of a Gaussian blur, the middle one at `reach`. */
function blurWeights(sigma: number): { readonly weights: Float64Array; readonly reach: number } {
  const reach = Math.ceil(3 * sigma);
  const weights = new Float64Array(2 * reach + 1);
  for (let i = 0; i < weights.length; i++) weights[i] = Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma));
  return { weights, reach };
}

/** A blur along rows and then along columns; of the rows that the columns need, as many as the weights are kept. */
function blurred(
  rowAt: (y: number, into: Float64Array) => void,
  { height, width }: Pick<Image, 'height' | 'width'>,
  { weights, reach }: ReturnType<typeof blurWeights>,
): Float64Array {
  const out = new Float64Array(height * width);
  const kept = new Float64Array(weights.length * width);
  // Beside the row is nothing: a weight times 0 changes no sum.
  const row = new Float64Array(width + 2 * reach);
  const middle = row.subarray(reach, reach + width);
  for (let y = 0, known = 0; y < height; y++) {
    for (; known < Math.min(height, y + reach + 1); known++) {
      rowAt(known, middle);
      const to = (known % weights.length) * width;
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let d = 0; d < weights.length; d++) sum += (weights[d] as number) * (row[x + d] as number);
        kept[to + x] = sum;
      }
    }
    const end = (y + 1) * width;
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      const weight = weights[v - y + reach] as number;
      for (let i = y * width, from = (v % weights.length) * width; i < end; i++, from++)
        out[i] = (out[i] as number) + weight * (kept[from] as number);
    }
  }
  return out;
}

/** A Gaussian blur of `sigma` pixels over the good pixels; the others are filled by it. All are good without a mask. */
export function gaussianBlur(
  { data, height, width }: Image,
  good: Uint8Array | undefined,
  sigma: number,
): Float64Array {
  const how = blurWeights(sigma);
  const size = { height, width };
  if (!good) {
    const sums = blurred((y, into) => into.set(data.subarray(y * width, (y + 1) * width)), size, how);
    return withinFrame(sums, size, how);
  }
  const sums = blurred(
    (y, into) => {
      for (let x = 0, i = y * width; x < width; x++, i++) into[x] = good[i] ? (data[i] as number) : 0;
    },
    size,
    how,
  );
  const shares = blurred((y, into) => into.set(good.subarray(y * width, (y + 1) * width)), size, how);
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) / Math.max(shares[i] as number, 1e-9);
  return sums;
}

/** Divides blurred sums by the weights within the frame, which are the same in all rows but those at its edges. */
function withinFrame(
  sums: Float64Array,
  { height, width }: Pick<Image, 'height' | 'width'>,
  how: ReturnType<typeof blurWeights>,
): Float64Array {
  const { weights, reach } = how;
  // The weight of the middle is 1.
  const across = blurred((_, into) => into.fill(1), { height: 1, width }, how);
  const shares = new Float64Array(width);
  for (let y = 0, i = 0, known = ''; y < height; y++) {
    const [first, last] = [Math.max(-reach, -y), Math.min(reach, height - 1 - y)];
    if (known !== `${first} ${last}`) {
      known = `${first} ${last}`;
      shares.fill(0);
      for (let v = first; v <= last; v++)
        for (let x = 0; x < width; x++)
          shares[x] = (shares[x] as number) + (weights[v + reach] as number) * (across[x] as number);
    }
    for (let x = 0; x < width; x++, i++) sums[i] = (sums[i] as number) / Math.max(shares[x] as number, 1e-9);
  }
  return sums;
}

/** The values of an image with those of bad pixels from a Gaussian blur of the good ones around them. */
export function filled(image: Image, good: Uint8Array, sigma: number): Float64Array {
  const bad = pixelsOf(good.map((one) => 1 - one));
  if (bad.length === 0) return image.data;
  const data = image.data.slice();
  if (bad.length > data.length / 32) {
    const blur = gaussianBlur(image, good, sigma);
    for (const i of bad) data[i] = blur[i] as number;
    return data;
  }
  const { height, width } = image;
  const { weights, reach } = blurWeights(sigma);
  for (const i of bad) {
    const [y, x] = [Math.floor(i / width), i % width];
    let [sum, share] = [0, 0];
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      let [along, part] = [0, 0];
      for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
        if (!good[v * width + u]) continue;
        const weight = weights[u - x + reach] as number;
        along += weight * (image.data[v * width + u] as number);
        part += weight;
      }
      sum += (weights[v - y + reach] as number) * along;
      share += (weights[v - y + reach] as number) * part;
    }
    data[i] = sum / Math.max(share, 1e-9);
  }
  return data;
}

/** The regions of a mask whose pixels share edges: lists of pixels. */
export function regionsOf(mask: Uint8Array, width: number): number[][] {
  const left = mask.slice();
  const regions: number[][] = [];
  for (let first = 0; first < left.length; first++) {
    if (!left[first]) continue;
    const region: number[] = [];
    const take = (i: number): void => {
      if (!left[i]) return;
      left[i] = 0;
      region.push(i);
    };
    take(first);
    for (let at = 0; at < region.length; at++) {
      const i = region[at] as number;
      const x = i % width;
      take(i - width);
      take(i + width);
      if (x > 0) take(i - 1);
      if (x < width - 1) take(i + 1);
    }
    regions.push(region);
  }
  return regions;
}

/**
 * The regions of marked pixels that share edges, of which `candidates` holds all in ascending order: `visit` gets the
 * place of each in `queue`, which has room for all. The marks are taken away.
 */
export function regionsAmong(
  candidates: Int32Array,
  left: Uint8Array,
  width: number,
  queue: Int32Array,
  visit: (start: number, end: number) => void,
): void {
  let end = 0;
  for (let k = 0; k < candidates.length; k++) {
    const first = candidates[k] as number;
    if (!left[first]) continue;
    const start = end;
    left[first] = 0;
    queue[end++] = first;
    for (let at = start; at < end; at++) {
      const i = queue[at] as number;
      const x = i % width;
      if (left[i - width]) {
        left[i - width] = 0;
        queue[end++] = i - width;
      }
      if (left[i + width]) {
        left[i + width] = 0;
        queue[end++] = i + width;
      }
      if (x > 0 && left[i - 1]) {
        left[i - 1] = 0;
        queue[end++] = i - 1;
      }
      if (x < width - 1 && left[i + 1]) {
        left[i + 1] = 0;
        queue[end++] = i + 1;
      }
    }
    visit(start, end);
  }
}

/** The rows of a convex hull, from `top` on: the first pixel of each, and the one after its last. */
export interface HullRows {
  readonly top: number;
  readonly firsts: Int32Array;
  readonly ends: Int32Array;
}

/** The convex hull of some pixels, at least one. */
export function hullRowsOf(pixels: ArrayLike<number>, width: number): HullRows {
  let [top, bottom] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let k = 0; k < pixels.length; k++) {
    const y = Math.floor((pixels[k] as number) / width);
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  const rows = bottom - top + 1;
  const [lows, highs] = [new Int32Array(rows).fill(width), new Int32Array(rows).fill(-1)];
  for (let k = 0; k < pixels.length; k++) {
    const i = pixels[k] as number;
    const [row, x] = [Math.floor(i / width) - top, i % width];
    if (x < (lows[row] as number)) lows[row] = x;
    if (x > (highs[row] as number)) highs[row] = x;
  }
  // Andrew's monotone chain, once for each side: from row to row, the sides turn in one direction only.
  const side = (sign: 1 | -1): [number, number][] => {
    const chain: [number, number][] = [];
    for (let row = 0; row < rows; row++) {
      if ((highs[row] as number) < 0) continue;
      const [y, x] = [top + row, sign * ((sign === 1 ? highs : lows)[row] as number)];
      for (;;) {
        const [a, b] = [chain.at(-2), chain.at(-1)];
        if (!a || !b || (b[1] - a[1]) * (y - b[0]) > (x - b[1]) * (b[0] - a[0])) break;
        chain.pop();
      }
      chain.push([y, x]);
    }
    return chain;
  };
  const along = (chain: readonly [number, number][], write: (row: number, x: number) => void): void => {
    for (let row = 0, k = 1; row < rows; row++) {
      const y = top + row;
      while (k < chain.length - 1 && (chain[k] as [number, number])[0] < y) k++;
      const [a = [y, 0], b = a] = [chain[k - 1], chain[k]] as [[number, number], [number, number]?];
      write(row, b[0] === a[0] ? a[1] : a[1] + ((b[1] - a[1]) * (y - a[0])) / (b[0] - a[0]));
    }
  };
  const [firsts, ends] = [new Int32Array(rows), new Int32Array(rows)];
  along(side(-1), (row, x) => {
    firsts[row] = Math.ceil(-x - 1e-9);
  });
  along(side(1), (row, x) => {
    ends[row] = Math.floor(x + 1e-9) + 1;
  });
  return { top, firsts, ends };
}

/** The pixels within the convex hull of these pixels. */
export function hullOf(pixels: readonly number[], height: number, width: number): Uint8Array {
  const inside = new Uint8Array(height * width);
  if (pixels.length === 0) return inside;
  const { top, firsts, ends } = hullRowsOf(pixels, width);
  for (let row = 0; row < firsts.length; row++)
    inside.fill(1, (top + row) * width + (firsts[row] as number), (top + row) * width + (ends[row] as number));
  return inside;
}
