/** Whether a geometry orients the panels as the file of the frames does, however the laboratory's axes are chosen. */
import { cross, dot, norm, scale, type Vector } from '../../crystal/cell.js';
import type { Geometry, Panel } from '../../crystal/geometry/geometry.js';
import type { Dataset, DetectorPanel } from '../dataset.js';
import { moduleOf } from './frame-axes.js';

/** Refined panels are tilted by less, in degrees. */
const usualTilt = 1;

interface Orientation {
  /** The direction of the beam along fast scan, along slow scan, and normal to both. */
  readonly beam: Vector;
  /** Whether x, y and the beam are right-handed as the axes of the panel's pixels. */
  readonly isMirrored: boolean;
}

/** The beam as the panel sees it: the same if everything is turned about the beam. */
function orientation(fast: Vector, slow: Vector): Orientation {
  const normal = cross(fast, slow);
  const isMirrored = normal[2] < 0;
  const away = scale((isMirrored ? -1 : 1) / norm(normal), normal);
  return { beam: [fast[2] / norm(fast), slow[2] / norm(slow), away[2]], isMirrored };
}

/** In which words the panels of a file are oriented otherwise than those of a geometry; undefined if they are not. */
export function otherOrientation(
  geometry: Geometry,
  { name, meta }: Pick<Dataset, 'name' | 'meta'>,
): string | undefined {
  let worst: { readonly degrees: number; readonly text: string } | undefined;
  for (const stated of meta.panels ?? []) {
    const panel = geometry.panels.find((one) => isOn(one, stated));
    if (!panel) continue;
    const [own, other] = [orientation(panel.fs, panel.ss), orientation(stated.fastM, stated.slowM)];
    if (own.isMirrored !== other.isMirrored)
      return (
        `panel ${panel.name} is mirrored in the geometry against ${name}: one of fs and ss points the other way, ` +
        'and Friedel mates are exchanged'
      );
    const cosine = dot(own.beam, other.beam) / (norm(own.beam) * norm(other.beam));
    const degrees = (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
    if (degrees > usualTilt && !(degrees <= (worst?.degrees ?? 0)))
      worst = {
        degrees,
        text: `panel ${panel.name} is tilted by ${degrees.toFixed(1)}° in ${name} against the geometry`,
      };
  }
  return worst?.text;
}

/** Whether the middle of a panel of the file lies on a panel of the geometry. */
function isOn(panel: Panel, { module, first, width, height }: DetectorPanel): boolean {
  const [fs, ss] = [first.x + width / 2, first.y + height / 2];
  const isInside = fs >= panel.minFs && fs <= panel.maxFs + 1 && ss >= panel.minSs && ss <= panel.maxSs + 1;
  const own = moduleOf(panel);
  return isInside && own.length === module.length && own.every((n, axis) => n === module[axis]);
}
