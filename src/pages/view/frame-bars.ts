/** A bar for each frame of a file or stream; loaded with the chart of a run. */
import { clearedPen, computedColor } from './elements.js';
import type { FrameSummary } from './protocol.js';

/** Maximum width of a frame's bar, in CSS pixels: a run of few frames does not fill the chart. */
const widestBar = 24;

/** Height of the mark above the frame that is shown, in CSS pixels. */
const markHeight = 7;

/** Width of the bar of a frame, in pixels of the canvas. */
const stepOf = ({ width }: HTMLCanvasElement, frames: number): number =>
  Math.min(widestBar * devicePixelRatio, width / frames);

/** The frame at a position of the chart, in CSS pixels from its left edge; undefined beyond the last frame. */
export function frameAt(canvas: HTMLCanvasElement, x: number, frames: number): number | undefined {
  const frame = Math.floor((x * devicePixelRatio) / stepOf(canvas, frames));
  return frame < frames ? frame : undefined;
}

/**
 * Draws a bar of peaks for each frame: indexed frames in the accent colour with a mark on top, hits dark, others pale.
 * There are not more frames than columns: more are shown as shares (run-strip.ts).
 */
export function drawFrames(
  canvas: HTMLCanvasElement,
  summaries: readonly (FrameSummary | undefined)[],
  frames: number,
  shown: number,
): void {
  const pen = clearedPen(canvas);
  const { width, height } = canvas;
  if (frames === 0) return;
  const step = stepOf(canvas, frames);
  const most = summaries.reduce((peaks, summary) => Math.max(peaks, summary?.peaks ?? 0), 30);
  const at = shown * step;
  pen.fillStyle = computedColor(canvas, 'outlineColor');
  pen.fillRect(at, 0, Math.max(2 * devicePixelRatio, step), height);
  const [ink, accent] = [computedColor(canvas), computedColor(canvas, 'accentColor')];
  const top = markHeight * devicePixelRatio;
  for (const [column, summary] of summaries.entries()) {
    if (!summary) continue;
    const bar = Math.max(1, (summary.peaks / most) * (height - top - 6 * devicePixelRatio));
    pen.fillStyle = summary.crystals > 0 ? accent : ink;
    pen.globalAlpha = summary.hit ? 1 : 0.4;
    pen.fillRect(column * step, height - bar, Math.max(1, step - 1), bar);
    if (summary.crystals > 0)
      pen.fillRect(column * step, height - bar - 4 * devicePixelRatio, Math.max(1, step - 1), 2 * devicePixelRatio);
  }
  pen.globalAlpha = 1;
  // A triangle above the bars marks the frame that is shown.
  const middle = Math.min(width - top, Math.max(top, at + step / 2));
  pen.fillStyle = ink;
  pen.beginPath();
  pen.moveTo(middle - top, 0);
  pen.lineTo(middle + top, 0);
  pen.lineTo(middle, top);
  pen.fill();
}
