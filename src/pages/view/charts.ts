/** The histogram of a frame with its limits, and the shares of a run in words. */
import { counted } from '../../entries/pages.js';
import type { Histogram, Limits } from './contrast.js';
import { clearedPen, computedColor } from './elements.js';
import type { FrameSummary } from './protocol.js';

/** Draws a histogram, logarithmic in both directions, with a line at each limit. */
export function drawHistogram(canvas: HTMLCanvasElement, histogram: Histogram, limits: Limits): void {
  const pen = clearedPen(canvas);
  const { width, height } = canvas;
  const { counts } = histogram;
  const most = Math.log1p(counts.reduce((a, b) => Math.max(a, b), 1));
  pen.fillStyle = computedColor(canvas);
  for (const [i, count] of counts.entries()) {
    const bar = (Math.log1p(count) / most) * height * 0.95;
    pen.fillRect((i * width) / counts.length, height - bar, width / counts.length - 1, bar);
  }
  pen.fillStyle = computedColor(canvas, 'accentColor');
  const line = 2 * devicePixelRatio;
  for (const limit of limits)
    pen.fillRect(Math.min(width - line, Math.max(0, histogram.shareOf(limit) * width - line / 2)), 0, line, height);
}

/** A share in whole percent; a dash if nothing has been counted. */
export const percent = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${Math.round((100 * part) / whole)} %`;

/** Shares of hits and of indexed frames, as words. */
export function ratesOf(summaries: readonly (FrameSummary | undefined)[], frames: number, dropped: number): string {
  const seen = summaries.filter((summary) => summary !== undefined);
  if (seen.length === 0) return '';
  const hits = seen.filter(({ hit }) => hit).length;
  const indexed = seen.filter(({ crystals }) => crystals > 0).length;
  const words = [
    `${seen.length} of ${counted(frames, 'frame')}`,
    `hits ${percent(hits, seen.length)}`,
    `indexed ${percent(indexed, hits)} of hits`,
  ];
  return [...words, ...(dropped > 0 ? [`${counted(dropped, 'request')} dropped`] : [])].join(' · ');
}
