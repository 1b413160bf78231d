/**
 * Finds chunks through each of HDF5's indexes. Only the blocks on the way are read, and the most recent nodes are kept:
 * the first frame of a file with a million does not wait for the others.
 */
import { EwaldError } from '../util/errors.js';
import { extensibleLookup, fixedLookup } from './chunk-arrays.js';
import { type ChunkLookup, type Grid, linear, sizeFieldBytes } from './chunk-grid.js';
import { tree1Lookup, tree2Lookup } from './chunk-trees.js';
import type { Dataspace } from './dataspace.js';
import { nowhere } from './fields.js';
import type { StorageLayout } from './layout.js';
import type { Pages } from './pages.js';

/** The lookup of a chunked dataset. */
export function chunkLookup(
  pages: Pages,
  layout: StorageLayout & { kind: 'chunked' },
  space: Dataspace,
  filtered: boolean,
): ChunkLookup {
  const { chunk, index, elementBytes, wideSizes } = layout;
  const rank = space.shape.length;
  if (chunk.length !== rank)
    throw new EwaldError('Format', `${pages.source.name}: chunks of ${chunk.length} axes in a shape of ${rank}`);
  const bytes = chunk.reduce((product, n) => product * n, elementBytes);
  const most = space.most.map((n, axis) => Math.ceil(n / (chunk[axis] ?? 1)));
  const sizeBytes = filtered ? (wideSizes ? 8 : sizeFieldBytes(bytes)) : 0;
  const grid: Grid = { pages, rank, chunk, bytes, most, sizeBytes };
  if (index.address === nowhere) return async () => undefined;
  switch (index.kind) {
    case 'single':
      return async () => ({ address: index.address, size: index.size ?? bytes, mask: index.mask });
    case 'implicit':
      return async (place) => ({ address: index.address + linear(place, most) * bytes, size: bytes, mask: 0 });
    case 'tree1':
      return tree1Lookup(grid, index.address);
    case 'tree2':
      return tree2Lookup(grid, index.address);
    case 'fixed':
      return fixedLookup(grid, index.address);
    case 'extensible':
      return extensibleLookup(grid, index.address);
  }
}
