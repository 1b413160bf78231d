/**
 * Where the ray of a node meets a panel, and how this point changes with the node: the inner loop of a refinement. It
 * works on numbers in place, since a pair is visited in each round, and arrays for each of them take most of the time.
 */

import { type Cell, cross, type Vector } from '../crystal/cell.js';
import type { Beam } from '../crystal/geometry/geometry.js';
import { milli } from './gauge.js';
import type { PlacedPanel } from './units.js';

/** Number of parameters of a crystal, in thousandths: three of its rotation, then six of its strain. */
export const locals = 9;

/** The plane of a panel. */
export interface Plane {
  readonly corner: Vector;
  readonly normal: Vector;
  /** Dual vectors of the steps per pixel, in the plane. */
  readonly dualF: Vector;
  readonly dualS: Vector;
}

export function planeOf({ corner, fs, ss }: PlacedPanel): Plane {
  const normal = cross(fs, ss);
  const square = normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2];
  const scaled = ([x, y, z]: Vector): Vector => [x / square, y / square, z / square];
  return { corner, normal, dualF: scaled(cross(ss, normal)), dualS: scaled(cross(normal, fs)) };
}

const threeNumbers = (): Float64Array => new Float64Array(3);

/** The ray of a node. One instance is reused for many pairs. */
export class Ray {
  /** Rows a*, b*, c*, and 1/λ and the position of the beam, of the crystal whose nodes follow. */
  readonly #stars = new Float64Array(9);
  readonly #beam = new Float64Array(4);
  #plane: Plane = { corner: [0, 0, 0], normal: [0, 0, 1], dualF: [1, 0, 0], dualS: [0, 1, 0] };
  readonly #node = threeNumbers();
  /** Pixels from the corner along both scans, the excitation error in 1/Å, and metres along the ray per 1/Å. */
  readonly #found = new Float64Array(4);
  /** The point in metres, without the distance and the shift of the beam. */
  readonly point = threeNumbers();
  /** Derivatives of the fast-scan and slow-scan coordinates with respect to the node. */
  readonly alongF = threeNumbers();
  readonly alongS = threeNumbers();
  /** Direction of the ray, the derivative of the excitation error. */
  readonly direction = threeNumbers();
  /**
   * The point of the sphere nearest to the node. Derivatives of an excitation error are taken there: at the node they
   * contain the error itself, and crystals would grow along the beam, and the distance with them, by more stated errors
   * the more crystals there are (regression dilution).
   */
  readonly onSphere = threeNumbers();

  get f(): number {
    return this.#found[0] as number;
  }
  get s(): number {
    return this.#found[1] as number;
  }
  get excitation(): number {
    return this.#found[2] as number;
  }
  get stretch(): number {
    return this.#found[3] as number;
  }

  /** The nodes that follow are those of a crystal with rows a*, b*, c* in a beam. */
  from(rows: Cell, { wavelengthA, shiftM, distanceM }: Beam): void {
    for (let i = 0; i < 9; i++) this.#stars[i] = rows[Math.floor(i / 3)]?.[i % 3] as number;
    this.#beam[0] = 1 / wavelengthA;
    this.#beam[1] = shiftM[0];
    this.#beam[2] = shiftM[1];
    this.#beam[3] = distanceM;
  }

  /**
   * Finds the point where the ray of the node whose indices begin at `at` meets the plane of a panel; returns whether it
   * is in front of the sample.
   */
  meet(indices: ArrayLike<number>, at: number, plane: Plane): boolean {
    const h = indices[at] as number;
    const k = indices[at + 1] as number;
    const l = indices[at + 2] as number;
    const stars = this.#stars;
    const beam = this.#beam;
    const found = this.#found;
    const { corner, normal, dualF, dualS } = plane;
    const x = h * (stars[0] as number) + k * (stars[3] as number) + l * (stars[6] as number);
    const y = h * (stars[1] as number) + k * (stars[4] as number) + l * (stars[7] as number);
    const z = h * (stars[2] as number) + k * (stars[5] as number) + l * (stars[8] as number);
    const k0 = beam[0] as number;
    const along = z + k0;
    const ox = corner[0] + (beam[1] as number);
    const oy = corner[1] + (beam[2] as number);
    const oz = corner[2] + (beam[3] as number);
    const across = x * normal[0] + y * normal[1] + along * normal[2];
    const t = (ox * normal[0] + oy * normal[1] + oz * normal[2]) / across;
    if (!(t > 0 && Number.isFinite(t))) return false;
    const ax = t * x - ox;
    const ay = t * y - oy;
    const az = t * along - oz;
    found[0] = dualF[0] * ax + dualF[1] * ay + dualF[2] * az;
    found[1] = dualS[0] * ax + dualS[1] * ay + dualS[2] * az;
    found[2] = Math.sqrt(x * x + y * y + along * along) - k0;
    found[3] = t;
    this.#node[0] = x;
    this.#node[1] = y;
    this.#node[2] = z;
    this.#plane = plane;
    return true;
  }

  /** Sets the derivatives at the point that was found last. */
  derive(): void {
    const node = this.#node;
    const beam = this.#beam;
    const found = this.#found;
    const { normal, dualF, dualS } = this.#plane;
    const x = node[0] as number;
    const y = node[1] as number;
    const z = node[2] as number;
    const k0 = beam[0] as number;
    const t = found[3] as number;
    const excitation = found[2] as number;
    const along = z + k0;
    const across = x * normal[0] + y * normal[1] + along * normal[2];
    const f = (dualF[0] * x + dualF[1] * y + dualF[2] * along) / across;
    const s = (dualS[0] * x + dualS[1] * y + dualS[2] * along) / across;
    const length = excitation + k0;
    for (let i = 0; i < 3; i++) {
      this.alongF[i] = t * ((dualF[i] as number) - f * (normal[i] as number));
      this.alongS[i] = t * ((dualS[i] as number) - s * (normal[i] as number));
      const ray = i === 2 ? along : (node[i] as number);
      this.direction[i] = ray / length;
      this.onSphere[i] = (node[i] as number) - (excitation * ray) / length;
      this.point[i] = t * ray - (beam[1 + i] as number);
    }
  }

  /** Derivatives of the three predictions with respect to the crystal's rotation and strain, in thousandths, [3, 9]. */
  locals(into: Float64Array): void {
    localsOf(into, 0, this.alongF, this.#node);
    localsOf(into, locals, this.alongS, this.#node);
    localsOf(into, 2 * locals, this.direction, this.onSphere);
  }
}

/** The derivatives of one prediction, from those with respect to the node: ω × g, and the symmetric strain times g. */
function localsOf(into: Float64Array, at: number, along: Float64Array, node: Float64Array): void {
  const u = milli * (along[0] as number);
  const v = milli * (along[1] as number);
  const w = milli * (along[2] as number);
  const x = node[0] as number;
  const y = node[1] as number;
  const z = node[2] as number;
  into[at] = w * y - v * z;
  into[at + 1] = u * z - w * x;
  into[at + 2] = v * x - u * y;
  into[at + 3] = u * x;
  into[at + 4] = v * y;
  into[at + 5] = w * z;
  into[at + 6] = v * z + w * y;
  into[at + 7] = u * z + w * x;
  into[at + 8] = u * y + v * x;
}
