/** Lines and words of overlays: what they are drawn with. */
import type { Point, Viewport } from './viewport.js';

/** Colours of an overlay on light and on dark maps; colour-blind readers can distinguish them as well. */
export interface Inks {
  readonly peak: string;
  readonly reflection: string;
  readonly ring: string;
  readonly halo: string;
}
export const onLight: Inks = { peak: '#c8102e', reflection: '#0b62c4', ring: '#4a525c', halo: 'rgba(255,255,255,.8)' };
export const onDark: Inks = { peak: '#ffb000', reflection: '#7fd0ff', ring: '#e4e8ee', halo: 'rgba(0,0,0,.75)' };

/** Draws a path with its halo; widths are in pixels of the page. */
export function strokeTwice(
  pen: CanvasRenderingContext2D,
  path: Path2D,
  ink: string,
  halo: string,
  [width, ofHalo]: readonly [number, number] = [1.25, 3],
): void {
  pen.strokeStyle = halo;
  pen.lineWidth = ofHalo * devicePixelRatio;
  pen.stroke(path);
  pen.strokeStyle = ink;
  pen.lineWidth = width * devicePixelRatio;
  pen.stroke(path);
}

/** Adds a line through points of the displayed plane, [points, 2], to a path on the canvas. */
export function addLine(path: Path2D, viewport: Viewport, points: ArrayLike<number>): void {
  for (let i = 0; i < points.length; i += 2) {
    const at = viewport.toCanvas([points[i] as number, points[i + 1] as number]);
    if (i === 0) path.moveTo(...at);
    else path.lineTo(...at);
  }
}

/** Writes a text with its halo. */
export function label(pen: CanvasRenderingContext2D, text: string, [x, y]: Point, ink: string, halo: string): void {
  pen.strokeStyle = halo;
  pen.lineWidth = 3 * devicePixelRatio;
  pen.strokeText(text, x, y);
  pen.fillStyle = ink;
  pen.fillText(text, x, y);
}
