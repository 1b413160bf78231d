/** An unknown cell from images of few spots: whether images are such, what is accepted, and what is said otherwise. */
import { bravaisCandidates } from '../../crystal/bravais.js';
import { anglesOf, type Cell, cellFromParameters, lengthsOf, volume } from '../../crystal/cell.js';
import { reducedCell } from '../../crystal/niggli.js';
import { median } from '../../util/median.js';
import type { CellSearchOptions, DeterminedCell } from '../determine-cell.js';
import { fewModel } from '../few/choice.js';
import type { IndexingInput } from '../input.js';
import type { IndexingResult } from '../result.js';
import { mostVolume, type Watch } from './candidates.js';
import { Frames } from './frames.js';
import { latticesOf } from './lattice.js';
import { poolOf } from './lengths.js';
import { enoughImages, type FewImagesOf, fewestImages, type Images, mostImages } from './rule.js';
import { type PooledCell, pooledCell } from './search.js';

type Parameters = DeterminedCell['parameters'];

/**
 * Part of the images that a cell has to index, and the mean ln of its odds: from 60 images on right cells have .63 and
 * 12.3 or more, wrong ones .28 and 5.1 or less; of 15 to 30 images wrong multiples reach .8. A mixture of two phases
 * has half of them.
 */
const accepted = { few: 0.9, fewImages: 30, many: 0.42, mean: 8 } as const;
/**
 * Images left by a cell, at least and as a part of all, that may be of another phase; and the part of all that the cell
 * explains no better than chance. Of its own images that are 5 to 12 % with 30 % of spurious spots, of those of another
 * phase 57 to 100 %.
 */
const another = { images: 30, share: 0.25, unexplained: 0.15 } as const;
/** Bandwidth of a pink beam, which is tried where none is named. */
const pink = 0.008;

/** What a search needs. */
export interface PooledSetup extends FewImagesOf {
  readonly run: (input: IndexingInput) => Promise<IndexingResult>;
  readonly options: CellSearchOptions;
  /** Bravais lattices are looked for within this tolerance. */
  readonly tolerance: number;
  readonly watch: Watch;
  readonly warn: (text: string) => void;
}

/** Whether a cell is one that the images have. */
function isAccepted({ share, mean }: Pick<PooledCell, 'share' | 'mean'>, images: number): boolean {
  const { few, fewImages, many } = accepted;
  const part = Math.min(1, Math.max(0, (images - fewImages) / (enoughImages - fewImages)));
  return share >= few + (many - few) * part && mean >= accepted.mean;
}

/** Evenly chosen images. */
const chosen = (images: Images): Images =>
  images.length <= mostImages
    ? images
    : Array.from(
        { length: mostImages },
        (_, i) => images[Math.floor((i * images.length) / mostImages)] as ArrayLike<number>,
      );

/** Searches images with the bandwidth that is named, or another one. */
async function searched(setup: PooledSetup, images: Images, given?: readonly Cell[], bandwidth?: number) {
  const { run, options, wavelengthA, watch } = setup;
  const beam = { ...options, ...(bandwidth && { bandwidth }), wavelengthA };
  const model = fewModel(beam, wavelengthA);
  const some = chosen(images);
  const pool = poolOf(given ? [] : some, wavelengthA, model);
  return pooledCell({ frames: new Frames(run, beam, model), pool, images: some, given }, watch);
}

/** The cells of images of few spots, one of each phase; undefined if none is accepted. */
export async function cellsOfFew(setup: PooledSetup): Promise<DeterminedCell[] | undefined> {
  const { tolerance, warn } = setup;
  const some = chosen(setup.images);
  const best = await searched(setup, some);
  if (!best || !isAccepted(best, some.length)) {
    warn(refusal(some, best));
    return undefined;
  }
  const found = [answerOf(best, some.length, tolerance, 1)];
  const rest = some.filter((_, i) => !best.indexed.includes(i));
  const least = Math.max(another.images, another.share * some.length);
  if (rest.length >= least && best.unexplained >= another.unexplained * some.length) {
    const second = await searched(setup, rest);
    if (second && isAccepted(second, rest.length)) found.push(answerOf(second, some.length, tolerance, 2));
    else
      warn(
        `the cell indexes ${best.indexed.length} of ${some.length} images, and no other one the rest: spurious spots, several crystals in an image, or another phase with too few images`,
      );
  }
  return found;
}

/** Those of the usual search that the single images support; undefined if they support none of them. */
export async function supported(setup: PooledSetup, cells: readonly Cell[]): Promise<DeterminedCell[] | undefined> {
  const { options, tolerance } = setup;
  const images = chosen(setup.images);
  for (const bandwidth of options.bandwidth || setup.wavelengthA < 0.1 ? [undefined] : [undefined, pink]) {
    const best = await searched(setup, images, cells, bandwidth);
    if (best && isAccepted(best, images.length)) return [answerOf(best, images.length, tolerance, 1)];
  }
  return undefined;
}

/** Whether single images can judge a cell. */
export const isJudged = (cell: Cell): boolean => Math.abs(volume(cell)) <= mostVolume;

const reducedParameters = (cell: Cell): Parameters => {
  const { cell: standard } = reducedCell(cell, [1e-5, 1e-3, 1e-2]);
  return [...lengthsOf(standard), ...anglesOf(standard)] as unknown as Parameters;
};

function answerOf(best: PooledCell, images: number, tolerance: number, phase: number): DeterminedCell {
  const parameters = reducedParameters(best.cell);
  const cell = cellFromParameters(...parameters);
  const [first, ...rivals] = best.covariance ? latticesOf(best.cell, best.covariance, tolerance) : [];
  const bravais = bravaisCandidates(cell, tolerance);
  const free = first && [first, ...rivals].find(({ type }) => type === 'aP');
  const distortion = bravais.find(({ type }) => type === first?.type)?.distortion ?? 0;
  return {
    cell,
    parameters,
    spread: ((free ?? first)?.errors.map((error) => error * Math.sqrt(best.indexed.length)) ?? [
      0, 0, 0, 0, 0, 0,
    ]) as unknown as Parameters,
    indexed: best.indexed.length,
    images,
    bravais: first
      ? [
          { type: first.type, cell: first.cell, parameters: first.parameters, distortion },
          ...bravais.filter(({ type }) => type !== first.type),
        ]
      : bravais,
    errors: first?.errors,
    rivals: rivals.map(({ cell: _, ...rival }) => rival),
    few: {
      log10Odds: (best.mean * best.judges) / Math.LN10,
      share: best.share,
      next: best.next && { parameters: reducedParameters(best.next.cell), log10Odds: -best.next.odds / Math.LN10 },
      phase,
    },
  };
}

/** Why no cell is accepted. */
function refusal(images: Images, best: PooledCell | undefined): string {
  const spots = median(images.map(({ length }) => length / 3));
  const most = best
    ? `the best candidate indexes ${(100 * best.share).toFixed(0)} % of the images`
    : 'their lengths have no lines';
  const what = `no cell is accepted for ${images.length} images of ${spots.toFixed(0)} spots (median): ${most}`;
  return images.length < enoughImages
    ? `${what}; that is few: give ${enoughImages} images, or 120 if spots are spurious`
    : `${what}. Is the beam centre off by a pixel or more, or does it drift, is the bandwidth another one, or are there ` +
        `more than two phases? More images help against spurious spots, and cells above ${mostVolume} Å³ are not looked for this way`;
}

/** What is said of fewer images than are pooled. */
export const tooFewText = (images: Images): string =>
  `${images.length} images of few spots do not determine a small cell: ${fewestImages} clean ones may, and ` +
  `${enoughImages} or more do (120 if a third of the spots is spurious)`;
