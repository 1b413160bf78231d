/** Descriptions of simulated frames: their geometry, and their truth as a document. */

import { reciprocal } from '../crystal/cell.js';
import { flatGeometry } from '../crystal/geometry/flat.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { Metadata } from '../frames/dataset.js';
import type { Progress } from '../util/callbacks.js';
import type { PlatformSignal } from '../util/globals.js';
import { type FrameSimulation, type SimulatedDetector, type SimulatedFrame, saturation } from './frames.js';

/** How simulated files are written. */
export interface SimulationWriting {
  /** Replace the files of an earlier simulation. Default: false. */
  readonly force?: boolean | undefined;
  /** Files that were read for the simulation, such as the cell; none of them is replaced. */
  readonly inputs?: readonly string[] | undefined;
  readonly signal?: PlatformSignal | undefined;
  /** Called with the fraction done. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The detector as described by a .geom file; the mask of gaps and bad pixels is in the frames' file. */
export function geometryOfSimulation(detector: SimulatedDetector, voltageV?: number): Geometry {
  const { bandwidth, beamStopPx } = detector;
  const stop = { minX: -beamStopPx, maxX: beamStopPx, minY: -beamStopPx, maxY: beamStopPx };
  const flat = flatGeometry({ ...detector, saturation });
  const mask = {
    index: 0,
    path: '/entry/instrument/detector/pixel_mask',
    file: undefined,
    goodBits: 0,
    badBits: 0xffffffff,
  };
  return {
    ...flat,
    radiation: voltageV === undefined ? flat.radiation : { kind: 'electronVoltage', given: { value: voltageV } },
    bandwidth: bandwidth > 0 ? bandwidth : undefined,
    badRegions: beamStopPx > 0 ? [{ name: 'bad_beamstop', ...stop }] : [],
    panels: [{ ...flat.panels[0], masks: [mask] }],
  };
}

/** The metadata of the frames' file. */
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
export const truthOfFrame = (frame: number, { lattices, centrePx }: SimulatedFrame) => ({
  frame,
  ...(centrePx && { beam_centre_px: centrePx.map((x) => short(x, 4)) }),
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
