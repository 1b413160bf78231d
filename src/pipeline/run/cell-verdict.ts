/** What the crystals of a run so far say about its known cells. */
import type { KnownCell } from '../../crystal/cell-file.js';
import { cellRemark } from '../../refinement/detector-remarks.js';
import type { MeasuredCell } from '../../refinement/refine-geometry.js';
import { isCellWrong } from '../cell-agreement.js';
import { cellDoubts, isOtherCell } from '../doubt.js';
import type { RunSummary } from '../summary.js';

export class CellVerdict {
  readonly #summary: RunSummary;
  readonly #cells: readonly KnownCell[];
  /** Whether a fit of the cell together with the detector tells it more precisely. */
  readonly #isCellTold: boolean;

  /** `fitted`: the cells that were fitted to the first crystals together with the detector. */
  constructor(summary: RunSummary, cells: readonly KnownCell[] = [], fitted: readonly MeasuredCell[] = []) {
    this.#summary = summary;
    this.#cells = cells;
    this.#isCellTold = fitted.some((cell) => cellRemark(cell) !== undefined);
  }

  /** Whether a cell is in doubt, so that no geometry can be fitted to it. */
  get isDoubtful(): boolean {
    const { doubt, multiples } = this.#summary;
    return doubt !== undefined || multiples.some(isCellWrong);
  }

  /** Whether a cell is a multiple of the right one, or of another centring. */
  get isOther(): boolean {
    const { doubt, multiples } = this.#summary;
    return isOtherCell(doubt, multiples);
  }

  /** Remarks that known cells are not those of the peaks. */
  texts(): string[] {
    const { doubt, multiples } = this.#summary;
    return cellDoubts(doubt, multiples, this.#cells, this.#isCellTold);
  }
}
