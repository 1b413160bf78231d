/** The controls of a scan: the shape of its virtual detector, and the pictures in both panes. */
import { byId } from '../by-id.js';
import { imagePane, pane, redraw, say, scan, viewer } from './app.js';
import { barWidth, drawColourBar, drawScaleBar } from './bars.js';
import { colourMaps } from './colour-maps.js';
import { kindOf } from './contrast.js';
import {
  bindSelect,
  computedColor,
  createElement,
  inputById,
  onClick,
  positiveNumberProblem,
  readNumber,
  selectById,
  setTextUnlessFocused,
  slidersIn,
  validateField,
  writeSlider,
} from './elements.js';
import { drawDetector } from './overlay.js';
import type { LoadedScan, Opened, VirtualShape } from './protocol.js';
import { save } from './save.js';
import { isLive, quantities, quantityNames, type ScanQuantity } from './scan-quantities.js';
import { isScanOf } from './viewer.js';

const radii = slidersIn('virtual');
let scanning = false;
/** Whether the open file is displayed as a scan. */
export const isScan = (): boolean => scanning;

/** Browsers keep sixteen contexts of WebGL at most. */
const maxPanes = 12;

export function bindScan(): void {
  viewer.onOpened = openScan;
  scan.onChange = redraw;
  scan.onPattern = (data, name, size) => viewer.showPattern(data, name, size);
  scan.onWork = (text) => say(text, false);
  scan.onLoading = (share, every = 1) =>
    say(
      every > 1
        ? `Every ${every}th position, while the scan is read…`
        : `Reading the scan into memory… ${Math.round(100 * share)} %`,
      false,
    );
  const results = ['', ...quantityNames] as const;
  bindSelect(selectById('add-pane'), addPane, results, (name) => (name ? quantities[name].title : 'Add a pane…'));
  bindOptics();
  inputById('fourier').addEventListener('change', () => void scan.compute({ fourier: inputById('fourier').checked }));
  onClick('larger', () => scan.grow(1));
  onClick('smaller', () => scan.grow(-1));
  inputById('shape').addEventListener('change', changeShape);
  bindSelect(selectById('virtual-kind'), (kind: VirtualShape['kind']) => scan.change({ kind }));
  for (const slider of radii)
    slider.addEventListener('input', () => void scan.change({ [slider.name]: Number(slider.value) }));
  onClick('mean', () => scan.moveTo(undefined));
  onClick('bright-field', () => scan.fieldOf('bright'));
  onClick('dark-field', () => scan.fieldOf('dark'));
  onClick('pattern-npy', () => void savePattern().catch(viewer.fail));
  onClick('save-page', () => void savePage().catch(viewer.fail));
}

/** Shows another result in a separate pane. */
export function addPane(quantity: ScanQuantity | ''): void {
  selectById('add-pane').value = '';
  if (quantity === '') return;
  if (scan.images.length + 1 >= maxPanes) {
    say(`There are ${maxPanes} panes; close one of them to see another result.`, true);
    return;
  }
  const figure = byId('scan-pane').cloneNode(true) as HTMLElement;
  figure.removeAttribute('id');
  for (const part of figure.querySelectorAll('[id]')) part.removeAttribute('id');
  (figure.querySelector('[name="close"]') as HTMLElement).hidden = false;
  document.querySelector('aside')?.before(figure);
  const made = imagePane(figure);
  figure.addEventListener('close', () => {
    figure.remove();
    scan.remove(made);
    arrange();
  });
  void scan.add(made, quantity);
  arrange();
}

/** Distributes the panes over rows and columns. */
function arrange(): void {
  const panes = scan.images.length + 1;
  const columns = panes <= 4 ? 2 : 3;
  const { style } = document.querySelector('main') as HTMLElement;
  style.setProperty('--columns', String(columns));
  style.setProperty('--rows', String(Math.ceil(panes / columns)));
}

const opticsNames = ['voltage', 'semiconv', 'dpix'] as const;
const opticsField = (name: string): HTMLInputElement =>
  document.querySelector(`.optics [name="${name}"]`) as HTMLInputElement;

function bindOptics(): void {
  for (const name of opticsNames)
    opticsField(name).addEventListener('change', ({ target }) => {
      const input = target as HTMLInputElement;
      const isEmpty = input.value.trim() === '' && validateField(input);
      const number = isEmpty ? undefined : readNumber(input, positiveNumberProblem);
      if (isEmpty || number !== undefined) void scan.state({ [name]: number });
    });
  onClick('calibrate', () => scan.calibrate());
  onClick('save-calibration', () => {
    const { calibration } = scan;
    if (calibration) save(scan.calibrationFile, new Blob([calibration.json], { type: 'application/json' }));
  });
}

/** Writes what is known of the optics. */
function writeOptics(): void {
  for (const name of opticsNames) {
    const input = opticsField(name);
    const value = scan.optics[name];
    setTextUnlessFocused(input, value === undefined ? '' : String(Number(value.toPrecision(6))));
  }
  byId<HTMLButtonElement>('save-calibration').disabled = !scan.calibration;
  const { texts = [], notes = [] } = scan.calibration ?? {};
  const lines = [...texts, ...notes.map((note) => ['note', note] as const)];
  byId('calibration').replaceChildren(
    ...lines.map(([name, text]) => createElement('div', createElement('dt', name), createElement('dd', text))),
  );
}

/** Saves the numbers of the pattern that is shown. */
async function savePattern(): Promise<void> {
  const { frame } = pane.picture;
  if (!frame) return;
  const { data, height, width } = frame;
  const dtype = `${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${kindOf(data)}${data.BYTES_PER_ELEMENT}`;
  (await import('./npy-file.js')).saveNpy('pattern.npy', dtype, [height, width], data);
}

/** Saves all pictures with their numbers as one page. */
async function savePage(): Promise<void> {
  const { saveScanPage } = await import('./scan-page.js');
  await scan.settle();
  const { lacks } = await saveScanPage(scan, pane.picture.frame);
  if (lacks.length > 0) say(lacks.join('; '), false);
}

/** A few shapes of a scan of some frames, the squarest first. */
export function shapesOf(frames: number): string[] {
  const found: string[] = [];
  for (let rows = Math.floor(Math.sqrt(frames)); rows > 1 && found.length < 6; rows--)
    if (frames % rows === 0) found.push(`${rows}, ${frames / rows}`, `${frames / rows}, ${rows}`);
  return [...new Set(found)];
}

/** Shows the shape of the scan, which the user may change, and other shapes that fit. */
function showShape({ frames, navigation, listed }: Opened): void {
  byId('shape-of-scan').hidden = frames < 4 || listed !== undefined || viewer.isLive;
  inputById('shape').value = navigation.length === 2 ? navigation.join(', ') : '';
  byId('shapes').replaceChildren(...shapesOf(frames).map((value) => createElement('option', { value })));
}

/** Opens the files with the shape that the user has typed; without any, with the one that they state. */
function changeShape(): void {
  const { opened } = viewer;
  if (!opened) return;
  const { value } = inputById('shape');
  const isShape = /^\s*([1-9]\d*(\s*[,x×\s]\s*[1-9]\d*)*)?\s*$/.test(value);
  if (!validateField(inputById('shape'), isShape ? undefined : 'Enter rows and columns, such as 64, 64.')) return;
  const lengths = [...value.matchAll(/\d+/g)].map(Number);
  const count = lengths.reduce((product, n) => product * n, 1);
  if (lengths.length === 0 || count === opened.frames) {
    void viewer.reshape(lengths.length > 0 ? lengths : undefined);
    return;
  }
  const fitting = shapesOf(opened.frames).slice(0, 3).join(' or ');
  say(`${lengths.join(' × ')} positions are ${count}, but there are ${opened.frames} frames: try ${fitting}.`, true);
  showShape(opened);
}

/** Shows a file with a two-dimensional scan as a scan: its virtual image next to its patterns. */
async function openScan(opened: Opened, isAgain = false): Promise<void> {
  showShape(opened);
  const isOffered = viewer.request?.compute?.kind === 'scan';
  selectById('compute').hidden = !isOffered;
  if (isOffered) {
    const { offerPlaces } = await import('./compute-place.js');
    if (viewer.opened !== opened) return;
    offerPlaces(isAgain, () => viewer.opened && void openScan(viewer.opened, true));
  }
  scanning = isScanOf(opened);
  showMode();
  if (!scanning) {
    scan.close();
    return;
  }
  for (const slider of radii) slider.max = String(Math.max(opened.width, opened.height) / 2);
  say('Reading the scan into memory…', false);
  try {
    await scan.open(opened, viewer.request);
    const { doubts = [] } = opened;
    say([...doubts, scan.loaded ? memoryWords(scan.loaded) : ''].filter(Boolean).join('. '), doubts.length > 0);
  } catch (error) {
    // Another file has been opened in the meantime.
    if (viewer.opened !== opened) return;
    scanning = false;
    showMode();
    await viewer.showFrames();
    viewer.fail(error);
  }
}

/** States how a scan that does not fit into memory was reduced. */
function memoryWords({ bin, bytes, fileBytes, isResident }: LoadedScan): string {
  if (isResident === false) return 'The scan does not fit into memory there: each image is a pass over its file.';
  if (bin === 1) return '';
  const size = (count: number): string => `${(count / 2 ** 30).toFixed(1)} GiB`;
  return (
    `The scan takes ${size(fileBytes)}, more than this page keeps in memory: ` +
    `${bin} × ${bin} pixels of the detector are summed into one, which takes ${size(bytes)}.`
  );
}

/** Shows the controls of a scan, or those of frames. */
function showMode(): void {
  for (const id of ['scan-pane', 'virtual']) byId(id).hidden = !scanning;
  for (const { figure } of scan.images) figure.hidden = !scanning;
  pane.inset = scanning ? barWidth : 0;
  for (const id of [
    'finder',
    'crystals-of-frame',
    'stacks',
    'frames',
    'list-of-frames',
    'overlays-of-frame',
    'tools',
    'regions',
  ])
    byId(id).hidden = scanning;
}

/** Draws the results of the scan, and the virtual detector on the pattern. */
export function drawScan(): void {
  if (!scanning) return;
  for (const image of scan.images) image.draw(scan.region, pane.picture.background);
  drawDetector(pane, scan.shape, viewer.light);
  const pen = pane.overlay.getContext('2d') as CanvasRenderingContext2D;
  const { limits, scale, frame } = pane.picture;
  if (frame) {
    const { milliradians } = scan.units;
    drawScaleBar(pen, (milliradians ?? 1) / pane.viewport.zoom, milliradians ? 'mrad' : 'px', devicePixelRatio);
    const ink = computedColor(document.body);
    const bar = { colours: colourMaps[viewer.colours], limits, scale, title: 'counts', ink };
    drawColourBar(pen, pane.overlay, bar, devicePixelRatio);
  }
  for (const slider of radii) {
    const value = scan.shape[slider.name as 'outer' | 'inner'];
    const { milliradians } = scan.units;
    const angle = milliradians === undefined ? '' : `, ${(value * milliradians).toPrecision(3)} mrad`;
    writeSlider(slider, value, `${value.toFixed(1)} px${angle}`);
  }
  // Only a ring has an inner radius, and a point has no radius at all.
  const { kind } = scan.shape;
  selectById('virtual-kind').value = kind;
  for (const slider of radii)
    (slider.closest('label') as HTMLElement).hidden = kind === 'point' || (slider.name === 'inner' && kind !== 'ring');
  inputById('fourier').checked = scan.fourier;
  inputById('fourier').disabled = !isLive(scan.quantity);
  byId('scan-title').textContent = scan.images[0]?.title ?? '';
  byId<HTMLOutputElement>('virtual-ms').value = [`${scan.ms.toFixed(1)} ms`, scan.progress].filter(Boolean).join(', ');
  byId('of-calibration').hidden = !scan.isOfCalibration;
  byId('of-calibration').textContent = originWords();
}

/** What the detector has of the calibration. */
function originWords(): string {
  const { centre, fields } = scan.calibration ?? {};
  if (!centre) return 'The calibration has no centre: the middle of the frame is used.';
  const name = scan.request?.calibration?.name;
  const from = `from the calibration${name === undefined ? '' : ` ${name}`}`;
  return fields === undefined ? `Centre ${from}, which has no radius.` : `Centre and radius ${from}.`;
}

/** Writes the values of the controls of a scan, which do not change while a picture is moved. */
export function writeScan(): void {
  if (!scanning) return;
  for (const image of scan.images) image.write();
  writeOptics();
}
