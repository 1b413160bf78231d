/**
 * A known cell that is wrong by as much as its axes differ leaves their names undecided in every crystal. The first
 * crystals together tell the cell they have; it is taken where it decides the names.
 */
import { anglesOf, type Cell, combine, lengthsOf } from '../../crystal/cell.js';
import type { KnownCell } from '../../crystal/cell-file.js';
import { conventionalMatrix, primitiveOf } from '../../crystal/centring.js';
import { strainBetween } from '../../crystal/strain.js';
import { labelsOf } from '../../crystal/symmetry/labels.js';
import { fitKnownMetric } from '../../indexing/lattice/known-metric.js';
import { CellAgreement } from '../cell-agreement.js';
import type { FrameResult } from '../stages/frame.js';

/** A crystal of the known cell. */
export interface AxisCrystal {
  /** Rows a, b, c in Å, in the setting of the known cell. */
  readonly cell: Cell;
  /** The spots that belong to it, [n, 3] in 1/Å. */
  readonly spots: ArrayLike<number>;
  readonly ambiguous: boolean;
}

/** What the crystals say: a cell to be used instead, and the remark about it. */
export interface SettledAxes {
  readonly cell: KnownCell | undefined;
  readonly text: string;
}

/** Crystals without which nothing is concluded, and that are enough. */
const fewest = 12;
export const enoughForAxes = 40;
/** Shares of the crystals: undecided ones from which on the mean is fitted, and how many more the mean must decide. */
const [tooMany, worthwhile] = [0.1, 0.1];

/** The largest difference of two axes of which a known cell may be wrong by as much: no cell is given worse than that. */
const maxWrong = 0.04;

/** Whether another name of the axes changes the cell so little that the cell as given may not tell the two apart. */
function isNearlySymmetric({ cell, centring }: KnownCell): boolean {
  const primitive = primitiveOf(cell, centring);
  const strain = (label: readonly number[]): number =>
    Math.hypot(...strainBetween(combine(label, primitive), primitive));
  return labelsOf(primitive).labels.some((label, i) => i > 0 && strain(label) < maxWrong);
}

/** What the crystals of frames say about the only known cell; undefined also for a cell that is not nearly symmetric. */
export function axesOfFrames(
  cells: readonly KnownCell[] | undefined,
  results: readonly Pick<FrameResult, 'crystals' | 'few' | 'spots'>[],
): SettledAxes | undefined {
  const [known] = cells ?? [];
  if (!known || !mayAskForAxes(cells)) return undefined;
  // Few spots do not determine a cell.
  const crystals = results.flatMap(({ crystals: found, few, spots }) =>
    (few ? [] : found).map(({ cell, peaks, rivals }) => ({
      cell,
      spots: Float32Array.from({ length: 3 * peaks.length }, (_, i) => {
        const peak = peaks[Math.floor(i / 3)] as number;
        return spots[3 * peak + (i % 3)] as number;
      }),
      ambiguous: rivals.length > 0,
    })),
  );
  return settledAxes(known, crystals.slice(0, enoughForAxes));
}

/** Whether crystals can tell anything about the names of the axes of these cells: of one that is nearly symmetric. */
export const mayAskForAxes = (cells: readonly KnownCell[] | undefined): boolean =>
  cells?.length === 1 && isNearlySymmetric(cells[0] as KnownCell);

const shown = (cell: Cell): string =>
  `${lengthsOf(cell)
    .map((x) => x.toFixed(2))
    .join(' ')} Å ${anglesOf(cell)
    .map((x) => x.toFixed(2))
    .join(' ')}°`;

/**
 * What crystals say about a known cell that is nearly more symmetric than it is; undefined if it tells the names of their
 * axes beyond doubt.
 */
export function settledAxes(known: KnownCell, crystals: readonly AxisCrystal[]): SettledAxes | undefined {
  if (crystals.length < fewest) return undefined;
  // A mean over crystals of which half follow one wrong edge is the cell of none, and the run names that edge.
  const agreement = new CellAgreement(known);
  for (const { cell, spots } of crystals) agreement.add(cell, Float32Array.from(spots));
  if (agreement.found?.kind === 'single') return undefined;
  const undecided = crystals.filter(({ ambiguous }) => ambiguous).length;
  const metric = fitKnownMetric(
    primitiveOf(known.cell, known.centring),
    crystals.map(({ cell, spots }) => ({ cell: primitiveOf(cell, known.centring), spots })),
  );
  if (!metric) return undefined;
  const { decided, decidedBefore, otherwise } = metric;
  const conventional = (cell: Cell): Cell => combine(conventionalMatrix(known.centring), cell);
  const mean = shown(conventional(metric.cell));
  const ofAll = `of ${crystals.length} crystals`;
  if (decided <= decidedBefore / 2)
    return {
      cell: undefined,
      text:
        `the mean cell ${ofAll}, ${mean}, decides the names of the axes of ${decided} of them: its axes are too nearly ` +
        `equal, or the spots too few. Names that the known cell ${shown(known.cell)} decides are doubtful`,
    };
  if (!otherwise && undecided <= tooMany * crystals.length) return undefined;
  if (!otherwise && decided < decidedBefore + worthwhile * crystals.length) return undefined;
  const order = otherwise
    ? `. The known cell is nearly as near to ${shown(conventional(otherwise))}, with other names of the axes: give the ` +
      'one that is meant'
    : '';
  return {
    cell: { ...known, cell: conventional(metric.cell) },
    text:
      `the known cell ${shown(known.cell)} leaves the names of the axes of ${undecided} ${ofAll} undecided; their mean ` +
      `cell, ${mean}, decides ${decided} and is used instead${order}`,
  };
}
