/** Tabs about all frames: histograms of the cells, a virtual powder pattern, and intensity against resolution. */
import { counted, median, peakogramBins, peakogramDecades, peakogramMost, ticks } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { engine, pane, redrawControls, viewer } from './app.js';
import { colourMaps } from './colour-maps.js';
import { clearedPen, computedColor, createButton, createElement } from './elements.js';
import type { ShownPeakMaps } from './protocol.js';

type Tab = 'frame' | 'cells' | 'powder' | 'peakogram' | 'radial';
let shown: Tab = 'frame';

/** Maximum number of cells kept for the histograms; if there are more, the latest are kept. */
const maxCells = 20_000;
const bins = 40;
/** Height of the numbers below a histogram, in CSS pixels. */
const axisHeight = 15;
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
    const column = byId('tabs').parentElement as HTMLElement;
    column.dataset.tab = shown;
    column.scrollTop = 0;
    for (const one of tabs) {
      one.ariaSelected = String(one === tab);
      one.tabIndex = one === tab ? 0 : -1;
    }
    loadedAt = Number.NEGATIVE_INFINITY;
    void writeRunCharts();
    // Charts that were drawn while their tab was hidden have no size.
    redrawControls();
  };
  for (const tab of tabs) {
    tab.addEventListener('click', () => choose(tab));
    tab.addEventListener('keydown', (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const offered = tabs.filter((tab) => !tab.hidden);
      const at = offered.indexOf(tab) + offered.length;
      const next = by === undefined ? undefined : offered[(at + by) % offered.length];
      if (!next) return;
      // Outside the tabs, the arrow keys step through frames.
      event.stopPropagation();
      next.focus();
      choose(next);
    });
  }
  byId('cells').replaceChildren(
    ...names.map((name, i) => {
      const canvas = createElement('canvas', { role: 'slider', tabIndex: 0 });
      bindGaussian(canvas, i);
      return createElement('div', createElement('h3', createElement('span', name), createElement('output')), canvas);
    }),
  );
  const use = createButton('Index with these', {
    id: 'use-gaussians',
    title: 'Takes the centres of the curves as the known cell',
    onclick: () => void useGaussians().catch(viewer.fail),
  });
  const hint = 'Drag a curve to a peak, or move it by the arrow keys: it fits itself to it.';
  byId('cells').after(use, createElement('p', hint, { className: 'hint' }));
}

/** A normal distribution. */
interface Gaussian {
  readonly mean: number;
  readonly sigma: number;
}

/** What the histogram of each number shows: its values in order, and the ends of its axis. */
const shownOf: { sorted: Float64Array; from: number; to: number }[] = [];
/** Where the user has put a curve; undefined: it is fitted to all values. */
const dragged: (Gaussian | undefined)[] = [];

/** The list of frames to which they belong. */
let draggedOf: unknown;

/** A curve of a histogram follows the pointer or the arrow keys, and is then fitted to the values around it. */
function bindGaussian(canvas: HTMLCanvasElement, i: number): void {
  const move = (mean: number): void => {
    const { sorted, from, to } = shownOf[i] ?? { sorted: new Float64Array(), from: 0, to: 0 };
    if (sorted.length === 0) return;
    dragged[i] = { mean, sigma: dragged[i]?.sigma ?? fitted(sorted).sigma ?? (to - from) / 12 };
    writeCells();
  };
  const drop = (): void => {
    const { sorted } = shownOf[i] ?? {};
    if (!sorted || !dragged[i]) return;
    dragged[i] = fitted(sorted, dragged[i]);
    writeCells();
  };
  const at = ({ clientX }: PointerEvent): number => {
    const { left, width } = canvas.getBoundingClientRect();
    const { from = 0, to = 0 } = shownOf[i] ?? {};
    return from + ((clientX - left) / width) * (to - from);
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    move(at(event));
  });
  canvas.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) move(at(event));
  });
  canvas.addEventListener('pointerup', drop);
  canvas.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const { sorted, from = 0, to = 0 } = shownOf[i] ?? {};
    if (by === undefined || !sorted) return;
    // Elsewhere the arrow keys step through frames.
    event.preventDefault();
    event.stopPropagation();
    move((dragged[i] ?? fitted(sorted)).mean + (by * (to - from)) / 100);
  });
  canvas.addEventListener('keyup', ({ key }) => {
    if (key.startsWith('Arrow')) drop();
  });
}

/** The normal distribution of the values around a first guess, by default around their median. */
export function fitted(sorted: Float64Array, guess?: Gaussian): Gaussian {
  const middle = median(sorted);
  const spread = (values: Float64Array): number => 1.4826 * median(values.map((x) => Math.abs(x - middle)));
  let { mean, sigma } = guess ?? { mean: middle, sigma: spread(sorted) };
  for (let round = 0; round < 20; round++) {
    const near = sorted.filter((x) => Math.abs(x - mean) <= 2.5 * sigma);
    if (near.length < 2) break;
    mean = near.reduce((sum, x) => sum + x, 0) / near.length;
    // The tails beyond 2.5 σ are missing from this sum: its root is 0.9548 of σ.
    sigma = Math.sqrt(near.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (near.length - 1)) / 0.9548;
  }
  return { mean, sigma };
}

/** Takes the centres of the curves as the known cell, in the centring of the known one. */
async function useGaussians(): Promise<void> {
  if (shownOf.some(({ sorted }) => sorted.length === 0)) return;
  const means = shownOf.map(({ sorted }, i) => (dragged[i] ?? fitted(sorted)).mean.toFixed(3));
  const { centring = 'P' } = viewer.opened ?? {};
  await viewer.setCell({ name: 'the curves', blob: new Blob([[...means, centring].join(' ')]) });
  await viewer.index();
}

/** Draws the tab that is shown. */
export async function writeRunCharts(): Promise<void> {
  offerTabs();
  if (shown === 'cells') writeCells();
  if (shown === 'radial') await (await import('./profile-tab.js')).writeProfileTab();
  if (shown !== 'powder' && shown !== 'peakogram') return;
  await load();
  if (shown === 'powder') writePowder();
  else writePeakogram();
}

/** Offers the tabs that have something to show. */
function offerTabs(): void {
  const hasPeaks = live() || ((viewer.opened?.listed ?? viewer.stream) !== undefined && !!viewer.opened?.panels);
  const offered: Readonly<Record<Tab, boolean>> = {
    frame: true,
    cells: viewer.summaries.some((summary) => summary?.cell),
    powder: hasPeaks,
    peakogram: hasPeaks,
    radial: document.body.dataset.profiles === 'true',
  };
  byId('tabs').hidden = !offered.cells && !hasPeaks;
  for (const tab of byId('tabs').querySelectorAll<HTMLButtonElement>('[role="tab"]'))
    tab.hidden = !offered[tab.dataset.tab as Tab];
  if (!offered[shown]) byId('tabs').querySelector<HTMLButtonElement>('[data-tab="frame"]')?.click();
}

async function load(): Promise<void> {
  // When the run has ended, its server will end soon, so the counts are requested once more.
  const isStale = live()
    ? !isFinal && performance.now() - loadedAt > everyMs
    : mapsOf !== (viewer.stream ?? viewer.opened);
  if (loading || !isStale) return;
  loading = true;
  isFinal = live() && isOver();
  const of = viewer.stream ?? viewer.opened;
  try {
    maps = live() ? await served() : await engine.call('peakMaps');
    mapsOf = of;
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
  const [, width = 1] = (powder.headers.get('X-Shape') ?? '').split(',').map(Number);
  return {
    width,
    step: Number(powder.headers.get('X-Step')),
    frames: Number(powder.headers.get('X-Frames')),
    powder: new Uint32Array(await powder.arrayBuffer()),
    peakogram: new Uint32Array(await peakogram.arrayBuffer()),
  };
}

function writeCells(): void {
  const all = viewer.summaries.flatMap((summary) => (summary?.cell ? [summary.cell] : [])).slice(-maxCells);
  const target = viewer.opened?.cell;
  // The curves of another file or search are no guess for these.
  if (draggedOf !== viewer.summaries) dragged.length = 0;
  draggedOf = viewer.summaries;
  byId('cells-of').textContent =
    all.length === 0
      ? 'No frame is indexed yet.'
      : `${counted(all.length, 'indexed frame')}${target ? '; line: known cell' : ''}`;
  for (const [i, box] of [...byId('cells').children].entries()) {
    const sorted = Float64Array.from(all, (cell) => cell[i] as number).sort();
    const curve = sorted.length === 0 ? undefined : (dragged[i] ?? fitted(sorted));
    const words = curve ? `${curve.mean.toFixed(2)} ± ${curve.sigma < 0.005 ? '< 0.01' : curve.sigma.toFixed(2)}` : '';
    (box.querySelector('output') as HTMLOutputElement).value = words;
    const canvas = box.querySelector('canvas') as HTMLCanvasElement;
    const [from, to] = drawHistogramOf(canvas, sorted, target?.[i], curve);
    shownOf[i] = { sorted, from, to };
    canvas.ariaLabel = names[i] as string;
    canvas.ariaValueText = words || 'none';
    for (const [name, value] of Object.entries({ min: from, max: to, now: curve?.mean ?? from }))
      canvas.setAttribute(`aria-value${name}`, value.toFixed(2));
  }
}

/**
 * Draws a histogram of sorted numbers with an axis, wide enough for all but a few of them and for the target, and a
 * curve over it; returns the ends of the axis.
 */
function drawHistogramOf(
  canvas: HTMLCanvasElement,
  sorted: Float64Array,
  target: number | undefined,
  curve: Gaussian | undefined,
): readonly [number, number] {
  const pen = clearedPen(canvas);
  const { width } = canvas;
  const height = canvas.height - axisHeight * devicePixelRatio;
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
  pen.fillStyle = computedColor(canvas);
  for (const [i, count] of counts.entries()) {
    const bar = (count / most) * (height - 2);
    pen.fillRect((i * width) / bins, height - bar, width / bins - 1, bar);
  }
  const x = (value: number): number => ((value - from) / (to - from)) * width;
  pen.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
  pen.textAlign = 'center';
  pen.textBaseline = 'bottom';
  for (const tick of ticks(from, to)) {
    pen.fillRect(x(tick), height, devicePixelRatio, 3 * devicePixelRatio);
    const text = String(Number(tick.toPrecision(5)));
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.max(half, Math.min(width - half, x(tick))), canvas.height);
  }
  pen.fillStyle = computedColor(canvas, 'accentColor');
  pen.strokeStyle = pen.fillStyle;
  if (target !== undefined) pen.fillRect(x(target) - devicePixelRatio, 0, 2 * devicePixelRatio, height);
  if (curve) {
    const { mean } = curve;
    // A narrower curve would not be seen.
    const sigma = Math.max(curve.sigma, (to - from) / bins / 2);
    const near = sorted.filter((value) => Math.abs(value - mean) <= 2.5 * sigma).length;
    const peak = ((near * (to - from)) / bins / (sigma * Math.sqrt(2 * Math.PI)) / most) * (height - 2);
    pen.lineWidth = 1.5 * devicePixelRatio;
    pen.beginPath();
    for (let px = 0; px <= width; px++) {
      const off = (from + (px / width) * (to - from) - mean) / sigma;
      pen.lineTo(px, height - Math.min(height, peak * Math.exp(-0.5 * off * off)));
    }
    pen.stroke();
  }
  return [from, to];
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
  const pen = clearedPen(canvas);
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
  byId('peakogram-x').replaceChildren(...ticks.map((tick, i) => createElement('span', i === 4 ? `${tick} Å` : tick)));
  byId('peakogram-y').textContent =
    `Intensity 1 … 10${'⁰¹²³⁴⁵⁶⁷⁸⁹'[peakogramDecades]}, upwards; resolution, to the right`;
}

const column = (counts: Uint32Array, x: number): number => {
  let sum = 0;
  for (let y = 0; y < peakogramBins.height; y++) sum += counts[y * peakogramBins.width + x] as number;
  return sum;
};
