/** Frames as chunks of a CrystFEL stream. */
import { type Geometry, photonEnergyOf } from '../crystal/geometry/geometry.js';
import type { LatticeName } from '../crystal/lattice-name.js';
import type { StreamChunk, StreamCrystal } from '../crystal/stream/stream.js';
import { headerLine } from './copied-headers.js';
import { type FrameCrystal, type FrameResult, upperEnd } from './frame.js';

/** The origin of a frame. */
export interface FrameOrigin {
  readonly filename: string;
  /** Number of the frame in its file; undefined if the file holds a single frame. */
  readonly event: number | undefined;
  /** Serial number of the frame, counted from 1. */
  readonly serial: number;
}

/** Prefix of the line of a crystal that states how many other lattices explain its spots nearly as well. */
export const rivalsMark = 'ewald/rivals = ';

/** Prefix of the line of a frame that states how many peaks `maxPeaks` omitted. */
export const omittedMark = 'ewald/omitted_peaks = ';
/** Prefix of the line that states how many reflections are omitted because they overlap those of another crystal. */
export const overlapsMark = 'ewald/overlapping = ';

/** The chunk of a frame. */
export function chunkOf(
  origin: FrameOrigin,
  result: FrameResult,
  geometry: Geometry,
  names: readonly LatticeName[],
  method: string,
): StreamChunk {
  const { peaks, spots, crystals, beam } = result;
  const inverseD = Array.from(
    { length: peaks.count },
    (_, i) => 10 * Math.hypot(spots[3 * i] ?? 0, spots[3 * i + 1] ?? 0, spots[3 * i + 2] ?? 0),
  );
  const resolution = peaks.count === 0 ? 0 : upperEnd(inverseD, 0.02);
  return {
    filename: origin.filename,
    event: origin.event === undefined ? undefined : `//${origin.event}`,
    serial: origin.serial,
    hit: result.hit,
    indexedBy: crystals.length > 0 ? method : 'none',
    tries: crystals.length > 0 ? 1 : undefined,
    photonEnergyEv: photonEnergyOf(beam.wavelengthA),
    divergenceRad: 0,
    bandwidth: bandwidthOf(geometry),
    notes: [
      ...(result.headers ?? []).flatMap((header) => headerLine(header) ?? []),
      ...(peaks.omitted ? [`${omittedMark}${peaks.omitted}`] : []),
    ],
    cameraLengthM: averageDistance(geometry, beam.distanceM),
    peakCount: peaks.count,
    peakResolution: { inverseNm: resolution, angstrom: 10 / resolution },
    peaks: inverseD.map((value, i) => {
      const panel = geometry.panels[peaks.panel[i] ?? 0];
      return {
        fs: peaks.fs[i] ?? 0,
        ss: (peaks.ss[i] ?? 0) - (panel?.firstRow ?? 0),
        inverseD: value,
        intensity: peaks.intensity[i] ?? 0,
        panel: panel?.name ?? '?',
      };
    }),
    crystals: crystals.map((crystal) => streamCrystal(crystal, geometry, names[crystal.inputCell])),
  };
}

/** The relative width of the spectrum that a run writes: CrystFEL's smallest one if the geometry states none. */
export const bandwidthOf = ({ bandwidth }: Geometry): number => bandwidth || 1e-8;

const averageDistance = ({ panels }: Geometry, distanceM: number): number =>
  distanceM + panels.reduce((sum, { offsetM }) => sum + offsetM, 0) / panels.length;

function streamCrystal(crystal: FrameCrystal, geometry: Geometry, name: LatticeName | undefined): StreamCrystal {
  const scaled = (row: readonly [number, number, number]) =>
    row.map((x) => 10 * x) as unknown as [number, number, number];
  const [a, b, c] = crystal.lengths.map((x) => x / 10) as [number, number, number];
  const resolution = 10 * crystal.resolution;
  return {
    parameters: [a, b, c, ...crystal.angles],
    reciprocal: [scaled(crystal.reciprocal[0]), scaled(crystal.reciprocal[1]), scaled(crystal.reciprocal[2])],
    latticeType: name?.lattice ?? 'triclinic',
    centering: name?.centring ?? 'P',
    // Readers require this line; `?` means that there is no unique axis.
    uniqueAxis: name?.uniqueAxis ?? '?',
    profileRadius: 10 * crystal.profileRadius,
    // Readers ignore unknown lines; without rivals the stream is the same as one written by CrystFEL.
    notes: [
      ...(crystal.rivals.length > 0 ? [`${rivalsMark}${crystal.rivals.length}`] : []),
      ...(crystal.overlapping > 0 ? [`${overlapsMark}${crystal.overlapping}`] : []),
    ],
    shiftMm: [0, 0],
    resolutionLimit: { inverseNm: resolution, angstrom: 10 / resolution },
    saturated: crystal.saturated,
    implausible: 0,
    reflections: crystal.reflections?.map((one) => {
      const panel = geometry.panels[one.panel];
      return {
        h: one.h,
        k: one.k,
        l: one.l,
        intensity: one.intensity,
        sigma: one.sigma,
        peak: one.peak,
        background: one.background,
        fs: one.fs + (panel?.minFs ?? 0),
        ss: one.ss + (panel?.minSs ?? 0) - (panel?.firstRow ?? 0),
        panel: panel?.name ?? '?',
      };
    }),
  };
}
