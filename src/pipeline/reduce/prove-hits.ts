/** `--proof N`: searches hits as they are in their file, and compares them with what the run has found. */
import type { Cell } from '../../crystal/cell.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import { openDetector } from '../../frames/detector/detector.js';
import { planFrameSearcher } from '../frame-searcher.js';
import { isList } from '../parameters.js';
import { recordOf } from '../record.js';
import type { Run } from '../run/run-state.js';
import { searchAll } from '../search-all.js';
import { limitsOf } from './limits.js';
import type { ProvenFrame } from './pairs.js';
import { type Proof, proofOf } from './proof.js';
import type { Sampled } from './sampled-hits.js';

/** Compares the frames of a file, which is complete but has no name yet, with their records. */
export async function proveHits(
  { context, place, options, prepared }: Run,
  file: { readonly path: string; readonly geometry: Geometry },
  sampled: readonly Sampled[],
): Promise<Proof> {
  const { settings } = prepared;
  const { finder = 'peakfinder8', hdf5Peaks: _, halfPixelShift: __, ...others } = settings;
  // Peaks that were listed are in the file.
  const search = isList(finder) ? { ...others, finder: 'cxi' as const } : { ...settings, finder };
  const dataset = await place.open(file.path, {});
  try {
    const detector = await openDetector(dataset, { geometry: file.geometry, highres: options.highres });
    const searcher = await planFrameSearcher(context, { ...search, detector });
    try {
      const jobs = sampled.map(({ index }) => ({
        dataset,
        frame: index,
        origin: { filename: dataset.name, event: index, serial: 1 + index },
      }));
      const frames: ProvenFrame[] = [];
      for await (const item of searchAll([searcher], jobs, undefined)) {
        if (item.error) throw item.error;
        const before = sampled[frames.length]?.crystals ?? [];
        frames.push({ before, after: recordOf(item).crystals });
      }
      return proofOf(frames, settings.cells?.[0]?.cell as Cell, limitsOf('acceptProof', options.acceptProof));
    } finally {
      await searcher.dispose();
    }
  } finally {
    await dataset.dispose();
  }
}
