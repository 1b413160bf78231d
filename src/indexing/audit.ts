/**
 * Audits indexing: one image of a batch is indexed again on the reference backend and the results are compared by
 * meaning.
 */

import type { BackendName } from '../compute/backends/names.js';
import type { AuditTask } from '../compute/planner/audit.js';
import { sameLattice } from '../crystal/cell.js';
import { misorientation } from '../crystal/lattice-match.js';
import type {} from './calls.js';
import type { IndexingInput } from './input.js';
import type { KnownCells } from './known-cells.js';
import { defaultAcceptLog10, type IndexerOptions } from './parameters.js';
import { type ImageView, IndexingResult } from './result.js';

/** The request to the worker: the image's own spots, copied, with the same sizes and thresholds. */
type AuditRequest = AuditTask<'index'>['options'];

/** Copies one image of a batch into a request. */
export function auditRequest(
  indexer: IndexerOptions,
  { signal: _signal, onProgress: _told, into: _into, offsets: _offsets, ...thresholds }: IndexingInput,
  batch: { readonly spots: Float32Array; readonly offsets: Uint32Array; readonly cells: Float32Array },
  image: number,
): AuditRequest {
  const spots = batch.spots.slice((batch.offsets[image] ?? 0) * 3, (batch.offsets[image + 1] ?? 0) * 3);
  const { batch: _batch, maxBatchSpots: _maxBatchSpots, ...sizes } = indexer;
  return {
    indexer: { ...sizes, batch: 1, maxBatchSpots: Math.max(spots.length / 3, 4096) },
    input: { ...thresholds, spots, cells: batch.cells.slice() },
  };
}

/**
 * A lattice whose chance is within this distance of the threshold (in powers of ten) may be accepted by one backend and
 * rejected by another.
 */
const verdictMargin = 2;
/**
 * Degrees by which two backends may disagree on an orientation: float32 scores may prefer another of two equal
 * refinements.
 */
const orientationBound = 0.1;

/** The check of one image. */
export function auditTask(
  backend: BackendName,
  request: AuditRequest,
  image: ImageView,
  known: KnownCells | undefined,
): AuditTask<'index'> {
  const found = image.crystals();
  const threshold = request.input.acceptLog10 ?? defaultAcceptLog10;
  return {
    what: `indexing on ${backend}: an image of ${image.spots} spots`,
    call: 'index',
    options: request,
    cost: 0.002 * (request.indexer.method === 'exhaustive' ? 10 : 1) * (request.input.maxCrystals ?? 1),
    compare({ maxOutputCells, offsets, found: cells, results, assignment }) {
      const reference = new IndexingResult(1, maxOutputCells, offsets);
      reference.known = known;
      reference.found.set(cells);
      reference.results.set(results);
      reference.assignment.set(assignment);
      const expected = reference.image(0).crystals();
      const borderline = [...found, ...expected].some(({ log10Chance }) => log10Chance > threshold - verdictMargin);
      if (found.length !== expected.length)
        return borderline ? undefined : `${found.length} lattices, the reference has ${expected.length}`;
      for (const [k, crystal] of found.entries()) {
        const twin = expected.find(({ cell }) => sameLattice(crystal.cell, cell));
        // If a still cannot distinguish two lattices, backends may return either.
        if (!twin && crystal.rivals.some((rival) => expected.some(({ cell }) => sameLattice(rival, cell)))) continue;
        if (!twin) return `lattice ${k + 1} is not among those of the reference`;
        const angle = misorientation(crystal.cell, twin.cell);
        if (angle > orientationBound) return `lattice ${k + 1} is turned by ${angle.toFixed(3)} degrees`;
      }
      return undefined;
    },
  };
}
