/** The cell with which all frames are indexed: the known one, or as `ewald index` determines it without `-p`. */
import {
  anglesOf,
  type Context,
  type Detector,
  type KnownCell,
  lengthsOf,
  type SearchSettings,
} from '../../../entries/index.js';
import { firstFrames } from '../../../entries/pages.js';
import type { OpenDataset } from './open-dataset.js';
import type { RunCell } from './protocol.js';

/** Lengths and angles of a cell. */
export const cellParameters = ({ cell }: KnownCell): readonly number[] => [...lengthsOf(cell), ...anglesOf(cell)];

/** Determines the cell of the open frames. Throws the errors of a run before its first frame, and `Aborted`. */
export async function determinedCell(
  context: Context,
  { dataset, detector }: { readonly dataset: OpenDataset; readonly detector: Detector | undefined },
  settings: SearchSettings,
  signal: AbortSignal,
): Promise<RunCell> {
  let result: RunCell = { cells: [], cell: undefined, remark: '' };
  const items = context.pipeline({
    inputs: [{ dataset, frames: Array.from({ length: dataset.frames }, (_, i) => i) }],
    geometry: detector?.geometry,
    ...settings,
    signal,
    // The blocks of frames settle their geometry by themselves.
    refineGeometry: 'off',
    onEvent: (event) => {
      if (event.kind !== 'cell') return;
      const { cell, lattice, images, frames, doubt } = event;
      const remark =
        cell && lattice
          ? `cell ${lattice.parameters.map((x) => x.toFixed(2)).join(', ')} (${lattice.type}) from ` +
            `${frames === 1 ? '' : `${images} of `}${firstFrames(frames)}`
          : `no cell explains ${firstFrames(frames)}, of which ${images} ${images === 1 ? 'has' : 'have'} enough ` +
            'peaks; only peaks are searched for';
      result = {
        cells: cell ? [cell] : [],
        cell: cell && cellParameters(cell),
        remark: doubt === undefined ? remark : `${remark}; the cell may be longer: ${doubt}`,
      };
    },
  });
  // The cell is determined before the first frame is searched.
  for await (const _first of items) break;
  return result;
}
