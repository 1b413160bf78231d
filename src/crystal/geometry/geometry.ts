/** A detector geometry: panels in space, the beam, where the data lie in the file, and which pixels are bad. */
import { photonAeV } from '../../util/photons.js';
import { unitFactor } from '../../util/units.js';
import type { Vector } from '../cell.js';

/**
 * A number of the geometry, or the path of the number in the file of the frames. A unit that the geometry does not state
 * is that of CrystFEL; one that the file states takes its place.
 */
export type Given =
  | { readonly value: number }
  | { readonly path: string; readonly unit: string; readonly isUnitAssumed?: true | undefined };

/** A comparison that marks a pixel as bad by its value. */
export interface BadValue {
  readonly when: 'less' | 'more' | 'equal';
  readonly value: number;
}

/** A mask image of bits: a pixel is bad if a good bit is not set or a bad bit is set. */
export interface MaskSource {
  /** Number of the mask, 0 … 7. */
  readonly index: number;
  /** Dataset of the mask. */
  readonly path: string;
  /** File of the mask; undefined for the file of the frames. */
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
  /** Pixels per metre. */
  readonly resolution: number;
  /** Added to the camera length, in metres. */
  readonly offsetM: number;
  /** Dataset of the frames; undefined: the file's own choice. */
  readonly data: string | undefined;
  /** Meaning of each dimension of the dataset: `fs`, `ss`, `%` (the event) or a fixed index. */
  readonly dimensions: readonly ('fs' | 'ss' | '%' | number)[];
  /** Detector units per photon; undefined if the gain is given by energy. */
  readonly unitsPerPhoton: number | undefined;
  readonly unitsPerEv: number | undefined;
  /** Values above this one are saturated. */
  readonly maximum: number;
  readonly saturationMap: string | undefined;
  readonly saturationMapFile: string | undefined;
  /** Whether the panel is ignored by indexing. */
  readonly ignored: boolean;
  /** Width of the bad border along every edge, in pixels. */
  readonly badEdge: number;
  readonly badValues: readonly BadValue[];
  readonly masks: readonly MaskSource[];
  /** Number of rows of other modules above this one when the modules of a frame are stacked vertically; default 0. */
  readonly firstRow?: number | undefined;
}

/** A rectangle of bad pixels, in pixels of the file for one panel or in pixels of the laboratory. */
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

/** The quantity by which the radiation is specified. */
export type RadiationKind = 'wavelength' | 'photonEnergy' | 'electronVoltage';

/** The quantity of each kind of number, and the factor of its unit in geometries: Å, eV, V and m. */
const quantityOf = {
  wavelength: ['length', 1e10],
  photonEnergy: ['energy', 1],
  electronVoltage: ['voltage', 1],
  length: ['length', 1],
} as const;

/** Factor that converts a number with this unit to Å, eV, volts or metres; undefined for a unit that is not known. */
export function factorOfUnit(kind: RadiationKind | 'length', unit: string): number | undefined {
  const [quantity, factor] = quantityOf[kind];
  const known = unitFactor(quantity, unit);
  // The powers of ten are exact, their products are not.
  return known === undefined ? undefined : Number((known * factor).toPrecision(15));
}

/** A detector, its beam, and the layout of the files it writes. */
export interface Geometry {
  /** Wavelength in angstrom, photon energy in eV, or accelerating voltage in volts. */
  readonly radiation: { readonly kind: RadiationKind; readonly given: Given } | undefined;
  /** Relative bandwidth, one sigma. */
  readonly bandwidth: number | undefined;
  /** Camera length in metres. */
  readonly distance: Given | undefined;
  /** Shift of the whole detector in metres: x, y. */
  readonly shift: readonly [Given, Given];
  readonly panels: readonly Panel[];
  readonly badRegions: readonly BadRegion[];
  /** Groups of panels by name; `all` is the top level. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /**
   * Groups of former versions of CrystFEL by what follows `rigid_group_`, collections of them included; the groups of a
   * refinement where there are no others. Absent without any.
   */
  readonly rigidGroups?: ReadonlyMap<string, readonly string[]> | undefined;
  readonly peakList: { readonly path: string; readonly type: string } | undefined;
  /** What the header states from which it was derived; undefined for one that was given. */
  readonly header?: StatedHeader | undefined;
  /** Descriptions of everything that was read but not recognised. */
  readonly warnings: readonly string[];
}

/** Where a detector is according to the header of its frames; undefined where it does not say. */
export interface StatedHeader {
  /** What it states of values: which are overloads, and which no counts. */
  readonly saturation?: number | undefined;
  readonly underload?: number | undefined;
  readonly markers?: readonly number[] | undefined;
  /** Whether the file has a mask. */
  readonly hasMask?: boolean | undefined;
  readonly wavelengthA?: number | undefined;
  readonly distanceM?: number | undefined;
  readonly pixelM?: number | undefined;
  readonly centrePx?: readonly [x: number, y: number] | undefined;
}

/** The beam with all numbers resolved, as the mapping of pixels requires. */
export interface Beam {
  readonly wavelengthA: number;
  readonly distanceM: number;
  /** Shift of the detector, metres. */
  readonly shiftM: readonly [number, number];
}

const electronRest = 510998.95;

/** Wavelength in angstrom of a radiation: λ = hc/E, for electrons with the relativistic momentum (CODATA 2018). */
export function wavelengthOf(kind: RadiationKind, value: number): number {
  if (kind === 'wavelength') return value;
  if (kind === 'photonEnergy') return photonAeV / value;
  return photonAeV / Math.sqrt(value * (value + 2 * electronRest));
}

/** Photon energy in eV of a wavelength in angstrom; for electrons the energy that a photon of this wavelength has. */
export const photonEnergyOf = (wavelengthA: number): number => photonAeV / wavelengthA;

/** Units of a panel's pixels per photon at a wavelength; undefined if its geometry states none. */
export const unitsPerPhotonOf = (
  { unitsPerPhoton, unitsPerEv }: Pick<Panel, 'unitsPerPhoton' | 'unitsPerEv'>,
  wavelengthA: number,
): number | undefined =>
  unitsPerPhoton ?? (unitsPerEv === undefined ? undefined : unitsPerEv * photonEnergyOf(wavelengthA));

/** Units per photon of each panel where a geometry states them, and they differ; undefined otherwise. */
export function differingUnits({ panels }: Geometry, wavelengthA: number): number[] | undefined {
  const units = panels.flatMap((panel) => unitsPerPhotonOf(panel, wavelengthA) ?? []);
  return units.length === panels.length && units.some((unit) => unit !== units[0]) ? units : undefined;
}
