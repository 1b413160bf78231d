/** The parts of a frame's overlay that are loaded after its first picture: panels, and the values of pixels. */
import { addLine, type Inks, label, strokeTwice } from './inks.js';
import { cornersOf, placeOn } from './layout.js';
import type { Pane } from './pane.js';

/** Draws the outlines and names of panels. */
export function drawPanels({ viewport, layout }: Pane, pen: CanvasRenderingContext2D, { ring, halo }: Inks): void {
  for (const panel of layout.panels) {
    const { minFs, minSs, endFs, endSs, name } = panel;
    const path = new Path2D();
    addLine(path, viewport, cornersOf(panel).flat());
    path.closePath();
    strokeTwice(pen, path, ring, halo);
    const [x, y] = viewport.toCanvas(placeOn(panel, (minFs + endFs) / 2, (minSs + endSs) / 2));
    label(pen, name, [x - 8 * devicePixelRatio, y], ring, halo);
  }
}

/** Writes the value of each pixel at its position, × if it is masked. */
export function drawValues({ viewport, layout, picture }: Pane, pen: CanvasRenderingContext2D, light: boolean): void {
  const { frame, limits } = picture;
  if (!frame) return;
  const { zoom, width, height } = viewport;
  const { data, bad } = frame;
  const done = new Set<number>();
  pen.save();
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.font = `${Math.min(15 * devicePixelRatio, zoom / 3.2)}px ui-monospace, monospace`;
  for (let y = 0; y < height + zoom; y += zoom)
    for (let x = 0; x < width + zoom; x += zoom) {
      const hit = layout.pixelAt(viewport.toPlane([x, y]));
      if (!hit) continue;
      const [fs, ss] = [Math.floor(hit.fs), Math.floor(hit.ss)];
      const i = ss * frame.width + fs;
      const place = layout.placeOf(fs + 0.5, ss + 0.5);
      if (done.has(i) || !place) continue;
      done.add(i);
      const value = data[i] as number;
      const share = (value - limits[0]) / (limits[1] - limits[0]);
      const darkPixel = light ? share > 0.4 : share < 0.6;
      pen.fillStyle = (bad?.[i] ? light : !darkPixel) ? '#000' : '#fff';
      pen.fillText(bad?.[i] ? '×' : writtenValue(value), ...viewport.toCanvas(place));
    }
  pen.restore();
}

/** A value as a short text. */
const writtenValue = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(3));
