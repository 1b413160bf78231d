/** The geometry beside a file of hits: that of the run, which names what the file has. */
import type { BadValue, Geometry, Given } from '../../crystal/geometry/geometry.js';
import { reductionPath } from './first-numbers.js';

/** Where CrystFEL and other readers of CXI look. */
export const cxiPaths = {
  data: '/entry_1/data_1/data',
  mask: '/entry_1/data_1/mask',
  peaks: '/entry_1/result_1',
} as const;

/** What differs between the frames of a file, and is in it by frame. */
export interface VaryingBeam {
  readonly energy: boolean;
  readonly distance: boolean;
}

/** What replaces the numbers that a geometry reads from the frames' files. */
export interface FirstBeam {
  readonly wavelengthA: number;
  readonly distanceM: number;
  readonly shiftM: readonly [number, number];
}

/** Names of values by frame in the group of the reduction. */
export const beamNames = { energy: 'photon_energy', distance: 'camera_length' } as const;

/**
 * The geometry for a file of hits. `stacked` has one image a frame; `mark` is the value of pixels that were not kept,
 * if there is one.
 */
export function geometryOfHits(
  stacked: Geometry,
  beam: FirstBeam,
  vary: VaryingBeam,
  { mark, hasSaturation }: { readonly mark?: number | undefined; readonly hasSaturation: boolean },
): Geometry {
  const notKept: readonly BadValue[] = mark === undefined ? [] : [{ when: 'equal', value: mark }];
  const path = (name: string, unit: string): Given => ({ path: `${reductionPath}/${name}`, unit });
  const known = (given: Given, value: number): Given => ('value' in given ? given : { value });
  const energy = path(beamNames.energy, 'eV');
  const { radiation, distance, shift } = stacked;
  return {
    ...stacked,
    radiation: vary.energy
      ? { kind: 'photonEnergy', given: energy }
      : radiation && 'value' in radiation.given
        ? radiation
        : { kind: 'wavelength', given: { value: beam.wavelengthA } },
    distance: vary.distance ? path(beamNames.distance, 'm') : distance && known(distance, beam.distanceM),
    shift: [known(shift[0], beam.shiftM[0]), known(shift[1], beam.shiftM[1])],
    peakList: { path: cxiPaths.peaks, type: 'cxi' },
    panels: stacked.panels.map((panel) => ({
      ...panel,
      data: cxiPaths.data,
      dimensions: ['%', 'ss', 'fs'],
      firstRow: undefined,
      saturationMap: hasSaturation ? `${reductionPath}/saturation` : undefined,
      saturationMapFile: undefined,
      badValues: [...panel.badValues, ...notKept],
      masks: [{ index: 0, path: cxiPaths.mask, file: undefined, goodBits: 0, badBits: 0xffffffff }],
    })),
  };
}

/** A detector that NXmx describes without panels of its own. */
export interface FlatPanel {
  readonly pixelSizeM: { readonly x: number; readonly y: number };
  readonly beamCentrePx: { readonly x: number; readonly y: number };
  readonly distanceM: number;
}

/** One panel that stands upright across the beam; undefined for any other detector. */
export function flatPanelOf({ panels }: Geometry, beam: FirstBeam): FlatPanel | undefined {
  const [panel] = panels;
  if (panels.length !== 1 || !panel || panel.minFs !== 0 || panel.minSs !== 0) return undefined;
  if (panel.fs.join() !== '1,0,0' || panel.ss.join() !== '0,1,0') return undefined;
  const pixel = 1 / panel.resolution;
  const [x, y] = beam.shiftM.map((shift, i) => -(panel.corner[i] as number) - shift / pixel) as [number, number];
  return {
    pixelSizeM: { x: pixel, y: pixel },
    beamCentrePx: { x, y },
    distanceM: beam.distanceM + panel.offsetM,
  };
}
