/**
 * Pixels at one resolution. The rays scattered at 2θ, with sin θ = λ/2d for the resolution d, form a cone about the
 * beam, which a panel cuts in a conic section. The curve is traced by the azimuth of the rays, so that tilted panels
 * need no special case, and the ends of an arc are bisected to the panel's edge.
 */

import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { PanelPlace } from '../../crystal/geometry/pixels.js';
import { EwaldError } from '../../util/errors.js';
import { inspect } from '../../util/options.js';

/** The part of a ring on one panel. */
export interface RingArc {
  /** Index of the panel in the geometry. */
  readonly panel: number;
  /** Points along the arc, [points, 2]: fs and ss in pixels of the frame. A closed ring ends where it begins. */
  readonly points: Float64Array;
}

/** Steps of azimuth: a chord deviates from a circle of 2000 pixels' radius by less than 0.02 pixels. */
const steps = 720;
/** Bisections of a step: the end of an arc is accurate to 10⁻⁹ of a turn. */
const halvings = 20;

/** The arcs of the resolution d, in Å. Throws `Argument` if d is not positive; empty if λ/2d exceeds 1. */
export function resolutionRing({ panels }: Geometry, beam: Beam, resolutionA: number): RingArc[] {
  if (!(resolutionA > 0))
    throw new EwaldError(
      'Argument',
      `ring: the resolution is ${inspect(resolutionA)}; it expects a positive number of Å`,
    );
  const sine = beam.wavelengthA / (2 * resolutionA);
  if (sine > 1) return [];
  const angle = 2 * Math.asin(sine);
  const [across, along] = [Math.sin(angle), Math.cos(angle)];
  return panels.flatMap((panel, number) => {
    const place = new PanelPlace(panel, beam);
    const meets = (turn: number): boolean =>
      place.find(across * Math.cos(2 * Math.PI * turn), across * Math.sin(2 * Math.PI * turn), along);
    const arcs = arcsOf(meets).map(([from, to]) => {
      const inner = Array.from({ length: steps + 1 }, (_, i) => Math.floor(from * steps) + 1 + i)
        .map((i) => i / steps)
        .filter((turn) => turn < to);
      const points = [from, ...inner, to].flatMap((turn) =>
        meets(turn) ? [place.fs + panel.minFs, place.ss + panel.minSs] : [],
      );
      return { panel: number, points: Float64Array.from(points) };
    });
    return arcs.filter(({ points }) => points.length >= 4);
  });
}

/** The ranges of azimuth, in turns, that meet a panel; one that passes azimuth 0 ends beyond 1. */
function arcsOf(meets: (turn: number) => boolean): (readonly [from: number, to: number])[] {
  const inside = Array.from({ length: steps }, (_, i) => meets(i / steps));
  const start = inside.indexOf(false);
  if (start < 0) return [[0, 1]];
  const arcs: (readonly [number, number])[] = [];
  let from: number | undefined;
  for (let i = start + 1; i <= start + steps; i++) {
    const here = inside[i % steps] === true;
    if (here && from === undefined) from = edge(meets, i / steps, (i - 1) / steps);
    if (!here && from !== undefined) {
      arcs.push([from, edge(meets, (i - 1) / steps, i / steps)]);
      from = undefined;
    }
  }
  return arcs;
}

/** The azimuth at the edge of the panel, bisected between one inside and one outside. */
function edge(meets: (turn: number) => boolean, inside: number, outside: number): number {
  let [within, beyond] = [inside, outside];
  for (let i = 0; i < halvings; i++) {
    const middle = (within + beyond) / 2;
    if (meets(middle)) within = middle;
    else beyond = middle;
  }
  return within;
}
