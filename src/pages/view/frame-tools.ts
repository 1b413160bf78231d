/**
 * Measuring on a frame: the beam centre, the distance and a ring that are dragged, radial and line profiles, and a
 * magnifier. The tools act while their section of the column is open; otherwise every drag moves the picture.
 */
import { byId } from '../by-id.js';
import { engine, pane, redraw, redrawPictures, viewer } from './app.js';
import { Latest } from './calls.js';
import {
  clearedPen,
  createButton,
  createElement,
  optionsOf,
  positiveNumberProblem,
  readNumber,
  setTextUnlessFocused,
} from './elements.js';
import { addLine, strokeTwice } from './inks.js';
import { bindMask, drawMaskTool, grabMask, type MaskTool, maskTools, painted, resetMask } from './mask-tools.js';
import { drawProfile } from './profile-chart.js';
import type { Opened, PixelPlace, ShownRing } from './protocol.js';
import { save } from './save.js';
import { shareOf } from './shaders.js';
import type { Point } from './viewport.js';

/** Bins of a radial profile. */
const bins = 400;
/** How near a handle is taken, in CSS pixels. */
const reach = 18;
/** Edge of the magnified square, in pixels of the frame. */
const magnified = 21;

/** The place of the beam in the displayed plane, as the geometry says and as it was dragged, and the distance, m. */
let stated: Point = [0, 0];
let beam: Point = [0, 0];
let distanceM: number | undefined;
let statedM = 0;
/** The ring with the handle, Å, and its points. */
let ringA = 3.9;
let ring: ShownRing | undefined;
/** Ends of the measured line, in the displayed plane. */
let line: readonly [Point, Point] | undefined;
let lengthWords = '';
let of: unknown;
/** The frame whose beam is measured with. */
let measured = 0;
let profile: { readonly of: unknown; readonly mean: Float64Array; readonly most: Float64Array } | undefined;
let radial: { readonly bins: Uint16Array; readonly greatest: number } | undefined;

const section = byId<HTMLDetailsElement>('tools');
const numberField = (id: string, ariaLabel: string, step: number, onchange: () => void): HTMLInputElement =>
  createElement('input', { id, type: 'number', step: String(step), ariaLabel, onchange });
const chart = (id: string, ariaLabel: string): HTMLCanvasElement =>
  createElement('canvas', { id, role: 'img', ariaLabel });
const row = (...children: (Node | string)[]): HTMLElement => createElement('div', { className: 'row' }, ...children);
const radialChart = chart('radial', 'Mean and greatest value over the resolution');
const lineChart = chart('line-profile', 'Values along the line');
const lens = chart('lens', 'Magnified pixels around the pointer');
const words = createElement('output', { id: 'tool-words' });
const beamX = numberField('beam-x', 'Beam centre moved by, x, pixels', 0.1, placeBeam);
const beamY = numberField('beam-y', 'y, pixels', 0.1, placeBeam);
const distance = numberField('beam-distance', 'Distance, mm', 0.01, () => {
  const millimetres = readNumber(distance, positiveNumberProblem);
  if (millimetres !== undefined) void moveBeam(beam, millimetres / 1000).then(settle);
});
const ringField = numberField('ring', 'Ring, Å', 0.01, () => {
  const entered = readNumber(ringField, positiveNumberProblem);
  if (entered === undefined) return;
  ringA = entered;
  void moveBeam(beam, distanceM);
});
const ringMoves = createElement(
  'select',
  { id: 'ring-moves', ariaLabel: 'What the handle of the ring changes' },
  ...optionsOf({ ring: '● drags ring', distance: '● drags distance' }),
);
const tools = createElement(
  'select',
  { id: 'tool', ariaLabel: 'What a drag does', onchange: redraw },
  ...optionsOf({ move: 'Move picture, drag ⊕ and ●', line: 'Line: profile and distance', ...maskTools }),
);

/** Whether the tools act on the frame. */
const isOpen = (): boolean => section.open && !section.hidden && viewer.opened?.panels !== undefined;

/** Moves the beam by what was typed. */
function placeBeam(): void {
  const [x, y] = [beamX, beamY].map((field) => readNumber(field));
  if (x === undefined || y === undefined) return;
  void moveBeam([stated[0] + x, stated[1] + y], distanceM);
  void settle();
}

/** Saves the radial profile as numbers. */
function saveProfile(): void {
  if (!profile || !radial) return;
  const { greatest } = radial;
  const rows = [...profile.mean].map((mean, i) => `${((i + 0.5) * greatest) / bins},${mean},${profile?.most[i]}`);
  save('radial.csv', new Blob([['1/d (1/Angstrom),mean,maximum', ...rows, ''].join('\n')], { type: 'text/csv' }));
}

/** Adds the tools to their section, and binds them; called once. */
export function bindTools(): void {
  section.append(
    row(tools),
    words,
    lineChart,
    createElement('h2', 'Radial profile'),
    radialChart,
    row(createButton('CSV', { id: 'save-radial', title: 'The radial profile as numbers', onclick: saveProfile })),
    createElement('h2', 'Beam centre, moved by; distance'),
    row('x', beamX, 'y', beamY, 'px'),
    row(
      distance,
      'mm',
      createButton('Reset', {
        id: 'reset-beam',
        title: 'Back to the geometry of the file',
        onclick: () => void moveBeam(stated, undefined).then(settle),
      }),
      createButton('Save .geom', {
        id: 'save-geom',
        title: 'The geometry with this beam centre and distance, and the painted mask',
        onclick: () => void saveGeom().catch(viewer.fail),
      }),
    ),
    row('Ring', ringField, 'Å', ringMoves),
    bindMask(changedMask),
    createElement('h2', 'Magnifier'),
    lens,
  );
  section.addEventListener('toggle', () => void start().catch(viewer.fail));
  const before = pane.grab;
  pane.grab = (place, event) => (isOpen() ? grabbed(place) : undefined) ?? before(place, event);
  pane.overlay.addEventListener('pointerup', () => {
    if (dragging) void settle();
    dragging = false;
  });
  pane.overlay.addEventListener('pointermove', ({ offsetX, offsetY }) => {
    pointed = pane.viewport.toPlane([offsetX * devicePixelRatio, offsetY * devicePixelRatio]);
    if (isOpen()) drawLens();
  });
  void start().catch(viewer.fail);
}

/** Takes the beam of a file whose tools are opened. */
async function start(): Promise<void> {
  if (!isOpen() || of === fileOf()) return;
  of = fileOf();
  await takeStated();
  [beam, distanceM, line, radial] = [stated, undefined, undefined, undefined];
  pointed = undefined;
  resetMask();
  await moveBeam(beam, undefined);
}

/** Takes the beam of the displayed frame as it is stated. */
async function takeStated(): Promise<void> {
  measured = viewer.frame;
  const found = await engine.call('adjust', { moved: [0, 0], distanceM: undefined, frame: measured });
  [stated, statedM] = [found.place, found.distanceM];
}

/** Takes the beam of another frame, moved as before. */
async function followFrame(): Promise<void> {
  const [x, y] = [beam[0] - stated[0], beam[1] - stated[1]];
  await takeStated();
  await moveBeam([stated[0] + x, stated[1] + y], distanceM);
}

/** What tells one open file from another; the description itself is replaced while a run grows. */
const fileOf = (): Opened['panels'] => viewer.opened?.panels;

let dragging = false;
/** What a pointer that goes down at a place drags. */
function grabbed(place: Point): ((place: Point) => void) | undefined {
  const near = (other: Point | undefined): boolean => {
    if (!other) return false;
    const [[x, y], [u, v]] = [pane.viewport.toCanvas(place), pane.viewport.toCanvas(other)];
    return Math.hypot(x - u, y - v) < reach * devicePixelRatio;
  };
  const tool = tools.value as 'move' | 'line' | MaskTool;
  if (tool === 'line')
    return (to) => {
      line = [place, to];
      void measure.ask();
    };
  if (tool !== 'move') return grabMask(tool, place);
  if (near(beam)) {
    const [x, y] = beam;
    dragging = true;
    return ([u, v]) => void moveBeam([x + u - place[0], y + v - place[1]], distanceM);
  }
  if (!near(ringHandle())) return undefined;
  dragging = true;
  const metres = distanceM ?? statedM;
  const radius = Math.hypot(place[0] - beam[0], place[1] - beam[1]);
  return ([u, v]) => {
    const ratio = Math.hypot(u - beam[0], v - beam[1]) / radius;
    if (!(ratio > 0.01)) return;
    if (ringMoves.value === 'distance') void moveBeam(beam, metres * ratio);
    else void pull.ask([u, v]);
  };
}

/** The ring follows the pointer: its resolution is that of the pixel there. */
const pull = new Latest<[Point]>(async (place) => {
  const hit = pane.layout.pixelAt(place);
  if (!hit) return;
  const { resolutionA } = await engine.call('pixel', { fs: hit.fs, ss: hit.ss, frame: viewer.frame });
  if (resolutionA === undefined || !Number.isFinite(resolutionA)) return;
  ringA = resolutionA;
  await moveTo(beam, distanceM);
}, viewer.fail);

/** Where the handle of the ring is: its point that is farthest to the right. */
function ringHandle(): Point | undefined {
  let best: Point | undefined;
  for (const points of ring?.arcs ?? [])
    for (let i = 0; i < points.length; i += 2)
      if (!best || (points[i] as number) > best[0]) best = [points[i] as number, points[i + 1] as number];
  return best;
}

/** Beam and distance as they are typed or dragged: what comes before a move has ended begins where that one goes. */
function moveBeam(place: Point, metres: number | undefined): Promise<void> {
  [beam, viewer.beam, distanceM] = [place, place, metres];
  return move.ask(place, metres);
}

/** Moves beam and distance; rings, profile and the length of the line follow. */
async function moveTo(place: Point, metres: number | undefined): Promise<void> {
  const moved = [place[0] - stated[0], place[1] - stated[1]] as const;
  const { frame } = viewer;
  await engine.call('adjust', { moved, distanceM: metres, frame });
  const resolutionsA = [...viewer.rings.map(({ resolutionA }) => resolutionA), ringA];
  const rings = await engine.call('rings', { resolutionsA, frame });
  ring = rings.at(-1);
  viewer.rings = rings.slice(0, -1);
  radial = await engine.call('radialBins', { count: bins, frame });
  if (line) void measure.ask();
  redraw();
}
const move = new Latest<[Point, number | undefined]>(moveTo, viewer.fail);

/** Searches with the moved detector when a drag has ended, so that predictions follow. */
async function settle(): Promise<void> {
  // The last move may still wait for the one before it.
  await move.done();
  try {
    await viewer.adopt(await engine.call('settle', { painted: painted(), frame: viewer.frame }));
    redraw();
  } catch (error) {
    viewer.fail(error);
  }
}

function changedMask(): void {
  profile = undefined;
  void settle();
  redraw();
}

async function saveGeom(): Promise<void> {
  const text = await engine.call('settle', { painted: painted(), frame: viewer.frame });
  save(`${(viewer.opened?.name ?? 'frames').replace(/\.[^.]+$/, '')}-adjusted.geom`, new Blob([text]));
}

const pixelOf = (place: Point): PixelPlace | undefined => {
  const hit = pane.layout.pixelAt(place);
  return hit && [hit.fs, hit.ss];
};

/** The distance between the ends of the line in real space. */
const measure = new Latest<[]>(async () => {
  redrawPictures();
  const [from, to] = (line ?? []).map(pixelOf);
  if (!line || !from || !to) {
    lengthWords = line ? 'An end of the line is on no panel.' : '';
    return;
  }
  const angstrom = await engine.call('apart', { ends: [from, to], frame: viewer.frame });
  const [[x, y], [u, v]] = line;
  const length = Math.hypot(u - x, v - y).toFixed(1);
  lengthWords = `${length} px${angstrom && Number.isFinite(angstrom) ? `, ${angstrom.toPrecision(4)} Å` : ''}`;
  redraw();
}, viewer.fail);

/** The values along the line, one for each pixel of its length. */
function lineValues(): Float64Array | undefined {
  const { frame } = pane.picture;
  if (!line || !frame) return undefined;
  const [[x, y], [u, v]] = line;
  const count = Math.max(2, Math.round(Math.hypot(u - x, v - y)) + 1);
  return Float64Array.from({ length: count }, (_, i) => {
    const share = i / (count - 1);
    const hit = pane.layout.pixelAt([x + share * (u - x), y + share * (v - y)]);
    const at = hit ? Math.floor(hit.ss) * frame.width + Math.floor(hit.fs) : -1;
    return at < 0 || frame.bad?.[at] ? Number.NaN : (frame.data[at] as number);
  });
}

/** The mean and the greatest value of the good pixels of each bin; kept until the picture or the beam changes. */
function radialProfile(): typeof profile {
  const { frame } = pane.picture;
  if (!frame || !radial || radial.bins.length !== frame.data.length) return undefined;
  const key = radial;
  if (profile?.of === key && shownData === frame.data) return profile;
  shownData = frame.data;
  const { data, validRange, bad } = frame;
  const sums = new Float64Array(bins + 1);
  const counts = new Uint32Array(bins + 1);
  const most = new Float64Array(bins + 1).fill(Number.NaN);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (bad?.[i] || !(value >= validRange[0] && value <= validRange[1])) continue;
    const bin = key.bins[i] as number;
    sums[bin] = (sums[bin] as number) + value;
    counts[bin] = (counts[bin] as number) + 1;
    if (!((most[bin] as number) >= value)) most[bin] = value;
  }
  const mean = sums.map((sum, i) => sum / (counts[i] as number)).slice(0, bins);
  profile = { of: key, mean, most: most.slice(0, bins) };
  return profile;
}
let shownData: unknown;

/** Draws the handles over a frame. */
export function drawTools(pen: CanvasRenderingContext2D): void {
  const ink = viewer.light ? '#7a1fa2' : '#ff9cf5';
  const halo = viewer.light ? 'rgba(255,255,255,.8)' : 'rgba(0,0,0,.75)';
  if (!isOpen()) return;
  const path = new Path2D();
  const px = devicePixelRatio;
  const [x, y] = pane.viewport.toCanvas(beam);
  for (const [dx, dy] of [
    [1, 0],
    [0, 1],
  ] as const) {
    path.moveTo(x - 12 * px * dx, y - 12 * px * dy);
    path.lineTo(x + 12 * px * dx, y + 12 * px * dy);
  }
  path.moveTo(x + 7 * px, y);
  path.arc(x, y, 7 * px, 0, 2 * Math.PI);
  for (const points of [...(ring?.arcs ?? []), (line ?? []).flat()]) addLine(path, pane.viewport, points);
  drawMaskTool(path);
  strokeTwice(pen, path, ink, halo, [1.5, 3.5]);
  const handle = ringHandle();
  if (!handle) return;
  pen.fillStyle = ink;
  pen.beginPath();
  pen.arc(...pane.viewport.toCanvas(handle), 6 * px, 0, 2 * Math.PI);
  pen.fill();
}

/** Writes the numbers of the tools, and draws their charts. */
export function writeTools(): void {
  section.hidden = viewer.opened?.panels === undefined;
  if (!isOpen()) return;
  if (of !== fileOf()) void start().catch(viewer.fail);
  else if (viewer.opened?.beamVaries && measured !== viewer.frame) void followFrame().catch(viewer.fail);
  setTextUnlessFocused(beamX, (beam[0] - stated[0]).toFixed(1));
  setTextUnlessFocused(beamY, (beam[1] - stated[1]).toFixed(1));
  setTextUnlessFocused(distance, ((distanceM ?? statedM) * 1000).toFixed(3));
  setTextUnlessFocused(ringField, ringA.toFixed(2));
  const on = pixelOf(beam);
  words.value = [on ? `beam at fs ${on[0].toFixed(1)} ss ${on[1].toFixed(1)}` : 'beam between the panels', lengthWords]
    .filter(Boolean)
    .join(' · ');
  const values = lineValues();
  lineChart.hidden = values === undefined;
  if (values)
    drawProfile(lineChart, [values], { from: 0, to: values.length - 1, text: (at) => `${Math.round(at)} px` });
  drawLens();
  const found = radialProfile();
  if (!found || !radial) return;
  const text = (q: number): string => (q > 0 ? `${(1 / q).toFixed(1)} Å` : '∞');
  drawProfile(radialChart, [found.mean, found.most], { from: 0, to: radial.greatest, text, mark: 1 / ringA });
}

/** The last place of the pointer. */
let pointed: Point | undefined;

/** Magnifies the pixels around the pointer; around the beam until there was one. */
function drawLens(): void {
  const place = pointed ?? beam;
  const { frame, limits, scale, colours, badColour } = pane.picture;
  if (!frame || !colours) return;
  const pen = clearedPen(lens);
  const edge = lens.width / magnified;
  const half = (magnified - 1) / 2;
  for (let row = -half; row <= half; row++)
    for (let column = -half; column <= half; column++) {
      const hit = pane.layout.pixelAt([place[0] + column, place[1] - pane.viewport.up * row]);
      if (!hit) continue;
      const at = Math.floor(hit.ss) * frame.width + Math.floor(hit.fs);
      const level = Math.round(255 * Math.max(0, Math.min(1, shareOf(frame.data[at] as number, limits, scale))));
      const colour = frame.bad?.[at] ? badColour.map((part) => 255 * part) : colours.subarray(3 * level, 3 * level + 3);
      pen.fillStyle = `rgb(${colour.join(' ')})`;
      pen.fillRect((column + half) * edge, (row + half) * edge, edge + 1, edge + 1);
    }
}
