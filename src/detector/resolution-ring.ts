/**
 * Pixels of one resolution. A resolution d is scattered at 2θ with sin θ = λ/2d: the rays form a cone about the beam, and a
 * panel cuts it in a conic section. The curve is traced by the rays' azimuth, so that tilted panels need no case of their
 * own, and the ends of an arc are bisected to the panel's edge.
 */

import { EwaldError } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { PanelPlace } from '../crystal/geometry/pixels.js';

/** A part of a ring on one panel. */
export interface RingArc {
  /** Number of the panel in the geometry. */
  readonly panel: number;
  /** Points along the arc, [points, 2]: fs and ss in pixels of the frame. A closed ring ends where it begins. */
  readonly points: Float64Array;
}

/** Steps of azimuth: a chord leaves a circle of 2000 pixels' radius by less than 0.02 pixels. */
const steps = 720;
/** Halvings of a step: the end of an arc is exact to 10⁻⁹ of a turn. */
const halvings = 20;

/** The arcs of the resolution d, in Å. Throws `Argument` for a d that is not positive; empty where λ/2d exceeds 1. */
export function resolutionRing({ panels }: Geometry, beam: Beam, resolutionA: number): RingArc[] {
  if (!(resolutionA > 0))
    throw new EwaldError(
      'Argument',
      `ring: the resolution is ${shown(resolutionA)}; it expects a positive number of Å`,
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

/** The stretches of azimuth, in turns, that meet a panel; one that passes azimuth 0 ends beyond 1. */
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

/** The last azimuth that meets the panel, between one that does and one that does not. */
function edge(meets: (turn: number) => boolean, inside: number, outside: number): number {
  let [within, beyond] = [inside, outside];
  for (let i = 0; i < halvings; i++) {
    const middle = (within + beyond) / 2;
    if (meets(middle)) within = middle;
    else beyond = middle;
  }
  return within;
}
