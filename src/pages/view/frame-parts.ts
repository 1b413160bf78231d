/** What the page of frames shows beside its picture; loaded with the first frame. */
import { FrameList } from './frame-list.js';
import * as frameTools from './frame-tools.js';
import * as regionTools from './region-tools.js';

export { drawColourBar } from './bars.js';
export { writeCrystals } from './crystals.js';
export { csvOf } from './frame-list.js';
export { drawPanels, drawValues } from './overlay-details.js';

export const list = new FrameList();

/** Binds the tools that act on the frame; called once. */
export function bindTools(): void {
  frameTools.bindTools();
  regionTools.bindRegions();
}

/** Draws what the tools show over a frame. */
export function drawTools(pen: CanvasRenderingContext2D): void {
  regionTools.drawRegions(pen);
  frameTools.drawTools(pen);
}

/** Writes the numbers of the tools. */
export function writeTools(): void {
  regionTools.writeRegions();
  frameTools.writeTools();
}
