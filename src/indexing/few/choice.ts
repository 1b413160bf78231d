/**
 * Which images of a run are few spots of a small cell, with which wavelength, and how far their spots are from their
 * nodes.
 */

import { fewLimits, fewParams, fewRule, indexerParams } from '../../compute/layout/indexing.js';
import { pack, read } from '../../compute/layout/struct.js';
import { type Cell, cellFrom, volume } from '../../crystal/cell.js';
import { type Centring, primitiveOf } from '../../crystal/centring.js';
import { EwaldError } from '../../util/errors.js';
import type { FewImages } from '../contract.js';
import type { KnownCells } from '../known-cells.js';
import { type IndexingMethod, type IndexingThresholds, minimumSpots, type Sizes } from '../parameters.js';
import type { FewSpotParameters } from './parameter-types.js';

/** Below this wavelength, in angstrom, the beam is of electrons. */
export const electronsBelowA = 0.1;
/** Bandwidths from here on are those of pink beams, whose crystals are taken to be less mosaic. */
const pinkFrom = 0.003;
/** How far spots may be off the sphere that they are to lie on: 1/angstrom, and as a part of their length. */
const offSphere = { least: 2e-5, share: 1e-4 } as const;

/** Standard deviations for beams of which nothing is said: those of the usual crystals and detectors of each. */
const usual = {
  electrons: { spotError: 0.00077, bandwidth: 1e-5, mosaicityRad: 0.002, thicknessA: 1 / 0.003 },
  xrays: {
    spotErrorRad: 0.000375,
    bandwidth: 0.001,
    mosaicityRad: 0.0015,
    pinkMosaicityRad: 0.0008,
    thicknessA: 1 / 0.0003,
  },
} as const;

/** How far spots are from their nodes. */
export type FewModel = ReturnType<typeof fewModel>;

/** The parameters of few spots with the defaults of their beam; 0 is the default as well. */
export function fewModel(spotParameters: FewSpotParameters, wavelengthA: number) {
  const { spotError, bandwidth, mosaicityRad, thicknessA } = spotParameters;
  if (wavelengthA < electronsBelowA) {
    const { electrons } = usual;
    return {
      spotError: spotError || electrons.spotError,
      bandwidth: bandwidth || electrons.bandwidth,
      mosaicityRad: mosaicityRad || electrons.mosaicityRad,
      thicknessA: thicknessA || electrons.thicknessA,
    };
  }
  const { xrays } = usual;
  const wide = bandwidth || xrays.bandwidth;
  return {
    spotError: spotError || xrays.spotErrorRad / wavelengthA,
    bandwidth: wide,
    mosaicityRad: mosaicityRad || (wide > pinkFrom ? xrays.pinkMosaicityRad : xrays.mosaicityRad),
    thicknessA: thicknessA || xrays.thicknessA,
  };
}

/**
 * The wavelength of the sphere about −z/λ on which the spots of an image lie, with the origin; undefined if they lie on
 * none. Angstrom.
 */
export function wavelengthOfSpots(spots: Float32Array, from: number, to: number): number | undefined {
  let [up, down] = [0, 0];
  for (let i = 3 * from; i < 3 * to; i += 3) {
    const [x, y, z] = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
    up -= (x * x + y * y + z * z) * z;
    down += 2 * z * z;
  }
  const k = up / down;
  if (!(k >= 0.1 && k <= 1000)) return undefined;
  for (let i = 3 * from; i < 3 * to; i += 3) {
    const [x, y, z] = [spots[i] as number, spots[i + 1] as number, spots[i + 2] as number];
    const square = x * x + y * y + z * z;
    // Distance from the sphere, for distances much smaller than its radius.
    if (!(Math.abs(square + 2 * k * z) / (2 * k) < offSphere.least + offSphere.share * Math.sqrt(square)))
      return undefined;
  }
  return 1 / k;
}

/** Volumes of the primitive cells, and whether `spots` of an image are few for them. */
const volumesOf = ({ values }: KnownCells): number[] =>
  Array.from({ length: values.length / 9 }, (_, i) => Math.abs(volume(cellFrom(values, 9 * i))));

/** Nodes of a cell up to the third-shortest spot of an image: fewer spots give no orientation. */
function nodesNeeded(volumeA3: number, spots: Float32Array, from: number, to: number): number {
  const lengths = new Float64Array(to - from);
  for (let i = from; i < to; i++) lengths[i - from] = Math.hypot(...spots.subarray(3 * i, 3 * i + 3));
  const third = lengths.sort()[fewLimits.leastSpots - 1] ?? 0;
  return ((4 * Math.PI) / 3) * third ** 3 * volumeA3;
}

/** A known cell, as far as its size says which images are few spots of it. */
export interface SizedCell {
  readonly cell: Cell;
  readonly centring?: Centring | undefined;
}

/** Whether few spots of these cells are indexed by a method of their own, if `method` is named, or none is. */
export const areSmall = (cells: readonly SizedCell[] | undefined, method: IndexingMethod | undefined): boolean =>
  method === 'few' ||
  (method === undefined &&
    cells !== undefined &&
    cells.length > 0 &&
    cells.every(({ cell, centring = 'P' }) => Math.abs(volume(primitiveOf(cell, centring))) <= fewRule.volumeA3));

/** Fewest spots of an image with these known cells that can be indexed. */
export const leastSpots = (cells: readonly SizedCell[] | undefined, method: IndexingMethod | undefined): number =>
  areSmall(cells, method) ? fewLimits.leastSpots : minimumSpots;

/** Error of a spot in pixels, if nothing is said. */
const errorPx = 0.4;

/**
 * What the beam and the detector of a frame say about the errors of its spots. `distanceM` and `pixelM` are of the
 * detector, `errorM` that of the beam's centre.
 */
export const fewOfDetector = (
  wavelengthA: number,
  { distanceM, pixelM, errorM = 0 }: { readonly distanceM: number; readonly pixelM: number; readonly errorM?: number },
  bandwidth: number | undefined,
): FewSpotParameters => ({
  wavelengthA,
  spotError: Math.hypot(errorPx * pixelM, errorM) / (distanceM * wavelengthA),
  ...(bandwidth ? { bandwidth } : {}),
});

/** What decides about the images of a run. */
interface FewRun {
  readonly sizes: Sizes;
  readonly input: IndexingThresholds;
  readonly params: Uint8Array;
  readonly known: KnownCells;
  readonly spots: Float32Array;
  readonly offsets: Uint32Array;
}

/**
 * The images of a run that are few spots of a small cell; undefined if none is. With the method `few` all images are,
 * and what they lack is an error. Throws `Argument`, `Limit`.
 */
export function fewImages(run: FewRun): FewImages | undefined {
  const { sizes, input, known, spots, offsets } = run;
  const isNamed = sizes.method === 'few';
  const volumes = volumesOf(known);
  const largest = Math.max(...volumes);
  if (!isNamed && largest > fewRule.volumeA3) return undefined;
  let wavelengths: Float32Array | undefined;
  for (let i = 0; i + 1 < offsets.length; i++) {
    const [from, to] = [offsets[i] as number, offsets[i + 1] as number];
    const count = to - from;
    if (!isNamed && (count < fewLimits.leastSpots || count > Math.min(fewRule.spots, sizes.maxSpots))) continue;
    const wavelength = isNamed ? neededWavelength(run, i) : input.wavelengthA || wavelengthOfSpots(spots, from, to);
    if (!wavelength) continue;
    const nodes = isNamed ? nodesNeeded(largest, spots, from, to) : 0;
    if (nodes > fewLimits.nodes)
      throw new EwaldError(
        'Limit',
        `index: the method few is for small cells; a primitive cell of ${largest.toFixed(0)} Å³ has ${nodes.toFixed(0)} ` +
          `reflections up to the third spot of image ${i}, and it takes at most ${fewLimits.nodes}: leave the method out`,
      );
    wavelengths ??= new Float32Array(offsets.length - 1);
    wavelengths[i] = wavelength;
  }
  return wavelengths && { params: packedParams(run, wavelengths), wavelengths };
}

/** The wavelength of an image that is to be indexed by this method. Throws `Argument`. */
function neededWavelength({ input, spots, offsets }: FewRun, image: number): number {
  const [from, to] = [offsets[image] as number, offsets[image + 1] as number];
  if (input.wavelengthA) return input.wavelengthA;
  // It is flagged as having too few spots, whatever their wavelength.
  if (to - from < fewLimits.leastSpots) return 1;
  const wavelength = wavelengthOfSpots(spots, from, to);
  if (wavelength !== undefined) return wavelength;
  const isFlat = spots.subarray(3 * from, 3 * to).every((number, n) => n % 3 !== 2 || number === 0);
  throw new EwaldError(
    'Argument',
    isFlat
      ? `index: the spots of image ${image} lie in the plane z = 0, so that their wavelength, or voltage, is not known; ` +
          'the method few needs spots on the Ewald sphere: z = √(1/λ² − x² − y²) − 1/λ (electrons of 80, 120, 200 and ' +
          '300 kV: λ = 0.0418, 0.0335, 0.0251 and 0.0197 Å)'
      : `index: the spots of image ${image} lie on no Ewald sphere about z; the method few needs their wavelength: pass ` +
          'wavelengthA, in angstrom, or take another method',
  );
}

function packedParams({ sizes, input, params, offsets }: FewRun, wavelengths: Float32Array): Uint8Array {
  // Images that lack spots have a wavelength that says nothing of the beam.
  const says = (image: number): boolean =>
    (offsets[image + 1] as number) - (offsets[image] as number) >= fewLimits.leastSpots;
  const known =
    wavelengths.find((wavelength, image) => wavelength > 0 && says(image)) ?? wavelengths.find((each) => each > 0);
  const model = fewModel(input, known as number);
  const { maxOutputCells, maxSpots } = sizes;
  return pack(fewParams, {
    spotError: model.spotError,
    bandwidth: model.bandwidth,
    mosaicity: model.mosaicityRad,
    inverseThickness: 1 / model.thicknessA,
    acceptLog10: read(indexerParams, params, 'acceptLog10'),
    maxCrystals: read(indexerParams, params, 'maxCrystals'),
    maxOutputCells,
    maxSpots,
  });
}
