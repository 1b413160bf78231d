/** Small charts as SVG: histograms, lines over the frames, directions on a hemisphere. */
import { median } from '../util/median.js';

const number = (x: number): string => String(Number(x.toPrecision(5)));

/** About four round values between two ends. */
export function ticks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const found: number[] = [];
  for (let x = Math.ceil(low / step - 1e-9) * step; x <= high + step * 1e-6; x += step)
    found.push(Number(x.toPrecision(8)));
  return found;
}

/** A histogram, with a line at the expected value. */
export function histogram(values: readonly number[], title: string, unit: string, target: number | undefined): string {
  const [width, height, base] = [300, 130, 104];
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const middle = median(values);
  // Covers the bulk of the values and the target; outliers are counted at the ends.
  const least = Math.max(Math.abs(middle) * 0.002, 1e-3);
  const wide = Math.max(3 * (at(0.9) - at(0.1)), least, target === undefined ? 0 : 1.3 * Math.abs(target - middle));
  const [low, high] = [middle - wide, middle + wide];
  const bins = new Array<number>(40).fill(0);
  for (const value of values) {
    const bin = Math.min(39, Math.max(0, Math.floor(((value - low) / (high - low)) * 40)));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const most = Math.max(1, ...bins);
  const x = (value: number): number => ((value - low) / (high - low)) * width;
  const bars = bins
    .map((count, i) =>
      count === 0
        ? ''
        : `<rect x="${number((i * width) / 40 + 0.5)}" y="${number(base - (count / most) * 84)}" width="${number(width / 40 - 1)}" height="${number((count / most) * 84)}"/>`,
    )
    .join('');
  const marks = ticks(low, high)
    .map((value) => `<text x="${number(x(value))}" y="118">${number(value)}</text>`)
    .join('');
  const line =
    target === undefined
      ? ''
      : `<line class="target" x1="${number(x(target))}" x2="${number(x(target))}" y1="14" y2="${base}"/>`;
  const wanted = target === undefined ? '' : `, known ${number(target)}`;
  return `<figure><figcaption><b>${title}</b> ${number(middle)} ${unit}<span>${wanted}</span></figcaption>
<svg viewBox="-8 8 ${width + 16} ${height - 8}" class="chart"><g class="bars">${bars}</g>${line}<line class="axis" x1="0" x2="${width}" y1="${base}" y2="${base}"/><g class="ticks">${marks}</g></svg></figure>`;
}

/** Fractions from 0 to 1 over the frames of a run, one line each. */
export function lines(
  series: readonly { readonly name: string; readonly values: readonly number[] }[],
  frames: number,
): string {
  const [width, height] = [940, 170];
  const drawn = series
    .map(({ name, values }, i) => {
      // A section is drawn over its whole length, because a short run has only one section.
      const points = values.flatMap((value, at) =>
        [at, at + 1].map((end) => `${number((end / values.length) * width)},${number(140 - value * 120)}`),
      );
      return `<polyline class="line line-${i}" points="${points.join(' ')}"><title>${name}</title></polyline>`;
    })
    .join('');
  const levels = [0, 0.5, 1]
    .map(
      (level) =>
        `<line class="grid" x1="0" x2="${width}" y1="${140 - level * 120}" y2="${140 - level * 120}"/><text x="-6" y="${144 - level * 120}" class="end">${level * 100} %</text>`,
    )
    .join('');
  const marks = ticks(0, frames)
    .map((frame) => `<text x="${number((frame / Math.max(1, frames)) * width)}" y="158">${number(frame)}</text>`)
    .join('');
  return `<svg viewBox="-44 8 ${width + 60} ${height - 8}" class="chart wide"><g class="ticks">${levels}${marks}</g>${drawn}</svg>`;
}

/** Directions in the equal-area projection of the hemisphere about the beam; those pointing backwards are inverted. */
export function hemisphere(directions: readonly (readonly number[])[], title: string): string {
  const most = 2000;
  const every = Math.max(1, Math.ceil(directions.length / most));
  const dots = directions
    .filter((_, i) => i % every === 0)
    .map((vector) => {
      const length = Math.hypot(...vector) || 1;
      const sign = (vector[2] ?? 0) < 0 ? -1 : 1;
      const [x = 0, y = 0, z = 0] = vector.map((part) => (sign * part) / length);
      const factor = Math.sqrt(1 / (1 + z));
      return `<circle cx="${number(100 * x * factor)}" cy="${number(-100 * y * factor)}" r="2"/>`;
    })
    .join('');
  return `<figure><figcaption><b>${title}</b></figcaption><svg viewBox="-106 -106 212 212" class="sphere"><circle class="rim" r="100"/><circle class="rim" r="1.5"/>${dots}</svg></figure>`;
}

/** Points of one curve; a curve is interrupted where a value is not finite. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  /** Dots instead of a line. */
  readonly dots?: boolean;
}

/** The labels and axes of a plot of curves. */
interface CurvePlot {
  readonly title: string;
  /** Text of a position on the x axis. */
  readonly xText: (x: number) => string;
  /** Positions with a text on the x axis. */
  readonly xTicks: readonly number[];
  /** Ends of the y axis; by default those of the values. */
  readonly low?: number;
  readonly high?: number;
}

/** Curves over a common x axis, with a key of their names. */
export function curves(series: readonly Curve[], { title, xText, xTicks, low, high }: CurvePlot): string {
  const [width, height, base, top] = [300, 150, 118, 12];
  const points = series.flatMap((curve) => curve.points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  if (points.length === 0) return `<figure><figcaption><b>${title}</b> no values</figcaption></figure>`;
  const extreme = (of: (...values: number[]) => number, at: 0 | 1): number =>
    points.reduce((found, point) => of(found, point[at]), points[0]?.[at] ?? 0);
  const [left, right] = [extreme(Math.min, 0), extreme(Math.max, 0)];
  const bottom = Math.min(low ?? Number.POSITIVE_INFINITY, extreme(Math.min, 1));
  const summit = Math.max(high ?? Number.NEGATIVE_INFINITY, extreme(Math.max, 1));
  const x = (value: number): number => ((value - left) / (right - left || 1)) * width;
  const y = (value: number): number => base - ((value - bottom) / (summit - bottom || 1)) * (base - top);
  const at = ([a, b]: readonly [number, number]): string => `${number(x(a))},${number(y(b))}`;
  const drawn = series
    .map(({ name, points: own, dots }, i) => {
      const parts: (readonly [number, number])[][] = [[]];
      for (const point of own) {
        if (Number.isFinite(point[0]) && Number.isFinite(point[1])) parts.at(-1)?.push(point);
        else parts.push([]);
      }
      const path = dots
        ? (part: (readonly [number, number])[]) => part.map((point) => `M${at(point)}h0`).join('')
        : (part: (readonly [number, number])[]) => `M${part.map(at).join('L')}`;
      const whole = parts.filter((part) => part.length > 0).map(path);
      const kind = `curve curve-${i}${dots ? ' dots' : ''}`;
      return `<path class="${kind}" d="${whole.join('')}"><title>${name}</title></path>`;
    })
    .join('');
  const levels = ticks(bottom, summit)
    .map(
      (level) =>
        `<line class="grid" x1="0" x2="${width}" y1="${number(y(level))}" y2="${number(y(level))}"/>` +
        `<text x="-6" y="${number(y(level) + 4)}" class="end">${number(level)}</text>`,
    )
    .join('');
  const marks = xTicks
    .filter((tick) => tick >= left && tick <= right)
    .map((tick) => `<text x="${number(x(tick))}" y="${base + 16}">${xText(tick)}</text>`)
    .join('');
  const colours = ['a', 'b', 'c'];
  const key =
    series.length < 2
      ? ''
      : series.map(({ name }, i) => `<i style="background:var(--${colours[i % 3]})"></i>${name}`).join('');
  return (
    `<figure><figcaption class="key"><b>${title}</b>${key}</figcaption>` +
    `<svg viewBox="-40 0 ${width + 56} ${height}" class="chart"><g class="ticks">${levels}${marks}</g>${drawn}</svg>` +
    '</figure>'
  );
}
