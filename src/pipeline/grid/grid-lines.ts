/** The lines of a stream that state the number of an image, and where it is on a chip. */

import type { UnreadFrame } from '../../frames/streams/frame.js';
import type { FrameGrid } from '../chip/grid.js';

/** Prefixes of these lines, which other readers ignore. */
export const [gridMark, positionMark, imageMark] = ['ewald/grid = ', 'ewald/position = ', 'ewald/image = '] as const;

/** The lines of a frame in the stream: row and column, the position, and the number of the image, if it has them. */
export function gridLines({ row, column, x, y, image, series }: FrameGrid): string[] {
  const isOfDetector = series?.startsWith(seriesPrefix);
  return [
    ...(row === undefined ? [] : [`${gridMark}${row} ${column}`]),
    ...(x === undefined ? [] : [`${positionMark}${x} ${y}`]),
    ...(image === undefined ? [] : [`${imageMark}${image}${isOfDetector ? ` of ${series}` : ''}`]),
  ];
}

/** How the series of a detector are called. */
export const seriesPrefix = 'series ';
/** The number of an image, and its series. */
interface NumberedImage {
  readonly image?: number;
  readonly series?: string;
}

/** What a message says of its number. */
type ImageOfDetector = Pick<UnreadFrame, 'image' | 'series' | 'times'>;

/** The number and the series of an image that was received live. */
export const liveImage = ({ image, series, times = 1 }: ImageOfDetector): NumberedImage => ({
  ...(image === undefined ? {} : { image }),
  ...(series === undefined ? {} : { series: `${seriesPrefix}${series}${times > 1 ? ` (${times})` : ''}` }),
});
