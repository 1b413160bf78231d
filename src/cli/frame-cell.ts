/** An unknown cell from the first frames of a run. */
import type { BravaisCandidate } from '../crystal/bravais.js';
import { cellFromParameters } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import type { Centring } from '../crystal/centring.js';
import type { Geometry } from '../crystal/geometry/geometry.js';
import type { CellSearchOptions, DeterminedCell } from '../indexing/indexer.js';
import { runPipeline } from '../pipeline/run.js';
import type { SearchSettings } from '../pipeline/settings.js';
import type { RunSource } from './frame-source.js';
import { backendOption, type CliDeps, dim, note, Progress, yellow } from './output.js';

/** Frames that are searched for those whose spots tell the cell, and how many of these there have to be. */
const [mostFrames, enoughImages] = [200, 30];
/** Fewer peaks than these say too little of a lattice. */
export const fewestPeaks = 15;
/** A symmetry is taken where it asks for no more than this: lengths relative, angles in radians. */
const mostBent = 0.005;

/** Spots of the first frames of a run that have enough of them, [spots, 3] in 1/Å. */
export async function spotsOfFrames(
  context: Parameters<typeof runPipeline>[0],
  source: RunSource,
  geometry: Geometry | undefined,
  settings: SearchSettings,
  { images = enoughImages, signal }: { readonly images?: number; readonly signal: AbortSignal },
): Promise<{ readonly spots: Float32Array[]; readonly frames: number }> {
  let broken: unknown;
  const spots: Float32Array[] = [];
  let [frames, failed] = [0, 0];
  const inputs = source.firstFrames(mostFrames);
  const openOther = source.openOther.bind(source);
  const alone: SearchSettings = { ...settings, cells: [], rings: null };
  const given = geometry ? { geometry } : {};
  for await (const { result, error } of runPipeline(context, { ...alone, ...given, inputs, openOther, signal })) {
    frames++;
    broken ??= error;
    if (error) failed++;
    if (result && result.peaks.count >= fewestPeaks) spots.push(result.spots);
    if (spots.length >= images) break;
  }
  // Nothing could be read at all: that is not the same as nothing found.
  if (failed === frames && broken !== undefined) throw broken;
  return { spots, frames };
}

/** Of the lattices that fit a cell, the one of highest symmetry that hardly bends it. */
export const latticeOf = ({ bravais }: Pick<DeterminedCell, 'bravais'>): BravaisCandidate | undefined =>
  bravais.find(({ distortion }) => distortion < mostBent) ?? bravais.at(-1);

/** A lattice as a known cell, its numbers as they are written. */
export function knownOf({ type, parameters }: BravaisCandidate): KnownCell {
  const [a, b, c, al, be, ga] = parameters.map((x) =>
    Number(x.toFixed(2)),
  ) as unknown as BravaisCandidate['parameters'];
  // hR comes in hexagonal axes.
  const centring = type === 'hR' ? 'H' : type[1] === 'S' ? 'C' : (type[1] as Centring);
  return { cell: cellFromParameters(a, b, c, al, be, ga), centring };
}

/** Determines the cell of a run's crystals and tells it; undefined where no cell explains them beyond chance. */
export async function cellOfFrames(
  source: RunSource,
  geometry: Geometry | undefined,
  settings: SearchSettings,
  backend: string | undefined,
  { createContext, signal }: CliDeps,
  search: CellSearchOptions = {},
): Promise<KnownCell | undefined> {
  const context = await createContext(backendOption(backend));
  const progress = new Progress('cell');
  try {
    const { spots, frames } = await spotsOfFrames(context, source, geometry, settings, { signal });
    const indexer = await context.indexer({ maxBatchSpots: 2 ** 18 });
    const [best] =
      spots.length === 0 ? [] : await indexer.determineCell(spots, { ...search, signal, onProgress: progress.report });
    const lattice = best && latticeOf(best);
    if (!best || !lattice) {
      note(
        `${yellow('cell:')} no cell explains the first ${frames} frames, of which ${spots.length} have peaks enough; ` +
          'frames are searched for peaks alone',
      );
      return undefined;
    }
    const known = knownOf(lattice);
    const numbers = lattice.parameters.map((x) => x.toFixed(2)).join(',');
    const plain = known.centring === 'P' ? `-p ${numbers}` : `${numbers} with centring ${known.centring}`;
    note(dim(`cell: from ${spots.length} of the first ${frames} frames ${plain} (${lattice.type})`));
    return known;
  } finally {
    progress.end();
    await context.dispose();
  }
}
