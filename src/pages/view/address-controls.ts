/** The address of the page follows the view, and the view requested by an address is shown. */
import { type AddressState, readAddress, roundedPlace, writeAddress } from './address.js';
import { pane, redraw, scan, viewer } from './app.js';
import { type ColourMapName, colourMapNames } from './colour-maps.js';
import type { VirtualShape } from './protocol.js';
import { addPane, isScan } from './scan-controls.js';
import { isLive, isQuantity } from './scan-quantities.js';
import { type ScaleName, scales } from './shaders.js';
import { type ShownStage, shownStages } from './stages.js';

/** The view requested by the address; applied when the first file has been opened. */
let pending: AddressState | undefined = readAddress(location.hash);

const overlayLetters: Readonly<Record<string, string>> = {
  peaks: 'p',
  reflections: 'i',
  rings: 'r',
  mask: 'm',
  panels: 'n',
  values: 'v',
  bar: 'b',
};

let timer: ReturnType<typeof setTimeout> | undefined;
/** Writes the address when the view has not changed for a moment, and not before the first frame is displayed. */
export function writeAddressLater(): void {
  if (!viewer.opened || pending) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const { frame, filter, colours, parameters } = viewer;
    const { threshold, minSnr, localBgRadius } = parameters;
    const at = roundedPlace([...pane.viewport.centre, pane.viewport.zoom / devicePixelRatio]);
    showPlace(at);
    const fragment = writeAddress(
      {
        ...(isScan() ? {} : { frame }),
        at,
        scale: pane.picture.scale,
        colours,
        ...(viewer.locked ? { limits: pane.picture.limits } : {}),
        overlays: [...viewer.show].map((name) => overlayLetters[name]).join(''),
        ...(viewer.parametersMoved ? { finder: [threshold, minSnr, localBgRadius] as const } : {}),
        only: filter,
        stage: viewer.stage,
        ...(isScan() ? scanState() : {}),
      },
      location.hash,
    );
    if (fragment !== location.hash) history.replaceState(null, '', fragment);
  }, 200);
}

const kinds: readonly string[] = ['disk', 'ring', 'square', 'point'] satisfies VirtualShape['kind'][];

/** The state of a scan for the address. */
function scanState(): AddressState {
  const { region, shape, quantity, fourier } = scan;
  const { kind, cx, cy, outer, inner } = shape;
  const radii = kind === 'point' ? [] : kind === 'ring' ? [outer, inner] : [outer];
  const { x, y, w, h } = region ?? { x: 0, y: 0, w: 1, h: 1 };
  return {
    ...(region ? { region: w * h === 1 ? [x, y] : [x, y, w, h] } : {}),
    virtual: { kind, numbers: [cx, cy, ...radii] },
    quantity,
    fourier,
    results: scan.images.slice(1).map((image) => image.quantity),
  };
}

/** Applies what an address says about a scan. */
async function applyScan({ region, virtual, quantity, fourier = false, results = [] }: AddressState): Promise<void> {
  void scan.compute({ ...(isQuantity(quantity) && { quantity }), fourier: fourier && isLive(scan.quantity) });
  if (scan.images.length === 1) for (const name of results.filter(isQuantity)) addPane(name);
  const [cx = 0, cy = 0, outer = scan.shape.outer, inner = scan.shape.inner] = virtual?.numbers ?? [];
  if (virtual && kinds.includes(virtual.kind))
    await scan.change({ kind: virtual.kind as VirtualShape['kind'], cx, cy, outer, inner });
  else await scan.change({});
  const [x = 0, y = 0, w = 1, h = 1] = region ?? [];
  if (region) await scan.average({ x, y, w, h });
}

/** Applies a view, by default the one requested by the address. */
export async function applyAddress(state = pending): Promise<void> {
  pending = undefined;
  if (!state) return;
  const { frame, at, scale, colours, limits, overlays, finder, only, stage } = state;
  if (scales.includes(scale as ScaleName)) viewer.scale(scale as ScaleName);
  if (colourMapNames.includes(colours as ColourMapName)) viewer.colour(colours as ColourMapName);
  if (overlays !== undefined)
    for (const [name, letter] of Object.entries(overlayLetters)) viewer.toggle(name, overlays.includes(letter));
  if (only === 'hits' || only === 'unindexed') viewer.setFilter(only);
  if (finder) {
    const [threshold, minSnr, localBgRadius] = finder;
    await viewer.setParameters({ threshold, minSnr, localBgRadius });
  }
  if (isScan()) await applyScan(state);
  else if (frame !== undefined) await viewer.go(frame);
  if (shownStages.includes(stage as ShownStage)) await viewer.setStage(stage as ShownStage);
  if (limits) viewer.setLimits(limits);
  if (at) pane.moveTo([at[0], at[1]], at[2] * devicePixelRatio);
  redraw();
}

/** Rounds the position to that of the address: centre, and zoom in CSS pixels. */
function showPlace([x, y, zoom]: readonly [x: number, y: number, zoom: number]): void {
  const { viewport } = pane;
  const [x0, y0] = viewport.centre;
  if (x0 === x && y0 === y && viewport.zoom === zoom * devicePixelRatio) return;
  viewport.centre = [x, y];
  viewport.zoom = zoom * devicePixelRatio;
  redraw();
}
