/** A picture with what lies above it as one image, with a line of text below. */

/** Height of the line of text, in CSS pixels. */
const captionHeight = 26;

/** The layers, which are of one size, as a PNG; they are copied before the first await. */
export function imageOf(layers: readonly HTMLCanvasElement[], caption: string): Promise<Blob> {
  const [{ width, height } = { width: 1, height: 1 }] = layers;
  const line = captionHeight * devicePixelRatio;
  const canvas = new OffscreenCanvas(width, height + line);
  const pen = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  for (const layer of layers) pen.drawImage(layer, 0, 0);
  pen.fillStyle = '#fff';
  pen.fillRect(0, height, width, line);
  pen.fillStyle = '#000';
  pen.textBaseline = 'middle';
  pen.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
  // A long name is condensed rather than cut.
  pen.fillText(caption, 8 * devicePixelRatio, height + line / 2, width - 16 * devicePixelRatio);
  return canvas.convertToBlob({ type: 'image/png' });
}
