/** Rings around the beam: which ring each pixel of a frame lies in, and which pixels take no part. */

import type { Geometry } from '../crystal/geometry/geometry.js';
import { badPixels, heightOf, widthOf } from '../crystal/geometry/pixels.js';
import { EwaldError } from '../errors.js';
import { maskedBin } from '../layout/peaks.js';

/** A rectangle of the frame that is searched by itself, half open. */
export interface SearchedPanel {
  readonly name: string;
  readonly fs: number;
  readonly ss: number;
  readonly endFs: number;
  readonly endSs: number;
}

/** Rings and panels of a detector. */
export interface Rings {
  /** Ring of every pixel, [ss, fs]; `maskedBin` takes no part. */
  readonly bins: Uint16Array;
  readonly rings: number;
  readonly panels: readonly SearchedPanel[];
}

/** Radii between which pixels take part, in pixels; 0 is no limit. */
export interface Reach {
  readonly minRadius: number;
  readonly maxRadius: number;
}

// Half to even, as C's rint.
function rint(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function ringOf(radius: number, { minRadius, maxRadius }: Reach): number {
  if (minRadius > 0 && radius <= minRadius) return maskedBin;
  if (maxRadius > 0 && radius >= maxRadius) return maskedBin;
  const ring = rint(radius);
  if (ring >= maskedBin)
    throw new EwaldError('Limit', `a pixel lies ${radius} pixels from the beam; radii go to ${maskedBin - 1}`);
  return ring;
}

/** Distance as CrystFEL has it: of x and y without their fractions. Its peak lists are the same only so. */
function radiusOf(x: number, y: number): number {
  const [wx, wy] = [Math.trunc(x), Math.trunc(y)];
  return Math.sqrt(wx * wx + wy * wy);
}

function countOf(bins: Uint16Array): number {
  let most = 0;
  for (let i = 0; i < bins.length; i++) {
    const bin = bins[i] as number;
    if (bin >= most && bin !== maskedBin) most = bin + 1;
  }
  return most;
}

/** Rings of one flat panel that fills the frame, around a centre in pixels from its corner. */
export function ringsAround(
  width: number,
  height: number,
  centre: readonly [number, number],
  reach: Reach,
  bad: Uint8Array | undefined,
): Rings {
  const bins = new Uint16Array(width * height);
  for (let ss = 0; ss < height; ss++)
    for (let fs = 0; fs < width; fs++) {
      const i = ss * width + fs;
      bins[i] = bad?.[i] ? maskedBin : ringOf(radiusOf(fs - centre[0], ss - centre[1]), reach);
    }
  return { bins, rings: countOf(bins), panels: [{ name: 'p0', fs: 0, ss: 0, endFs: width, endSs: height }] };
}

/** Refuses a geometry whose panels do not fit into the frames. Throws `Shape`. */
export function checkPanels(geometry: Geometry, width: number, height: number): void {
  for (const { name, maxFs, maxSs } of geometry.panels) {
    if (maxFs >= width || maxSs >= height)
      throw new EwaldError(
        'Shape',
        `the panel ${name} ends at fs ${maxFs}, ss ${maxSs}, but a frame has ${width} x ${height} pixels; is it the geometry of this detector?`,
      );
  }
}

/** Rings of a geometry: distances in the laboratory's x and y in whole pixels, of the corner of each pixel. */
export function ringsOf(
  geometry: Geometry,
  width: number,
  height: number,
  reach: Reach,
  bad: Uint8Array | undefined,
): Rings {
  checkPanels(geometry, width, height);
  const bins = new Uint16Array(width * height).fill(maskedBin);
  const own = badPixels(geometry, { fs: width, ss: height });
  for (const panel of geometry.panels) {
    const [x0, y0] = panel.corner;
    for (let ss = 0; ss < heightOf(panel); ss++)
      for (let fs = 0; fs < widthOf(panel); fs++) {
        const i = (ss + panel.minSs) * width + panel.minFs + fs;
        if (own[i] || bad?.[i]) continue;
        const x = x0 + fs * panel.fs[0] + ss * panel.ss[0];
        const y = y0 + fs * panel.fs[1] + ss * panel.ss[1];
        bins[i] = ringOf(radiusOf(x, y), reach);
      }
  }
  const panels = geometry.panels.map(({ name, minFs, maxFs, minSs, maxSs }) => ({
    name,
    fs: minFs,
    ss: minSs,
    endFs: maxFs + 1,
    endSs: maxSs + 1,
  }));
  return { bins, rings: countOf(bins), panels };
}
