/** The address of the page follows the view, and the view requested by an address is shown. */
import { type AddressState, readAddress, roundedPlace, writeAddress } from './address.js';
import { pane, redraw, viewer } from './app.js';
import { type ColourMapName, colourMapNames } from './colour-maps.js';
import { type ScaleName, scales } from './shaders.js';
import { type ShownStage, shownStages } from './stages.js';

/** The view requested by the address; applied when the first file has been opened. */
let asked: AddressState | undefined = readAddress(location.hash);

const overlayLetters: Readonly<Record<string, string>> = {
  peaks: 'p',
  reflections: 'i',
  rings: 'r',
  mask: 'm',
  panels: 'n',
  values: 'v',
};

let timer: ReturnType<typeof setTimeout> | undefined;
/** Writes the address when the view has not changed for a moment, and not before the first frame is displayed. */
export function writeAddressLater(): void {
  if (!viewer.opened || asked) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { frame, filter, colours, parameters } = viewer;
    const { threshold, minSnr, localBgRadius } = parameters;
    const at = roundedPlace([...pane.viewport.centre, pane.viewport.zoom / devicePixelRatio]);
    showPlace(at);
    const fragment = writeAddress(
      {
        frame,
        at,
        scale: pane.picture.scale,
        colours,
        ...(viewer.locked ? { limits: pane.picture.limits } : {}),
        overlays: [...viewer.show].map((name) => overlayLetters[name]).join(''),
        ...(viewer.parametersMoved ? { finder: [threshold, minSnr, localBgRadius] as const } : {}),
        only: filter,
        stage: viewer.stage,
      },
      location.hash,
    );
    if (fragment !== location.hash) history.replaceState(null, '', fragment);
  }, 200);
}

/** Applies the view requested by the address. */
export async function applyAddress(): Promise<void> {
  const state = asked;
  asked = undefined;
  if (!state) return;
  const { frame, at, scale, colours, limits, overlays, finder, only, stage } = state;
  if (scales.includes(scale as ScaleName)) viewer.scale(scale as ScaleName);
  if (colourMapNames.includes(colours as ColourMapName)) viewer.colour(colours as ColourMapName);
  if (overlays !== undefined)
    for (const [name, letter] of Object.entries(overlayLetters)) viewer.toggle(name, overlays.includes(letter));
  if (only === 'hits' || only === 'unindexed') viewer.filter = only;
  if (finder) {
    const [threshold, minSnr, localBgRadius] = finder;
    await viewer.setParameters({ threshold, minSnr, localBgRadius });
  }
  if (frame !== undefined) await viewer.go(frame);
  if (shownStages.includes(stage as ShownStage)) await viewer.setStage(stage as ShownStage);
  if (limits) viewer.setLimits(limits);
  if (at) showPlace(at);
  redraw();
}

/** Shows a position in the form of the address: centre, and zoom in CSS pixels. */
function showPlace([x, y, zoom]: readonly [x: number, y: number, zoom: number]): void {
  const { viewport } = pane;
  const [x0, y0] = viewport.centre;
  if (x0 === x && y0 === y && viewport.zoom === zoom * devicePixelRatio) return;
  viewport.centre = [x, y];
  viewport.zoom = zoom * devicePixelRatio;
  redraw();
}
