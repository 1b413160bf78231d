/**
 * Builds conventional cells from a symmetry axis and the net of lattice vectors perpendicular to it, in the standard
 * settings of the International Tables A, 3.1.
 */
import { type Cell, cross, dot, norm, reciprocal, scale, subtract, type Vector, volume } from './cell.js';
import type { Centring } from './centring.js';

/** Bravais lattices by their Pearson symbols, lowest symmetry first. */
export const bravaisTypes = [
  'aP',
  'mP',
  'mC',
  'oP',
  'oC',
  'oI',
  'oF',
  'tP',
  'tI',
  'hR',
  'hP',
  'cP',
  'cI',
  'cF',
] as const;
export type BravaisType = (typeof bravaisTypes)[number];

/** The centring of a conventional cell; that of hR is in hexagonal axes. */
export const centringOfType = (type: BravaisType): Centring => (type === 'hR' ? 'H' : (type[1] as Centring));

/**
 * The two shortest vectors of a net, at an obtuse angle: p · q ≤ 0. With −(p + q) they are the shortest of their
 * classes modulo 2.
 */
export type Net = readonly [p: Vector, q: Vector];

const plus = (u: Vector, v: Vector): Vector => [u[0] + v[0], u[1] + v[1], u[2] + v[2]];

/** The reduced net spanned by coplanar vectors; undefined if they are collinear. */
export function shortNet(vectors: readonly Vector[]): Net | undefined {
  const sorted = [...vectors].sort((u, v) => norm(u) - norm(v));
  const [first] = sorted;
  const second = sorted.find((v) => first && norm(cross(first, v)) > 0.05 * norm(first) * norm(v));
  if (!first || !second) return undefined;
  let [p, q] = [first, second];
  // Gauss reduction: subtracts p from q as often as possible, then swaps.
  for (let round = 0; round < 20; round++) {
    q = subtract(q, scale(Math.round(dot(p, q) / dot(p, p)), p));
    if (norm(q) >= norm(p) * (1 - 1e-12)) break;
    [p, q] = [q, p];
  }
  return dot(p, q) > 0 ? [p, scale(-1, q)] : [p, q];
}

/** Lattice points inside a cell as fractions in twelfths; `primitive` spans the lattice. */
function pointsInside(cell: Cell, primitive: Cell): Set<string> {
  const dual = reciprocal(cell);
  const points = new Set<string>();
  for (let h = 0; h < 4; h++) {
    for (let k = 0; k < 4; k++) {
      for (let l = 0; l < 4; l++) {
        const v = plus(plus(scale(h, primitive[0]), scale(k, primitive[1])), scale(l, primitive[2]));
        points.add(dual.map((row) => ((Math.round(dot(v, row) * 12) % 12) + 12) % 12).join());
      }
    }
  }
  points.delete('0,0,0');
  return points;
}

const known: Readonly<Record<string, string>> = {
  '': 'P',
  '6,6,0': 'C',
  '6,0,6': 'B',
  '0,6,6': 'A',
  '6,6,6': 'I',
  '0,6,6 6,0,6 6,6,0': 'F',
  '4,8,8 8,4,4': 'obverse',
  '4,8,4 8,4,8': 'reverse',
};

/** Centring of a cell, or undefined if it is not a standard one: P, A, B, C, I, F, obverse or reverse. */
export function centringOf(cell: Cell, primitive: Cell): string | undefined {
  const order = Math.round(Math.abs(volume(cell) / volume(primitive)));
  if (order < 1 || order > 4) return undefined;
  return known[[...pointsInside(cell, primitive)].sort().join(' ')];
}

const rightHanded = ([a, b, c]: Cell): Cell => (volume([a, b, c]) < 0 ? [a, scale(-1, b), c] : [a, b, c]);

/**
 * Monoclinic setting: b along the axis; a and c are the vectors of the net with the smallest β ≥ 90°. P: a ≤ c.
 * Centred: a is the vector whose half belongs to the centring (C, never A or I), c the shortest that completes a cell
 * with it.
 */
export function monoclinicSetting(
  axis: Vector,
  [p, q]: Net,
  primitive: Cell,
): { cell: Cell; centred: boolean } | undefined {
  const r = scale(-1, plus(p, q));
  for (const [a, one, other] of [
    [p, q, r],
    [q, r, p],
    [r, p, q],
  ] as const) {
    const c = norm(one) <= norm(other) * (1 + 1e-9) ? one : other;
    const type = centringOf([a, axis, c], primitive);
    if (type === 'P') {
      const [short, long] = norm(p) <= norm(q) ? [p, q] : [q, p];
      return { cell: rightHanded([short, axis, long]), centred: false };
    }
    if (type === 'C') return { cell: rightHanded([a, axis, c]), centred: true };
  }
  return undefined;
}

const alike = (u: Vector, v: Vector, tolerance: number): boolean =>
  Math.abs(norm(u) / norm(v) - 1) < 3 * tolerance + 1e-6;

/** Orthorhombic, tetragonal and cubic cells: the axis and two perpendicular vectors of its net. */
export function orthogonalSetting(
  axis: Vector,
  [p, q]: Net,
  primitive: Cell,
  tolerance: number,
): { type: BravaisType; cell: Cell }[] {
  const r = scale(-1, plus(p, q));
  const vectors = [p, q, r, subtract(p, q), subtract(q, r), subtract(r, p)];
  const found: { type: BravaisType; cell: Cell }[] = [];
  for (const [i, u] of vectors.entries()) {
    for (const v of vectors.slice(i + 1)) {
      if (Math.abs(dot(u, v)) > (1.5 * tolerance + 1e-6) * norm(u) * norm(v)) continue;
      const centring = centringOf([u, v, axis], primitive);
      if (!centring || !'PABCIF'.includes(centring)) continue;
      const byLength = [u, v, axis].sort((x, y) => norm(x) - norm(y)) as [Vector, Vector, Vector];
      // The centred face is perpendicular to c.
      const c = { A: u, B: v, C: axis }[centring];
      const [short, long] = byLength.filter((x) => x !== c) as [Vector, Vector];
      if (c) found.push({ type: 'oC', cell: rightHanded([short, long, c]) });
      else found.push({ type: `o${centring}` as BravaisType, cell: rightHanded(byLength) });
      if (c || centring === 'F') {
        if (alike(u, v, tolerance) && alike(u, axis, tolerance) && centring === 'F')
          found.push({ type: 'cF', cell: rightHanded(byLength) });
        continue;
      }
      if (alike(u, v, tolerance)) {
        found.push({ type: `t${centring}` as BravaisType, cell: rightHanded([u, v, axis]) });
        if (alike(u, axis, tolerance)) found.push({ type: `c${centring}` as BravaisType, cell: rightHanded(byLength) });
      }
    }
  }
  return found;
}

/** Hexagonal axes: c along the axis, a and b of its net at 120°; hR in the obverse setting. */
export function hexagonalSetting(
  axis: Vector,
  [p, q]: Net,
  primitive: Cell,
  tolerance: number,
): { type: BravaisType; cell: Cell } | undefined {
  if (!alike(p, q, tolerance) || Math.abs(dot(p, q) / (norm(p) * norm(q)) + 0.5) > 1.5 * tolerance + 0.01)
    return undefined;
  const c = dot(axis, cross(p, q)) < 0 ? scale(-1, axis) : axis;
  const centring = centringOf([p, q, c], primitive);
  if (centring === 'P') return { type: 'hP', cell: [p, q, c] };
  if (centring === 'obverse') return { type: 'hR', cell: [p, q, c] };
  // A rotation by 180° about c converts reverse to obverse.
  if (centring === 'reverse') return { type: 'hR', cell: [scale(-1, p), scale(-1, q), c] };
  return undefined;
}
