/** The page: binds controls, keys, files and the address to the viewer. */
import { type AddressState, readAddress, roundedPlace, writeAddress } from './address.js';
import { Engine, Latest } from './calls.js';
import { drawFrames, drawHistogram, frameAt, ratesOf } from './charts.js';
import { type ColourMapName, colourMapNames } from './colour-maps.js';
import { writeCrystals } from './crystals.js';
import { byId, element } from './elements.js';
import { droppedFiles } from './files.js';
import { csvOf, FrameList } from './frame-list.js';
import { bindKeys } from './keys.js';
import { drawCross, drawDetector, drawOverlay } from './overlay.js';
import { Pane } from './pane.js';
import type { Colour } from './picture.js';
import type { FinderParameters, InputFile, Opened, StackKind, VirtualShape } from './protocol.js';
import { save } from './save.js';
import { ScanViewer } from './scan-viewer.js';
import { type ScaleName, scales } from './shaders.js';
import { type Filter, Viewer } from './viewer.js';
import type { Point } from './viewport.js';

const pane = new Pane(byId('pane'));
const engine = new Engine(() => new Worker(new URL('./view-worker.js', import.meta.url), { type: 'module' }));
const viewer = new Viewer(pane, engine);
const scan = new ScanViewer(new Pane(byId('scan-pane')), pane, engine, viewer.fail);
/** Whether the open file is displayed as a scan. */
let scanning = false;
const list = new FrameList();
/** The view requested by the address; applied when the first file has been opened. */
let asked: AddressState | undefined = readAddress(location.hash);

const button = (id: string, act: () => unknown): void => byId(id).addEventListener('click', () => void act());
const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);
const slidersIn = (id: string): HTMLInputElement[] => [...byId(id).querySelectorAll<HTMLInputElement>('.slider input')];
const sliders = slidersIn('finder');
const radii = slidersIn('virtual');
const boxes = [...byId('overlays').querySelectorAll<HTMLInputElement>('input')];
const overlayLetters: Readonly<Record<string, string>> = {
  peaks: 'p',
  reflections: 'i',
  rings: 'r',
  mask: 'm',
  panels: 'n',
  values: 'v',
};

// Everything is drawn at most once per screen refresh. While a picture is moved, only pictures are drawn: controls, charts
// and lists do not depend on its place.
let drawing = false;
let staleControls = false;
function redrawPictures(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawPictures();
    if (staleControls) writeControls();
    staleControls = false;
    writeAddressLater();
  });
}
function redraw(): void {
  staleControls = true;
  redrawPictures();
}

function drawPictures(): void {
  const { peaks, crystals } = viewer;
  pane.picture.background = rgbOf(getComputedStyle(document.body).backgroundColor);
  pane.draw();
  drawOverlay(pane, { peaks, crystals, rings: viewer.rings, show: viewer.show, light: viewer.light });
  if (scanning) drawScan();
}

function drawScan(): void {
  scan.pane.picture.background = pane.picture.background;
  scan.pane.draw();
  drawCross(scan.pane, scan.cross);
  drawDetector(pane, scan.shape, viewer.light);
  for (const slider of radii) {
    slider.value = String(scan.shape[slider.name as 'outer' | 'inner']);
    (slider.previousElementSibling as HTMLOutputElement).value = Number(slider.value).toFixed(1);
  }
  byId<HTMLOutputElement>('virtual-ms').value = `${scan.ms.toFixed(1)} ms`;
}

/** Shows a file with a two-dimensional scan as a scan: its virtual image next to its patterns. */
async function openScan(opened: Opened): Promise<void> {
  // A raster scan of crystals with a known cell is viewed frame by frame.
  scanning = opened.navigation.length === 2 && !opened.cell;
  showMode();
  if (!scanning) return;
  for (const slider of radii) slider.max = String(Math.max(opened.width, opened.height) / 2);
  say('Reading the scan into memory…', false);
  try {
    await scan.open(opened);
    pane.fit();
    say('', false);
  } catch (error) {
    scanning = false;
    showMode();
    viewer.fail(error);
  }
}

/** Shows the controls of a scan, or those of frames. */
function showMode(): void {
  for (const id of ['scan-pane', 'virtual']) byId(id).hidden = !scanning;
  for (const id of ['finder', 'crystals-of-frame', 'stacks', 'chart']) byId(id).hidden = scanning;
}

function bindScan(): void {
  viewer.onOpened = openScan;
  scan.onChange = redraw;
  scan.onPattern = (data, name) => viewer.showPattern(data, name);
  byId<HTMLSelectElement>('virtual-kind').addEventListener(
    'change',
    ({ target }) => void scan.change({ kind: (target as HTMLSelectElement).value as VirtualShape['kind'] }),
  );
  for (const slider of radii)
    slider.addEventListener('input', () => void scan.change({ [slider.name]: Number(slider.value) }));
  button('mean', () => scan.moveTo(undefined));
}

function writeControls(): void {
  const { opened, histogram, frame, peaks, crystals, parameters, running, summaries } = viewer;
  document.body.dataset.state = opened ? 'open' : 'empty';
  drawHistogram(byId<HTMLCanvasElement>('histogram'), histogram, pane.picture.limits);
  drawFrames(byId<HTMLCanvasElement>('chart'), summaries, opened?.frames ?? 0, frame);
  if (!opened) return;
  const { name, format, frames, width, height, dtype, notes } = opened;
  byId('name').textContent = [
    name,
    format,
    `${frames} × ${height} × ${width} ${dtype}`,
    ...(viewer.stackName ? [viewer.stackName] : []),
  ].join(' · ');
  byId('name').title = notes.join('\n');
  document.title = `${name} · ${viewer.stackName ?? `frame ${frame}`}`;
  writeUnlessEdited('frame', String(frame));
  byId('last').textContent = `/ ${frames - 1}`;
  writeUnlessEdited('low', String(Number(pane.picture.limits[0].toPrecision(4))));
  writeUnlessEdited('high', String(Number(pane.picture.limits[1].toPrecision(4))));
  byId('lock').ariaPressed = String(viewer.locked);
  byId<HTMLSelectElement>('scale').value = pane.picture.scale;
  byId<HTMLSelectElement>('colours').value = viewer.colours;
  byId<HTMLSelectElement>('only').value = viewer.filter;
  for (const box of boxes) box.checked = viewer.show.has(box.name);
  for (const slider of sliders) {
    const value = parameters[slider.name as keyof FinderParameters];
    // A threshold beyond the slider's range extends the range.
    if (value > Number(slider.max)) slider.max = String(2 * value);
    slider.value = String(value);
    slider.disabled = !opened.panels;
    (slider.previousElementSibling as HTMLOutputElement).value = String(value);
  }
  byId<HTMLOutputElement>('peak-count').value = peaks ? `${peaks.count} · ${peaks.ms.toFixed(1)} ms` : '';
  writeCrystals(byId('crystals'), crystals, peaks?.count ?? 0);
  byId<HTMLButtonElement>('run').disabled = running || !opened.panels;
  byId('stop').hidden = !running;
  for (const id of ['save-stream', 'save-csv'])
    byId<HTMLButtonElement>(id).disabled = running || !summaries.some(Boolean);
  byId('rates').textContent = ratesOf(summaries, frames, viewer.dropped);
  list.show(summaries, frame);
  const count = peaks ? `, ${peaks.count} peaks` : '';
  const found = crystals.length > 0 ? `, ${crystals.length} crystal${crystals.length === 1 ? '' : 's'}` : '';
  pane.overlay.ariaLabel = `${viewer.stackName ?? `frame ${frame}`}${count}${found}`;
}

function writeUnlessEdited(id: string, text: string): void {
  if (document.activeElement !== byId(id)) field(id).value = text;
}

/** A colour of the style sheet, `rgb(…)`, as numbers. */
function rgbOf(text: string): Colour {
  const [red = 240, green = 240, blue = 240] = text.match(/[\d.]+/g)?.map(Number) ?? [];
  return [red / 255, green / 255, blue / 255];
}

// The address follows the view as soon as the first frame is displayed.
let addressTimer: ReturnType<typeof setTimeout> | undefined;
function writeAddressLater(): void {
  if (!viewer.opened || asked) return;
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
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
      },
      location.hash,
    );
    if (fragment !== location.hash) history.replaceState(null, '', fragment);
  }, 200);
}

/** Applies the view requested by the address. */
async function applyAddress(): Promise<void> {
  const state = asked;
  asked = undefined;
  if (!state) return;
  const { frame, at, scale, colours, limits, overlays, finder, only } = state;
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

async function bring(files: readonly InputFile[]): Promise<void> {
  if (files.length === 0) return;
  await viewer.open(files);
  if (viewer.opened) await applyAddress();
}

function bindFiles(): void {
  const input = field('files');
  input.addEventListener('change', () => {
    void bring([...(input.files ?? [])].map((file) => ({ name: file.name, blob: file })));
    // Allows the same file to be chosen again.
    input.value = '';
  });
  button('choose', () => input.click());
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('over');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('over');
    if (!event.dataTransfer) return;
    try {
      void bring(droppedFiles(event.dataTransfer));
    } catch (error) {
      say((error as Error).message, true);
    }
  });
}

function say(text: string, wrong: boolean): void {
  const line = byId('message');
  line.textContent = text;
  line.classList.toggle('wrong', wrong);
}

function bindContrast(): void {
  for (const name of scales) byId('scale').append(element('option', name));
  for (const name of colourMapNames) {
    const option = element('option', name.replace('-', ' '));
    option.value = name;
    byId('colours').append(option);
  }
  byId<HTMLSelectElement>('scale').addEventListener('change', ({ target }) =>
    viewer.scale((target as HTMLSelectElement).value as ScaleName),
  );
  byId<HTMLSelectElement>('colours').addEventListener('change', ({ target }) =>
    viewer.colour((target as HTMLSelectElement).value as ColourMapName),
  );
  button('auto', () => viewer.auto());
  button('lock', () => viewer.lock(!viewer.locked));
  const fields = ['low', 'high'] as const;
  for (const [i, id] of fields.entries())
    field(id).addEventListener('change', () => {
      const value = Number(field(id).value);
      const [low, high] = pane.picture.limits;
      if (Number.isFinite(value)) viewer.setLimits(i === 0 ? [value, high] : [low, value]);
    });
  const histogram = byId<HTMLCanvasElement>('histogram');
  const drag = ({ clientX }: PointerEvent): void => {
    const { left, width } = histogram.getBoundingClientRect();
    const share = (clientX - left) / width;
    const value = viewer.histogram.valueAt(share);
    const [low, high] = pane.picture.limits;
    const distances = [low, high].map((limit) => Math.abs(viewer.histogram.shareOf(limit) - share)) as [number, number];
    viewer.setLimits(distances[0] < distances[1] ? [value, high] : [low, value]);
  };
  histogram.addEventListener('pointerdown', (event) => {
    histogram.setPointerCapture(event.pointerId);
    drag(event);
  });
  histogram.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) drag(event);
  });
}

function bindFrames(): void {
  button('previous', () => viewer.step(-1));
  button('next', () => viewer.step(1));
  button('play', () => play());
  field('frame').addEventListener('change', () => {
    const frame = Number(field('frame').value);
    if (Number.isInteger(frame)) void viewer.go(frame);
  });
  byId<HTMLSelectElement>('only').addEventListener('change', ({ target }) => {
    viewer.filter = (target as HTMLSelectElement).value as Filter;
    redraw();
  });
  list.onChoose = (frame) => void viewer.go(frame);
  const chart = byId<HTMLCanvasElement>('chart');
  chart.addEventListener('click', ({ offsetX }) => {
    const frame = viewer.opened && frameAt(chart, offsetX, viewer.opened.frames);
    if (frame !== undefined) void viewer.go(frame);
  });
}

let playing = false;
/** Steps through the frames, a few per second, until the button is pressed again or the last frame is reached. */
async function play(): Promise<void> {
  playing = !playing;
  byId('play').ariaPressed = String(playing);
  while (playing && viewer.opened) {
    const before = viewer.frame;
    await viewer.step(1);
    if (viewer.frame === before) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  playing = false;
  byId('play').ariaPressed = 'false';
}

function bindSearch(): void {
  for (const slider of sliders)
    slider.addEventListener('input', () => void viewer.setParameters({ [slider.name]: Number(slider.value) }));
  button('tune', () => viewer.tune());
  button('index', () => viewer.index());
  button('run', () => viewer.run());
  button('stop', () => viewer.stop());
  button('stack', () =>
    viewer.stack(Number(field('stack-count').value), byId<HTMLSelectElement>('stack-kind').value as StackKind),
  );
  for (const box of boxes) box.addEventListener('change', () => viewer.toggle(box.name, box.checked));
  const stem = (): string => (viewer.opened?.name ?? 'frames').replace(/\.[^.]+$/, '');
  button('save-csv', () => save(`${stem()}.csv`, new Blob([csvOf(viewer.summaries)], { type: 'text/csv' })));
  button('save-stream', async () => save(`${stem()}.stream`, await engine.call('stream')));
  button('png', async () => save(`${stem()}-${viewer.frame}.png`, await pane.image()));
  button('link', copyLink);
  button('help', () => byId<HTMLDialogElement>('keys').showModal());
}

async function copyLink(): Promise<void> {
  try {
    await navigator.clipboard.writeText(location.href);
    say('The address of this view is copied.', false);
  } catch {
    say(`This browser does not let a page copy; the address is ${location.href}`, false);
  }
}

const cycle = <T extends string>(names: readonly T[], name: T): T =>
  names[(names.indexOf(name) + 1) % names.length] as T;
const toggleFilter = (filter: Filter): void => {
  viewer.filter = viewer.filter === filter ? 'all' : filter;
  redraw();
};

/** Keys that move the virtual detector, or the cross on the scan while the scan has the focus. */
const scanMoves = (
  [
    ['w', 'ArrowUp', 0, -1],
    ['a', 'ArrowLeft', -1, 0],
    ['s', 'ArrowDown', 0, 1],
    ['d', 'ArrowRight', 1, 0],
  ] as const
).flatMap(([letter, arrow, dx, dy]) => [
  {
    keys: [letter],
    about: 'in a scan: move the virtual detector; with Shift by ten',
    when: () => scanning,
    act: (far: boolean): void => {
      void scan.move(far ? 10 * dx : dx, far ? 10 * dy : dy);
    },
  },
  {
    keys: [arrow],
    about: 'on the focused scan: move the cross; with Shift by ten',
    when: () => scanning && document.activeElement === scan.pane.overlay,
    act: (far: boolean): void => {
      void scan.step(far ? 10 * dx : dx, far ? 10 * dy : dy);
    },
  },
]);

bindKeys([
  ...scanMoves,
  { keys: ['ArrowLeft'], about: 'previous frame; with Shift ten back', act: (far) => void viewer.step(far ? -10 : -1) },
  { keys: ['ArrowRight'], about: 'next frame; with Shift ten on', act: (far) => void viewer.step(far ? 10 : 1) },
  { keys: ['Home'], about: 'first frame', act: () => void viewer.go(0) },
  { keys: ['End'], about: 'last frame', act: () => void viewer.go(Number.MAX_SAFE_INTEGER) },
  { keys: [' '], about: 'play', act: () => void play() },
  { keys: ['h'], about: 'hits only', act: () => toggleFilter('hits') },
  { keys: ['u'], about: 'unindexed hits only', act: () => toggleFilter('unindexed') },
  { keys: ['+', '='], about: 'zoom in', act: () => pane.zoom(1.25) },
  { keys: ['-'], about: 'zoom out', act: () => pane.zoom(0.8) },
  { keys: ['0'], about: 'show the whole detector; a double click does it, too', act: () => pane.fit() },
  { keys: ['1'], about: 'one pixel of the detector on one of the screen', act: () => pane.oneToOne() },
  { keys: ['a'], about: 'automatic contrast', act: () => viewer.auto() },
  { keys: ['k'], about: 'lock the contrast', act: () => viewer.lock(!viewer.locked) },
  { keys: ['l'], about: 'next scale', act: () => viewer.scale(cycle(scales, pane.picture.scale)) },
  { keys: ['c'], about: 'next colours', act: () => viewer.colour(cycle(colourMapNames, viewer.colours)) },
  { keys: ['p'], about: 'peaks', act: () => viewer.toggle('peaks') },
  { keys: ['i'], about: 'predicted reflections', act: () => viewer.toggle('reflections') },
  { keys: ['r'], about: 'resolution rings', act: () => viewer.toggle('rings') },
  { keys: ['m'], about: 'mask', act: () => viewer.toggle('mask') },
  { keys: ['n'], about: 'panels and their names', act: () => viewer.toggle('panels') },
  { keys: ['v'], about: 'values of pixels, when they are large enough', act: () => viewer.toggle('values') },
  {
    keys: ['x'],
    about: 'index this frame; with Shift search all frames',
    act: (far) => void (far ? viewer.run() : viewer.index()),
  },
  { keys: ['s'], about: 'save the picture as PNG', act: () => byId('png').click() },
  { keys: ['y'], about: 'copy the address of this view', act: () => void copyLink() },
  { keys: ['?'], about: 'this list', act: () => byId<HTMLDialogElement>('keys').showModal() },
]);

// The line below the picture follows the pointer: only the latest position matters.
const reading = new Latest<[Point | undefined]>(
  async (place) => {
    byId('reading').textContent = (place && (await viewer.read(place))) ?? '';
  },
  () => undefined,
);
pane.onPoint = (place) => void reading.ask(place);
pane.onChange = redrawPictures;
viewer.onChange = redraw;
viewer.onMessage = say;
addEventListener('resize', redraw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
bindFiles();
bindContrast();
bindFrames();
bindSearch();
bindScan();
redraw();

/** Opens the files that `ewald view` serves to this page. */
async function openServed(): Promise<void> {
  const answer = await fetch('session.json');
  if (!answer.ok)
    throw new Error(`The server of this page answered ${answer.status} where the list of files was expected.`);
  const { files } = (await answer.json()) as {
    readonly files: readonly { readonly name: string; readonly path: string }[];
  };
  await bring(files.map(({ name, path }) => ({ name, address: new URL(path, location.href).href })));
}
if (new URLSearchParams(location.search).has('served'))
  openServed().catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true));

/** Accessible to tests and in the browser's console. */
Object.assign(globalThis, { viewer, scan });
