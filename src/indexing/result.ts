/** The results of an indexing run: flat arrays for programs, lazy views per image for people. */

import { imageResult, indexedCell, indexingEnums } from '../compute/layout/indexing.js';
import { searchConstants } from '../compute/layout/search.js';
import { structBytes, wordOf } from '../compute/layout/struct.js';
import { anglesOf, type Cell, cellFrom, flat, lengthsOf, reciprocal } from '../crystal/cell.js';
import { EwaldError } from '../util/errors.js';
import { type PlainOf, plainOf } from '../util/plain.js';
import { isOfFew } from './few/images.js';
import type { KnownCells } from './known-cells.js';
import { isFlat, rivalsOf } from './rivals.js';

const cellWords = structBytes(indexedCell) / 4;
const imageWords = structBytes(imageResult) / 4;
const scoreWord = wordOf(indexedCell, 'score');
const chanceWord = wordOf(indexedCell, 'log10Chance');
const indexedWord = wordOf(indexedCell, 'indexedSpots');
const inputWord = wordOf(indexedCell, 'inputCell');
const crystalWord = wordOf(indexedCell, 'crystal');
const rivalWord = wordOf(indexedCell, 'rivalOf');
const residualWord = wordOf(indexedCell, 'rmsResidual');
const [cellsWord, crystalsWord, usedWord, flagsWord] = ['cells', 'crystals', 'usedSpots', 'flags'].map((name) =>
  wordOf(imageResult, name),
) as [number, number, number, number];

const otherHand = indexingEnums.RivalFlag.otherHand;

/** The first image from `from` on with a spot that was skipped because it, or its square, is not finite. */
export function firstNonFinite({ results, images }: IndexingResult, from = 0): number | undefined {
  const words = new Uint32Array(results.buffer, results.byteOffset, results.byteLength / 4);
  for (let i = from; i < images; i++)
    if (((words[i * imageWords + flagsWord] ?? 0) & indexingEnums.ImageFlag.nonFinite) !== 0) return i;
  return undefined;
}

/** One found cell. */
export interface FoundCell {
  /** Rows a, b, c in angstrom, laboratory frame. */
  readonly cell: Cell;
  /** Rows a*, b*, c* in 1/angstrom (no 2π). */
  readonly reciprocal: Cell;
  /** Lengths a, b, c in angstrom. */
  readonly lengths: readonly [number, number, number];
  /** Angles α, β, γ in degrees. */
  readonly angles: readonly [number, number, number];
  /**
   * fast: merit, larger is better; exhaustive: refined distance, smaller is better; few: log₁₀ of the odds of its labels
   * against no lattice.
   */
  readonly score: number;
  /**
   * log₁₀ of the probability that spots unrelated to this lattice give an equally good result; few: of the odds of no
   * lattice against all orientations together, of which that probability is no larger.
   */
  readonly log10Chance: number;
  /** The same as a probability, 0 … 1 (0 below 10⁻³⁰⁸). */
  readonly probability: number;
  /** Spots at a node of the lattice. */
  readonly indexedSpots: number;
  /** Root mean square distance of those spots from their nodes, 1/angstrom. */
  readonly rmsResidual: number;
  /** Index of the known cell. */
  readonly inputCell: number;
  /**
   * Whether its lengths and angles were fitted to the spots, which is done if it improves the verdict; false if they
   * are those of the known cell, and only the orientation was fitted. `metric: 'held'` keeps them.
   */
  readonly refined: boolean;
}

/** An accepted lattice. */
export interface Crystal extends FoundCell {
  /** 1 for the first lattice of the image, 2 for the second … */
  readonly number: number;
  /** For each spot of the image, 1 if it belongs to this lattice. */
  readonly mask: Uint8Array;
  /**
   * Whether the still alone cannot tell this lattice from another, or the names of its axes from others. Other stills
   * are not consulted. A distinct lattice explains the same spots within six powers of ten of chance if the Ewald
   * sphere is nearly flat, as with electrons. Names are undecided, with odds below 150 to 1, if the known cell is nearly
   * more symmetric than it is, such as 90.9 and 91.0 Å, and the spots are few or inexact. few: whether other labels of
   * its spots, or the other hand, hold more than a twentieth of the odds; `labelsDecided` tells which.
   */
  readonly ambiguous: boolean;
  /**
   * Those lattices, best first, rows a, b, c in angstrom: the rotation by 180° about the beam, and matching cells among
   * those that the search returned; then this lattice with its axes named in the other ways (none of either with
   * `maxOutputCells` 1).
   */
  readonly rivals: readonly Cell[];
  /** few: of each rival, its odds against this lattice. */
  readonly rivalOdds?: readonly number[] | undefined;
  /**
   * few: whether the indices of its spots are decided, with electrons up to an inversion of all of them, so that
   * intensities merge right even if the lattice is ambiguous.
   */
  readonly labelsDecided?: boolean | undefined;
  /**
   * few, with electrons: the lattice of the other hand, the last of the rivals, if the image does not decide which of the
   * two it is (20 to 1). Its spots have the opposite indices; the orientation differs by up to some degrees.
   */
  readonly otherHand?: OtherHand | undefined;
}

/** A lattice of the other hand: its rows a, b, c in angstrom, and its odds against the one returned. */
export interface OtherHand {
  readonly cell: Cell;
  readonly odds: number;
}

/** The result of one image. */
export interface ImageView {
  /** Whether at least one lattice was accepted. */
  readonly indexed: boolean;
  /** Number of spots in the input, and number used. */
  readonly spots: number;
  readonly usedSpots: number;
  /** Fewer spots than indexing requires. */
  readonly tooFewSpots: boolean;
  /** More spots than `maxSpots`: only the lowest-resolution ones were used. */
  readonly truncated: boolean;
  /** Spots beyond 5 1/angstrom (0.2 Å), where no crystal diffracts, were skipped. */
  readonly tooFar: boolean;
  /** Few spots of a small cell: the method `few` has indexed it. */
  readonly few: boolean;
  /** The search ended at the limit `efforts` of the indexer: further efforts may find lattices, or better ones. */
  readonly unsettled: boolean;
  /**
   * All cells returned: accepted ones first, then candidates, best first. A search that its best candidates settle
   * beyond doubt returns no others, unless the sphere is nearly flat, so that they may be rivals.
   */
  cells(): FoundCell[];
  /** The accepted lattices. */
  crystals(): Crystal[];
  /** For each spot the number of the lattice to which it belongs, 0 for none. */
  readonly assignment: Uint8Array;
}

/** What `toPlain` of an indexing result returns. */
type PlainIndexing = Omit<PlainOf<IndexingResult>, 'known'> & {
  readonly views: readonly (PlainOf<ImageView> & {
    readonly cells: readonly FoundCell[];
    readonly crystals: readonly Crystal[];
  })[];
};

// A loop, because `map` with a function takes ten times as long, and this is half of the JavaScript time per image.
function assignmentMask(assignment: Uint8Array, number: number): Uint8Array {
  const mask = new Uint8Array(assignment.length);
  for (let i = 0; i < mask.length; i++) mask[i] = assignment[i] === number ? 1 : 0;
  return mask;
}

/** The results of a run. The arrays belong to the caller; views are created on demand. */
export class IndexingResult {
  readonly images: number;
  readonly maxOutputCells: number;
  readonly offsets: Uint32Array;
  /** [images, maxOutputCells, 16] words of the layout's IndexedCell; centred cells as searched, primitive. */
  readonly found: Uint8Array;
  /** [images, 4] words of the layout's ImageResult. */
  readonly results: Uint8Array;
  /** [spots] lattice of each spot, 0 none. */
  readonly assignment: Uint8Array;
  /** The cells of the run, which determine the setting of the returned cells; set by the run. @internal */
  known: KnownCells | undefined;
  /** Spots of the images whose lattices may have rivals, copied, because the caller's array may change. */
  readonly #flat = new Map<number, Float32Array>();
  readonly #foundFloats: Float32Array;
  readonly #foundWords: Uint32Array;
  readonly #imageWords: Uint32Array;

  constructor(images: number, maxOutputCells: number, offsets: Uint32Array) {
    this.images = images;
    this.maxOutputCells = maxOutputCells;
    this.offsets = offsets;
    this.found = new Uint8Array(images * maxOutputCells * cellWords * 4);
    this.results = new Uint8Array(images * imageWords * 4);
    this.assignment = new Uint8Array(offsets[images] ?? 0);
    this.#foundFloats = new Float32Array(this.found.buffer);
    this.#foundWords = new Uint32Array(this.found.buffer);
    this.#imageWords = new Uint32Array(this.results.buffer);
  }

  /** Keeps the spots needed to find rivals, after a run; set by the run. @internal */
  keepFlat(spots: Float32Array): void {
    this.#flat.clear();
    for (let i = 0; i < this.images; i++) {
      if (!this.#imageWords[i * imageWords + crystalsWord] || isOfFew(this.results, i)) continue;
      const own = spots.subarray(3 * (this.offsets[i] ?? 0), 3 * (this.offsets[i + 1] ?? 0));
      if (isFlat(own, cellFrom(this.#foundFloats, i * this.maxOutputCells * cellWords))) this.#flat.set(i, own.slice());
    }
  }

  /** States that nobody has decided the names of axes; set by a run that cannot. @internal */
  leaveNames(known: KnownCells): void {
    for (let i = 0; i < this.images; i++)
      for (let k = 0; !isOfFew(this.results, i) && k < (this.#imageWords[i * imageWords + crystalsWord] ?? 0); k++) {
        const at = (i * this.maxOutputCells + k) * cellWords;
        if (known.isNearlySymmetric(this.#foundWords[at + inputWord] ?? 0)) this.#foundWords[at + rivalWord] = k + 1;
      }
  }

  /** [images] number of accepted lattices per image. */
  get crystalCounts(): Uint32Array {
    return this.#column(this.#imageWords, imageWords, crystalsWord, this.images);
  }

  /** [images, maxOutputCells, 3, 3] cells, rows a b c in angstrom; unused ones are zero. */
  get cells(): Float32Array {
    const out = new Float32Array(this.images * this.maxOutputCells * 9);
    for (let i = 0; i < this.images * this.maxOutputCells; i++) {
      const cell = this.#foundFloats.subarray(i * cellWords, i * cellWords + 9);
      if (this.known?.anyCentred)
        out.set(flat(this.known.restored(cellFrom(cell), this.#foundWords[i * cellWords + inputWord] ?? 0)), i * 9);
      else out.set(cell, i * 9);
    }
    return out;
  }

  /** [images, maxOutputCells] scores. */
  get scores(): Float32Array {
    return this.#column(this.#foundFloats, cellWords, scoreWord, this.images * this.maxOutputCells);
  }

  /** [images, maxOutputCells] counts of indexed spots. */
  get indexedSpots(): Uint32Array {
    return this.#column(this.#foundWords, cellWords, indexedWord, this.images * this.maxOutputCells);
  }

  /** The view of one image; throws `Argument` outside 0 … images − 1. */
  image(index: number): ImageView {
    if (!Number.isInteger(index) || index < 0 || index >= this.images) {
      throw new EwaldError('Argument', `image ${index} was requested; the run had images 0 to ${this.images - 1}`);
    }
    const word = (w: number): number => this.#imageWords[index * imageWords + w] ?? 0;
    const begin = this.offsets[index] ?? 0;
    const end = this.offsets[index + 1] ?? 0;
    const assignment = this.assignment.subarray(begin, end);
    const flags = word(flagsWord);
    const cells = (): FoundCell[] =>
      Array.from({ length: word(cellsWord) }, (_, k) => this.#cell(index * this.maxOutputCells + k));
    return {
      indexed: word(crystalsWord) > 0,
      spots: end - begin,
      usedSpots: word(usedWord),
      tooFewSpots: (flags & indexingEnums.ImageFlag.tooFewSpots) !== 0,
      truncated: (flags & indexingEnums.ImageFlag.truncated) !== 0,
      tooFar: (flags & indexingEnums.ImageFlag.tooFar) !== 0,
      few: (flags & indexingEnums.ImageFlag.few) !== 0,
      unsettled: (flags & indexingEnums.ImageFlag.unsettled) !== 0,
      assignment,
      cells,
      crystals: () =>
        Array.from({ length: word(crystalsWord) }, (_, k) => {
          const number = this.#foundWords[(index * this.maxOutputCells + k) * cellWords + crystalWord] ?? 0;
          const named = this.#renamed(index, k, number);
          const rivals = [...this.#rivals(index, k, number), ...named.cells];
          const few = (flags & indexingEnums.ImageFlag.few) !== 0 ? this.#odds(index, k, number) : undefined;
          if (few?.otherHand) rivals.push(few.otherHand.cell);
          const mask = assignmentMask(assignment, number);
          // Not by spread, which would take as long as everything else for an image.
          const crystal = Object.assign(this.#cell(index * this.maxOutputCells + k), {
            number,
            mask,
            ambiguous: named.undecided || rivals.length > 0,
            rivals,
          });
          return few ? Object.assign(crystal, { ...few, labelsDecided: !named.undecided }) : crystal;
        }),
    };
  }

  /**
   * The result as plain data, which `postMessage` and structured cloning keep whole; `views` has one entry per image.
   */
  toPlain(): PlainIndexing {
    const { known: _, ...plain } = plainOf<IndexingResult>(this);
    const views = Array.from({ length: this.images }, (_, i) => {
      const view = this.image(i);
      return { ...view, cells: view.cells(), crystals: view.crystals() };
    });
    return { ...plain, views };
  }

  /** Rivals of the k-th cell of an image, judged by the spots that belong to no other lattice. */
  #rivals(index: number, k: number, number: number): Cell[] {
    const all = this.#flat.get(index);
    if (!all) return [];
    const begin = this.offsets[index] ?? 0;
    const own: number[] = [];
    for (let i = 0; i < all.length; i += 3) {
      const s = [all[i] as number, all[i + 1] as number, all[i + 2] as number] as const;
      const owner = this.assignment[begin + i / 3];
      if ((owner === 0 || owner === number) && Math.hypot(...s) <= searchConstants.farthestSpot.value) own.push(...s);
    }
    const first = index * this.maxOutputCells;
    const searched = (place: number): Cell => cellFrom(this.#foundFloats, place * cellWords);
    const count = this.#imageWords[index * imageWords + cellsWord] ?? 0;
    const accepted = this.#imageWords[index * imageWords + crystalsWord] ?? 0;
    const candidates = Array.from({ length: count - accepted }, (_, i) => searched(first + accepted + i));
    const input = this.#foundWords[(first + k) * cellWords + inputWord] ?? 0;
    return rivalsOf(searched(first + k), candidates, own).map((cell) => this.known?.restored(cell, input) ?? cell);
  }

  /** Places of the cells behind the accepted ones that belong to one of these, by the word `rivalOf`. */
  #behind(index: number, wanted: number): number[] {
    const first = index * this.maxOutputCells;
    const count = this.#imageWords[index * imageWords + cellsWord] ?? 0;
    const places: number[] = [];
    for (let k = this.#imageWords[index * imageWords + crystalsWord] ?? 0; k < count; k++) {
      const of = this.#foundWords[(first + k) * cellWords + rivalWord] ?? 0;
      if (of === 0) break;
      if (of === wanted) places.push(first + k);
    }
    return places;
  }

  #restored(place: number): Cell {
    const cell = cellFrom(this.#foundFloats, place * cellWords);
    return this.known?.restored(cell, this.#foundWords[place * cellWords + inputWord] ?? 0) ?? cell;
  }

  /** Other names of the axes, or labels, of the k-th cell of an image that its spots do not exclude. */
  #renamed(index: number, k: number, number: number): { readonly undecided: boolean; readonly cells: readonly Cell[] } {
    const of = this.#foundWords[(index * this.maxOutputCells + k) * cellWords + rivalWord] ?? 0;
    if (number === 0 || (of & ~otherHand) !== number) return { undecided: false, cells: [] };
    return { undecided: true, cells: this.#behind(index, number).map((place) => this.#restored(place)) };
  }

  /** The odds of the rivals of the k-th cell of an image of few spots, and its other hand. */
  #odds(index: number, k: number, number: number): Pick<Crystal, 'rivalOdds' | 'otherHand'> {
    const scoreOf = (place: number): number => this.#foundFloats[place * cellWords + scoreWord] ?? 0;
    const oddsOf = (place: number): number => 10 ** (scoreOf(place) - scoreOf(index * this.maxOutputCells + k));
    const [mate] = this.#behind(index, otherHand | number);
    return {
      rivalOdds: [...this.#behind(index, number), ...(mate === undefined ? [] : [mate])].map(oddsOf),
      ...(mate !== undefined && { otherHand: { cell: this.#restored(mate), odds: oddsOf(mate) } }),
    };
  }

  #cell(place: number): FoundCell {
    const at = place * cellWords;
    const floats = this.#foundFloats;
    const words = this.#foundWords;
    const searched = cellFrom(floats, at);
    const inputCell = words[at + inputWord] ?? 0;
    const log10Chance = floats[at + chanceWord] ?? 0;
    const cell = this.known?.restored(searched, inputCell) ?? searched;
    return {
      cell,
      reciprocal: reciprocal(cell),
      lengths: lengthsOf(cell),
      angles: anglesOf(cell),
      score: floats[at + scoreWord] ?? 0,
      log10Chance,
      probability: 10 ** log10Chance,
      indexedSpots: words[at + indexedWord] ?? 0,
      rmsResidual: floats[at + residualWord] ?? 0,
      inputCell,
      refined: this.known?.isRefined(searched, inputCell) ?? false,
    };
  }

  #column<T extends Float32Array | Uint32Array>(from: T, stride: number, word: number, length: number): T {
    const out = from.slice(0, length) as T;
    for (let i = 0; i < length; i++) out[i] = from[i * stride + word] ?? 0;
    return out;
  }
}
