/**
 * A goal over the crystals: what it was at each merge, what the last one says of more of them, and the goal as a line.
 * Hollow points are what earlier merges had said.
 */
import type { ServedPanes } from '../../entries/pages.js';
import { ticks } from '../../entries/pages.js';
import { clearedPen, computedColor } from './elements.js';

type Answer = ServedPanes['answers'][number];

/** Margins in CSS pixels. */
const [left, right, above, below] = [34, 8, 8, 16];
const inks = { merit: ['#8a4b08', '#e3a341'], goal: ['#1a7f37', '#4cc46a'] } as const;

interface Scales {
  readonly pen: CanvasRenderingContext2D;
  readonly x: (crystals: number) => number;
  readonly y: (value: number) => number;
  readonly isDark: boolean;
  readonly maxX: number;
  readonly maxY: number;
}

export function drawForecast(canvas: HTMLCanvasElement, answer: Answer): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const pen = clearedPen(canvas);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  const { course = [], points, target, crystals } = answer;
  const maxX = Math.max(10, 1.05 * crystals, course.at(-1)?.crystals ?? 0);
  const values = points.flatMap(({ value, said }) => [value ?? 0, said ?? 0]);
  const maxY = 1.15 * Math.max(target, ...values);
  const scales: Scales = {
    pen,
    x: (at) => left + ((width - left - right) * at) / maxX,
    y: (value) => above + (height - above - below) * (1 - Math.max(0, Math.min(maxY, value)) / maxY),
    isDark: matchMedia('(prefers-color-scheme: dark)').matches,
    maxX,
    maxY,
  };
  drawAxes(canvas, answer, scales, [width, height]);
  drawCone(canvas, answer, scales);
  drawPoints(answer, scales);
}

function drawAxes(
  canvas: HTMLCanvasElement,
  { target, crystals, targetText }: Answer,
  { pen, x, y, isDark, maxX, maxY }: Scales,
  [width, height]: readonly [number, number],
): void {
  pen.strokeStyle = computedColor(canvas, 'outlineColor');
  pen.lineWidth = 1;
  pen.strokeRect(left + 0.5, above + 0.5, width - left - right - 1, height - above - below - 1);
  pen.fillStyle = computedColor(canvas);
  pen.font = '10px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  // Shares as they are written elsewhere: .25, and percent of the completeness.
  const isPercent = targetText.includes('%');
  const text = (value: number): string =>
    isPercent ? String(Math.round(100 * value)) : String(Number(value.toPrecision(3))).replace(/^0\./, '.');
  for (const tick of ticks(0, maxY).filter((_, i, all) => all.length < 7 || i % 2 === 0))
    if (tick <= maxY) pen.fillText(text(tick), left - 4, Math.max(above + 5, y(tick)));
  pen.textAlign = 'center';
  pen.textBaseline = 'bottom';
  const across = ticks(0, maxX).filter((tick) => tick > 0 && tick < 0.93 * maxX);
  const every = Math.ceil((across.length * 42) / Math.max(1, width - left - right));
  for (const [i, tick] of across.entries()) if (i % every === 0) pen.fillText(String(tick), x(tick), height);
  const line = (from: readonly [number, number], to: readonly [number, number]): void => {
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    pen.stroke();
  };
  line([x(crystals), above], [x(crystals), height - below]);
  pen.strokeStyle = inks.goal[isDark ? 1 : 0];
  pen.setLineDash([5, 4]);
  line([left, y(target)], [width - right, y(target)]);
  pen.setLineDash([]);
  pen.fillStyle = pen.strokeStyle;
  pen.textAlign = 'left';
  pen.fillText(targetText, left + 4, y(target) - 1);
}

/** The forecast with its range, and the crystals with which the goal is reached. */
function drawCone(canvas: HTMLCanvasElement, { course = [], needed, target }: Answer, { pen, x, y }: Scales): void {
  if (course.length === 0) return;
  pen.fillStyle = computedColor(canvas, 'accentColor');
  pen.globalAlpha = 0.18;
  pen.beginPath();
  for (const { crystals, most } of course) pen.lineTo(x(crystals), y(most));
  for (const { crystals, least } of course.toReversed()) pen.lineTo(x(crystals), y(least));
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = pen.fillStyle;
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 3]);
  pen.beginPath();
  for (const { crystals, likely } of course) pen.lineTo(x(crystals), y(likely));
  pen.stroke();
  pen.setLineDash([]);
  if (!needed) return;
  pen.lineWidth = 3;
  pen.beginPath();
  pen.moveTo(x(needed.least), y(target));
  pen.lineTo(x(Math.min(needed.most ?? Number.POSITIVE_INFINITY, course.at(-1)?.crystals ?? 0)), y(target));
  pen.stroke();
}

function drawPoints({ points }: Answer, { pen, x, y, isDark }: Scales): void {
  const ink = inks.merit[isDark ? 1 : 0];
  pen.strokeStyle = ink;
  pen.fillStyle = ink;
  pen.lineWidth = 1;
  for (const { crystals, value, error, said } of points) {
    const circle = (at: number): void => {
      pen.beginPath();
      pen.arc(x(crystals), y(at), 2.7, 0, 2 * Math.PI);
    };
    if (said !== undefined && said !== null) {
      circle(said);
      pen.stroke();
    }
    // JSON has null for what is not known.
    if (value === null || !Number.isFinite(value)) continue;
    circle(value);
    pen.fill();
    pen.beginPath();
    pen.moveTo(x(crystals), y(value - (error ?? 0)));
    pen.lineTo(x(crystals), y(value + (error ?? 0)));
    pen.stroke();
  }
}
