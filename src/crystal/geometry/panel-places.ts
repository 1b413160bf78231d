/** Finds the panel of a detector that a ray hits. */
import type { Vector } from '../cell.js';
import { cornersOf } from './check.js';
import type { Beam, Geometry } from './geometry.js';
import { heightOf, widthOf } from './pixels.js';

/** Cosine of the widest half angle of a cone: wider panels are always intersected. */
const widest = Math.cos((80 * Math.PI) / 180);

/** Numbers of a plane: the vectors of fs and ss, that to the sample, the numerator of the distance, and the size. */
const planeLength = 12;

/**
 * The panels of a detector, in order. A ray is intersected with a panel only if it lies in the cone around the panel's
 * middle that contains its corners, and therefore the whole panel: a detector of 128 panels takes little more time than
 * one panel.
 *
 * Panels are rows of numbers here, since this runs for every predicted reflection: for objects of different classes the
 * engine would compile it again.
 */
export class PanelPlaces {
  /** Direction of each cone, and the cosine of its half angle; [panels, 4]. */
  readonly #cones: Float64Array;
  /** [panels, 12]. */
  readonly #planes: Float64Array;
  /** The position on the panel that was found last. */
  readonly #found = new Float64Array(2);

  constructor({ panels }: Geometry, beam: Beam) {
    this.#planes = new Float64Array(planeLength * panels.length);
    this.#cones = new Float64Array(4 * panels.length);
    panels.forEach((panel, i) => {
      const { fs, ss, corner, resolution, offsetM } = panel;
      const to = [
        -(corner[0] + beam.shiftM[0] * resolution),
        -(corner[1] + beam.shiftM[1] * resolution),
        -((beam.distanceM + offsetM) * resolution),
      ];
      const at = planeLength * i;
      this.#planes.set([...fs, ...ss, ...to, 0, widthOf(panel), heightOf(panel)], at);
      this.#planes[at + 9] = determinant(this.#planes, at, at + 3, to[0] as number, to[1] as number, to[2] as number);
      const corners = cornersOf(panel, beam).map(unit);
      const middle = unit([0, 1, 2].map((axis) => corners.reduce((sum, c) => sum + (c[axis] as number), 0)) as never);
      const cosines = corners.map((c) => c[0] * middle[0] + c[1] * middle[1] + c[2] * middle[2]);
      // The margin is a thousand times the rounding error.
      const cosine = Math.min(...cosines) - 1e-12;
      this.#cones.set([...middle, cosine > widest ? cosine : -2], 4 * i);
    });
  }

  /** Pixels from the outer corner of the panel that was found last. */
  get fs(): number {
    return this.#found[0] as number;
  }

  get ss(): number {
    return this.#found[1] as number;
  }

  /** The index of the first panel that the ray along a vector hits, or -1. */
  find(kx: number, ky: number, kz: number): number {
    const cones = this.#cones;
    const length = Math.sqrt(kx * kx + ky * ky + kz * kz);
    for (let i = 0, at = 0; at < cones.length; i++, at += 4) {
      const along = kx * (cones[at] as number) + ky * (cones[at + 1] as number) + kz * (cones[at + 2] as number);
      if (along >= length * (cones[at + 3] as number) && meets(this.#planes, planeLength * i, kx, ky, kz, this.#found))
        return i;
    }
    return -1;
  }
}

/** Finds where the ray along a vector meets a panel, as `PanelPlace.find` does; returns whether it does. */
function meets(planes: Float64Array, at: number, kx: number, ky: number, kz: number, found: Float64Array): boolean {
  const d = determinant(planes, at, at + 3, -kx, -ky, -kz);
  // The ray is parallel to the panel, or points away from it.
  if (d === 0 || !((planes[at + 9] as number) / d > 0)) return false;
  const fs = determinant(planes, at + 6, at + 3, -kx, -ky, -kz) / d;
  const ss = determinant(planes, at, at + 6, -kx, -ky, -kz) / d;
  found[0] = fs;
  found[1] = ss;
  return fs >= 0 && ss >= 0 && fs < (planes[at + 10] as number) && ss < (planes[at + 11] as number);
}

/** The determinant of two vectors among `numbers` and a third one. */
function determinant(numbers: Float64Array, a: number, b: number, x: number, y: number, z: number): number {
  const a0 = numbers[a] as number;
  const a1 = numbers[a + 1] as number;
  const a2 = numbers[a + 2] as number;
  const b0 = numbers[b] as number;
  const b1 = numbers[b + 1] as number;
  const b2 = numbers[b + 2] as number;
  return a0 * (b1 * z - b2 * y) - b0 * (a1 * z - a2 * y) + x * (a1 * b2 - a2 * b1);
}

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}
