/** The cell with which all frames are indexed: the known one, or as `ewald index` determines it without `-p`. */
import {
  anglesOf,
  type Context,
  type Detector,
  type KnownCell,
  lengthsOf,
  type SearchSettings,
} from '../../../entries/index.js';
import { formatFirstFrames, framesWithPeaks } from '../../../entries/pages.js';
import type { OpenDataset } from './open-dataset.js';
import type { RunCell } from './protocol.js';

/** Lengths and angles of a cell. */
export const cellParameters = ({ cell }: KnownCell): readonly number[] => [...lengthsOf(cell), ...anglesOf(cell)];

/** Determines the cell of the open frames. Throws what a run can throw before its first frame, and `Aborted`. */
export async function determineCell(
  context: Context,
  { dataset, detector }: { readonly dataset: OpenDataset; readonly detector: Detector | undefined },
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<RunCell> {
  let result: RunCell = { cells: [], cellParameters: undefined, remark: '' };
  const items = context.pipeline({
    inputs: [{ dataset, frames: Array.from({ length: dataset.frames }, (_, i) => i) }],
    geometry: detector?.geometry,
    ...settings,
    signal,
    // Each block of frames refines its own geometry.
    refineGeometry: 'off',
    onEvent: (event) => {
      if (event.kind !== 'cell') return;
      const { cell, lattice, images: usableFrames, frames, doubt: longerAxisHint } = event;
      const usable = frames === 1 ? '' : `${usableFrames} of `;
      const parameters = lattice?.parameters.map((x) => x.toFixed(2)).join(', ');
      const remark =
        cell && lattice
          ? `cell ${parameters} (${lattice.type}) from ${usable}${formatFirstFrames(frames)}`
          : `no cell explains ${framesWithPeaks(frames, usableFrames)}; only peaks are searched for`;
      result = {
        cells: cell ? [cell] : [],
        cellParameters: cell && cellParameters(cell),
        remark: longerAxisHint === undefined ? remark : `${remark}; an axis may be longer: ${longerAxisHint}`,
      };
    },
  });
  // The cell is determined before the first frame is searched.
  for await (const _first of items) break;
  return result;
}
