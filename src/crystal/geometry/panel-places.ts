/** Finds the panel of a detector that a ray hits. */
import type { Vector } from '../cell.js';
import { cornersOf } from './check.js';
import type { Beam, Geometry } from './geometry.js';
import { PanelPlace } from './pixels.js';

/** Cosine of the widest half angle of a cone: wider panels are always intersected. */
const widest = Math.cos((80 * Math.PI) / 180);

/**
 * The panels of a detector, in order. A ray is intersected with a panel only if it lies in the cone around the panel's
 * middle that contains its corners, and therefore the whole panel: a detector of 128 panels takes little more time than
 * one panel.
 */
export class PanelPlaces {
  /** Pixels from the outer corner of the panel that was found last. */
  fs = 0;
  ss = 0;
  readonly #places: readonly PanelPlace[];
  /** Direction of each cone, and the cosine of its half angle; [panels, 4]. */
  readonly #cones: Float64Array;

  constructor({ panels }: Geometry, beam: Beam) {
    this.#places = panels.map((panel) => new PanelPlace(panel, beam));
    this.#cones = new Float64Array(4 * panels.length);
    panels.forEach((panel, i) => {
      const corners = cornersOf(panel, beam).map(unit);
      const middle = unit([0, 1, 2].map((axis) => corners.reduce((sum, c) => sum + (c[axis] as number), 0)) as never);
      const cosines = corners.map((c) => c[0] * middle[0] + c[1] * middle[1] + c[2] * middle[2]);
      // The margin is a thousand times the rounding error.
      const cosine = Math.min(...cosines) - 1e-12;
      this.#cones.set([...middle, cosine > widest ? cosine : -2], 4 * i);
    });
  }

  /** The index of the first panel that the ray along a vector hits, or -1. */
  find(kx: number, ky: number, kz: number): number {
    const cones = this.#cones;
    const length = Math.sqrt(kx * kx + ky * ky + kz * kz);
    for (let i = 0, at = 0; at < cones.length; i++, at += 4) {
      const along = kx * (cones[at] as number) + ky * (cones[at + 1] as number) + kz * (cones[at + 2] as number);
      if (!(along >= length * (cones[at + 3] as number))) continue;
      const place = this.#places[i] as PanelPlace;
      if (!place.find(kx, ky, kz)) continue;
      [this.fs, this.ss] = [place.fs, place.ss];
      return i;
    }
    return -1;
  }
}

function unit([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}
