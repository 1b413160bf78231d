/** How a centre of mass within a mask follows a pattern that moves: not by as much where the mask holds more than a disk. */

/** Pixels that centres of mass move along y and x, for 1 pixel of the pattern along y, and along x. */
export type MaskResponse = readonly [yy: number, yx: number, xy: number, xx: number];

/** Where nothing but the disk is within the mask. */
export const asTheDisk: MaskResponse = [1, 0, 0, 1];

/**
 * The response of a mask, [height, width], nonzero inside, to the pattern of a sum of frames: what is beyond the edge of
 * the frame is as at the edge. A background that is even counts, and does not move.
 */
export function maskResponse(sum: ArrayLike<number>, mask: ArrayLike<number>, width: number): MaskResponse {
  const height = sum.length / width;
  const centre = (dy: number, dx: number): [y: number, x: number] => {
    let [total, sy, sx] = [0, 0, 0];
    for (let i = 0; i < sum.length; i++) {
      if (!mask[i]) continue;
      const [y, x] = [Math.floor(i / width), i % width];
      const from = Math.min(height - 1, Math.max(0, y - dy)) * width + Math.min(width - 1, Math.max(0, x - dx));
      const value = sum[from] as number;
      total += value;
      sy += value * y;
      sx += value * x;
    }
    return [sy / total, sx / total];
  };
  const [down, up, right, left] = [centre(1, 0), centre(-1, 0), centre(0, 1), centre(0, -1)];
  const response = [down[0] - up[0], right[0] - left[0], down[1] - up[1], right[1] - left[1]].map((one) => one / 2);
  return response.every(Number.isFinite) ? (response as unknown as MaskResponse) : asTheDisk;
}

/** Vectors (y, x) of a pattern as those of its centre of mass. */
export function responded(shifts: Float64Array, [yy, yx, xy, xx]: MaskResponse): Float64Array {
  return shifts.map((value, i) =>
    i % 2 === 0 ? yy * value + yx * (shifts[i + 1] as number) : xy * (shifts[i - 1] as number) + xx * value,
  );
}
