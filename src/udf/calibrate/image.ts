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

/** The medians of the `good` ones of 3 × 3 pixels. */
export function medians(image: Image, good: Uint8Array): Float64Array {
  const { data, height, width } = image;
  const found = new Float64Array(data.length);
  const some = new Float64Array(9);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      let n = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const k = v * width + u;
          if (!good[k]) continue;
          // Sorted as they come.
          const value = data[k] as number;
          let at = n++;
          for (; at > 0 && (some[at - 1] as number) > value; at--) some[at] = some[at - 1] as number;
          some[at] = value;
        }
      found[i] = n === 0 ? 0 : (some[n >> 1] as number);
    }
  return found;
}

/** A Gaussian blur of `sigma` pixels over the good pixels; the others are filled by it. */
export function gaussianBlur(image: Image, good: Uint8Array, sigma: number): Float64Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const { height, width } = image;
  const along = (from: Float64Array, step: number, length: number): Float64Array => {
    const sums = new Float64Array(from.length);
    for (let line = 0, i = 0; line < sums.length; line += step * length)
      for (let at = 0; at < length; at++) {
        const [first, last] = [Math.max(-reach, -at), Math.min(reach, length - 1 - at)];
        for (const end = line + (at + 1) * step; i < end; i++) {
          let sum = 0;
          for (let d = first; d <= last; d++) sum += (weights[d + reach] as number) * (from[i + d * step] as number);
          sums[i] = sum;
        }
      }
    return sums;
  };
  const both = (from: Float64Array): Float64Array => along(along(from, 1, width), width, height);
  const sums = both(image.data.map((value, i) => (good[i] ? value : 0)));
  const shares = both(Float64Array.from(good));
  return sums.map((sum, i) => sum / Math.max(shares[i] as number, 1e-9));
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

/** The pixels within the convex hull of these pixels. */
export function hullOf(pixels: readonly number[], height: number, width: number): Uint8Array {
  const inside = new Uint8Array(height * width);
  const ends = new Map<number, [number, number]>();
  for (const i of pixels) {
    const [y, x] = [Math.floor(i / width), i % width];
    const [low, high] = ends.get(y) ?? [x, x];
    ends.set(y, [Math.min(low, x), Math.max(high, x)]);
  }
  const rows = [...ends.keys()].sort((a, b) => a - b);
  // Andrew's monotone chain, once for each side: from row to row, the sides turn in one direction only.
  const side = (sign: 1 | -1): [number, number][] => {
    const chain: [number, number][] = [];
    for (const y of rows) {
      const x = sign * (ends.get(y)?.[sign === 1 ? 1 : 0] as number);
      for (;;) {
        const [a, b] = [chain.at(-2), chain.at(-1)];
        if (!a || !b || (b[1] - a[1]) * (y - b[0]) > (x - b[1]) * (b[0] - a[0])) break;
        chain.pop();
      }
      chain.push([y, x]);
    }
    return chain;
  };
  const at = (chain: readonly [number, number][], y: number): number => {
    const k = Math.max(
      1,
      chain.findIndex(([row]) => row >= y),
    );
    const [a = [y, 0], b = a] = [chain[k - 1], chain[k]] as [[number, number], [number, number]?];
    return b[0] === a[0] ? a[1] : a[1] + ((b[1] - a[1]) * (y - a[0])) / (b[0] - a[0]);
  };
  const [right, left] = [side(1), side(-1)];
  for (let y = rows[0] as number; y <= (rows.at(-1) as number); y++)
    inside.fill(1, y * width + Math.ceil(-at(left, y) - 1e-9), y * width + Math.floor(at(right, y) + 1e-9) + 1);
  return inside;
}
