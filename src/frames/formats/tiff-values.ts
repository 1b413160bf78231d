/** Tags of TIFF by which a stored number is not the value of its pixel, or a page is no frame. */

import type { ByteSource } from '../../bytes/byte-source.js';
import { EwaldError } from '../../util/errors.js';
import type { Note } from '../dataset.js';
import { numberIn, type Page } from './tiff-tags.js';

/** The pages that are images: thumbnails and masks of transparency, which some writers put first, are left out. */
export function imagePages(pages: readonly Page[]): readonly Page[] {
  const images = pages.filter((page) => {
    const kind = numberIn(page, 'subfileType', 0);
    return (kind & 5) === 0 && numberIn(page, 'oldSubfileType', 1) !== 2;
  });
  return images.length > 0 ? images : pages;
}

/** What makes the numbers of a page others than its values, in words; undefined if they are its values. */
function changeOf(page: Page): string | undefined {
  const photometric = numberIn(page, 'photometric', 1);
  if (photometric === 3) return 'numbers of colours in a palette';
  if (photometric === 32844 || photometric === 32845) return 'logarithms of luminances (LogLuv)';
  if (photometric === 6 && (page.numbers.get('subsampling') ?? [2, 2]).some((n) => n !== 1))
    return 'colours (YCbCr) of several pixels together';
  if (numberIn(page, 'gelFormat', 128) === 2) return 'square roots of counts (MD_FileTag 2)';
  if (page.numbers.has('linearization')) return 'numbers of a table (LinearizationTable)';
  const depth = Math.max(numberIn(page, 'imageDepth', 1), numberIn(page, 'tileDepth', 1));
  return depth > 1 ? `volumes of ${depth} slices (ImageDepth)` : undefined;
}

/** Throws `Unsupported` for a page whose numbers are not its values. */
export function refuseChanged(source: Pick<ByteSource, 'name'>, page: Page): void {
  const change = changeOf(page);
  if (change === undefined) return;
  throw new EwaldError(
    'Unsupported',
    `${source.name}: its pixels hold ${change}, which cannot be read; save it as plain grey values`,
    { detail: { path: source.name } },
  );
}

/** Rows and columns as they are stored, by the tag Orientation. */
const orientations = [
  'mirrored',
  'turned by 180°',
  'upside down',
  'transposed',
  'turned by 90° clockwise',
  'transposed along the other diagonal',
  'turned by 90° counter-clockwise',
];

/** Warnings of what a viewer applies to the numbers, and this reader does not. */
export function notesOnValues(page: Page, hasPredictor: boolean): Note[] {
  const texts: string[] = [];
  const predictor = numberIn(page, 'predictor', 1);
  if (predictor !== 1 && !hasPredictor)
    texts.push(
      `the file says that pixels are differences (Predictor ${predictor}), which its compression cannot have: ignored`,
    );
  if (numberIn(page, 'photometric', 1) === 0)
    texts.push('the file says that 0 is white (PhotometricInterpretation 0): numbers are read as they are stored');
  const orientation = orientations[numberIn(page, 'orientation', 1) - 2];
  if (orientation !== undefined)
    texts.push(
      `the file says that the picture is shown ${orientation} (Orientation): rows are read as they are stored`,
    );
  if (page.numbers.has('grayCurve'))
    texts.push('the file has a curve of densities (GrayResponseCurve), which is not applied');
  const [, c0, c1] = /^c0=(\S+)$[\s\S]*^c1=(\S+)$/m.exec(page.texts.get('description') ?? '') ?? [];
  if (c0 !== undefined && (Number(c0) !== 0 || Number(c1) !== 1))
    texts.push(`ImageJ's calibration, ${c0} + ${c1} times the number, is not applied`);
  return texts.map((text) => ({ kind: 'warning', text }));
}
