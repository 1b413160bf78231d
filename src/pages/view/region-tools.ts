/** Regions of a frame on the page: written as for `--roi`, drawn, dragged, and their counts in the displayed frame. */

import { type Region, regionText } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { engine, pane, redraw, viewer } from './app.js';
import { Latest } from './calls.js';
import { createElement } from './elements.js';
import { addLine, label, strokeTwice } from './inks.js';
import type { ShownRegion } from './protocol.js';
import type { Point } from './viewport.js';

const section = byId<HTMLDetailsElement>('regions');
const entry = createElement('textarea', {
  id: 'region-texts',
  rows: 3,
  spellcheck: false,
  placeholder: 'water=ring:1.85:2.05\njet=rect:200:600,150:180\nstop=circle:512,512,40\nup=sector:1:2,30:60',
  ariaLabel: 'Regions, one a line: rings and sectors in 2π/d, 1/Å',
  oninput: writeRegions,
});
const table = createElement('table', { id: 'region-values', ariaLabel: 'Counts of the regions in this frame' });
let shown: readonly ShownRegion[] = [];
/** The frame, the detector and the texts of what is shown. */
let of = '';

const isOpen = (): boolean => section.open && !section.hidden && viewer.opened?.panels !== undefined;
const textsOf = (): string[] => entry.value.split('\n').filter((text) => text.trim() !== '');

/** Binds the regions; called once. */
export function bindRegions(): void {
  const hint = 'Drag rectangles and circles. The regions of a run are the same texts.';
  section.append(entry, table, createElement('p', hint, { className: 'hint' }));
  section.addEventListener('toggle', writeRegions);
  const before = pane.grab;
  pane.grab = (place, event) => (isOpen() ? grabbed(place) : undefined) ?? before(place, event);
}

const sum = new Latest<[texts: readonly string[], frame: number]>(async (texts, frame) => {
  shown = texts.length === 0 ? [] : await engine.call('regions', { texts, frame });
  writeTable();
  redraw();
}, viewer.fail);

/** Sums the regions again if the frame, the detector or they have changed. */
export function writeRegions(): void {
  section.hidden = viewer.opened?.panels === undefined;
  const { opened, frame, adopted } = viewer;
  const key = isOpen() ? `${opened?.name} ${frame} ${adopted}\n${entry.value}` : '';
  if (key === of) return;
  of = key;
  if (isOpen()) void sum.ask(textsOf(), viewer.frame);
  else redraw();
}

function writeTable(): void {
  const row = (name: 'th' | 'td', words: readonly string[]) =>
    createElement('tr', ...words.map((word) => createElement(name, word)));
  const rows = shown.map(({ text, region, problem, value }) =>
    value
      ? row('td', [region?.name ?? text, Number(value.mean.toPrecision(4)).toString(), `${value.sum}`, `${value.max}`])
      : createElement('tr', createElement('td', problem ?? text, { colSpan: 4 })),
  );
  table.replaceChildren(...(rows.length === 0 ? [] : [row('th', ['region', 'mean', 'sum', 'max']), ...rows]));
}

/** What a pointer that goes down at a place moves: the last rectangle or circle there. */
function grabbed(place: Point): ((to: Point) => void) | undefined {
  const from = pane.layout.pixelAt(place);
  if (!from) return undefined;
  const shownRegion = shown.findLast(({ region }) => region && holds(region, from.fs, from.ss));
  const region = shownRegion?.region;
  if (!region) return undefined;
  let text = shownRegion.text;
  return (to) => {
    const at = pane.layout.pixelAt(to);
    if (!at) return;
    const moved = regionText(movedRegion(region, Math.round(at.fs - from.fs), Math.round(at.ss - from.ss)));
    entry.value = entry.value
      .split('\n')
      .map((line) => (line === text ? moved : line))
      .join('\n');
    text = moved;
    writeRegions();
  };
}

/** Whether a place of a frame is in a region that can be moved. */
function holds(region: Region, fs: number, ss: number): boolean {
  if (region.kind === 'rect') return fs >= region.fs[0] && fs < region.fs[1] && ss >= region.ss[0] && ss < region.ss[1];
  if (region.kind !== 'circle') return false;
  return Math.hypot(fs - 0.5 - region.centre[0], ss - 0.5 - region.centre[1]) < region.radius;
}

/** A region moved by whole pixels, as far as it stays in the frame. */
function movedRegion(region: Region, x: number, y: number): Region {
  const { width = 0, height = 0 } = viewer.opened ?? {};
  const within = (low: number, high: number, by: number, end: number): number =>
    Math.max(-low, Math.min(end - high, by));
  if (region.kind === 'rect') {
    const { fs, ss } = region;
    const [right, down] = [within(...fs, x, width), within(...ss, y, height)];
    return { ...region, fs: [fs[0] + right, fs[1] + right], ss: [ss[0] + down, ss[1] + down] };
  }
  if (region.kind !== 'circle') return region;
  const [fs, ss] = region.centre;
  return { ...region, centre: [fs + within(fs, fs, x, width - 1), ss + within(ss, ss, y, height - 1)] };
}

/** Draws the regions over a frame, with their names. */
export function drawRegions(pen: CanvasRenderingContext2D): void {
  if (!isOpen()) return;
  const px = devicePixelRatio;
  const [ink, halo] = viewer.light ? ['#00504a', 'rgba(255,255,255,.8)'] : ['#7df9e9', 'rgba(0,0,0,.75)'];
  pen.font = `${11 * px}px system-ui, sans-serif`;
  for (const { region, lines = [] } of shown) {
    const path = new Path2D();
    let corner: Point | undefined;
    for (const points of lines) {
      addLine(path, pane.viewport, points);
      for (let i = 0; i < points.length; i += 2) {
        const at = pane.viewport.toCanvas([points[i] as number, points[i + 1] as number]);
        if (!corner || at[1] < corner[1]) corner = at;
      }
    }
    strokeTwice(pen, path, ink, halo, [1.5, 3.5]);
    if (!corner || !region) continue;
    label(pen, region.name, [corner[0] + 4 * px, corner[1] - 4 * px], ink, halo);
  }
}
