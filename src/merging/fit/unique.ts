/**
 * Finds the unique reflection that each observation measures by one look-up in a table over the box of all indices,
 * with one table for each way to index. Identifiers are in the order of h, then k, then l.
 */

import { areIndices, wrongIndices } from '../../crystal/indices.js';
import { compareIndices, representative, transformed } from '../../crystal/symmetry/asymmetric-unit.js';
import type { Operation } from '../../crystal/symmetry/matrices.js';
import type { PointGroup } from '../../crystal/symmetry/point-group.js';
import { EwaldError } from '../../util/errors.js';
import type { Observations } from '../collection/observations.js';

/** Unique reflections, and the tables to look them up. */
export interface UniqueReflections {
  readonly count: number;
  /** [count][3], CrystFEL's representatives, in order. */
  readonly indices: Int16Array;
  /** The box: identifier of (h, k, l) under a way to index, at `box.at(h, k, l)`. */
  readonly tables: readonly Int32Array[];
  readonly box: IndexBox;
}

/** Maximum number of cells of all tables together: 1 GiB. */
const maxCells = 2 ** 28;

/** Numbers the indices −H … H, −K … K, −L … L consecutively. */
class IndexBox {
  readonly #most: readonly [number, number, number];
  readonly #strideH: number;
  readonly #strideK: number;
  readonly size: number;

  constructor(most: readonly [number, number, number]) {
    this.#most = most;
    this.#strideK = 2 * most[2] + 1;
    this.#strideH = (2 * most[1] + 1) * this.#strideK;
    this.size = (2 * most[0] + 1) * this.#strideH;
    if (this.size > maxCells)
      throw new EwaldError(
        'Limit',
        `the indices reach ±${most.join(', ±')}, a box of ${this.size} reflections; at most ${maxCells} can be merged`,
      );
  }

  at(h: number, k: number, l: number): number {
    return (h + this.#most[0]) * this.#strideH + (k + this.#most[1]) * this.#strideK + l + this.#most[2];
  }

  indices(at: number): [number, number, number] {
    const h = Math.floor(at / this.#strideH);
    const rest = at - h * this.#strideH;
    const k = Math.floor(rest / this.#strideK);
    return [h - this.#most[0], k - this.#most[1], rest - k * this.#strideK - this.#most[2]];
  }
}

/** The smallest box that contains the indices of all observations. */
function boxOf({ count, h, k, l }: Observations): IndexBox {
  const most: [number, number, number] = [0, 0, 0];
  for (const [axis, column] of [h, k, l].entries()) {
    let largest = 0;
    for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(column[i] as number));
    most[axis] = largest;
  }
  return new IndexBox(most);
}

/** The unique reflections of observations in a point group, for each way to index them. */
export function uniqueReflections(
  observations: Observations,
  group: PointGroup,
  ways: readonly Operation[],
): UniqueReflections {
  const box = boxOf(observations);
  if (box.size * ways.length > maxCells)
    throw new EwaldError(
      'Limit',
      `${ways.length} ways to index need tables of ${box.size} reflections each, ${maxCells} at most in all; ` +
        'merge to a lower resolution, or with ambiguity: false',
    );
  const { count, h, k, l } = observations;
  const measured = new Uint8Array(box.size);
  for (let i = 0; i < count; i++) measured[box.at(h[i] as number, k[i] as number, l[i] as number)] = 1;
  const numbers = new Map<number, number>();
  const found: [number, number, number][] = [];
  const tables = ways.map(() => new Int32Array(box.size).fill(-1));
  const packed = ([a, b, c]: readonly [number, number, number]): number =>
    ((a + 65536) * 131072 + b + 65536) * 131072 + c + 65536;
  for (let at = 0; at < box.size; at++) {
    if (measured[at] === 0) continue;
    for (const [way, operation] of ways.entries()) {
      const unique = representative(transformed(box.indices(at), operation), group);
      const key = packed(unique);
      let number = numbers.get(key);
      if (number === undefined) {
        number = found.length;
        numbers.set(key, number);
        // Those of a sum, such as h + k, may be larger than any that was measured.
        if (!areIndices(...unique))
          throw new EwaldError('Limit', `in its asymmetric unit a reflection has ${wrongIndices(...unique)}`);
        found.push(unique);
      }
      (tables[way] as Int32Array)[at] = number;
    }
  }
  const order = found.map((_, i) => i).sort((a, b) => compareIndices(found[a] ?? [0, 0, 0], found[b] ?? [0, 0, 0]));
  const rank = new Int32Array(found.length);
  for (const [place, number] of order.entries()) rank[number] = place;
  for (const table of tables)
    for (let at = 0; at < table.length; at++) {
      const number = table[at] as number;
      if (number >= 0) table[at] = rank[number] as number;
    }
  const indices = new Int16Array(3 * found.length);
  for (const [place, number] of order.entries()) indices.set(found[number] ?? [], 3 * place);
  return { count: found.length, indices, tables, box };
}

/** The identifier of every observation, given the way to index each crystal. */
export function identifiers(
  observations: Observations,
  { tables, box }: UniqueReflections,
  ways: Uint8Array,
  into: Uint32Array = new Uint32Array(observations.count),
): Uint32Array {
  const { h, k, l, offsets, crystals } = observations;
  for (let c = 0; c < crystals; c++) {
    const table = tables[ways[c] ?? 0] as Int32Array;
    for (let i = offsets[c] as number; i < (offsets[c + 1] as number); i++)
      into[i] = table[box.at(h[i] as number, k[i] as number, l[i] as number)] as number;
  }
  return into;
}
