/** What the page of frames shows beside its picture; loaded with the first frame. */
import { FrameList } from './frame-list.js';

export { drawColourBar } from './bars.js';
export { writeCrystals } from './crystals.js';
export { csvOf } from './frame-list.js';
export { bindTools, drawTools, writeTools } from './frame-tools.js';
export { drawPanels, drawValues } from './overlay-details.js';

export const list = new FrameList();
