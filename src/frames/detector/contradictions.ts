/** Where a geometry contradicts what the file of the frames states about itself. */

import type { GeometryFacts } from '../../crystal/geometry/check.js';
import type { Beam, Geometry, Panel } from '../../crystal/geometry/geometry.js';
import { positionOf } from '../../crystal/geometry/pixels.js';
import { sixDigits } from '../../util/amounts.js';
import type { Dataset } from '../dataset.js';
import { otherOrientation } from './orientation.js';

/**
 * Differences below these are usual: of the distance as a fraction, because a file states that of the stage, which
 * crystals correct by up to 1 %; of the wavelength, because the photon energy of pulses scatters by 0.5 %; and of the
 * beam in pixels, because indexing tolerates as many. Pixels of a detector do not differ at all.
 */
const usual = { distance: 0.01, wavelength: 0.005, pixelSize: 0.001, beamPx: 3 } as const;

/** A detector may be taken as linear up to this share of its saturation; a lower limit leaves out good reflections. */
const leastLimit = 0.5;

export interface Contradiction {
  readonly of: 'distance' | 'wavelength' | 'pixel size' | 'beam' | 'orientation' | 'saturation';
  readonly text: string;
  /** Whether a wavelength is that of other crystals than the ones that fit, and not of a pulse or a calibration. */
  readonly isFar?: boolean;
}

/** Part by which a wavelength is far from that of the file. */
const farWavelength = 0.1;

/**
 * The contradictions between a geometry, with its modules as the file has them, and what a file of frames states, with
 * both numbers; empty without any.
 */
export function contradictions(
  geometry: Geometry,
  beam: Beam,
  { beamAt }: Pick<GeometryFacts, 'beamAt'>,
  file: Pick<Dataset, 'name' | 'meta'>,
): Contradiction[] {
  const { name, meta } = file;
  const { distanceM, wavelengthA, pixelSizeM, beamCentrePx } = meta;
  const found: Contradiction[] = [];
  const compare = (
    of: Exclude<Contradiction['of'], 'beam' | 'orientation' | 'saturation'>,
    own: number,
    stated: number | undefined,
    least: number,
    unit: string,
  ): void => {
    if (!(stated !== undefined && stated > 0) || Math.abs(own / stated - 1) <= least) return;
    const percent = (100 * Math.abs(own / stated - 1)).toFixed(1);
    found.push({
      of,
      isFar: of === 'wavelength' && Math.abs(own / stated - 1) > farWavelength,
      text:
        `the ${of} is ${sixDigits(own)} ${unit} in the geometry, and ${name} states ` +
        `${sixDigits(stated)} ${unit}: ${percent} % ${own > stated ? 'more' : 'less'} than the file`,
    });
  };
  const hit = geometry.panels.find((panel) => panel.name === beamAt?.panel) ?? geometry.panels[0];
  const away = 1000 * (beam.distanceM + (hit?.offsetM ?? 0));
  compare('distance', away, distanceM === undefined ? undefined : 1000 * distanceM, usual.distance, 'mm');
  compare('wavelength', beam.wavelengthA, wavelengthA, usual.wavelength, 'Å');
  if (hit) compare('pixel size', 1e6 / hit.resolution, pixelSizeM && 1e6 * pixelSizeM.x, usual.pixelSize, 'um');
  // Files that do not know the beam centre state 0, 0.
  const isStated = beamCentrePx && (beamCentrePx.x !== 0 || beamCentrePx.y !== 0);
  if (isStated && !beamAt) {
    // The beam passes beside all panels, and the pixel that the file names is somewhere.
    const { x, y } = beamCentrePx;
    const panel = geometry.panels.find((one) => x >= one.minFs && x <= one.maxFs && y >= one.minSs && y <= one.maxSs);
    const [right, up] = panel ? positionOf(panel, beam, x - panel.minFs, y - panel.minSs) : [0, 0];
    const away = Math.hypot(right, up) * (panel?.resolution ?? 0);
    if (away > usual.beamPx)
      found.push({
        of: 'beam',
        text:
          `the beam hits no panel in the geometry, and ${name} states ${x.toFixed(1)}, ${y.toFixed(1)}, which is ` +
          `${away.toFixed(1)} pixels from it`,
      });
  }
  if (isStated && beamAt) {
    const [x, y] = [beamAt.fs - beamCentrePx.x, beamAt.ss - beamCentrePx.y];
    if (Math.hypot(x, y) > usual.beamPx)
      found.push({
        of: 'beam',
        text:
          `the beam is at ${beamAt.fs.toFixed(1)}, ${beamAt.ss.toFixed(1)} pixels in the geometry, and ${name} ` +
          `states ${beamCentrePx.x.toFixed(1)}, ${beamCentrePx.y.toFixed(1)}: ` +
          `${x.toFixed(1)}, ${y.toFixed(1)} pixels apart`,
      });
  }
  const lowest = geometry.panels.reduce((a, b) => (b.maximum < a.maximum ? b : a), geometry.panels[0] as Panel);
  if (lowest && meta.saturation !== undefined && lowest.maximum < leastLimit * meta.saturation)
    found.push({
      of: 'saturation',
      text:
        `max_adu is ${sixDigits(lowest.maximum)} in the geometry, and ${name} states a saturation of ` +
        `${sixDigits(meta.saturation)}: peaks and reflections above max_adu are left out`,
    });
  const orientation = otherOrientation(geometry, file);
  if (orientation !== undefined) found.push({ of: 'orientation', text: orientation });
  return found;
}
