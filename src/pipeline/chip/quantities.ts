/** The quantities that a map of a chip may show. */

/** Numbers of hits and of indexed images; spots of an image; Å; counts a pixel. */
export const mapQuantities = ['hits', 'indexed', 'spots', 'resolution', 'background'] as const;

/** One of them, or another number of frames, such as `roi:water.mean`. */
export type MapQuantity = (typeof mapQuantities)[number] | (string & {});
