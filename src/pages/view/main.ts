/** The page: connects controls, keys, files and the address to the viewer. */
import { counted } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { writeAddressLater } from './address-controls.js';
import { drawn, pane, redraw, redrawControls, redrawPictures, say, scan, viewer } from './app.js';
import { Latest } from './calls.js';
import { bindContrast, writeContrast } from './contrast-controls.js';
import { createElement } from './elements.js';
import { bindFiles, openServed } from './file-controls.js';
import { bindFrames, frameParts, writeFrames } from './frame-controls.js';
import { bindLive, isLive, isOver, liveScan, liveState } from './live-controls.js';
import { drawOverlay } from './overlay.js';
import type { Colour } from './picture.js';
import { bindScan, drawScan, isScan, writeScan } from './scan-controls.js';
import { bindSearch, writeSearch } from './search-controls.js';
import { stageTitles } from './stages.js';
import { stripState } from './strip-loader.js';
import { writeRunCharts } from './tab-controls.js';
import type { Point } from './viewport.js';

drawn.pictures = () => {
  const { peaks, crystals } = viewer;
  pane.picture.background = rgbOf(getComputedStyle(document.body).backgroundColor);
  pane.draw();
  const { rings, beam, show, light } = viewer;
  drawOverlay(pane, { peaks, crystals, rings, beam, show, light, details: pane.picture.frame && frameParts() });
  drawAbove();
  if (liveScan()) liveScan()?.draw(pane.picture.background);
  else drawScan();
};

/** Width of a picture beside whose middle there is room for a colour bar, CSS pixels. */
const minWidthOfBar = 480;

/** Draws the tools and the colour bar over the frame. */
function drawAbove(): void {
  const { limits, scale, colours, frame } = pane.picture;
  const pen = pane.overlay.getContext('2d');
  // A pattern of a scan has a bar with its unit.
  if (!frame || frame.rgba || !colours || !pen || isScan()) return;
  frameParts()?.drawTools(pen);
  // On a telephone it would hide a fifth of the picture.
  if (!viewer.show.has('bar') || pane.viewport.width < minWidthOfBar * devicePixelRatio) return;
  const [ink, ground] = viewer.light ? ['#1d2129', 'rgba(255,255,255,.85)'] : ['#e6e8ec', 'rgba(0,0,0,.7)'];
  frameParts()?.drawColourBar(
    pen,
    pane.viewport,
    { limits, scale, colours, title: scale, ink, ground },
    devicePixelRatio,
  );
}

drawn.controls = () => {
  document.body.dataset.state = liveScan() ? 'scan' : viewer.opened ? 'open' : 'empty';
  byId('scan-title').textContent = liveScan()?.captionOf(isOver()) ?? byId('scan-title').textContent;
  writeContrast();
  writeFrames();
  writeSearch();
  writeScan();
  writeTitles();
  if (!isLive()) writeRunCharts(false);
};

drawn.after = () => {
  writeAddressLater();
  // Another frame has other values under a pointer that rests.
  if (pointed) readAgain();
};

const said = (texts: readonly unknown[]): string => texts.filter(Boolean).join(' · ');

/** Describes what is shown, in the header, in the title of the tab, and for screen readers. */
function writeTitles(): void {
  const { opened, frame, peaks, crystals, stage } = viewer;
  if (!opened) return;
  const title = viewer.stackName ?? (stage === 'frame' ? undefined : `${stageTitles[stage]}, frame ${frame}`);
  const recorded = viewer.stackName ? undefined : opened.recorded?.[frame];
  const shown = title ?? `frame ${frame}`;
  const { name, format, navigation, width, height, dtype, notes } = opened;
  const size = `${[...navigation, height, width].join(' × ')} ${dtype}`;
  byId('name').replaceChildren(createElement('b', name), ` · ${said([format, size, title, recorded])}`);
  byId('pane-title').textContent = title ?? '';
  byId('name').title = notes.join('\n');
  document.title = said([name, shown, recorded]);
  const count = peaks ? `, ${counted(peaks.count, 'peak')}` : '';
  const found = crystals.length > 0 ? `, ${crystals.length} crystal${crystals.length === 1 ? '' : 's'}` : '';
  pane.overlay.ariaLabel = `${said([shown, recorded])}${count}${found}`;
}

/** A colour of the style sheet, `rgb(…)`, as numbers. */
function rgbOf(text: string): Colour {
  const [red = 240, green = 240, blue = 240] = text.match(/[\d.]+/g)?.map(Number) ?? [];
  return [red / 255, green / 255, blue / 255];
}

// The line below the picture follows the pointer: only the latest position matters.
const reading = new Latest<[Point | undefined]>(
  async (place) => {
    byId('reading').textContent = (place && (await (await import('./reading.js')).readingOf(viewer, place))) ?? '';
  },
  () => undefined,
);
let pointed: Point | undefined;
const readAgain = (): void => void reading.ask(pointed);
pane.onPoint = (place) => {
  pointed = place;
  readAgain();
};
pane.onChange = redrawPictures;
viewer.onChange = redraw;
viewer.onProgress = redrawControls;
viewer.onMessage = say;
addEventListener('resize', redraw);
const dark = matchMedia('(prefers-color-scheme: dark)');
viewer.suit(dark.matches);
dark.addEventListener('change', () => {
  viewer.suit(dark.matches);
  redraw();
});
bindFiles();
bindContrast();
bindFrames();
bindSearch();
bindScan();
// The page appears sooner without its keys.
import('./page-keys.js').then(({ bindPageKeys }) => bindPageKeys()).catch(viewer.fail);
addEventListener('hashchange', () =>
  import('./links.js').then(({ followAddress }) => followAddress()).catch(viewer.fail),
);
redraw();

// No error is ignored silently.
addEventListener('unhandledrejection', ({ reason }) => viewer.fail(reason));

if (new URLSearchParams(location.search).has('served')) {
  bindLive();
  openServed().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true));
}

/** Accessible to tests and in the browser's console. */
Object.assign(globalThis, { viewer, scan, liveState, stripState });
