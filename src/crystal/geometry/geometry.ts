/** What a detector geometry is: panels in space, the beam, where the numbers lie in the file, which pixels are bad. */
import type { Vector } from '../cell.js';

/** A number of the geometry, or where the frames' own file holds it. */
export type Given = { readonly value: number } | { readonly path: string; readonly unit: string };

/** A comparison that marks a pixel as bad by its value. */
export interface BadValue {
  readonly when: 'less' | 'more' | 'equal';
  readonly value: number;
}

/** An image of bits that marks pixels as bad: bad where a good bit is missing or a bad bit is set. */
export interface MaskSource {
  /** Number of the mask, 0 … 7. */
  readonly index: number;
  /** Dataset of the mask. */
  readonly path: string;
  /** File of the mask; undefined: the frames' own. */
  readonly file: string | undefined;
  readonly goodBits: number;
  readonly badBits: number;
}

/** One flat rectangle of pixels. */
export interface Panel {
  readonly name: string;
  /** First and last pixel in the file's array, inclusive. */
  readonly minFs: number;
  readonly maxFs: number;
  readonly minSs: number;
  readonly maxSs: number;
  /** Outer corner of the first pixel, in pixels from the beam: x, y. */
  readonly corner: readonly [number, number];
  /** Steps of one pixel along fast and slow scan, in pixels of the laboratory: +z along the beam, +y up. */
  readonly fs: Vector;
  readonly ss: Vector;
  /** Pixels a metre. */
  readonly resolution: number;
  /** Added to the camera length, in metres. */
  readonly offsetM: number;
  /** Dataset of the frames; `%` stands for a part of the event. */
  readonly data: string;
  /** Meaning of each dimension of the dataset: `fs`, `ss`, `%` (the event) or a fixed place. */
  readonly dimensions: readonly ('fs' | 'ss' | '%' | number)[];
  /** Detector units a photon; undefined where the gain is given by energy. */
  readonly unitsPerPhoton: number | undefined;
  readonly unitsPerEv: number | undefined;
  /** Values above are saturated. */
  readonly maximum: number;
  readonly saturationMap: string | undefined;
  readonly saturationMapFile: string | undefined;
  /** Left out of indexing altogether. */
  readonly ignored: boolean;
  /** Rows and columns along every edge that are bad. */
  readonly badEdge: number;
  readonly badValues: readonly BadValue[];
  readonly masks: readonly MaskSource[];
  /** Rows of other modules above it where a frame's modules are laid one below the other; default 0. */
  readonly firstRow?: number;
}

/** A rectangle of bad pixels, in the file's pixels of one panel or in pixels of the laboratory. */
export type BadRegion = { readonly name: string } & (
  | {
      readonly minFs: number;
      readonly maxFs: number;
      readonly minSs: number;
      readonly maxSs: number;
      readonly panel: string | undefined;
    }
  | { readonly minX: number; readonly maxX: number; readonly minY: number; readonly maxY: number }
);

/** How the energy of the radiation is given. */
export type RadiationKind = 'wavelength' | 'photonEnergy' | 'electronVoltage';

/** A detector, the beam it stands in, and the file it writes. */
export interface Geometry {
  /** Wavelength in angstrom, photon energy in eV, or accelerating voltage in volts. */
  readonly radiation: { readonly kind: RadiationKind; readonly given: Given } | undefined;
  /** Relative, one sigma. */
  readonly bandwidth: number | undefined;
  /** Camera length in metres. */
  readonly distance: Given | undefined;
  /** Shift of the whole detector in metres: x, y. */
  readonly shift: readonly [Given, Given];
  readonly panels: readonly Panel[];
  readonly badRegions: readonly BadRegion[];
  /** Groups of panels, by name; `all` at the top. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly peakList: { readonly path: string; readonly type: string } | undefined;
  /** What was read and is not known here, in words. */
  readonly warnings: readonly string[];
}

/** A geometry whose numbers are all known: what mapping pixels needs. */
export interface Beam {
  readonly wavelengthA: number;
  readonly distanceM: number;
  /** Shift of the detector, metres. */
  readonly shiftM: readonly [number, number];
}

/** hc in eV angstrom (CODATA 2018). */
export const planckTimesLight = 12398.41984332003;
const electronRest = 510998.95;

/** Wavelength in angstrom of a radiation: λ = hc/E, for electrons with the relativistic momentum (CODATA 2018). */
export function wavelengthOf(kind: RadiationKind, value: number): number {
  if (kind === 'wavelength') return value;
  if (kind === 'photonEnergy') return planckTimesLight / value;
  return planckTimesLight / Math.sqrt(value * (value + 2 * electronRest));
}

/** Photon energy in eV of a wavelength in angstrom; for electrons the energy that a photon of this wavelength has. */
export const photonEnergyOf = (wavelengthA: number): number => planckTimesLight / wavelengthA;
