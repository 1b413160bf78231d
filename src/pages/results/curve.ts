/** A curve of numbers along an axis, with its values under the pointer. */
import { ticks } from '../../entries/pages.js';
import { shown } from './numbers.js';

/** What a curve shows. */
export interface Curve {
  readonly values: Float64Array;
  /** Where the first number is, and how far each is from the next. */
  readonly first: number;
  readonly step: number;
  /** Name of the axis, with its unit. */
  readonly across: string;
  /** Called with the number under the pointer. */
  readonly onPoint?: (i: number) => void;
}

const [width, height, left, top, below] = [520, 190, 62, 10, 34];

function svg(name: string, attributes: Readonly<Record<string, string | number>>, text = ''): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}

/** The curve as a picture; it breaks where there is no number. */
export function curveOf({ values, first, step, across, onPoint }: Curve): SVGElement {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values)
    if (Number.isFinite(value)) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img' });
  chart.setAttribute('aria-label', `curve of ${values.length} numbers from ${shown(least)} to ${shown(most)}`);
  if (!(least <= most)) [least, most] = [0, 1];
  if (least === most) [least, most] = [least - 0.5, most + 0.5];
  const last = Math.max(1, values.length - 1);
  const x = (i: number): number => left + (i / last) * (width - left - 8);
  const y = (value: number): number => top + (1 - (value - least) / (most - least)) * (height - top - below);
  const marks = ticks(least, most).map((value) => {
    const at = y(value).toFixed(1);
    const line = svg('line', { class: 'axis', x1: left, x2: width - 8, y1: at, y2: at });
    return [line, svg('text', { x: left - 6, y: Number(at) + 4, 'text-anchor': 'end' }, shown(value))];
  });
  const [begin, end] = [first, first + step * last];
  const places = ticks(Math.min(begin, end), Math.max(begin, end)).map((value) =>
    svg('text', { x: x((value - first) / step).toFixed(1), y: height - 18, 'text-anchor': 'middle' }, shown(value)),
  );
  let path = '';
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    // A number between two gaps is a dot.
    const isJoined = i > 0 && Number.isFinite(values[i - 1]);
    path += `${isJoined ? 'L' : 'M'}${x(i).toFixed(2)} ${y(value).toFixed(2)}${isJoined ? '' : 'h.01'}`;
  }
  const name = svg('text', { x: (left + width) / 2, y: height - 3, 'text-anchor': 'middle' }, across);
  const mark = svg('line', { class: 'at', x1: 0, x2: 0, y1: top, y2: height - below, visibility: 'hidden' });
  chart.append(...marks.flat(), ...places, name, svg('path', { d: path, 'stroke-linecap': 'round' }), mark);
  chart.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    const at = ((((event as PointerEvent).clientX - box.left) / box.width) * width - left) / (width - left - 8);
    const i = Math.max(0, Math.min(values.length - 1, Math.round(at * last)));
    for (const end of ['x1', 'x2']) mark.setAttribute(end, x(i).toFixed(1));
    mark.setAttribute('visibility', 'visible');
    onPoint?.(i);
  });
  return chart;
}
