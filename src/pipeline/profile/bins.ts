/**
 * The bins of a radial profile: which pixels are in them, and the Ω·P of each pixel, by which counts are expected to
 * differ from the intensity.
 *
 * Counts are summed as whole numbers and corrected in the denominator, I(q) = Σc/Σ(Ω·P), which is the best estimate
 * where counts follow Poisson's law, and needs no correction of single pixels.
 */

import { maskedBin } from '../../compute/layout/peaks.js';
import { cross } from '../../crystal/cell.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../../crystal/geometry/panel-numbers.js';
import {
  isOfElectrons,
  type Polarisation,
  polarisationFactorOf,
  readPolarisation,
} from '../../crystal/polarisation.js';
import type { Detector } from '../../frames/detector/detector.js';
import type { FinderName } from '../../peaks/contract.js';
import type { Rings } from '../../peaks/rings.js';
import { EwaldError } from '../../util/errors.js';
import { type ProfileOptions, profileBins } from './options.js';

/** The bins of a detector in one beam. */
export interface ProfileBins {
  /** Lowest q = 2π/d in 1/Å, and the width of a bin. */
  readonly low: number;
  readonly step: number;
  readonly count: number;
  /** Highest q of a pixel. */
  readonly corner: number;
  /** Bin of each pixel, [ss, fs]; `maskedBin` for those in none. */
  readonly map: Uint16Array;
  /** The bin of each ring of the peak search, if the sums of rings serve; `maskedBin` for those in none. */
  readonly ofRings: Uint16Array | undefined;
  /** Ω·P of each pixel, [ss, fs]: 1 in the direct beam on a flat detector perpendicular to it. */
  readonly norm: Float32Array;
  /** Σ(Ω·P) of all pixels of each bin. */
  readonly norms: Float64Array;
  /**
   * Where each bin begins, and the last one ends: q = 2π/d in 1/Å. Bins are equally wide where pixels are binned one by
   * one; where the sums of rings serve, each has whole rings of a pixel, and ends between two of them.
   */
  readonly edges: Float64Array;
  /** Mean q of the pixels of each bin, with Ω·P as weights, which is not quite its middle; the middle of an empty bin. */
  readonly q: Float64Array;
  readonly beam: Beam;
}

/** The properties of pixels that bins are made of. */
interface PixelMaps {
  readonly q: Float32Array;
  readonly norm: Float32Array;
  readonly corner: number;
  /** The largest step of q from one pixel to the next, that at the beam. */
  readonly pixelStep: number;
}

/** The polarisation of a profile: as given; unknown, horizontal for X-rays and none for electrons. */
export function polarisationOf(
  { geometry }: Pick<Detector, 'geometry'>,
  { wavelengthA }: Pick<Beam, 'wavelengthA'>,
  { polarisation }: ProfileOptions,
): Polarisation | undefined {
  if (polarisation !== undefined && polarisation !== 'auto') return readPolarisation(polarisation);
  // A file of frames states the wavelength alone.
  const isElectrons = geometry.radiation?.kind === 'electronVoltage' || isOfElectrons(wavelengthA);
  return isElectrons ? undefined : { fraction: 1, angleDeg: 0 };
}

/** Where the beam meets the plane of the panel whose middle is nearest to it, metres: Ω is 1 there if it is not tilted. */
function distanceAtBeam({ panels }: Geometry, numbers: Float64Array): number {
  let [nearest, distance] = [Number.POSITIVE_INFINITY, 0];
  for (const [p, { minFs, maxFs, minSs, maxSs, fs, ss }] of panels.entries()) {
    const at = p * panelNumbersLength;
    const [f, s] = [(minFs + maxFs + 1) / 2, (minSs + maxSs + 1) / 2];
    const [x, y, z] = [xOf(numbers, at, f, s), yOf(numbers, at, f, s), zOf(numbers, at, f, s)];
    const off = Math.hypot(x, y);
    if (off >= nearest) continue;
    nearest = off;
    const [nx, ny, nz] = cross(fs, ss);
    // A panel along the beam does not meet it.
    distance = Math.abs(nz) > 0.1 ? z + (nx * x + ny * y) / nz : z;
  }
  return distance;
}

/** q and Ω·P of the middle of each pixel that has a ring. */
function pixelMaps(
  detector: Detector,
  beam: Beam,
  polarisation: Polarisation | undefined,
  bins: Uint16Array,
): PixelMaps {
  const { geometry, width, height } = detector;
  const q = new Float32Array(width * height);
  const norm = new Float32Array(width * height);
  const numbers = panelNumbers(geometry, beam);
  const distance = distanceAtBeam(geometry, numbers);
  const finest = Math.max(...geometry.panels.map(({ resolution }) => resolution));
  const factor = polarisation ? polarisationFactorOf(polarisation) : () => 1;
  let corner = 0;
  const perWavelength = (2 * Math.PI) / beam.wavelengthA;
  for (const [p, { minFs, maxFs, minSs, maxSs, resolution, fs: f, ss: s }] of geometry.panels.entries()) {
    const at = p * panelNumbersLength;
    // Normal of the panel.
    const [nx, ny, nz] = cross(f, s);
    const area = (distance * (finest / resolution)) ** 2;
    for (let ss = minSs; ss <= maxSs; ss++)
      for (let fs = minFs, i = ss * width + minFs; fs <= maxFs; fs++, i++) {
        if (bins[i] === maskedBin) continue;
        const x = xOf(numbers, at, fs + 0.5, ss + 0.5);
        const y = yOf(numbers, at, fs + 0.5, ss + 0.5);
        const z = zOf(numbers, at, fs + 0.5, ss + 0.5);
        const square = x * x + y * y + z * z;
        const r = Math.sqrt(square);
        // 2 sin θ = √(2(1 − cos 2θ)), without the cancellation at small angles.
        const sine = z > 0 ? Math.sqrt((2 * (x * x + y * y)) / (r * (r + z))) : Math.sqrt(2 * (1 - z / r));
        const value = perWavelength * sine;
        q[i] = value;
        if (value > corner) corner = value;
        const solidAngle = (Math.abs(nx * x + ny * y + nz * z) / r) * (area / square);
        norm[i] = solidAngle * factor(x, y, z);
      }
  }
  const pixelStep = (2 * Math.PI) / (beam.wavelengthA * Math.abs(distance) * finest);
  return { q, norm, corner, pixelStep };
}

const usualLow = 0.05;
const usualStep = 0.01;
/** Bins of fewer pixels than this leave some of them empty. */
const minPixels = 1.5;

const dOf = (q: number): string => `${((2 * Math.PI) / q).toFixed(2)} Å`;

/** The limits and the number of the bins. Throws `Argument`, saying what would be right. */
function layoutOf({ corner, pixelStep }: PixelMaps, { bins, range }: ProfileOptions) {
  const [low, high] = range ?? [Math.min(usualLow, corner / 2), corner];
  if (!(corner > 0)) throw new EwaldError('Argument', 'profile: no pixel of the detector is good; check its masks');
  if (high > corner * (1 + 1e-6))
    throw new EwaldError(
      'Argument',
      `profile: the range ends at q = 2π/d = ${high} 1/Å (${dOf(high)}), beyond the corner of the detector; it ends at ` +
        `most at ${(Math.floor(corner * 1000) / 1000).toFixed(3)} 1/Å (${dOf(corner)}); for q = 1/d, multiply by 2π`,
    );
  const most = Math.min(profileBins.high, Math.floor((high - low) / (minPixels * pixelStep) + 1e-9));
  if (most < profileBins.low)
    throw new EwaldError(
      'Argument',
      `profile: the range from ${low} to ${high.toFixed(3)} 1/Å has pixels for ${most} bins; it needs at least ` +
        `${profileBins.low}: at least ${(profileBins.low * minPixels * pixelStep).toPrecision(2)} 1/Å`,
    );
  if (bins !== undefined && bins > most)
    throw new EwaldError(
      'Argument',
      `profile: ${bins} bins from ${low} to ${high.toFixed(3)} 1/Å are narrower than ${minPixels} pixels, so that ` +
        `some would be empty; at most ${most}`,
    );
  const count = bins ?? Math.max(profileBins.low, Math.min(most, Math.floor((high - low) / usualStep + 1e-9)));
  // The pixel of the corner itself is in the last bin.
  return { low, count, step: ((high - low) * (1 + 1e-6)) / count };
}

/** What the rings of the peak search are as parts of bins. */
interface BinnedRings {
  /** The bin of each ring. */
  readonly ofRings: Uint16Array;
  /** Mean q of each ring that has pixels, ascending. */
  readonly places: Float64Array;
}

/** The bins of the rings, if each ring is narrower than a bin; undefined on tilted panels and at several distances. */
function binsOfRings(
  rings: Rings,
  { q }: PixelMaps,
  binOf: (q: number) => number,
  step: number,
): BinnedRings | undefined {
  const [n, sum, squares] = [0, 1, 2].map(() => new Float64Array(rings.rings)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = 0; i < q.length; i++) {
    const ring = rings.bins[i] as number;
    if (ring === maskedBin) continue;
    const value = q[i] as number;
    n[ring] = (n[ring] as number) + 1;
    sum[ring] = (sum[ring] as number) + value;
    squares[ring] = (squares[ring] as number) + value * value;
  }
  const found = new Uint16Array(rings.rings).fill(maskedBin);
  const places: number[] = [];
  for (let ring = 0; ring < found.length; ring++) {
    const pixels = n[ring] as number;
    if (pixels === 0) continue;
    const mean = (sum[ring] as number) / pixels;
    const variance = (squares[ring] as number) / pixels - mean * mean;
    if (variance > (step / 2) ** 2) return undefined;
    found[ring] = binOf(mean);
    places.push(mean);
  }
  return { ofRings: found, places: Float64Array.from(places).sort() };
}

/** The edges of bins: those that were asked for, or in the middle between the two rings that such an edge separates. */
function edgesOf({ low, step, count }: Pick<ProfileBins, 'low' | 'step' | 'count'>, places?: Float64Array) {
  let next = 0;
  return Float64Array.from({ length: count + 1 }, (_, i) => {
    const edge = low + i * step;
    if (!places) return edge;
    while (next < places.length && (places[next] as number) < edge) next++;
    const [before, after] = [places[next - 1], places[next]];
    // Beyond rings that are masked, nothing is known of the place.
    const isBetween = before !== undefined && after !== undefined && after - before < 2 * step;
    return isBetween ? (before + after) / 2 : edge;
  });
}

/**
 * Makes the bins. `rings` are those of the peak search, whose sums serve if `finder` is peakfinder8. Bins for another beam
 * of the same detector have the limits of the `first` ones, so that profiles of all frames can be added.
 */
export function binsOf(
  detector: Detector,
  rings: Rings,
  options: ProfileOptions,
  finder: FinderName | undefined,
  beam: Beam = detector.beam,
  first?: ProfileBins,
): ProfileBins {
  const maps = pixelMaps(detector, beam, polarisationOf(detector, beam, options), rings.bins);
  const { low, count, step } = first ?? layoutOf(maps, options);
  const binOf = (value: number): number => {
    const bin = Math.floor((value - low) / step);
    return bin >= 0 && bin < count ? bin : maskedBin;
  };
  const binned = finder === 'peakfinder8' ? binsOfRings(rings, maps, binOf, step) : undefined;
  const ofRings = binned?.ofRings;
  const edges = edgesOf({ low, step, count }, binned?.places);
  const map = new Uint16Array(rings.bins.length).fill(maskedBin);
  const norms = new Float64Array(count);
  const q = new Float64Array(count);
  for (let i = 0; i < map.length; i++) {
    const ring = rings.bins[i] as number;
    if (ring === maskedBin) continue;
    const bin = ofRings ? (ofRings[ring] as number) : binOf(maps.q[i] as number);
    if (bin === maskedBin) continue;
    map[i] = bin;
    const weight = maps.norm[i] as number;
    norms[bin] = (norms[bin] as number) + weight;
    q[bin] = (q[bin] as number) + weight * (maps.q[i] as number);
  }
  for (let bin = 0; bin < count; bin++) {
    const weight = norms[bin] as number;
    q[bin] = weight > 0 ? (q[bin] as number) / weight : low + (bin + 0.5) * step;
  }
  return {
    low,
    step,
    count,
    corner: first?.corner ?? maps.corner,
    map,
    ofRings,
    norm: maps.norm,
    norms,
    edges,
    q,
    beam,
  };
}
