/** The member that represents an orbit of equivalent reflections: CrystFEL's choice and CCP4's. */
import { type Cell, cellFrom, combine, flat } from '../cell.js';
import type { Centring } from '../centring.js';
import { transposed } from '../strain.js';
import { determinant, identity, type Operation, trace } from './matrices.js';
import { laueName, type PointGroup } from './point-group.js';

export type Indices = readonly [number, number, number];

/** (h k l) M. */
export const transformed = ([h, k, l]: Indices, m: Operation): [number, number, number] => [
  h * (m[0] ?? 0) + k * (m[3] ?? 0) + l * (m[6] ?? 0) + 0,
  h * (m[1] ?? 0) + k * (m[4] ?? 0) + l * (m[7] ?? 0) + 0,
  h * (m[2] ?? 0) + k * (m[5] ?? 0) + l * (m[8] ?? 0) + 0,
];

/** The cell in the axes of the indices (h k l) M: h·a* stays, so that the rows a, b, c become Mᵀ times them. */
export const reindexedCell = (cell: Cell, m: Operation): Cell => combine(flat(transposed(cellFrom(m))), cell);

/** Compares indices by h, then k, then l; negative if `a` comes before `b`. */
export const compareIndices = (a: Indices, b: Indices): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** CrystFEL's representative of an orbit: without negative indices if possible, then with the largest h, k, l. */
export function representative(indices: Indices, group: PointGroup): [number, number, number] {
  const [h, k, l] = indices;
  let [bestH, bestK, bestL] = indices;
  let positive = h >= 0 && k >= 0 && l >= 0;
  // Avoids an array for each member, since a large merge computes millions of representatives.
  for (const m of group.operations) {
    const x = h * (m[0] as number) + k * (m[3] as number) + l * (m[6] as number);
    const y = h * (m[1] as number) + k * (m[4] as number) + l * (m[7] as number);
    const z = h * (m[2] as number) + k * (m[5] as number) + l * (m[8] as number);
    const now = x >= 0 && y >= 0 && z >= 0;
    if (now === positive ? (x - bestH || y - bestK || z - bestL) <= 0 : positive) continue;
    [bestH, bestK, bestL, positive] = [x, y, z, now];
  }
  return [bestH + 0, bestK + 0, bestL + 0];
}

/** Whether a reflection represents its orbit; most do not, which the first few members show. */
export function isRepresentative([h, k, l]: Indices, group: PointGroup): boolean {
  const positive = h >= 0 && k >= 0 && l >= 0;
  for (const m of group.operations) {
    const x = h * (m[0] as number) + k * (m[3] as number) + l * (m[6] as number);
    const y = h * (m[1] as number) + k * (m[4] as number) + l * (m[7] as number);
    const z = h * (m[2] as number) + k * (m[5] as number) + l * (m[8] as number);
    const now = x >= 0 && y >= 0 && z >= 0;
    if (now === positive ? (x - h || y - k || z - l) > 0 : now) return false;
  }
  return true;
}

/** Operations of crystals, found once each, since a list asks for those of all its reflections. */
const ofCrystals = new WeakMap<PointGroup['operations'], readonly Operation[]>();

/** The operations of a group without inversion; of a group with one, in which mates are averaged, the rotations. */
export function operationsOfCrystal({ operations, centrosymmetric }: PointGroup): readonly Operation[] {
  const known = ofCrystals.get(operations) ?? operations.filter((m) => !centrosymmetric || determinant(m) === 1);
  ofCrystals.set(operations, known);
  return known;
}

/** Whether an operation takes (h k l) to `sign` times itself. */
const takes = (m: Operation, [h, k, l]: Indices, sign: 1 | -1): boolean =>
  h * (m[0] as number) + k * (m[3] as number) + l * (m[6] as number) === sign * h &&
  h * (m[1] as number) + k * (m[4] as number) + l * (m[7] as number) === sign * k &&
  h * (m[2] as number) + k * (m[5] as number) + l * (m[8] as number) === sign * l;

/** Whether a reflection is equivalent to its Friedel mate: by a rotation, or a mirror of a group without inversion. */
export function centric(indices: Indices, group: PointGroup): boolean {
  return centricIn(operationsOfCrystal(group), indices);
}

/** The same of the operations of a crystal. */
export function centricIn(operations: readonly Operation[], indices: Indices): boolean {
  for (const m of operations) if (takes(m, indices, -1)) return true;
  return false;
}

/** Number of operations that leave a reflection unchanged; its mean intensity is larger by this factor. */
export function epsilon(indices: Indices, group: PointGroup): number {
  return epsilonIn(operationsOfCrystal(group), indices);
}

/** The same of the operations of a crystal. */
export function epsilonIn(operations: readonly Operation[], indices: Indices): number {
  let count = 0;
  for (const m of operations) if (takes(m, indices, 1)) count++;
  return count;
}

/** CCP4's asymmetric units, by Laue group in the settings that it has. */
const units: Readonly<Record<string, (h: number, k: number, l: number) => boolean>> = {
  '-1': (h, k, l) => l > 0 || (l === 0 && (h > 0 || (h === 0 && k >= 0))),
  '2/m': (h, k, l) => l >= 0 && (h > 0 || (h === 0 && k >= 0)),
  '2/m_uaa': (h, k, l) => h >= 0 && (k > 0 || (k === 0 && l >= 0)),
  '2/m_uab': (h, k, l) => k >= 0 && (l > 0 || (l === 0 && h >= 0)),
  mmm: (h, k, l) => h >= 0 && k >= 0 && l >= 0,
  '4/m': (h, k, l) => l >= 0 && ((h >= 0 && k > 0) || (h === 0 && k === 0)),
  '4/mmm': (h, k, l) => h >= k && k >= 0 && l >= 0,
  '-3_H': (h, k, l) => (h >= 0 && k > 0) || (h === 0 && k === 0 && l >= 0),
  '-31m_H': (h, k, l) => h >= k && k >= 0 && (k > 0 || l >= 0),
  '-3m1_H': (h, k, l) => h >= k && k >= 0 && (h > k || l >= 0),
  '6/m': (h, k, l) => l >= 0 && ((h >= 0 && k > 0) || (h === 0 && k === 0)),
  '6/mmm': (h, k, l) => h >= k && k >= 0 && l >= 0,
  'm-3': (h, k, l) => h >= 0 && ((l >= h && k > h) || (l === h && k === h)),
  'm-3m': (h, k, l) => k >= l && l >= h && h >= 0,
  // In rhombohedral axes it is that of the hexagonal ones, obverse.
  '-3_R': (h, k, l) => (h >= k && k > l) || (h === k && k === l && h >= 0),
  '-3m_R': (h, k, l) => h - k >= k - l && k >= l && (h - k > k - l || h + k + l >= 0),
};

/**
 * Those of settings that CCP4 brings to the standard one with another centring: A 1 2 1, B 1 1 2 and C 2 1 1, whose axes
 * it exchanges to reach C 1 2 1.
 */
const ofCentring: typeof units = {
  '2/m_uab A': (h, k, l) => k >= 0 && (h > 0 || (h === 0 && l <= 0)),
  '2/m B': (h, k, l) => l >= 0 && (k > 0 || (k === 0 && h <= 0)),
  '2/m_uaa C': (h, k, l) => h >= 0 && (l > 0 || (l === 0 && k <= 0)),
};

/** The equivalent of a reflection in CCP4's asymmetric unit. */
interface Ccp4Place {
  readonly indices: [number, number, number];
  /** Whether the reflection is a Friedel mate, I(-), which an inversion has brought there. */
  readonly mate: boolean;
}

/** A function that maps indices into CCP4's asymmetric unit, or undefined if CCP4 has none for the group's setting. */
export function ccp4Unit(group: PointGroup, centring?: Centring): ((indices: Indices) => Ccp4Place) | undefined {
  const operations = [...group.operations].sort((a, b) => trace(b) - trace(a));
  const placed = ccp4Symmetry(group, operations, centring);
  return (
    placed &&
    ((indices) => {
      const { indices: place, isym } = placed(indices);
      return { indices: place, mate: isym % 2 === 0 };
    })
  );
}

/**
 * The same with the number that M/ISYM states for unmerged data: 2n − 1 if the n-th of `operations` leads into
 * the asymmetric unit, 2n if its inverse does, as for a Friedel mate.
 */
export function ccp4Symmetry(
  group: PointGroup,
  operations: readonly Operation[],
  centring?: Centring,
): ((indices: Indices) => { readonly indices: [number, number, number]; readonly isym: number }) | undefined {
  const laue = laueName(group);
  const inside = ofCentring[`${laue} ${centring}`] ?? units[laue];
  if (!inside) return undefined;
  return (indices) => {
    // If an operation leads inside as well as its inverse does, the reflection is not a mate.
    for (const sign of [1, -1])
      for (const [n, operation] of operations.entries()) {
        const [h, k, l] = transformed(indices, operation);
        const place: [number, number, number] = [sign * h + 0, sign * k + 0, sign * l + 0];
        if (inside(...place)) return { indices: place, isym: 2 * n + (sign === 1 ? 1 : 2) };
      }
    return { indices: transformed(indices, identity), isym: 1 };
  };
}
