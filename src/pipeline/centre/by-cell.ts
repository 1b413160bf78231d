/** The centre of the beam in a frame by a known small cell: where its spots are those of one lattice. */
import { fewRule } from '../../compute/layout/indexing.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import type { Beam, Geometry } from '../../crystal/geometry/geometry.js';
import { panelNumbers, panelNumbersLength, xOf, yOf, zOf } from '../../crystal/geometry/panel-numbers.js';
import { areSmall } from '../../indexing/few/choice.js';
import { centrePlaces, moveOfImage, type PlacedSpots, PlacedStills } from '../../indexing/few/place.js';
import type { Indexer, IndexerOptions } from '../../indexing/indexer.js';
import type { PeakList } from '../../peaks/peak-list.js';
import { EwaldError } from '../../util/errors.js';
import type { FrameCentre } from './centred-beam.js';

/** The size of an indexer that finds centres with so many cells. */
export const centreIndexer = (cells: number): IndexerOptions => ({
  method: 'few',
  batch: centrePlaces,
  maxSpots: 64,
  maxInputCells: cells,
  maxOutputCells: 16,
  threads: 1,
});

/** Throws `Argument` for cells that tell no centre. */
export function checkCentreCells(cells: readonly KnownCell[] = []): void {
  if (cells.length > 0 && areSmall(cells, undefined)) return;
  throw new EwaldError(
    'Argument',
    `frameCentre: cell finds the centre of a frame by few spots of a known cell of at most ${fewRule.volumeA3} Å³, and ` +
      `${cells.length === 0 ? 'no cell is known' : 'a cell is larger'}; give such a cell (-p), or another way (direct, background, pairs)`,
  );
}

/** Peaks of a frame as places from the crystal, in pixels. */
export function placesOfPeaks({ count, fs, ss, panel }: PeakList, geometry: Geometry, beam: Beam): PlacedSpots {
  const numbers = panelNumbers(geometry, beam);
  const perMetre = geometry.panels[0]?.resolution ?? 1;
  const along = (of: typeof xOf): Float64Array =>
    Float64Array.from(
      { length: count },
      (_, i) => perMetre * of(numbers, panelNumbersLength * (panel[i] ?? 0), fs[i] ?? 0, ss[i] ?? 0),
    );
  return { x: along(xOf), y: along(yOf), z: along(zOf), offsets: Uint32Array.of(0, count) };
}

/** The centre; undefined if the peaks are too many or too few, or do not tell it. */
export async function centreByCell(
  indexer: Pick<Indexer, 'run'>,
  peaks: PeakList,
  { geometry, beam, cells }: { readonly geometry: Geometry; readonly beam: Beam; readonly cells: readonly KnownCell[] },
): Promise<FrameCentre | undefined> {
  if (peaks.count < 4 || peaks.count > fewRule.spots) return undefined;
  const { wavelengthA } = beam;
  const search = { run: (input: Parameters<Indexer['run']>[0]) => indexer.run(input), cells, wavelengthA };
  const stills = new PlacedStills({ ...search, bandwidth: geometry.bandwidth }, placesOfPeaks(peaks, geometry, beam));
  const found = await moveOfImage(stills);
  if (!found) return undefined;
  const pixelM = 1 / (geometry.panels[0]?.resolution ?? 1);
  const { move, error } = found;
  // The beam is where the detector would have to go from.
  return { by: 'cell', offM: [-move[0] * pixelM, -move[1] * pixelM], errorM: [error[0] * pixelM, error[1] * pixelM] };
}
