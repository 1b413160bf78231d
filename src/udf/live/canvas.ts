/** Shows images in a page, and as HTML for hosts that display it. */
import { expectsMembers } from '../../base/arguments.js';
import { toRgba } from '../images/colormap.js';
import { expectsPicture, type LivePicture } from './picture.js';

/** A canvas of a page or a worker: `HTMLCanvasElement` or `OffscreenCanvas`. */
export interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d'): unknown;
}

/** Draws an image on a canvas, which takes the size of the image. */
export function drawOn(canvas: Canvas, picture: LivePicture): void {
  expectsMembers('drawOn: the first argument', canvas, ['getContext'], 'a canvas');
  expectsPicture('drawOn', picture);
  const { data, height, width } = picture;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | null;
  context?.putImageData(new ImageData(toRgba(data), width, height), 0, 0);
}

/** Draws an image on the page's canvas of the same title, which is appended to the body the first time. */
export function showOnPage(picture: LivePicture): void {
  const id = `ewald-plot-${picture.title.replace(/\W+/g, '-')}`;
  let canvas = document.getElementById(id) as HTMLCanvasElement | null;
  if (!canvas) {
    canvas = document.createElement('canvas');
    canvas.id = id;
    canvas.title = picture.title;
    document.body.append(canvas);
  }
  drawOn(canvas, picture);
}
