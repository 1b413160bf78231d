/** The geometry of a detector that is one flat panel perpendicular to the beam. */
import type { Geometry, Panel } from './geometry.js';

/** Parameters of a single flat panel. */
interface FlatDetector {
  readonly width: number;
  readonly height: number;
  /** Where the beam hits it, in pixels from the corner of the first pixel. */
  readonly centrePx: readonly [number, number];
  readonly pixelM: number;
  readonly distanceM: number;
  readonly wavelengthA: number;
  /** Values above this one are saturated. */
  readonly saturation: number;
}

/** One panel p0, with fast scan along x and slow scan along y of the laboratory, as in NXmx files of still images. */
export function flatGeometry(detector: FlatDetector): Geometry & { readonly panels: readonly [Panel] } {
  const { width, height, centrePx, pixelM, distanceM, wavelengthA, saturation } = detector;
  return {
    radiation: { kind: 'wavelength', given: { value: wavelengthA } },
    bandwidth: undefined,
    distance: { value: distanceM },
    shift: [{ value: 0 }, { value: 0 }],
    badRegions: [],
    groups: new Map(),
    peakList: undefined,
    warnings: [],
    panels: [
      {
        name: 'p0',
        minFs: 0,
        maxFs: width - 1,
        minSs: 0,
        maxSs: height - 1,
        corner: [-centrePx[0], -centrePx[1]],
        fs: [1, 0, 0],
        ss: [0, 1, 0],
        resolution: 1 / pixelM,
        offsetM: 0,
        data: '/entry/data/data',
        dimensions: ['%', 'ss', 'fs'],
        unitsPerPhoton: 1,
        unitsPerEv: undefined,
        maximum: saturation,
        saturationMap: undefined,
        saturationMapFile: undefined,
        ignored: false,
        badEdge: 0,
        badValues: [],
        masks: [],
      },
    ],
  };
}
