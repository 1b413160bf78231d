/** The scatter of a spot about its node, as cpp/indexing/few_spots.cpp has it. */
import { norm, type Vector } from '../../crystal/cell.js';
import type { FewModel } from './choice.js';

/** A symmetric matrix: xx, xy, xz, yy, yz, zz in 1/Å². */
export type Scatter = readonly [number, number, number, number, number, number];

/** Scatter in all directions, of what the model neglects, 1/Å. */
const least = 2e-5;

/** The covariance of a spot at `q`, 1/Å. */
export function scatterOf(q: Vector, wavelengthA: number, model: FewModel): Scatter {
  const found: [number, number, number, number, number, number] = [least ** 2, 0, 0, least ** 2, 0, least ** 2];
  const add = (s: number, [x, y, z]: Vector): void => {
    found[0] += s * x * x;
    found[1] += s * x * y;
    found[2] += s * x * z;
    found[3] += s * y * y;
    found[4] += s * y * z;
    found[5] += s * z * z;
  };
  const [x, y, z] = q;
  const ray: Vector = [x, y, z + 1 / wavelengthA];
  const s = ray.map((part) => part / norm(ray)) as unknown as Vector;
  const across = (model.spotError * s[2]) ** 2;
  add(across, [1 - s[0] * s[0], -s[0] * s[1], -s[0] * s[2]]);
  add(across, [-s[1] * s[0], 1 - s[1] * s[1], -s[1] * s[2]]);
  add(model.bandwidth ** 2, q);
  const square = x * x + y * y + z * z;
  const aside: Vector = [(-z * x) / square, (-z * y) / square, 1 - (z * z) / square];
  const part = norm(aside) ** 2;
  if (part > 1e-12) add((model.mosaicityRad ** 2 * square) / part, aside);
  add(model.thicknessA ** -2, [0, 0, 1]);
  return found;
}

/** Error of the length of a vector of that scatter. */
export function lengthError([x, y, z]: Vector, length: number, [xx, xy, xz, yy, yz, zz]: Scatter): number {
  const square = x * x * xx + y * y * yy + z * z * zz + 2 * (x * y * xy + x * z * xz + y * z * yz);
  return Math.sqrt(square) / length;
}
