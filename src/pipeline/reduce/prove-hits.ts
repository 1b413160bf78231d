/** `--proof N`: searches hits as they are in their file, and compares them with what the run has found. */
import type { Cell } from '../../crystal/cell.js';
import type { Geometry } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../frames/dataset.js';
import { type Detector, openDetector } from '../../frames/detector/detector.js';
import { planFrameSearcher } from '../frame-searcher.js';
import { isList } from '../parameters.js';
import { recordOf } from '../record.js';
import type { Run } from '../run/run-state.js';
import { searchAll } from '../search-all.js';
import type { SearchSettings } from '../settings.js';
import { limitsOf } from './limits.js';
import { isMissing, type ProvenFrame, pairsOf } from './pairs.js';
import { type Proof, proofOf } from './proof.js';
import type { Sampled } from './sampled-hits.js';

/** Compares the frames of a file, which is complete but has no name yet, with their records. */
export async function proveHits(
  run: Run,
  file: { readonly path: string; readonly geometry: Geometry },
  sampled: readonly Sampled[],
): Promise<Proof> {
  const { place, options, prepared } = run;
  const { settings } = prepared;
  const { finder = 'peakfinder8', hdf5Peaks: _, halfPixelShift: __, ...others } = settings;
  const searched = { ...settings, finder };
  // The file lists the peaks: a run takes them where they were listed, and where frames have their spots alone.
  const listed = { ...others, finder: 'cxi' as const };
  const dataset = await place.open(file.path, {});
  try {
    const detector = await openDetector(dataset, { geometry: file.geometry, highres: options.highres });
    const bothWays = (by: SearchSettings) => framesBothWays(run, { dataset, detector, by }, sampled);
    const isListed = isList(finder) || options.keep === 'spots';
    const frames = await bothWays(isListed ? listed : searched);
    const { pairs, lost, both } = pairsOf(isListed && !isList(finder) ? await bothWays(searched) : []);
    const missing = pairs.filter(isMissing).length / pairs.length;
    const anew = pairs.length > 0 ? { crystals: { both, lost }, missing } : undefined;
    const cell = settings.cells?.[0]?.cell as Cell;
    return proofOf(frames, cell, limitsOf('acceptProof', options.acceptProof), anew);
  } finally {
    await dataset.dispose();
  }
}

/** Searches frames of a file again. */
async function framesBothWays(
  { context }: Run,
  { dataset, detector, by }: { readonly dataset: Dataset; readonly detector: Detector; readonly by: SearchSettings },
  sampled: readonly Sampled[],
): Promise<ProvenFrame[]> {
  const searcher = await planFrameSearcher(context, { ...by, detector });
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
    return frames;
  } finally {
    await searcher.dispose();
  }
}
