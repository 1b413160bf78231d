/** Positions of a frame's pixels in the displayed plane. */
import type { Box, Point } from './viewport.js';

/** A rectangle of pixels: its box in the frame, and its position in the plane. Plain data, as the worker sends it. */
export interface PlacedPanel {
  readonly name: string;
  /** First fs and ss, and the ends (exclusive). */
  readonly minFs: number;
  readonly minSs: number;
  readonly endFs: number;
  readonly endSs: number;
  /** Position of the outer corner of its first pixel. */
  readonly origin: Point;
  /** Steps of one pixel along fs and ss. */
  readonly fs: Point;
  readonly ss: Point;
}

/** The layout of a frame without a geometry: one panel, in the order of memory. */
export const wholeFrame = (width: number, height: number): PlacedPanel => ({
  name: '',
  minFs: 0,
  minSs: 0,
  endFs: width,
  endSs: height,
  origin: [0, 0],
  fs: [1, 0],
  ss: [0, 1],
});

/** Position of a frame's pixel on a panel. */
export function placeOn(
  { minFs, minSs, origin, fs: [fx, fy], ss: [sx, sy] }: PlacedPanel,
  fs: number,
  ss: number,
): Point {
  const [f, s] = [fs - minFs, ss - minSs];
  return [origin[0] + f * fx + s * sx, origin[1] + f * fy + s * sy];
}

/** The corners of a panel, around it. */
export const cornersOf = (panel: PlacedPanel): Point[] => [
  placeOn(panel, panel.minFs, panel.minSs),
  placeOn(panel, panel.endFs, panel.minSs),
  placeOn(panel, panel.endFs, panel.endSs),
  placeOn(panel, panel.minFs, panel.endSs),
];

/** All panels of a frame. */
export class PanelLayout {
  readonly panels: readonly PlacedPanel[];

  constructor(panels: readonly PlacedPanel[]) {
    this.panels = panels;
  }

  /** Position of a pixel of the frame; undefined between panels. */
  placeOf(fs: number, ss: number): Point | undefined {
    const panel = this.panels.find(
      ({ minFs, minSs, endFs, endSs }) => fs >= minFs && fs <= endFs && ss >= minSs && ss <= endSs,
    );
    return panel && placeOn(panel, fs, ss);
  }

  /** The pixel of the frame at a position, and its panel; undefined between panels. */
  pixelAt([x, y]: Point): { readonly fs: number; readonly ss: number; readonly panel: PlacedPanel } | undefined {
    for (const panel of this.panels) {
      const { origin, fs, ss, minFs, minSs, endFs, endSs } = panel;
      const determinant = fs[0] * ss[1] - fs[1] * ss[0];
      if (determinant === 0) continue;
      const [dx, dy] = [x - origin[0], y - origin[1]];
      const f = minFs + (dx * ss[1] - dy * ss[0]) / determinant;
      const s = minSs + (dy * fs[0] - dx * fs[1]) / determinant;
      if (f >= minFs && f < endFs && s >= minSs && s < endSs) return { fs: f, ss: s, panel };
    }
    return undefined;
  }

  /** The bounding box of all panels. */
  get box(): Box {
    const corners = this.panels.flatMap(cornersOf);
    const xs = corners.map(([x]) => x);
    const ys = corners.map(([, y]) => y);
    return { minX: Math.min(...xs), maxX: Math.max(...xs), minY: Math.min(...ys), maxY: Math.max(...ys) };
  }
}
