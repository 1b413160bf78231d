/**
 * Error histograms as inline SVG: one panel per kind of error, one strip per backend, decades along the axis, and a bin
 * for exact zeros.
 */

import { htmlText as harmless } from '../../util/plain-text.js';
import { formatNumber, type Report } from '../run.js';

const [width, strip, left, right, bottom] = [520, 64, 84, 22, 26];
const binsPerDecade = 4;

/** Every kind of error of a report. */
export function histograms(report: Report): string {
  const series = new Map<string, Map<string, number[]>>();
  for (const { samples, backend } of report.rows) {
    for (const [name, values] of Object.entries(samples)) {
      const panel = series.get(name) ?? new Map<string, number[]>();
      panel.set(backend, [...(panel.get(backend) ?? []), ...values]);
      series.set(name, panel);
    }
  }
  if (series.size === 0) return '<p class="quiet">no errors were measured</p>';
  return [...series].map(([name, panel]) => histogram(name, panel)).join('');
}

function histogram(name: string, panel: ReadonlyMap<string, readonly number[]>): string {
  const positive = [...panel.values()].flat().filter((x) => x > 0 && Number.isFinite(x));
  const low = Math.floor(Math.log10(Math.min(1, ...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(positive.length > 0 ? Math.max(...positive) : 1) + 1e-9));
  const bins = (high - low) * binsPerDecade;
  // The first bin is for exact zeros, and is separate from the axis of decades.
  const zeroWidth = 34;
  const x0 = left + zeroWidth + 10;
  const unit = (width - x0 - right) / bins;
  const strips = [...panel].map(([backend, values], row) => {
    const counts = new Array<number>(bins).fill(0);
    let [zeros, beyond] = [0, 0];
    for (const value of values) {
      if (value === 0) zeros++;
      else if (!Number.isFinite(value)) beyond++;
      else {
        const bin = Math.min(bins - 1, Math.max(0, Math.floor((Math.log10(value) - low) * binsPerDecade)));
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
    const top = row * strip;
    const most = Math.max(1, zeros, ...counts);
    const bar = (x: number, w: number, count: number, cls = ''): string => {
      if (count === 0) return '';
      const height = Math.max(1.5, (count / most) * (strip - 22));
      return (
        `<rect class="${cls}" x="${x.toFixed(1)}" y="${(top + strip - 4 - height).toFixed(1)}" ` +
        `width="${Math.max(1, w - 1).toFixed(1)}" height="${height.toFixed(1)}"><title>${count}</title></rect>`
      );
    };
    const sorted = [...values].sort((a, b) => a - b);
    const summary =
      `${values.length} values, median ${formatNumber(sorted[Math.floor(sorted.length / 2)] ?? 0)}, largest ` +
      `${formatNumber(sorted[sorted.length - 1] ?? 0)}${beyond > 0 ? `, ${beyond} not finite` : ''}`;
    return (
      `<text x="0" y="${top + strip - 8}" class="name">${harmless(backend)}</text><text x="${width - right}" ` +
      `y="${top + 12}" text-anchor="end">${harmless(summary)}</text>` +
      bar(left, zeroWidth, zeros, 'zero') +
      counts.map((count, i) => bar(x0 + i * unit, unit, count)).join('') +
      `<line x1="${left}" x2="${width - right}" y1="${top + strip - 4}" y2="${top + strip - 4}"/>`
    );
  });
  const height = strips.length * strip;
  const every = Math.ceil((high - low) / 8);
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => i)
    .filter((i) => i % every === 0)
    .map(
      (i) =>
        `<text x="${(x0 + i * binsPerDecade * unit).toFixed(1)}" y="${height + 14}" ` +
        `text-anchor="middle">10<tspan dy="-4" font-size="8">${low + i}</tspan></text>`,
    );
  return (
    `<figure><figcaption>${harmless(name)}</figcaption><svg viewBox="0 0 ${width} ${height + bottom}" role="img" ` +
    `aria-label="histogram of ${harmless(name)}">${strips.join('')}` +
    `<text x="${left + zeroWidth / 2}" y="${height + 14}" ` +
    `text-anchor="middle">exact</text>${ticks.join('')}</svg></figure>`
  );
}
