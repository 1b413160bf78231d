/**
 * `ewald/ffbidx`, implemented only from the documentation of the original module: handles, packed arrays, reciprocal
 * space, columns.
 */
import { isEwaldError } from 'ewald';
import { index, indexer, release } from 'ewald/ffbidx';
import { describe, expect, it } from 'vitest';
import { cellFromParameters, reciprocal, sameLattice, simulateSpots } from '../../dist/index.node.js';
import type { Cell } from '../../src/crystal/cell.js';

const cell = cellFromParameters(79, 79, 38, 90, 90, 90);
const [image] = simulateSpots({ cell, spots: 120, spurious: 0.2, seed: 8 });
const spots = Array.from({ length: 120 }, (_, i) => [...(image?.spots.slice(3 * i, 3 * i + 3) ?? [])]);

/** Vectors as the columns of a C-ordered (3, n) array. */
function pack(vectors: readonly (readonly number[])[]): Float32Array {
  const out = new Float32Array(vectors.length * 3);
  vectors.forEach((vector, j) => {
    vector.forEach((x, k) => {
      out[k * vectors.length + j] = x;
    });
  });
  return out;
}
/** Cell i of a (3, 3N) array: its vectors are the columns 3i, 3i + 1, 3i + 2. */
function cellAt(packed: Float32Array, i: number): Cell {
  const columns = packed.length / 3;
  return [0, 1, 2].map((v) => [0, 1, 2].map((k) => packed[k * columns + 3 * i + v] ?? 0)) as unknown as Cell;
}

describe('ewald/ffbidx', () => {
  it('indexes a packed image: the first cell is the lattice, in reciprocal space', async () => {
    const handle = await indexer(4, 1, 200, 32);
    const data = pack([...reciprocal(cell), ...spots]);
    const [outputCells, scores] = await index(handle, 1e-9, 32768, 2, 1, data);
    expect(scores).toHaveLength(2);
    expect(outputCells).toHaveLength(3 * 3 * 2);
    expect([...scores]).toEqual([...scores].sort((a, b) => a - b));
    expect(scores[0]).toBeLessThan(0.00075);
    expect(sameLattice(reciprocal(cellAt(outputCells, 0)), image?.lattices[0] as Cell)).toBe(true);
    // Rows are accepted as well as flat arrays.
    const rows = [0, 1, 2].map((k) => data.subarray((k * data.length) / 3, ((k + 1) * data.length) / 3));
    expect((await index(handle, 1e-9, 32768, 2, 1, rows))[0]).toEqual(outputCells);
    await release(handle);
  });

  it('gives as many cells as requested, even for an unambiguous lattice', async () => {
    const perfect = reciprocal(cell);
    const nodes = Array.from({ length: 300 }, (_, i) => [
      (i % 7) - 3,
      (Math.floor(i / 7) % 7) - 3,
      Math.floor(i / 49) + 1,
    ]).map((hkl) =>
      [0, 1, 2].map((k) => hkl.reduce((sum, h, row) => sum + h * ((perfect[row] as Cell[0])[k] ?? 0), 0)),
    );
    for (const list of [spots, nodes]) {
      const handle = await indexer(32, 1, 300, 32);
      const data = pack([...reciprocal(cell), ...list]);
      for (const count of [1, 7, 32]) {
        const [outputCells, scores] = await index(handle, 1e-9, 32768, count, 1, data);
        expect(scores).toHaveLength(count);
        expect(outputCells).toHaveLength(9 * count);
        expect([...scores]).toEqual([...scores].sort((a, b) => a - b));
        expect([...outputCells].every(Number.isFinite)).toBe(true);
        const truth = list === spots ? (image?.lattices[0] as Cell) : cell;
        expect(sameLattice(reciprocal(cellAt(outputCells, 0)), truth)).toBe(true);
      }
      await release(handle);
    }
  });

  it('accepts several known cells and finds the right one', async () => {
    const handle = await indexer(32, 2, 300, 32);
    const other = cellFromParameters(45, 58, 71, 90, 90, 90);
    const [outputCells] = await index(
      handle,
      1e-9,
      32768,
      1,
      2,
      pack([...reciprocal(other), ...reciprocal(cell), ...spots]),
    );
    expect(sameLattice(reciprocal(cellAt(outputCells, 0)), image?.lattices[0] as Cell)).toBe(true);
    await release(handle);
  });

  it('returns handles that never collide, and an error after release', async () => {
    const [a, b] = [await indexer(1, 1, 50, 32), await indexer(1, 1, 50, 32)];
    expect(a).not.toBe(b);
    await release(a);
    const c = await indexer(1, 1, 50, 32);
    expect([a, b]).not.toContain(c);
    for (const work of [() => index(a, 0, 1024, 1, 1, pack(spots)), () => release(a), () => release(987654)]) {
      expect(isEwaldError(await work().catch((error) => error), 'Disposed')).toBe(true);
    }
    await release(b);
    await release(c);
  });

  it('refuses arrays and counts of the wrong size', async () => {
    const handle = await indexer(2, 1, 50, 32);
    const data = pack([...reciprocal(cell), ...spots]);
    await expect(index(handle, 0, 1024, 3, 1, data)).rejects.toThrow(
      'nOutputCells is 3, the indexer was created for 2',
    );
    await expect(index(handle, 0, 1024, 1, 2, data)).rejects.toThrow('nInputCells is 2');
    await expect(index(handle, 0, 16, 1, 1, data)).rejects.toThrow('numSamplePoints is 16');
    await expect(index(handle, -1, 1024, 1, 1, data)).rejects.toThrow('lengthThreshold is -1');
    await expect(index(handle, 0, 1024, 1, 1, data.subarray(1))).rejects.toThrow('(3, 3N+S)');
    await expect(index(handle, 0, 1024, 1, 1, pack([...reciprocal(cell)]))).rejects.toThrow('and spots after them');
    await expect(index(handle, 0, 1024, 1, 1, [[1], [2, 3], [4]])).rejects.toThrow('three rows');
    await release(handle);
  });
});
