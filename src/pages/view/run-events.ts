/** What a run over all frames tells, in the words of the page: as `ewald index` determines and says it. */
import { anglesOf, type KnownCell, lengthsOf } from '../../entries/index.js';
import { formatFirstFrames, framesWithPeaks, type RunEvent } from '../../entries/pages.js';
import type { RunStart } from './protocol.js';

/** Lengths and angles of a cell. */
export const cellParameters = ({ cell }: KnownCell): readonly number[] => [...lengthsOf(cell), ...anglesOf(cell)];

/** How a cell was determined, or why none was found. */
function cellRemark(event: Extract<RunEvent, { readonly kind: 'cell' }>): string {
  const { cell, lattice, images: usableFrames, frames, doubt: longerAxisHint } = event;
  const usable = frames === 1 ? '' : `${usableFrames} of `;
  const parameters = lattice?.parameters.map((x) => x.toFixed(2)).join(', ');
  const remark =
    cell && lattice
      ? `cell ${parameters} (${lattice.type}) from ${usable}${formatFirstFrames(frames)}`
      : `no cell explains ${framesWithPeaks(frames, usableFrames)}; only peaks are searched for`;
  return longerAxisHint === undefined ? remark : `${remark}; an axis may be longer: ${longerAxisHint}`;
}

/** Collects what is said of a run. */
export class RunWords {
  start: RunStart | undefined;
  readonly doubts: string[] = [];
  #cell: string | undefined;
  #geometry: string | undefined;

  readonly onEvent = (event: RunEvent): void => {
    // With a refined geometry, the cell is determined once more.
    if (event.kind === 'cell') this.#cell = cellRemark(event);
    else if (event.kind === 'geometry') this.#geometry = `geometry refined: ${event.text}`;
    else if (event.kind === 'warning') this.doubts.push(event.text);
    else if (event.kind === 'detector') this.doubts.push(...event.doubts);
    else if (event.kind === 'prepared') {
      const { kind: _, ...prepared } = event;
      const [known] = prepared.cells;
      this.start = {
        prepared,
        cellParameters: known && cellParameters(known),
        remarks: [this.#cell, this.#geometry].filter((text) => text !== undefined),
      };
    }
  };
}
