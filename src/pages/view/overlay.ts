/**
 * The overlay of a frame: peaks as circles, reflections as squares, dashed rings, names of panels, values of pixels.
 *
 * No single colour contrasts with all of a colour map, so lines have a halo, and shapes differ as well as colours.
 */
import { addLine, type Inks, label, onDark, onLight, strokeTwice } from './inks.js';
import type { Pane } from './pane.js';
import {
  type ScanRegion,
  type ShownCrystal,
  type ShownPeaks,
  type ShownRing,
  type VirtualShape,
  wheelSize,
} from './protocol.js';
import type { Point } from './viewport.js';

/** The contents of an overlay. */
interface OverlayContent {
  readonly peaks: ShownPeaks | undefined;
  readonly crystals: readonly ShownCrystal[];
  readonly rings: readonly ShownRing[];
  /** Where the beam meets the plane, which is marked with the rings. */
  readonly beam: Point | undefined;
  readonly show: ReadonlySet<string>;
  /** Whether the colour map is light for low values. */
  readonly light: boolean;
  /** What is drawn of panels and pixels, once its code is loaded. */
  readonly details: Pick<typeof import('./overlay-details.js'), 'drawPanels' | 'drawValues'> | undefined;
}

/** Minimum zoom, in screen pixels per detector pixel, at which values are written. */
const minZoomOfValues = 26;

export function drawOverlay(pane: Pane, { peaks, crystals, rings, beam, show, light, details }: OverlayContent): void {
  const pen = pane.overlay.getContext('2d') as CanvasRenderingContext2D;
  const inks = light ? onLight : onDark;
  pen.clearRect(0, 0, pane.overlay.width, pane.overlay.height);
  if (!pane.picture.frame) return;
  pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  const distinct = show.has('rings') ? distinctRings(rings, pane.viewport.zoom) : [];
  drawRings(pane, pen, distinct, inks);
  if (show.has('rings') && beam) {
    const path = new Path2D();
    addCross(path, pane.viewport.toCanvas(beam), 6 * devicePixelRatio);
    strokeTwice(pen, path, inks.ring, inks.halo);
  }
  if (show.has('panels')) details?.drawPanels(pane, pen, inks);
  if (show.has('values') && pane.viewport.zoom >= minZoomOfValues * devicePixelRatio)
    details?.drawValues(pane, pen, light);
  if (show.has('reflections'))
    for (const { reflections } of crystals)
      marks(pane, pen, inks, inks.reflection, reflections, (path, [x, y], r) => {
        // Slightly larger than the circle of a peak, so that both are visible if they coincide.
        const half = 1.3 * r;
        path.rect(x - half, y - half, 2 * half, 2 * half);
      });
  if (show.has('peaks') && peaks)
    marks(pane, pen, inks, inks.peak, peaks, (path, [x, y], r) => {
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 2 * Math.PI);
    });
  labelRings(pane, pen, distinct, inks);
}

/** Draws a virtual detector on a pattern. */
export function drawDetector(pane: Pane, { kind, cx, cy, outer, inner }: VirtualShape, light: boolean): void {
  const pen = pane.overlay.getContext('2d') as CanvasRenderingContext2D;
  const inks = light ? onLight : onDark;
  const { viewport } = pane;
  const [x, y] = viewport.toCanvas([cx, cy]);
  const path = new Path2D();
  const circle = (radius: number): void => {
    path.moveTo(x + radius * viewport.zoom, y);
    path.arc(x, y, radius * viewport.zoom, 0, 2 * Math.PI);
  };
  if (kind === 'disk' || kind === 'ring') circle(outer);
  if (kind === 'ring') circle(inner);
  const half = outer * viewport.zoom;
  if (kind === 'square') path.rect(x - half, y - half, 2 * half, 2 * half);
  addCross(path, [x, y], 6 * devicePixelRatio);
  strokeTwice(pen, path, inks.reflection, inks.halo);
}

/** Clears the overlay and draws a region of a scan: a cross at a single position, or a rectangle. */
export function drawRegion(pane: Pane, region: ScanRegion | undefined): void {
  const pen = pane.overlay.getContext('2d') as CanvasRenderingContext2D;
  pen.clearRect(0, 0, pane.overlay.width, pane.overlay.height);
  if (!region) return;
  const { x, y, w, h } = region;
  const path = new Path2D();
  const { zoom } = pane.viewport;
  if (w * h === 1) addCross(path, pane.viewport.toCanvas([x + 0.5, y + 0.5]), 10 * devicePixelRatio);
  else path.rect(...pane.viewport.toCanvas([x, y]), w * zoom, h * zoom);
  strokeTwice(pen, path, onDark.peak, onDark.halo);
}

/** Draws the colours of all directions at the right of a pane, with the length of the vectors at their rim. */
export function drawWheel({ overlay }: Pane, wheel: Uint8Array, rim: string, ink: string): void {
  const pen = overlay.getContext('2d') as CanvasRenderingContext2D;
  const size = wheelSize * devicePixelRatio;
  const [x, y] = [overlay.width - size - 6 * devicePixelRatio, (overlay.height - size) / 2];
  const picture = new OffscreenCanvas(wheelSize, wheelSize);
  const colours = new ImageData(new Uint8ClampedArray(wheel), wheelSize, wheelSize);
  (picture.getContext('2d') as OffscreenCanvasRenderingContext2D).putImageData(colours, 0, 0);
  pen.drawImage(picture, x, y, size, size);
  pen.fillStyle = ink;
  pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  pen.textAlign = 'center';
  pen.fillText(rim, x + size / 2, y + size + 14 * devicePixelRatio);
  pen.textAlign = 'left';
}

function addCross(path: Path2D, [x, y]: Point, reach: number): void {
  path.moveTo(x - reach, y);
  path.lineTo(x + reach, y);
  path.moveTo(x, y - reach);
  path.lineTo(x, y + reach);
}

interface Marks {
  readonly count: number;
  readonly fs: Float32Array;
  readonly ss: Float32Array;
}

/** Draws a shape at each position inside the canvas. */
function marks(
  { viewport, layout }: Pane,
  pen: CanvasRenderingContext2D,
  { halo }: Inks,
  ink: string,
  { count, fs, ss }: Marks,
  shape: (path: Path2D, at: Point, radius: number) => void,
): void {
  const radius = Math.max(4 * devicePixelRatio, 3.5 * viewport.zoom);
  const path = new Path2D();
  for (let i = 0; i < count; i++) {
    const place = layout.placeOf(fs[i] as number, ss[i] as number);
    if (!place) continue;
    const at = viewport.toCanvas(place);
    const outside = at[0] < -radius || at[1] < -radius || at[0] > viewport.width + radius;
    if (outside || at[1] > viewport.height + radius) continue;
    shape(path, at, radius);
  }
  strokeTwice(pen, path, ink, halo);
}

/** Rings whose radii on the screen differ by less than this are skipped, in CSS pixels. */
const minRingSpacing = 36;

/** The radius of a ring about the centre of its arcs, in pixels of the detector. */
function reachOf({ arcs }: ShownRing): number {
  let reach = 0;
  for (const points of arcs)
    for (let i = 0; i < points.length; i += 2)
      reach = Math.max(reach, Math.hypot(points[i] as number, points[i + 1] as number));
  return reach;
}

/** The rings that can be distinguished on the screen, from the widest inwards. */
function distinctRings(rings: readonly ShownRing[], zoom: number): ShownRing[] {
  let last = Number.POSITIVE_INFINITY;
  const widestFirst = rings.map((ring) => ({ ring, reach: reachOf(ring) * zoom })).sort((a, b) => b.reach - a.reach);
  return widestFirst.flatMap(({ ring, reach }) => {
    const spacing = minRingSpacing * devicePixelRatio;
    if (reach < spacing || last - reach < spacing) return [];
    last = reach;
    return [ring];
  });
}

function drawRings({ viewport }: Pane, pen: CanvasRenderingContext2D, rings: readonly ShownRing[], inks: Inks): void {
  pen.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { arcs } of rings) {
    const path = new Path2D();
    for (const points of arcs) addLine(path, viewport, points);
    strokeTwice(pen, path, inks.ring, inks.halo);
  }
  pen.setLineDash([]);
}

/** Writes the resolutions of rings, above everything else. */
function labelRings({ viewport }: Pane, pen: CanvasRenderingContext2D, rings: readonly ShownRing[], inks: Inks): void {
  for (const { arcs, resolutionA } of rings) {
    const at = labelPlace(viewport, arcs);
    if (at) label(pen, `${resolutionA} Å`, at, inks.ring, inks.halo);
  }
}

/** The position of a ring's label: the point on the canvas that is farthest to the upper right. */
function labelPlace(viewport: Pane['viewport'], arcs: readonly Float32Array[]): Point | undefined {
  let best: Point | undefined;
  for (const points of arcs)
    for (let i = 0; i < points.length; i += 2) {
      const at = viewport.toCanvas([points[i] as number, points[i + 1] as number]);
      const inside = at[0] > 0 && at[1] > 16 && at[0] < viewport.width - 50 && at[1] < viewport.height;
      if (inside && (!best || at[0] - at[1] > best[0] - best[1])) best = at;
    }
  return best;
}
