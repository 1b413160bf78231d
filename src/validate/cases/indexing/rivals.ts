/**
 * Stills of a flat Ewald sphere whose rival lattices are known by construction: nodes of a layer about the plane
 * through the origin, seen from above.
 *
 * Without the heights, a lattice and its rotation by 180° about the beam are at exactly equal distances from every
 * spot: one of them is found, and the other is its rival. With the heights, the rotated lattice misses each spot by
 * twice its height, and there is no rival, although the sphere is equally flat.
 */
import { type Cell, cross, dot, norm } from '../../../crystal/cell.js';
import { simulateSpots } from '../../../simulate/spots.js';
import * as bounds from '../../bounds.js';
import { latticeDifference, perfectImage, spotAt, type TrueImage } from '../../oracle/indexing/lattices.js';
import { type CellName, cells } from './lists.js';
import { makeRow, orientRandomly } from './row.js';

/** Half the thickness of the layer, 1/angstrom, and the resolution of its outermost nodes, angstrom. */
const layer = { half: 0.004, resolutionA: 1.1 };

const halfTurned = (cell: Cell): Cell => cell.map(([x, y, z]) => [-x, -y, z]) as unknown as Cell;

/** Nodes of a lattice about the plane z = 0, with or without their heights. */
function layerOf(cell: Cell, heights: boolean): TrueImage {
  const { spots } = perfectImage(cell, layer.resolutionA);
  const kept: number[] = [];
  for (let i = 0; i < spots.length / 3; i++) {
    const [x, y, z] = spotAt(spots, i);
    if (Math.abs(z) < layer.half && Math.hypot(x, y) > layer.half) kept.push(x, y, heights ? z : 0);
  }
  return { spots: Float64Array.from(kept), lattices: [cell], owner: new Uint8Array(kept.length / 3).fill(1) };
}

/**
 * Whether all spots lie in one plane through the origin, which may be tilted: the heights then carry no information.
 */
function onePlane({ spots, owner }: TrueImage): boolean {
  const [first, ...rest] = Array.from(owner, (_, i) => spotAt(spots, i));
  if (!first) return true;
  const normals = rest.map((spot) => cross(first, spot));
  const normal = normals.reduce((a, b) => (norm(b) > norm(a) ? b : a), [0, 0, 0]);
  return rest.every((spot) => Math.abs(dot(spot, normal)) < layer.half * 0.1 * norm(normal));
}

/** The first rotated lattices, starting from a seed, whose layer does not lie in one plane. */
function imageOf(name: CellName, seed: number, heights: boolean): TrueImage {
  for (let i = 0; ; i += 10) {
    const cell = orientRandomly(cells[name])(seed + i);
    if (!onePlane(layerOf(cell, true))) return layerOf(cell, heights);
  }
}

/** A row about lattices that explain an image equally well: those that are `due`, of which others are rivals. */
function rivalRow(
  address: string,
  about: string,
  make: Parameters<typeof makeRow>[3],
  due: (image: TrueImage) => readonly Cell[],
  isAmbiguous: boolean,
) {
  return makeRow('fast', `rivals:${address}`, about, make, {
    /** Counts lattices that are due and neither found nor named as rivals, and the flags that are wrong. */
    compare({ result }, { images }) {
      let [missed, flags] = [0, 0];
      for (const [i, image] of images.entries()) {
        const crystals = result.image(i).crystals();
        const listed = crystals.flatMap(({ cell, rivals }) => [cell, ...rivals]);
        const wanted = due(image);
        missed += wanted.filter((one) => !listed.some((cell) => latticeDifference(cell, one) !== undefined)).length;
        flags += crystals.filter(({ ambiguous }) => ambiguous !== isAmbiguous).length;
        flags += Number(listed.length > wanted.length);
      }
      return { errors: { missed, flags } };
    },
    bounds: () => ({ missed: bounds.everyLattice, flags: bounds.exactSummary }),
  });
}

/** Flat stills, with or without the heights of their spots. */
const flatRow = (name: CellName, heights: boolean, about: string) =>
  rivalRow(
    `${name}:${heights ? 'heights' : 'flat'}:images=3`,
    about,
    (seed) => ({
      images: [0, 1, 2].map((i) => imageOf(name, seed + i, heights)),
      known: [cells[name]],
      // No candidate is returned besides the lattice, so its rotation by 180° must be tried explicitly.
      options: { maxOutputCells: 1 },
    }),
    ({ lattices }) => (heights ? lattices : lattices.flatMap((cell) => [cell, halfTurned(cell)])),
    !heights,
  );

/** Curved stills without a known rival; one lattice and two in an image. */
const curvedRow = (name: CellName, crystals: number) =>
  rivalRow(
    `${name}:curved:crystals=${crystals}:images=2`,
    'where the sphere is curved one lattice alone explains a still',
    (seed) => ({
      images: simulateSpots({ cell: cells[name], seed, images: 2, spots: 200, crystals }),
      known: [cells[name]],
      thresholds: { maxCrystals: crystals },
    }),
    ({ lattices }) => lattices,
    false,
  );

/** The rows. */
export const rivals = [
  flatRow('small', false, 'a lattice and its half turn about the beam explain a flat still equally well'),
  flatRow('small', true, 'a still as flat, whose heights tell the lattice from its half turn'),
  curvedRow('mono', 1),
  curvedRow('tri', 2),
];
