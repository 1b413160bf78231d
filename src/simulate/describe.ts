/** What belongs to simulated frames: their geometry, and their truth as a document. */
import { reciprocal } from '../crystal/cell.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { Metadata } from '../data/dataset.js';
import { type FrameSimulation, type SimulatedDetector, type SimulatedFrame, saturation } from './frames.js';

/** The detector as a .geom file says it; the mask of gaps and bad pixels is in the frames' file. */
export function geometryOfSimulation(detector: SimulatedDetector, voltageV?: number): Geometry {
  const { width, height, centrePx, pixelM, distanceM, wavelengthA, bandwidth, beamStopPx } = detector;
  const stop = { minX: -beamStopPx, maxX: beamStopPx, minY: -beamStopPx, maxY: beamStopPx };
  return {
    radiation:
      voltageV === undefined
        ? { kind: 'wavelength', given: { value: wavelengthA } }
        : { kind: 'electronVoltage', given: { value: voltageV } },
    bandwidth: bandwidth > 0 ? bandwidth : undefined,
    distance: { value: distanceM },
    shift: [{ value: 0 }, { value: 0 }],
    badRegions: beamStopPx > 0 ? [{ name: 'bad_beamstop', ...stop }] : [],
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
        masks: [
          {
            index: 0,
            path: '/entry/instrument/detector/pixel_mask',
            file: undefined,
            goodBits: 0,
            badBits: 0xffffffff,
          },
        ],
      },
    ],
  };
}

/** What the frames' file says of the experiment. */
export const metadataOfSimulation = (detector: SimulatedDetector): Metadata => ({
  maker: 'ewald simulate frames',
  detector: 'simulated',
  wavelengthA: detector.wavelengthA,
  distanceM: detector.distanceM,
  pixelSizeM: { x: detector.pixelM, y: detector.pixelM },
  beamCentrePx: { x: detector.centrePx[0], y: detector.centrePx[1] },
  saturation,
});

const short = (x: number, digits: number): number => Number(x.toFixed(digits));

/** The truth of one frame; `spots` are x, y, h, k, l, expected counts. */
export const truthOfFrame = (frame: number, { lattices }: SimulatedFrame) => ({
  frame,
  lattices: lattices.map(({ cell, spots }) => {
    const [astar, bstar, cstar] = reciprocal(cell);
    return {
      astar,
      bstar,
      cstar,
      spots: spots.map(([x, y, h, k, l, counts]) => [short(x, 3), short(y, 3), h, k, l, short(counts, 1)]),
    };
  }),
});

/** The truth of a simulation. */
export const truthOf = (
  options: FrameSimulation,
  { centrePx }: SimulatedDetector,
  frames: readonly ReturnType<typeof truthOfFrame>[],
) => ({ format: 'ewald frame truth 1', args: options, beam_centre_px: centrePx, frames });
