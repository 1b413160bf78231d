/** A mask that is painted over a frame by rectangle, circle, polygon and brush; saved with the geometry or as HDF5. */
import { Hdf5Writer } from '../../entries/pages.js';
import { pane, redrawPictures, viewer } from './app.js';
import { createButton, createElement } from './elements.js';
import { save } from './save.js';
import type { Point } from './viewport.js';

/** The tools, with their names. */
export const maskTools = {
  rectangle: 'Mask: rectangle',
  circle: 'Mask: circle',
  polygon: 'Mask: polygon, click its corners',
  brush: 'Mask: brush',
} as const;
export type MaskTool = keyof typeof maskTools;

/** Radius of the brush, and how near its first corner a polygon is closed, in CSS pixels. */
const [brush, closing] = [8, 12];

let mask: Uint8Array | undefined;
/** The bad pixels of the file. */
let own: Uint8Array | undefined;
/** What is being drawn: its tool and its points. */
let draft: { readonly tool: MaskTool; readonly points: readonly Point[] } | undefined;
let changed: () => void = () => undefined;

/** The painted pixels, nonzero where bad; undefined without any. */
export const painted = (): Uint8Array | undefined => mask?.slice();

/** Forgets the mask of another file. */
export function resetMask(): void {
  [mask, own, draft] = [undefined, viewer.opened?.bad, undefined];
}

/** The controls of the mask; `onChange` is called when pixels have been painted. */
export function bindMask(onChange: () => void): HTMLElement {
  changed = onChange;
  pane.overlay.addEventListener('pointerup', release);
  return createElement(
    'div',
    createElement('h2', 'Mask'),
    createElement(
      'div',
      { className: 'row' },
      createElement('label', createElement('input', { id: 'mask-erases', type: 'checkbox' }), ' erase'),
      createButton('Clear', { id: 'clear-mask', onclick: clear }),
      createButton('Save mask .h5', { id: 'save-mask', onclick: () => void saveHdf5().catch(viewer.fail) }),
    ),
  );
}

function clear(): void {
  if (!mask) return;
  mask = undefined;
  show();
  changed();
}

/** What a drag with a tool paints, from its first place on. */
export function grabMask(tool: MaskTool, first: Point): (place: Point) => void {
  if (tool === 'polygon') {
    const points = draft?.tool === 'polygon' ? draft.points : [];
    const [[x, y], [u, v]] = [pane.viewport.toCanvas(first), pane.viewport.toCanvas(points[0] ?? first)];
    const isClosed = points.length > 2 && Math.hypot(x - u, y - v) < closing * devicePixelRatio;
    if (isClosed) commit(inPolygon(points), boxOf(points));
    else draft = { tool, points: [...points, first] };
    redrawPictures();
    return () => undefined;
  }
  if (tool === 'brush')
    return (place) => {
      const radius = (brush * devicePixelRatio) / pane.viewport.zoom;
      paint(within(place, radius), around(place, radius));
      show();
      draft = { tool, points: [place] };
    };
  return (place) => {
    draft = { tool, points: [first, place] };
    redrawPictures();
  };
}

/** Ends a drag. */
function release(): void {
  if (!draft || draft.tool === 'polygon') return;
  const { tool, points } = draft;
  const [from = [0, 0], to = from] = points as Point[];
  if (tool === 'rectangle') commit(() => true, boxOf([from, to]));
  else if (tool === 'circle') {
    const radius = Math.hypot(to[0] - from[0], to[1] - from[1]);
    commit(within(from, radius), around(from, radius));
  } else {
    draft = undefined;
    changed();
  }
}

type Region = (place: Point) => boolean;
type Box = readonly [from: Point, to: Point];
const within =
  ([x, y]: Point, radius: number): Region =>
  ([u, v]) =>
    Math.hypot(u - x, v - y) <= radius;
const around = ([x, y]: Point, radius: number): Box => [
  [x - radius, y - radius],
  [x + radius, y + radius],
];
const boxOf = (points: readonly Point[]): Box => [
  [Math.min(...points.map(([x]) => x)), Math.min(...points.map(([, y]) => y))],
  [Math.max(...points.map(([x]) => x)), Math.max(...points.map(([, y]) => y))],
];

/** Whether a place is inside a polygon: a ray from it crosses its edges an odd number of times. */
export const inPolygon =
  (points: readonly Point[]): Region =>
  ([x, y]) => {
    let isInside = false;
    for (const [i, [ax, ay]] of points.entries()) {
      const [bx, by] = points.at(i - 1) as Point;
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) isInside = !isInside;
    }
    return isInside;
  };

function commit(region: Region, box: Box): void {
  paint(region, box);
  draft = undefined;
  show();
  changed();
}

/** Paints the pixels of all panels whose centres are in a region inside a box. */
function paint(region: Region, [[minX, minY], [maxX, maxY]]: Box): void {
  const { opened } = viewer;
  if (!opened) return;
  mask ??= new Uint8Array(opened.width * opened.height);
  const value = (document.getElementById('mask-erases') as HTMLInputElement).checked ? 0 : 1;
  for (const { minFs, minSs, endFs, endSs, origin, fs, ss } of pane.layout.panels) {
    const determinant = fs[0] * ss[1] - fs[1] * ss[0];
    if (determinant === 0) continue;
    // The corners of the box in pixels of the panel.
    const corners = [minX, maxX].flatMap((x) =>
      [minY, maxY].map((y) => {
        const [dx, dy] = [x - origin[0], y - origin[1]];
        return [(dx * ss[1] - dy * ss[0]) / determinant, (dy * fs[0] - dx * fs[1]) / determinant] as const;
      }),
    );
    const range = (at: 0 | 1, first: number, end: number): readonly [number, number] => {
      const places = corners.map((corner) => corner[at] + first);
      return [Math.max(first, Math.floor(Math.min(...places))), Math.min(end, Math.ceil(Math.max(...places)))];
    };
    const [[left, right], [top, bottom]] = [range(0, minFs, endFs), range(1, minSs, endSs)];
    for (let j = top; j < bottom; j++)
      for (let i = left; i < right; i++) {
        const [f, s] = [i - minFs + 0.5, j - minSs + 0.5];
        const [x, y] = [origin[0] + f * fs[0] + s * ss[0], origin[1] + f * fs[1] + s * ss[1]];
        if (x < minX || x > maxX || y < minY || y > maxY || !region([x, y])) continue;
        mask[j * opened.width + i] = value;
      }
  }
}

/** Shows the painted pixels with the bad ones of the file. */
function show(): void {
  const { opened } = viewer;
  if (!opened) return;
  const bad = mask ? mask.map((value, i) => value | (own?.[i] ?? 0)) : own;
  viewer.opened = { ...opened, bad };
  viewer.toggle('mask', viewer.show.has('mask'));
}

/** Adds what is being drawn to a path. */
export function drawMaskTool(path: Path2D): void {
  if (!draft) return;
  const points = draft.points.map((place) => pane.viewport.toCanvas(place));
  const [[x, y] = [0, 0], [u, v] = [x, y]] = points as Point[];
  if (draft.tool === 'rectangle') path.rect(x, y, u - x, v - y);
  else if (draft.tool === 'polygon') {
    path.moveTo(x, y);
    for (const point of points) path.lineTo(...point);
    path.rect(x - 4, y - 4, 8, 8);
  } else {
    const radius = draft.tool === 'brush' ? brush * devicePixelRatio : Math.hypot(u - x, v - y);
    path.moveTo(x + radius, y);
    path.arc(x, y, radius, 0, 2 * Math.PI);
  }
}

/** Saves all bad pixels as `/mask`, [ss, fs], 1 where bad, which a geometry names as mask with badbits 1. */
async function saveHdf5(): Promise<void> {
  const { opened } = viewer;
  if (!opened) return;
  const { width, height, bad = new Uint8Array(width * height), name } = opened;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const writer = await Hdf5Writer.create(
    {
      append: async (bytes) => void parts.push(bytes.slice()),
      patch: async (_, bytes) => parts[0]?.set(bytes),
    },
    // Nothing is compressed.
    undefined as never,
  );
  const value = bad.map((one) => (one ? 1 : 0));
  await writer.finish({ mask: { value, shape: [height, width] } });
  save(`${name.replace(/\.[^.]+$/, '')}-mask.h5`, new Blob(parts));
}
