/** Doubts about the known cell of a run: its crystals explain few of the peaks, or the peaks need no cell so large. */

import { anglesOf, type Cell, lengthsOf, sameLattice } from '../crystal/cell.js';
import type { KnownCell } from '../crystal/cell-file.js';
import { centrings, isCentred, primitiveOf } from '../crystal/centring.js';
import { type CellMultiple, latticeText } from '../crystal/multiples.js';
import { counted } from '../util/amounts.js';
import { median } from '../util/median.js';
import { type CellDisagreement, CellQuestions, type DoubtfulCell } from './cell-agreement.js';

/**
 * Below this fraction of explained peaks the cell is in doubt: of the median of several frames, and of one or two.
 * Lattices of a wrong cell explain 6 to 20 % of the peaks of another crystal, more than chance does. Lattices of real
 * stills with a geometry that is wrong by 1 % still explain 25 % of the peaks (median), but only 19 % in one frame of
 * thermolysin, which contains more than one crystal. Where one or two crystals are also of another size than the cell,
 * by more than a geometry that is nearly right makes them, more is needed.
 */
const minExplained = { ofSeveral: 0.22, ofOne: 0.17, ofOtherSize: 0.3 };
const several = 3;
/** Part by which the edges of crystals are longer or shorter than those of a known cell, on average, that is another size. */
const otherSize = 0.02;

/** A frame and the peaks of its crystals. */
interface IndexedFrame {
  readonly peaks: { readonly count: number };
  readonly crystals: readonly { readonly peaks: Iterable<number> & ArrayLike<number> }[];
}

/** Whether the crystals of a frame explain so few of its peaks that their cell is doubtful. */
export function isFrameDoubtful(frame: IndexedFrame): boolean {
  const explained = explainedFraction(frame);
  return explained !== undefined && explained < minExplained.ofOne;
}

/** The fraction of the peaks of a frame that its crystals explain; undefined for a frame without crystals. */
export function explainedFraction({ peaks, crystals }: IndexedFrame): number | undefined {
  if (crystals.length === 0 || peaks.count === 0) return undefined;
  const [first, ...others] = crystals;
  // A peak belongs to a crystal only once.
  if (first && others.length === 0) return first.peaks.length / peaks.count;
  return new Set(crystals.flatMap((crystal) => [...crystal.peaks])).size / peaks.count;
}

/** Whether edges are longer or shorter than those of a known cell by another size, on average. */
export function isOtherSize(edges: readonly number[], known: readonly number[]): boolean {
  const logarithms = known.map((length, i) => Math.log((edges[i] ?? length) / length));
  return Math.abs(logarithms.reduce((sum, x) => sum + x, 0) / known.length) > otherSize;
}

/**
 * Why the cell is in doubt, from the explained fractions of frames, and whether their crystals are of another size than
 * the cell; undefined if it is not. `whose` names the frames in the text.
 */
export function doubtText(
  explained: readonly number[],
  whose = 'their frames',
  hasOtherSize: () => boolean = () => false,
): string | undefined {
  if (explained.length === 0) return undefined;
  const middle = median(explained);
  const { ofOne, ofOtherSize, ofSeveral } = minExplained;
  const least = explained.length >= several ? ofSeveral : hasOtherSize() ? ofOtherSize : ofOne;
  if (middle >= least) return undefined;
  return (
    `the crystals explain only ${(100 * middle).toFixed(0)} % of the peaks of ${whose} (median), as lattices of a ` +
    'wrong cell do; check the cell (ewald cell finds one from the frames) and the geometry'
  );
}

/** Share of the peaks below which crystals may be chance, and the share of them that other lattices explain as well. */
const [mostByChance, mostAmbiguous] = [0.4, 0.5];

/**
 * Why crystals may be chance: they explain few of the peaks, and for most of them there are other lattices that explain
 * their spots as well. Spots of a flat sphere lie in a plane, where a lattice finds rows of any cell; of right crystals
 * that explain few peaks, two in fifteen have rivals.
 */
export function chanceText(explained: readonly number[], ambiguous: number, crystals: number): string | undefined {
  if (explained.length < several || ambiguous < mostAmbiguous * crystals) return undefined;
  const middle = median(explained);
  if (middle >= mostByChance) return undefined;
  return (
    `the crystals explain only ${(100 * middle).toFixed(0)} % of the peaks of their frames (median), and other lattices ` +
    `the spots of ${ambiguous} of ${crystals} as well, as lattices do that fit by chance; check the wavelength, the ` +
    'distance and the cell (ewald cell finds one from the frames)'
  );
}

/** Share of the peaks above which crystals tell that a wavelength is right which the file contradicts. */
const tellsWavelength = 0.6;

/** That the crystals do not settle a wavelength that is far from that of the file; undefined if they do. */
export function wavelengthText(explained: number | undefined, contradiction: string | undefined): string | undefined {
  if (contradiction === undefined || explained === undefined || explained >= tellsWavelength) return undefined;
  return (
    `${contradiction}, and the crystals explain only ${(100 * explained).toFixed(0)} % of the peaks (median): if the file ` +
    'is right, they are chance'
  );
}

/** Edges of molecules in nm look like those of minerals in angstroms. */
const longestTiny = 20;

/** A question about known cells whose edges may be in nm, none of which fits any `input`; undefined if they are long. */
export function tinyCellText(cells: readonly KnownCell[] = [], input: 'frame' | 'list'): string | undefined {
  const tiny = cells.find(({ cell }) => lengthsOf(cell).every((length) => length < longestTiny));
  if (!tiny) return undefined;
  const edges = lengthsOf(tiny.cell);
  return (
    `no ${input} fits the known cell, whose edges are ${edges.map((x) => x.toFixed(2)).join(', ')} angstrom: if these ` +
    `numbers are in nm, the edges are ${edges.map((x) => (10 * x).toFixed(1)).join(', ')} angstrom`
  );
}

/** Fewest images of few spots that say something together. */
const fewestImages = 10;

/** What keeps images of few spots from their known cell, if hardly any fits it; undefined if more do. */
export function displacedFewText({
  few,
  hits,
  indexed,
}: {
  readonly few: number;
  readonly hits: number;
  readonly indexed: number;
}): string | undefined {
  if (few < fewestImages || 2 * few < hits || indexed > fewLists * hits) return undefined;
  return (
    `only ${indexed} of ${counted(hits, 'hit')} fit the known cell, most of them with few peaks: no such image fits where the ` +
    'distance is 1 % off, or the centre 3 pixels; the rings of the cell in the peaks of all tell both (ewald geometry refine ' +
    'STREAM --powder CELL, or refinePowderGeometry)'
  );
}

/** Fewest lists of which few may fit by chance, the share of them that is few, and a probability that is no chance. */
const [fewestLists, fewLists, noChance] = [10, 0.25, 1e-12];

/**
 * That few lists fit their known cells, and none of them much better than by chance; undefined if more do. Cells that
 * are tenfold in all edges have nodes nearer to each other than spots scatter.
 */
export function fewFitText(
  lists: readonly { readonly crystals: readonly { readonly probability: number }[] }[],
): string | undefined {
  const indexed = lists.filter(({ crystals }) => crystals.length > 0);
  const best = Math.min(...indexed.flatMap(({ crystals }) => crystals.map(({ probability }) => probability)));
  const isFew = lists.length >= fewestLists && indexed.length <= fewLists * lists.length;
  if (indexed.length === 0 || !isFew || best < noChance) return undefined;
  return (
    `only ${indexed.length} of ${lists.length} lists fit the known cell, and none much better than by chance ` +
    `(${best.toExponential(0)} at best), as with a wrong cell, or with one so large that spots scatter by more than its ` +
    'reflections are apart; check the cell (ewald cell finds one from the frames)'
  );
}

/** Remarks that known cells are multiples of the right ones, in the words of a run. */
export function multipleTexts(
  multiples: readonly (DoubtfulCell & { readonly known: number })[],
  cells: readonly KnownCell[],
): string[] {
  return multiples.map(
    ({ known, factor, cell, peaks, needing, undetermined, forbidden, between, disagreeing, cells: own }) => {
      const name = cells.length > 1 ? `known cell ${known + 1}` : 'the known cell';
      const lengths = cells[known] ? lengthsOf(cells[known].cell) : [];
      const edges = undetermined.map((edge) => `${edge} (${(lengths['abc'.indexOf(edge)] ?? 0).toFixed(1)} Å)`);
      const told = [
        ...(factor > 1
          ? [
              `${needing === 0 ? `all ${peaks} peaks` : `all but ${needing} of ${peaks} peaks`} also fit a smaller cell than ${name}: ` +
                `1/${factor} of its volume, ${latticeText(cell)}; the larger cell is right only if all reflections ` +
                'that it adds are too weak to be seen in these frames',
              ...(factor === 1000 ? ['all edges are ten times as long, as if angstroms had been taken for nm'] : []),
            ]
          : []),
        ...(edges.length > 0
          ? [
              `the peaks do not determine the edge${edges.length > 1 ? 's' : ''} ${edges.join(', ')} of ${name}: any ` +
                'other length fits as well, because they scatter by as much as its reflections are apart',
            ]
          : []),
        ...(forbidden
          ? [
              `${forbidden[0]} peaks are at reflections that the centring ${cells[known]?.centring} of ${name} ` +
                `forbids, and ${forbidden[1]} at others: the lattice has another centring, or none`,
            ]
          : []),
        ...(between
          ? [
              `${between.peaks} peaks are at ${between.at} between the reflections of ${name} (by chance ` +
                `${between.byChance.toFixed(0)}): the lattice has a larger cell`,
            ]
          : []),
        ...(disagreeing
          ? [
              `the spots of ${disagreeing[0]} of ${disagreeing[1]} crystals also fit smaller cells than ${name}, each ` +
                'another one: whether it is a multiple of the right cell is undecided',
            ]
          : []),
        ...(own && cells[known] ? [disagreementText(own, cells[known].cell, name)] : []),
      ];
      return `${told.join('; ')}; check the cell (ewald cell finds one from the frames)`;
    },
  );
}

const numberNames = ['a', 'b', 'c', 'alpha', 'beta', 'gamma'] as const;

const numbersOf = (parameters: readonly number[]): string => parameters.map((x) => x.toFixed(2)).join(' ');

/** That the cells of crystals are not their known cell. */
function disagreementText(
  { kind, crystals, parameters, wrong, strain, error }: CellDisagreement,
  known: Cell,
  name: string,
): string {
  const percent = (x: number): string => (100 * x).toFixed(2);
  const by = strain > 0.5 ? 'more than half' : `${percent(strain)} ± ${percent(error)} %`;
  const numbers = numbersOf([...lengthsOf(known), ...anglesOf(known)]);
  if (kind === 'scattered')
    return (
      `the lattices of ${crystals} crystals differ from those of the others by ${by}, ` +
      `as lattices of a wrong cell do that fit some spots by chance`
    );
  if (kind === 'single' && wrong !== undefined) {
    const [what, unit] = wrong < 3 ? ['edge', ' Å'] : ['angle', '°'];
    const before = [...lengthsOf(known), ...anglesOf(known)][wrong] as number;
    return (
      `the ${what} ${numberNames[wrong]} of ${name} is wrong: it is ${(parameters[wrong] as number).toFixed(2)}${unit} in ` +
      `${crystals} crystals, and not ${before.toFixed(2)}${unit}, with all other edges and angles as given`
    );
  }
  if (kind === 'scaled')
    return (
      `all edges of ${crystals} crystals are ${percent(Math.abs(strain))} ± ${percent(error)} % ${strain < 0 ? 'shorter' : 'longer'} than those of ` +
      `${name}: it is wrong, or the distance or the wavelength is, by as much`
    );
  const is = `the cell of ${crystals} crystals is ${numbersOf(parameters)}, and not ${numbers}`;
  return kind === 'asymmetric'
    ? `the symmetry of ${name} is not what the crystals say: ${is} (they differ from its symmetry by ` +
        `${percent(strain)} ± ${percent(error)} %, each in one of the orientations that it takes for equal)`
    : `${is} (a strain of ${by})`;
}

/**
 * What is doubtful about the known cells of a run: that they are multiples, which is a cause, or that little is explained.
 * `isCellTold`: a fit of the cell together with the detector tells the cell of the crystals more precisely.
 */
export function cellDoubts(
  doubt: string | undefined,
  multiples: readonly (DoubtfulCell & { readonly known: number })[],
  cells: readonly KnownCell[],
  isCellTold = false,
): string[] {
  const isNamed = multiples.some(({ factor, cells: own }) => factor > 1 || own?.kind === 'single');
  const others = multiples.filter(
    ({ cells: own }) => !(isCellTold && (own?.kind === 'other' || own?.kind === 'scaled')),
  );
  return doubt !== undefined && !isNamed ? [doubt] : multipleTexts(others, cells);
}

/** Whether the peaks of a run are those of another cell: where little is explained, only a finer lattice is one. */
export const isOtherCell = (doubt: string | undefined, multiples: readonly CellMultiple[]): boolean =>
  multiples.some(({ factor, forbidden, between }) => factor > 1 || (doubt === undefined && (forbidden ?? between)));

/** A known cell of a list, whose first line has no centring. */
type ListedCell = Pick<KnownCell, 'cell'> & Partial<KnownCell>;

/**
 * Collects the crystals of lists of spots, each of which may bring its own known cell. If that has no centring, the
 * lattice of a centring is no smaller cell.
 */
export class ListedMultiples {
  readonly #searches = new Map<string, { readonly listed: ListedCell; readonly search: CellQuestions }>();

  /** Adds a crystal, rows a, b, c in Å in the setting of its known cell, and the spots of its list, [n, 3] in 1/Å. */
  add(listed: ListedCell, cell: Cell, spots: Float32Array): void {
    const name = cellArgument(listed);
    const search = this.#searches.get(name) ?? { listed, search: new CellQuestions({ centring: 'P', ...listed }) };
    this.#searches.set(name, search);
    search.search.add(cell, spots);
  }

  /** The remarks; with several cells, each begins with its own. */
  get texts(): string[] {
    return [...this.#searches].flatMap(([name, { listed, search }]) => {
      const { found } = search;
      if (!found || (!listed.centring && isOfCentring(found, listed.cell))) return [];
      const texts = multipleTexts([{ ...found, known: 0 }], [{ centring: 'P', ...listed }]);
      return this.#searches.size > 1 ? texts.map((text) => `${name}: ${text}`) : texts;
    });
  }
}

const isOfCentring = ({ factor, cell, undetermined }: CellMultiple, known: Cell): boolean =>
  factor > 1 &&
  undetermined.length === 0 &&
  centrings.some((centring) => isCentred(centring) && sameLattice(cell, primitiveOf(known, centring), 0.01));

const cellArgument = ({ cell, centring }: ListedCell): string =>
  ['cell', ...[...lengthsOf(cell), ...anglesOf(cell)].map((x) => x.toFixed(2)), ...(centring ? [centring] : [])].join(
    ' ',
  );
