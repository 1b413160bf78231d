/** Frames as chunks of a CrystFEL stream. */
import { anglesOf, lengthsOf } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { type Geometry, photonEnergyOf } from '../crystal/geometry/geometry.js';
import type { StreamChunk, StreamCrystal } from '../crystal/stream/stream.js';
import { type FrameCrystal, type FrameResult, upperEnd } from './frame.js';

/** The origin of a frame. */
export interface FrameOrigin {
  readonly filename: string;
  /** Number of the frame in its file; undefined if the file holds a single frame. */
  readonly event: number | undefined;
  /** From 1. */
  readonly serial: number;
}

/** Lattice type and unique axis as a stream names them. */
export interface LatticeName {
  readonly lattice: string;
  readonly centring: string;
  readonly uniqueAxis: string | undefined;
}

/** The name of a known cell's lattice, derived from its parameters and centring. */
export function latticeName({ cell, centring }: KnownCell): LatticeName {
  const [a, b, c] = lengthsOf(cell);
  const angles = anglesOf(cell);
  const same = (x: number, y: number): boolean => Math.abs(x - y) < 1e-6 * x;
  const right = angles.map((angle) => Math.abs(angle - 90) < 1e-6);
  const named = (lattice: string, uniqueAxis: string | undefined): LatticeName => ({ lattice, centring, uniqueAxis });
  if (right.every(Boolean)) {
    if (same(a, b) && same(b, c)) return named('cubic', undefined);
    // A cell with a square face is tetragonal if the axis perpendicular to it carries no face centring.
    if (centring === 'P' || centring === 'I') {
      if (same(a, b)) return named('tetragonal', 'c');
      if (same(b, c)) return named('tetragonal', 'a');
      if (same(a, c)) return named('tetragonal', 'b');
    }
    return named('orthorhombic', undefined);
  }
  if (right[0] && right[1] && same(a, b) && Math.abs(angles[2] - 120) < 1e-6) return named('hexagonal', 'c');
  if (same(a, b) && same(b, c) && same(angles[0], angles[1]) && same(angles[1], angles[2]))
    return named('rhombohedral', undefined);
  const oblique = right.indexOf(false);
  return right.filter(Boolean).length === 2 ? named('monoclinic', 'abc'[oblique]) : named('triclinic', undefined);
}

/** Prefix of the line of a crystal that states how many other lattices explain its spots nearly as well. */
export const rivalsMark = 'ewald/rivals = ';

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
    bandwidth: geometry.bandwidth || 1e-8,
    notes: [],
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
    // Readers require the line; `?` stands for none.
    uniqueAxis: name?.uniqueAxis ?? '?',
    profileRadius: 10 * crystal.profileRadius,
    // Readers ignore unknown lines; without rivals a stream is as CrystFEL would write it.
    notes: crystal.rivals.length > 0 ? [`${rivalsMark}${crystal.rivals.length}`] : [],
    shiftMm: [0, 0],
    resolutionLimit: { inverseNm: resolution, angstrom: 10 / resolution },
    saturated: crystal.reflections?.filter(({ saturated }) => saturated).length ?? 0,
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
