/** A small chart of values along an axis, on a logarithmic scale: a line, and a surface behind it. */
import { clearedPen, computedColor } from './elements.js';

/** The axis of a chart. */
interface ProfileAxis {
  readonly from: number;
  readonly to: number;
  readonly text: (at: number) => string;
  /** Places with a dashed line. */
  readonly dashed?: readonly number[];
  /** A place that is marked. */
  readonly mark?: number;
}

/** Height of the numbers below a chart, and width of those at its left, in CSS pixels. */
const below = 15;
export const before = 38;
/** A chart that is narrower, in CSS pixels, has fewer numbers below it. */
const narrow = 420;

/** The colour of faults in palette.css, which a canvas cannot take from there. */
const wrongInk = (): string => (matchMedia('(prefers-color-scheme: dark)').matches ? '#ff8b96' : '#b3162b');

export function drawProfile(
  canvas: HTMLCanvasElement,
  [line = new Float64Array(), surface]: readonly Float64Array[],
  { from, to, text, mark, dashed = [] }: ProfileAxis,
): void {
  const pen = clearedPen(canvas);
  const px = devicePixelRatio;
  const [left, width, height] = [before * px, canvas.width, canvas.height - below * px];
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of [line, surface ?? line])
    for (const value of values)
      if (Number.isFinite(value)) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  if (!(greatest >= least)) return;
  // Differences from the least value are drawn, so that offsets of a detector do not flatten the curve.
  const level = (value: number): number => Math.log1p(Math.max(0, value - Math.min(0, least)));
  const [bottom, top] = [level(least), Math.max(level(greatest), level(least) + 1e-6)];
  const y = (value: number): number => 4 * px + (height - 4 * px) * (1 - (level(value) - bottom) / (top - bottom));
  const x = (i: number): number => left + ((width - left) * i) / Math.max(1, line.length - 1);
  const [ink, accent] = [computedColor(canvas), computedColor(canvas, 'accentColor')];
  if (surface) {
    pen.fillStyle = accent;
    pen.globalAlpha = 0.25;
    for (const [i, value] of surface.entries())
      if (Number.isFinite(value)) pen.fillRect(x(i), y(value), (width - left) / line.length + 0.5, height - y(value));
    pen.globalAlpha = 1;
  }
  pen.strokeStyle = accent;
  pen.lineWidth = 1.5 * px;
  pen.beginPath();
  let isDown = false;
  for (const [i, value] of line.entries()) {
    if (!Number.isFinite(value)) isDown = false;
    else if (isDown) pen.lineTo(x(i), y(value));
    else {
      pen.moveTo(x(i), y(value));
      isDown = true;
    }
  }
  pen.stroke();
  pen.fillStyle = ink;
  pen.font = `${10 * px}px system-ui, sans-serif`;
  pen.textBaseline = 'bottom';
  for (const share of canvas.clientWidth < narrow ? [0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]) {
    pen.textAlign = share === 0 ? 'left' : share === 1 ? 'right' : 'center';
    pen.fillText(text(from + share * (to - from)), left + share * (width - left), canvas.height);
  }
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  for (const value of [least, Math.expm1((bottom + top) / 2) + Math.min(0, least), greatest])
    pen.fillText(
      String(Number(value.toPrecision(3))).replace('-', '−'),
      left - 4 * px,
      Math.min(height - 5 * px, Math.max(8 * px, y(value))),
    );
  const place = (at: number): number => Math.round(left + ((at - from) / (to - from)) * (width - left));
  pen.globalAlpha = 0.35;
  for (const at of dashed)
    if (at >= from && at <= to) for (let top = 0; top < height; top += 6 * px) pen.fillRect(place(at), top, px, 3 * px);
  pen.globalAlpha = 1;
  if (mark === undefined || mark < from || mark > to) return;
  pen.fillStyle = wrongInk();
  pen.fillRect(place(mark), 0, 2 * px, height);
}
