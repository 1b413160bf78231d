/** The geometry of a detector that is one flat panel at right angles to the beam. */
import type { Geometry, Panel } from './geometry.js';

/** What such a detector is known by. */
export interface FlatDetector {
  readonly width: number;
  readonly height: number;
  /** Where the beam hits it, pixels from the corner of the first pixel. */
  readonly centrePx: readonly [number, number];
  readonly pixelM: number;
  readonly distanceM: number;
  readonly wavelengthA: number;
  /** Values above are saturated. */
  readonly saturation: number;
}

/** One panel p0, with fast scan along x and slow scan along y of the laboratory, as NXmx files of still images have it. */
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
