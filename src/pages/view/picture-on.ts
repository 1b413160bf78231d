/** Who draws the pictures of a page: the graphics card, or without one the processor. */
import { GlPicture } from './gl-picture.js';
import { type Picture, softwareNames } from './picture.js';
import { SoftPicture } from './soft-picture.js';

let isCard: boolean | undefined;

/** A picture on a canvas. */
export function pictureOn(canvas: HTMLCanvasElement): Picture {
  isCard ??= hasCard();
  return isCard ? new GlPicture(canvas) : new SoftPicture(canvas);
}

/**
 * Whether a graphics card draws WebGL2. A browser may let its own software do it, which takes ten times as long as
 * SoftPicture. `?draw=gpu` and `?draw=cpu` in the address decide instead.
 */
function hasCard(): boolean {
  const wanted = new URLSearchParams(location.search).get('draw');
  if (wanted === 'cpu') return false;
  // A canvas keeps the first kind of context that it was asked for, so another one is asked.
  const gl = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: wanted !== 'gpu' });
  if (!gl) return false;
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
  // Browsers allow few contexts at a time.
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return wanted === 'gpu' || !softwareNames.test(renderer);
}
