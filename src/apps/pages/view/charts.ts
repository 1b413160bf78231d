/** The small charts of the page: the histogram of a frame with its limits, and a bar for each frame of the run. */
import { counted } from '../../../entries/pages.js';
import type { Histogram, Limits } from './contrast.js';
import { fitCanvas, inkOf } from './elements.js';
import type { FrameSummary } from './protocol.js';

/** Draws a histogram, logarithmic in both directions, with a line at each limit. */
export function drawHistogram(canvas: HTMLCanvasElement, histogram: Histogram, limits: Limits): void {
  fitCanvas(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const { width, height } = canvas;
  const { counts } = histogram;
  const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = inkOf(canvas);
  for (const [i, count] of counts.entries()) {
    const bar = (Math.log1p(count) / most) * height * 0.95;
    pen.fillRect((i * width) / counts.length, height - bar, width / counts.length - 1, bar);
  }
  pen.fillStyle = inkOf(canvas, 'accentColor');
  const line = 2 * devicePixelRatio;
  for (const limit of limits)
    pen.fillRect(Math.min(width - line, Math.max(0, histogram.shareOf(limit) * width - line / 2)), 0, line, height);
}

/** Maximum width of a frame's bar, in CSS pixels: a run of few frames does not fill the chart. */
const widestBar = 24;

/** Height of the mark above the frame that is shown, in CSS pixels. */
const markHeight = 7;

/** Width of a column of frames, in pixels of the canvas. */
const stepOf = ({ width }: HTMLCanvasElement, frames: number): number =>
  Math.min(widestBar * devicePixelRatio, width / Math.min(frames, width));

/** The frame at a position of the chart, in CSS pixels from its left edge; undefined beyond the last frame. */
export function frameAt(canvas: HTMLCanvasElement, x: number, frames: number): number | undefined {
  const columns = Math.min(frames, canvas.width);
  const column = Math.floor((x * devicePixelRatio) / stepOf(canvas, frames));
  return column < columns ? Math.floor((column / columns) * frames) : undefined;
}

/**
 * Draws a bar of peaks for each frame: indexed frames in the accent colour with a mark on top, hits dark, others pale.
 * If there are more frames than columns, a column shows the frame with the most peaks.
 */
export function drawFrames(
  canvas: HTMLCanvasElement,
  summaries: readonly (FrameSummary | undefined)[],
  frames: number,
  shown: number,
): void {
  fitCanvas(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  const { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  if (frames === 0) return;
  const columns = Math.min(frames, width);
  const step = stepOf(canvas, frames);
  const best: (FrameSummary | undefined)[] = new Array(columns);
  let most = 30;
  for (const summary of summaries) {
    if (!summary) continue;
    const column = Math.floor((summary.frame / frames) * columns);
    const known = best[column];
    if (!known || summary.crystals > known.crystals || summary.peaks > known.peaks) best[column] = summary;
    most = Math.max(most, summary.peaks);
  }
  const at = Math.floor((shown / frames) * columns) * step;
  pen.fillStyle = inkOf(canvas, 'outlineColor');
  pen.fillRect(at, 0, Math.max(2 * devicePixelRatio, step), height);
  const [ink, accent] = [inkOf(canvas), inkOf(canvas, 'accentColor')];
  const top = markHeight * devicePixelRatio;
  for (const [column, summary] of best.entries()) {
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

/** Shares of hits and of indexed frames, as words. */
export function ratesOf(summaries: readonly (FrameSummary | undefined)[], frames: number, dropped: number): string {
  const seen = summaries.filter((summary) => summary !== undefined);
  if (seen.length === 0) return '';
  const hits = seen.filter(({ hit }) => hit).length;
  const indexed = seen.filter(({ crystals }) => crystals > 0).length;
  const percent = (part: number, whole: number): string =>
    whole === 0 ? '–' : `${Math.round((100 * part) / whole)} %`;
  const words = [
    `${seen.length} of ${counted(frames, 'frame')}`,
    `hits ${percent(hits, seen.length)}`,
    `indexed ${percent(indexed, hits)} of hits`,
  ];
  return [...words, ...(dropped > 0 ? [`${counted(dropped, 'request')} dropped`] : [])].join(' · ');
}
