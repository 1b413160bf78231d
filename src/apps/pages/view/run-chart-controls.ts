/** Tabs about all frames: histograms of the cells, a virtual powder pattern, and intensity against resolution. */
import { counted, median, peakogramBins, peakogramDecades, peakogramMost } from '../../../entries/pages.js';
import { byId } from '../by-id.js';
import { engine, pane, viewer } from './app.js';
import { colourMaps } from './colour-maps.js';
import { element, fitCanvas, inkOf } from './elements.js';
import type { ShownPeakMaps } from './protocol.js';

type Tab = 'frame' | 'cells' | 'powder' | 'peakogram';
let shown: Tab = 'frame';

/** Maximum number of cells kept for the histograms; if there are more, the latest are kept. */
const mostCells = 20_000;
const bins = 40;
const names = ['a / Å', 'b / Å', 'c / Å', 'α / °', 'β / °', 'γ / °'];
/** Whether the counts of peaks come from the server of a run. */
const live = (): boolean => document.body.dataset.live === 'true';
const isOver = (): boolean => document.body.dataset.over === 'true';
let maps: ShownPeakMaps | undefined;
/** The object to which the counts of peaks belong. */
let mapsOf: unknown;
let loading = false;
/** Whether the counts have been requested after the end of the run. */
let isFinal = false;
let loadedAt = Number.NEGATIVE_INFINITY;
/** Interval at which the server is asked for the counts of a run, ms. */
const everyMs = 2000;

export function bindRunCharts(): void {
  const tabs = [...byId('tabs').querySelectorAll<HTMLButtonElement>('[role="tab"]')];
  const choose = (tab: HTMLButtonElement): void => {
    shown = tab.dataset.tab as Tab;
    (byId('tabs').parentElement as HTMLElement).dataset.tab = shown;
    for (const one of tabs) {
      one.ariaSelected = String(one === tab);
      one.tabIndex = one === tab ? 0 : -1;
    }
    loadedAt = Number.NEGATIVE_INFINITY;
    void writeRunCharts();
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const next = by === undefined ? undefined : tabs[(i + by + tabs.length) % tabs.length];
      if (!next) return;
      // Outside the tabs, the arrow keys step through frames.
      event.stopPropagation();
      next.focus();
      choose(next);
    });
  }
  byId('cells').replaceChildren(
    ...names.map((name) => {
      const canvas = element('canvas');
      canvas.setAttribute('role', 'img');
      const title = element('h3', '', [element('span', name), element('output')]);
      return element('div', '', [title, canvas]);
    }),
  );
}

/** Draws the tab that is shown. */
export async function writeRunCharts(): Promise<void> {
  const any = live() || viewer.summaries.some(Boolean);
  byId('tabs').hidden = !any;
  if (shown === 'cells') writeCells();
  if (shown !== 'powder' && shown !== 'peakogram') return;
  await load();
  if (shown === 'powder') writePowder();
  else writePeakogram();
}

async function load(): Promise<void> {
  // When the run has ended, its server will end soon, so the counts are requested once more.
  const isStale = live()
    ? !isFinal && performance.now() - loadedAt > everyMs
    : mapsOf !== viewer.opened || viewer.running;
  if (loading || !isStale) return;
  loading = true;
  isFinal = live() && isOver();
  const { opened } = viewer;
  try {
    maps = live() ? await served() : await engine.call('peakMaps');
    mapsOf = opened;
  } catch (error) {
    if (!live()) viewer.fail(error);
  } finally {
    loadedAt = performance.now();
    loading = false;
  }
}

/** Requests the counts of a run from its server. */
async function served(): Promise<ShownPeakMaps | undefined> {
  const [powder, peakogram] = await Promise.all([fetch('live/powder'), fetch('live/peakogram')]);
  if (!powder.ok || !peakogram.ok) return undefined;
  const [height = 1, width = 1] = (powder.headers.get('X-Shape') ?? '').split(',').map(Number);
  return {
    width,
    height,
    step: Number(powder.headers.get('X-Step')),
    frames: Number(powder.headers.get('X-Frames')),
    powder: new Uint32Array(await powder.arrayBuffer()),
    peakogram: new Uint32Array(await peakogram.arrayBuffer()),
  };
}

function writeCells(): void {
  const all = viewer.summaries.flatMap((one) => (one?.cell ? [one.cell] : [])).slice(-mostCells);
  const target = viewer.opened?.cell;
  byId('cells-of').textContent =
    all.length === 0
      ? 'No frame is indexed yet.'
      : `${counted(all.length, 'indexed frame')}${target ? '; line: known cell' : ''}`;
  for (const [i, box] of [...byId('cells').children].entries()) {
    const sorted = Float64Array.from(all, (cell) => cell[i] as number).sort();
    const middle = median(sorted);
    const spread = 1.4826 * median(sorted.map((x) => Math.abs(x - middle)));
    const words = sorted.length === 0 ? '' : `${middle.toFixed(2)} ± ${spread.toFixed(2)}`;
    (box.querySelector('output') as HTMLOutputElement).value = words;
    const canvas = box.querySelector('canvas') as HTMLCanvasElement;
    canvas.ariaLabel = `${names[i]}: ${words || 'none'}`;
    drawHistogramOf(canvas, sorted, target?.[i]);
  }
}

/** Draws a histogram of sorted numbers, wide enough for all but a few of them and for the target. */
function drawHistogramOf(canvas: HTMLCanvasElement, sorted: Float64Array, target: number | undefined): void {
  fitCanvas(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? target ?? 0;
  const [low, high] = [Math.min(at(0.02), target ?? at(0.02)), Math.max(at(0.98), target ?? at(0.98))];
  const margin = Math.max(0.25 * (high - low), 0.002 * Math.abs(high), 1e-6);
  const [from, to] = [low - margin, high + margin];
  const counts = new Uint32Array(bins);
  for (const x of sorted) {
    const bin = Math.floor(((x - from) / (to - from)) * bins);
    if (bin >= 0 && bin < bins) counts[bin] = (counts[bin] as number) + 1;
  }
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  pen.fillStyle = inkOf(canvas);
  for (const [i, count] of counts.entries()) {
    const bar = (count / most) * (height - 2);
    pen.fillRect((i * width) / bins, height - bar, width / bins - 1, bar);
  }
  if (target === undefined) return;
  pen.fillStyle = inkOf(canvas, 'accentColor');
  pen.fillRect(((target - from) / (to - from)) * width - devicePixelRatio, 0, 2 * devicePixelRatio, height);
}

/** Returns a function that maps counts to colours on a logarithmic scale. */
function inkFor(most: number): (count: number) => readonly [number, number, number] {
  const map = colourMaps[viewer.colours];
  const whole = Math.log1p(most);
  return (count) => {
    const level = Math.min(255, Math.round((255 * Math.log1p(count)) / whole));
    return [map[3 * level] as number, map[3 * level + 1] as number, map[3 * level + 2] as number];
  };
}

const noMaps = 'Peaks are counted in streams, and in runs that the page follows.';

/** Draws the positions of the peaks on the assembled detector, as the picture shows it. */
function writePowder(): void {
  const canvas = byId<HTMLCanvasElement>('powder');
  byId('powder-of').textContent = maps ? `peaks of ${counted(maps.frames, 'frame')}, logarithmic` : noMaps;
  canvas.ariaLabel = byId('powder-of').textContent ?? '';
  if (!maps) return;
  const { width, step, powder } = maps;
  const { minX, maxX, minY, maxY } = pane.layout.box;
  const [across, up] = [maxX - minX, maxY - minY];
  canvas.style.aspectRatio = `${across} / ${up}`;
  fitCanvas(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const ink = inkFor(powder.reduce((a, b) => Math.max(a, b), 1));
  const [red, green, blue] = ink(0);
  pen.fillStyle = `rgb(${red} ${green} ${blue})`;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.width / across;
  // Cells of the powder are squares of the frame.
  const side = Math.max(devicePixelRatio, step * scale);
  for (let i = 0; i < powder.length; i++) {
    const count = powder[i] as number;
    const place = count > 0 ? pane.layout.placeOf(((i % width) + 0.5) * step, (Math.floor(i / width) + 0.5) * step) : 0;
    if (!place) continue;
    const y = pane.viewport.up === 1 ? maxY - place[1] : place[1] - minY;
    const [r, g, b] = ink(count);
    pen.fillStyle = `rgb(${r} ${g} ${b})`;
    pen.fillRect((place[0] - minX) * scale - side / 2, y * scale - side / 2, side, side);
  }
}

/** Draws intensity against resolution: saturation, the edge of the detector and ice appear as lines. */
function writePeakogram(): void {
  const canvas = byId<HTMLCanvasElement>('peakogram');
  byId('peakogram-of').textContent = maps ? `peaks of ${counted(maps.frames, 'frame')}, logarithmic` : noMaps;
  canvas.ariaLabel = byId('peakogram-of').textContent ?? '';
  if (!maps) return;
  const { width, height } = peakogramBins;
  const { peakogram } = maps;
  // Only the part that contains peaks is shown.
  const used = Array.from({ length: width }, (_, x) => x).filter((x) => column(peakogram, x) > 0);
  const columns = Math.max(10, (used.at(-1) ?? 0) + 2);
  canvas.width = columns;
  canvas.height = height;
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const image = pen.createImageData(columns, height);
  const ink = inkFor(peakogram.reduce((a, b) => Math.max(a, b), 1));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < columns; x++)
      // Intense peaks are at the top.
      image.data.set([...ink(peakogram[(height - 1 - y) * width + x] ?? 0), 255], 4 * (y * columns + x));
  pen.putImageData(image, 0, 0);
  const greatest = (peakogramMost * Math.min(columns, width)) / width;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => (share === 0 ? '∞' : (1 / (share * greatest)).toFixed(1)));
  byId('peakogram-x').replaceChildren(...ticks.map((tick, i) => element('span', i === 4 ? `${tick} Å` : tick)));
  byId('peakogram-y').textContent =
    `Intensity 1 … 10${'⁰¹²³⁴⁵⁶⁷⁸⁹'[peakogramDecades]}, upwards; resolution, to the right`;
}

const column = (counts: Uint32Array, x: number): number => {
  let sum = 0;
  for (let y = 0; y < peakogramBins.height; y++) sum += counts[y * peakogramBins.width + x] as number;
  return sum;
};
