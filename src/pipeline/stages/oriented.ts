/**
 * Lattices whose orientations are known beforehand, from an earlier run or another program: without a search, each is
 * fitted to the spots of its frame and judged by chance, as an indexer does, or stays as it is.
 */

import { searchConstants } from '../../compute/layout/search.js';
import {
  anglesOf,
  type Cell,
  combine,
  dot,
  lengthsOf,
  norm,
  reciprocal,
  type Vector,
  volume,
} from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { conventionalMatrix, primitiveOf } from '../../crystal/centring.js';
import { inverted, product, rotationOf, transposed } from '../../crystal/strain.js';
import { log10Chance, reoriented } from '../../indexing/evidence.js';
import type { Crystal } from '../../indexing/indexer.js';
import { defaultAcceptLog10 } from '../../indexing/parameters.js';
import { solved } from '../../util/linear.js';
import type { SearchSettings } from '../settings.js';
import { isAccepted } from './accept.js';

/** A lattice of a frame whose orientation is known. */
export interface OrientedCrystal {
  /** Rows a, b, c in Å, laboratory frame. */
  readonly cell: Cell;
  /** Its profile radius in 1/Å; default: that of its own peaks. Of lattices that are kept as they are. */
  readonly profileRadius?: number | undefined;
  /** Its largest 1/d in 1/Å; default: that of its own peaks. Of lattices that are kept as they are. */
  readonly resolution?: number | undefined;
  /** Whether its spots told which axis is which. */
  readonly named?: boolean | undefined;
  /** Which of the known cells it is. */
  readonly inputCell: number;
}

const acceptanceOccupancy = searchConstants.acceptanceOccupancy.value;
const strainTolerance = searchConstants.strainTolerance.value;
const strainWays = searchConstants.strainWays.value;

/** The distance from a node within which a spot belongs to a primitive cell, 1/Å. */
const acceptanceOf = (primitive: Cell): number =>
  Math.cbrt((3 * acceptanceOccupancy) / (4 * Math.PI * Math.abs(volume(primitive))));

/** Rounds of a fit of lengths and angles, and scatters beyond which a spot takes no part. */
const [rounds, gate] = [6, 3.5];
/** Spots without which lengths and angles stay as known. */
const fewestStrained = 12;

/** Degrees by which a fit may turn a lattice: farther away it is another crystal, which a search finds. */
const mostTurn = 2;

/** A spot and its node. */
function nodeOf(
  cell: Cell,
  nodes: Cell,
  spot: Vector,
): { readonly node: Vector; readonly off: Vector; readonly isOrigin: boolean } {
  const [h, k, l] = cell.map((row) => Math.round(dot(row, spot))) as [number, number, number];
  const node = [0, 1, 2].map(
    (i) => h * (nodes[0][i] as number) + k * (nodes[1][i] as number) + l * (nodes[2][i] as number),
  ) as unknown as Vector;
  const off: Vector = [spot[0] - node[0], spot[1] - node[1], spot[2] - node[2]];
  return { node, off, isOrigin: h === 0 && k === 0 && l === 0 };
}

const spotAt = (spots: Float32Array, i: number): Vector => [
  spots[3 * i] as number,
  spots[3 * i + 1] as number,
  spots[3 * i + 2] as number,
];

/**
 * Nine numbers by least squares of spots near nodes, with the strain against `metric` held to 1 %, as an indexer fits
 * them. Undefined if too few spots are near.
 */
function strained(start: Cell, metric: Cell, spots: Float32Array): Cell | undefined {
  let cell = start;
  let limit = acceptanceOf(start);
  const count = spots.length / 3;
  for (let round = 0; round < rounds; round++) {
    const nodes = reciprocal(cell);
    const [across, along, right] = [new Float64Array(9), new Float64Array(9), new Float64Array(9)];
    let [used, squaresAcross, squaresAlong] = [0, 0, 0];
    for (let n = 0; n < count; n++) {
      const spot = spotAt(spots, n);
      const { node, off, isOrigin } = nodeOf(cell, nodes, spot);
      if (isOrigin || dot(off, off) > limit * limit) continue;
      used++;
      squaresAcross += off[0] ** 2 + off[1] ** 2;
      squaresAlong += off[2] ** 2;
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 3; j++) {
          across[3 * i + j] = (across[3 * i + j] as number) + (node[i] as number) * (node[j] as number);
          // Along the beam the place of a node contains its distance from the spot, so that spots tell the moments.
          along[3 * i + j] = (along[3 * i + j] as number) + (spot[i] as number) * (spot[j] as number);
          const lever = (i < 2 ? node[j] : spot[j]) as number;
          right[3 * i + j] = (right[3 * i + j] as number) + (off[i] as number) * lever;
        }
    }
    if (used < fewestStrained) return undefined;
    const variances = [squaresAcross / 2 / used, squaresAcross / 2 / used, squaresAlong / used].map((x) => x + 1e-12);
    const change = strainStep(cell, metric, { across, along, right, variances });
    if (!change) return undefined;
    cell = product(cell, inverted(change));
    limit = Math.min(limit, gate * Math.sqrt((squaresAcross + squaresAlong) / used));
  }
  return cell;
}

interface Sums {
  readonly across: Float64Array;
  readonly along: Float64Array;
  readonly right: Float64Array;
  readonly variances: readonly number[];
}

/** The map 1 + D of nodes that fits the spots best, with a prior on its strain together with that of the cell. */
function strainStep(cell: Cell, metric: Cell, { across, along, right, variances }: Sums): Cell | undefined {
  const map = product(inverted(reciprocal(metric)), reciprocal(cell));
  // Rows are vectors, so that the strain in the laboratory is that of the transposed map.
  const square = product(transposed(map), map);
  const normal = new Float64Array(81);
  const side = new Float64Array(9);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) {
      const variance = variances[i] as number;
      side[3 * i + j] = (right[3 * i + j] as number) / variance;
      for (let k = 0; k < 3; k++)
        normal[9 * (3 * i + j) + 3 * i + k] = ((i < 2 ? across : along)[3 * j + k] as number) / variance;
    }
  const weight = 1 / strainTolerance ** 2;
  for (let i = 0; i < 3; i++)
    for (let j = i; j < 3; j++) {
      const strain = ((square[i]?.[j] as number) - (i === j ? 1 : 0)) / 2;
      const at = [3 * i + j, 3 * j + i] as const;
      // (D_ij + D_ji) / 2 + strain, once for i = j and twice otherwise.
      const times = i === j ? weight : 2 * weight;
      for (const p of at) {
        side[p] = (side[p] as number) - (times * strain) / 2;
        for (const q of at) normal[9 * p + q] = (normal[9 * p + q] as number) + times / 4;
      }
    }
  const d = solved(normal, side, 9);
  if (!d?.every(Number.isFinite)) return undefined;
  return [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? 1 : 0) + (d[3 * i + j] as number))) as unknown as Cell;
}

/** The angle in degrees between two orientations of a cell. */
function turnOf(cell: Cell, from: Cell): number {
  const [x, y, z] = rotationOf(product(inverted(from), cell));
  return (Math.acos(Math.max(-1, Math.min(1, (x[0] + y[1] + z[2] - 1) / 2))) * 180) / Math.PI;
}

/** The known cell as the lattice is oriented. */
const metricAt = (known: Cell, cell: Cell): Cell => product(known, rotationOf(product(inverted(known), cell)));

/** A lattice that was fitted, primitive, and log10 of the chance that spots without it are explained as well. */
interface FittedLattice {
  readonly primitive: Cell;
  readonly chance: number;
  readonly isStrained: boolean;
}

/**
 * log10 of the chance of a lattice, with the trials that a search of all orientations has, so that the verdict is the
 * usual one: orientations nearby would be fewer, but a spot of another crystal is no spot of chance.
 */
function chanceOf(primitive: Cell, spots: Float32Array, cells: number, isStrained: boolean): number {
  let farthest = 0;
  for (let i = 0; i < spots.length / 3; i++) farthest = Math.max(farthest, norm(spotAt(spots, i)));
  const nodes = ((4 * Math.PI) / 3) * farthest ** 3 * Math.abs(volume(primitive));
  const trials = Math.log10(8 * Math.PI ** 2 * (nodes + 1) * cells);
  // Six more parameters follow the spots.
  const ways = isStrained ? strainWays * Math.log10(1 + (2 * strainTolerance * farthest) / acceptanceOf(primitive)) : 0;
  return log10Chance(primitive, spots) + trials + ways;
}

function fittedLattice(
  start: Cell,
  known: KnownCell,
  spots: Float32Array,
  { isHeld, cells }: { readonly isHeld: boolean; readonly cells: number },
): FittedLattice {
  const primitive = reoriented(primitiveOf(start, known.centring), spots);
  const metric = metricAt(primitiveOf(known.cell, known.centring), primitive);
  const plain = reoriented(metric, spots);
  const held = { primitive: plain, chance: chanceOf(plain, spots, cells, false), isStrained: false };
  const wide = isHeld ? undefined : strained(plain, metric, spots);
  if (!wide) return held;
  const chance = chanceOf(wide, spots, cells, true);
  return chance < held.chance ? { primitive: wide, chance, isStrained: true } : held;
}

/** The spots that belong to each of several primitive cells: those nearest to it of all, within its radius. */
function masksOf(lattices: readonly Cell[], spots: Float32Array): Uint8Array[] {
  const count = spots.length / 3;
  const nearest = new Float64Array(count).fill(1);
  const masks = lattices.map(() => new Uint8Array(count));
  for (const [k, lattice] of lattices.entries()) {
    const nodes = reciprocal(lattice);
    const radius = acceptanceOf(lattice);
    for (let i = 0; i < count; i++) {
      const { off } = nodeOf(lattice, nodes, spotAt(spots, i));
      const share = dot(off, off) / (radius * radius);
      if (share >= (nearest[i] as number)) continue;
      nearest[i] = share;
      for (const mask of masks) mask[i] = 0;
      (masks[k] as Uint8Array)[i] = 1;
    }
  }
  return masks;
}

/** The spots that belong to no mask. */
function restOf(spots: Float32Array, masks: readonly Uint8Array[]): Float32Array {
  const kept: number[] = [];
  for (let i = 0; i < spots.length / 3; i++) if (masks.every((mask) => mask[i] === 0)) kept.push(...spotAt(spots, i));
  return Float32Array.from(kept);
}

/**
 * The lattices of a frame in the form in which an indexer returns them. Those that are not kept as they are: fitted to
 * the spots, one after the other, each judged by the spots that earlier ones leave; those that chance explains, and those
 * that the fit turns by more than two degrees, are left out.
 */
export function orientedLattices(
  oriented: readonly OrientedCrystal[],
  spots: Float32Array,
  settings: SearchSettings,
): { readonly lattices: readonly Crystal[]; readonly of: readonly OrientedCrystal[] } {
  const { cells = [], thresholds, acceptBy = 'chance', tolerance, knownLattices } = settings;
  const isKept = knownLattices === 'kept';
  const accept = thresholds?.acceptLog10 ?? defaultAcceptLog10;
  const taken: { readonly fitted: FittedLattice; readonly cell: Cell; readonly of: OrientedCrystal }[] = [];
  for (const of of oriented) {
    const known = cells[of.inputCell] ?? { cell: of.cell, centring: 'P' as const };
    if (isKept) {
      const primitive = primitiveOf(of.cell, known.centring);
      const fitted = {
        primitive,
        chance: chanceOf(primitive, spots, Math.max(1, cells.length), true),
        isStrained: true,
      };
      taken.push({ fitted, cell: of.cell, of });
      continue;
    }
    const rest = restOf(
      spots,
      masksOf(
        taken.map(({ fitted }) => fitted.primitive),
        spots,
      ),
    );
    const how = { isHeld: thresholds?.metric === 'held', cells: Math.max(1, cells.length) };
    const fitted = fittedLattice(of.cell, known, rest, how);
    const cell = combine(conventionalMatrix(known.centring), fitted.primitive);
    const isFound =
      acceptBy === 'crystfel'
        ? isAccepted(cell, known.cell, spots, oriented.length > 1, tolerance)
        : fitted.chance <= accept;
    if (isFound && turnOf(cell, of.cell) <= mostTurn) taken.push({ fitted, cell, of });
  }
  const masks = masksOf(
    taken.map(({ fitted }) => fitted.primitive),
    spots,
  );
  const lattices = taken.map(({ fitted, cell, of }, i): Crystal => {
    const mask = masks[i] as Uint8Array;
    return {
      cell,
      reciprocal: reciprocal(cell),
      lengths: lengthsOf(cell),
      angles: anglesOf(cell),
      score: -fitted.chance,
      log10Chance: fitted.chance,
      probability: 10 ** Math.min(0, fitted.chance),
      indexedSpots: mask.reduce((sum, one) => sum + one, 0),
      rmsResidual: Number.NaN,
      inputCell: of.inputCell,
      refined: fitted.isStrained,
      number: i + 1,
      mask,
      ambiguous: of.named !== true,
      rivals: [],
    };
  });
  return { lattices, of: taken.map(({ of }) => of) };
}
