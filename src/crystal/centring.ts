/**
 * Centred cells: conversion to the primitive cell of the same lattice and back. Source: International Tables A, 1.5.1.
 */
import { EwaldError } from '../util/errors.js';
import { type Cell, cellFrom, combine, reciprocal } from './cell.js';

/**
 * Centring as CrystFEL and PDB files name it: P primitive; A, B, C face-centred; I body-centred; F all faces centred; H
 * rhombohedral in hexagonal axes, obverse: (2/3, 1/3, 1/3) and (1/3, 2/3, 2/3); R rhombohedral in its own axes, which
 * is primitive.
 */
export type Centring = 'P' | 'A' | 'B' | 'C' | 'I' | 'F' | 'H' | 'R';

const half = 1 / 2;
const third = 1 / 3;
/** Rows: primitive vectors in terms of a, b, c; determinant 1 / (lattice points of the cell). */
const primitives: Readonly<Record<Centring, readonly number[]>> = {
  P: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  R: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  A: [1, 0, 0, 0, half, -half, 0, half, half],
  B: [half, 0, -half, 0, 1, 0, half, 0, half],
  C: [half, -half, 0, half, half, 0, 0, 0, 1],
  I: [-half, half, half, half, -half, half, half, half, -half],
  F: [0, half, half, half, 0, half, half, half, 0],
  H: [2 * third, third, third, -third, third, third, -third, -2 * third, third],
};

/** The names of the centrings. */
export const centrings = Object.keys(primitives) as readonly Centring[];

/** Whether a cell of this centring holds more than one lattice point. */
export const isCentred = (centring: Centring): boolean => centring !== 'P' && centring !== 'R';

/** The primitive cell of a centred lattice, in the same orientation. */
export const primitiveOf = (cell: Cell, centring: Centring): Cell => combine(primitives[centring], cell);

/** Rows: a, b, c of the centred cell in terms of the primitive vectors of `primitiveOf`; integers. */
export function conventionalMatrix(centring: Centring): number[] {
  // Rows of `reciprocal` are the columns of the inverse.
  const dual = reciprocal(cellFrom(primitives[centring]));
  return [0, 1, 2].flatMap((i) => dual.map((row) => Math.round(row[i] ?? 0)));
}

/** Validates the name of a centring. Throws `Argument`. */
export function checkCentring(name: string, what: string): Centring {
  const centring = centrings.find((candidate) => candidate === name);
  if (!centring) throw new EwaldError('Argument', `${what} is "${name}"; expected one of ${centrings.join(', ')}`);
  return centring;
}

/** Whether a reflection is systematically absent because of the lattice centring. */
export function isAbsent(centring: Centring, h: number, k: number, l: number): boolean {
  const odd = (n: number): boolean => n % 2 !== 0;
  switch (centring) {
    case 'A':
      return odd(k + l);
    case 'B':
      return odd(h + l);
    case 'C':
      return odd(h + k);
    case 'I':
      return odd(h + k + l);
    case 'F':
      return odd(h + k) || odd(h + l);
    case 'H':
      return (((-h + k + l) % 3) + 3) % 3 !== 0;
    default:
      return false;
  }
}
