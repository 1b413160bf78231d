/** What a refinement of a geometry starts from and what does not change while it runs: its parts, parameters and pairs. */

import type { Cell } from '../crystal/cell.js';
import { strainLength } from '../crystal/cell-strain.js';
import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import { meanDistance } from '../crystal/geometry/pixels.js';
import { type GaugedPart, perUnit } from './gauge.js';
import { type PlacedPanel, placed, type Unit, unitsOf } from './units.js';

/**
 * Number of pairs required to shift a part across the beam, to turn it about the beam or move it along the beam, and to
 * tilt it.
 */
export const [forShift, forDepth, forTilt] = [30, 100, 500];
/** Parameters that are accepted or rejected together. */
export const blocks = [[0, 1], [2], [5], [3, 4]] as const;

/** A crystal of the fit. */
export interface FitCrystal {
  readonly beam: Beam;
  readonly count: number;
  readonly panel: Int32Array;
  readonly fs: Float64Array;
  readonly ss: Float64Array;
  readonly indices: Float64Array;
  /** Rows a*, b*, c* in 1/Å, the same before they were strained, and the strain in thousandths. */
  rows: Cell;
  unstrained: Cell;
  strain: Float64Array;
  /**
   * The index of its known cell among those of the fit, and strains of that cell in the laboratory; see `labStrains`.
   */
  readonly lattice: number;
  readonly frame: Float64Array;
}

/** A known cell of the fit; the relative error of its mean length is that which is assumed at present. */
export interface Lattice {
  readonly known: Cell;
  readonly crystals: number;
  sizeError: number;
}

/** What a caller asks for. */
export interface FitOptions {
  readonly distance: boolean;
  readonly panels: boolean;
  readonly trusted: boolean;
}

/** The parts of a detector, the crystals, and the parameters of both. */
export interface FitProblem {
  readonly geometry: Geometry;
  readonly crystals: readonly FitCrystal[];
  readonly lattices: readonly Lattice[];
  /** The sizes of the known cells are held. */
  readonly trusted: boolean;
  readonly units: readonly Unit[];
  readonly parts: readonly GaugedPart[];
  /** For each panel, the units that contain it. */
  readonly chains: readonly (readonly number[])[];
  /** Of each unit: its pairs, and the root mean square distance of these from the beam in metres. */
  readonly pairs: readonly number[];
  readonly radius: readonly number[];
  readonly pixelM: readonly number[];
  /** The number of crystals with pairs on a unit, of those with few in part (Kish). */
  readonly crystalsOn: readonly number[];
  /** Motions of parts that are tested; at least 1. */
  readonly tested: number;
  /** The parameters of the known cells: [lattices, 6] after those of the units. */
  readonly ofCells: readonly number[];
  /** Mean distance of the panels. */
  readonly distanceM: number;
}

/** The parameters of a known cell. */
export function parametersOf({ ofCells }: FitProblem, lattice: number): readonly number[] {
  return lattice < 0 ? [] : ofCells.slice(strainLength * lattice, strainLength * (lattice + 1));
}

/** Poses the problem. */
export function fitProblem(
  geometry: Geometry,
  crystals: readonly FitCrystal[],
  lattices: readonly Lattice[],
  { distance, panels, trusted }: FitOptions,
): FitProblem {
  const found = unitsOf(geometry);
  const units = panels ? found : found.slice(0, 1);
  const chains = geometry.panels.map((_, i) => units.flatMap((unit, u) => (unit.panels.includes(i) ? [u] : [])));
  const sums = sumsOfUnits(crystals, units, chains, geometry.panels.map(placed));
  const pairs = [...sums.pairs];
  const meanSquares = (sum: Float64Array): number[] =>
    pairs.map((n, u) => Math.sqrt((sum[u] as number) / Math.max(1, n)));
  const spread = meanSquares(sums.spread);
  const pixelM = units.map((unit) => 1 / (geometry.panels[unit.panels[0] ?? 0]?.resolution ?? 1));
  const parts = units.map(({ parent, centre }, u): GaugedPart => {
    const own = pairs[u] as number;
    const whole = distance ? [0, 1, 2] : [0, 1];
    const movable = u === 0 ? whole : movableOf(own);
    return { parent, centre, pixelM: pixelM[u] as number, pairs: own, spread: spread[u] as number, movable };
  });
  const motions = parts.slice(1).flatMap(({ movable }) => blocks.filter(([k]) => movable.includes(k)));
  const beam = crystals[0]?.beam;
  return {
    ...{ geometry, crystals, lattices, trusted, units, parts, chains, pairs, pixelM },
    radius: meanSquares(sums.radius),
    crystalsOn: pairs.map((n, u) => n ** 2 / Math.max(1, sums.squares[u] as number)),
    tested: Math.max(1, motions.length),
    ofCells: Array.from({ length: strainLength * lattices.length }, (_, i) => perUnit * units.length + i),
    distanceM: beam ? meanDistance(geometry, beam) : 1,
  };
}

/** The parameters of a part for which its pairs suffice. */
function movableOf(pairs: number): number[] {
  return [
    ...(pairs >= forShift ? [0, 1] : []),
    ...(pairs >= forDepth ? [2, 5] : []),
    ...(pairs >= forTilt ? [3, 4] : []),
  ];
}

/**
 * For each unit, the number of its pairs, the sum of the squares of those of each crystal, and the sums of their squared
 * distances from the beam and its centre.
 */
function sumsOfUnits(
  crystals: readonly FitCrystal[],
  units: readonly Unit[],
  chains: readonly (readonly number[])[],
  panels: readonly PlacedPanel[],
): Record<'pairs' | 'squares' | 'radius' | 'spread', Float64Array> {
  const zeros = (): Float64Array => new Float64Array(units.length);
  const [pairs, squares, radius, spread, own] = [zeros(), zeros(), zeros(), zeros(), zeros()];
  for (const { count, panel, fs, ss, beam } of crystals) {
    own.fill(0);
    for (let i = 0; i < count; i++) {
      const { corner, fs: along, ss: down } = panels[panel[i] as number] as PlacedPanel;
      const x = corner[0] + (fs[i] as number) * along[0] + (ss[i] as number) * down[0];
      const y = corner[1] + (fs[i] as number) * along[1] + (ss[i] as number) * down[1];
      const chain = chains[panel[i] as number] as readonly number[];
      for (let c = 0; c < chain.length; c++) {
        const u = chain[c] as number;
        const { centre } = units[u] as Unit;
        pairs[u] = (pairs[u] as number) + 1;
        own[u] = (own[u] as number) + 1;
        radius[u] = (radius[u] as number) + (x + beam.shiftM[0]) ** 2 + (y + beam.shiftM[1]) ** 2;
        spread[u] = (spread[u] as number) + (x - centre[0]) ** 2 + (y - centre[1]) ** 2;
      }
    }
    for (const [u, pairsOfCrystal] of own.entries()) squares[u] = (squares[u] as number) + pairsOfCrystal ** 2;
  }
  return { pairs, squares, radius, spread };
}
