/** Geometries that cannot be, mostly by a wrong unit: they are refused before frames are searched in vain. */

import { cross, norm } from '../../crystal/cell.js';
import { largestInverseD } from '../../crystal/geometry/edge.js';
import type { Beam, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { heightOf, meanDistance, widthOf } from '../../crystal/geometry/pixels.js';
import { EwaldError } from '../../util/errors.js';
import { wavelengthRange } from '../../util/range.js';

/** Pixel sizes in metres. */
const pixels = [1e-7, 0.01] as const;
/** The shortest distance in metres: a tenth of a millimetre is a unit gone wrong. */
const shortest = 5e-4;
/** The edge of a detector in Å: beyond it lie no reflections of crystals. */
const coarsest = 300;
/** Fast and slow scan at a smaller angle, by its sine, describe no area. */
const minSine = 0.5;
/** Corners of fractions of a pixel, none of them 0 or a half, are metres; panels have many more pixels than that. */
const [maxOfMetres, minOfPanel] = [0.45, 16];

/**
 * Refuses a geometry with which no frame can be searched. Throws `Format` that says what was found, what is possible,
 * and which line to look at. Doubtful numbers that may be right are warnings of `checkGeometry`.
 */
export function refuseImpossible(geometry: Geometry, beam: Beam): void {
  const text = impossibleText(geometry, beam);
  if (text !== undefined) throw new EwaldError('Format', text);
}

/** Why no frame can be searched with a geometry; undefined if it may be right. */
export function impossibleText(geometry: Geometry, beam: Beam): string | undefined {
  const found =
    ofBeam(beam) ??
    ofPanels(geometry) ??
    geometry.panels.map((panel) => ofPanel(panel, beam)).find((text) => text !== undefined) ??
    ofCorners(geometry.panels) ??
    ofReach(geometry, beam);
  return found === undefined ? undefined : `the geometry cannot be right: ${found}`;
}

/** Why crystals cannot diffract with a beam; undefined if they can. */
export function ofBeam({ wavelengthA }: Pick<Beam, 'wavelengthA'>): string | undefined {
  const { low: least, high: most } = wavelengthRange;
  if (wavelengthA >= least && wavelengthA <= most) return undefined;
  if (wavelengthA === Number.POSITIVE_INFINITY)
    return 'the energy of the radiation is 0, as some facilities write for a pulse that was not there';
  return (
    `the wavelength is ${short(wavelengthA)} Å; expected ${least} to ${most} Å: check the unit of photon_energy (eV ` +
    'without one) or wavelength (m without one)'
  );
}

function ofPanels({ panels }: Geometry): string | undefined {
  return panels.every(({ ignored }) => ignored)
    ? 'all panels have no_index, and nothing is left to search; expected a panel without it'
    : undefined;
}

function ofPanel({ name, fs, ss, resolution, offsetM }: Panel, { distanceM }: Beam): string | undefined {
  const pixel = 1 / resolution;
  if (!(pixel >= pixels[0] && pixel <= pixels[1]))
    return `a pixel of panel ${name} is ${short(pixel)} m wide; res is in pixels per metre, 13333.3 for 75 µm`;
  const distance = distanceM + offsetM;
  if (distance < shortest)
    return `panel ${name} is ${short(1000 * distance)} mm from the sample; check the unit of clen (without one: metres, or millimetres of a path)`;
  const [f, s] = [norm(fs), norm(ss)];
  if (!(f > 0 && s > 0 && norm(cross(fs, ss)) >= minSine * f * s))
    return `fs and ss of panel ${name} are nearly parallel; expected directions at a right angle, such as fs = x, ss = y`;
  return undefined;
}

function ofCorners(panels: readonly Panel[]): string | undefined {
  const isMetres = (x: number): boolean => x !== 0 && Math.abs(x) < maxOfMetres;
  const areMetres = panels.every(
    (panel) =>
      isMetres(panel.corner[0]) && isMetres(panel.corner[1]) && Math.min(widthOf(panel), heightOf(panel)) >= minOfPanel,
  );
  const [first] = panels;
  if (!areMetres || !first) return undefined;
  return (
    `the corner of panel ${first.name} is at ${short(first.corner[0])}, ${short(first.corner[1])}: corner_x and ` +
    'corner_y are in pixels, and these look like metres; multiply them by res'
  );
}

function ofReach(geometry: Geometry, beam: Beam): string | undefined {
  const reach = 1 / largestInverseD(geometry, beam);
  if (!(reach > coarsest)) return undefined;
  return (
    `at a distance of ${short(meanDistance(geometry, beam))} m the detector ends at a resolution of ${reach.toFixed(0)} Å, where ` +
    'crystals have no reflections; check the units of clen (without one: metres, or millimetres of a path) and of the wavelength'
  );
}

const short = (x: number): string => `${Number(x.toPrecision(3))}`;
