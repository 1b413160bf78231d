/** What a file of hits keeps, as a section of the report: the proof, and the pixels of a frame. */
import { ticks } from '../../report/charts.js';
import { htmlText } from '../../util/plain-text.js';
import type { Known } from './pairs.js';
import type { Proof } from './proof.js';

/** A frame of which only the pixels around spots are kept. */
export interface KeptPicture {
  /** 1 for kept, [height, width]. */
  readonly kept: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The frame in words. */
  readonly name: string;
  readonly share: number;
}

const short = (x: number): string => String(Number(x.toPrecision(4)));

/** The section; undefined if there is nothing to show. */
export function keptSection(proof: Proof | undefined, picture: KeptPicture | undefined): string | undefined {
  const parts = [...(proof ? [proofPart(proof)] : []), ...(picture ? [picturePart(picture)] : [])];
  return parts.length === 0 ? undefined : `<h2>Hits that are kept</h2><section>${parts.join('')}</section>`;
}

function proofPart({ text, failures, shells, merged, accept }: Proof): string {
  const names = shells.map(({ from, to }) => `${from.toFixed(1)}–${to.toFixed(2)} Å`);
  const bias = errorBars(
    shells.map((shell, i) => ({ label: names[i] ?? '', known: shell.bias })),
    accept.bias,
  );
  const thirds = errorBars(
    merged.shells.flatMap((shell, i) =>
      shell.map(({ value, error }, third) => ({
        label: third === 1 ? (names[i] ?? '') : '',
        known: { value: 100 * value, error: 100 * error },
      })),
    ),
    100 * accept.merge,
  );
  const rows = shells.map(
    ({ observations, missing, bias: { value, error }, variance, sum }, i) =>
      `<tr><td>${names[i]}</td><td>${observations}</td><td>${(100 * missing).toFixed(1)} %</td>` +
      `<td>${value.toFixed(4)} ± ${error.toFixed(4)}</td><td>${variance.value.toFixed(4)} ± ${variance.error.toFixed(4)}</td>` +
      `<td>${sum.toFixed(4)}</td></tr>`,
  );
  const failed = failures.map((one) => `<p class="doubt">${htmlText(one)}</p>`).join('');
  return (
    `<p>${htmlText(text)}</p>${failed}` +
    `<figure><figcaption><b>Bias</b> of observations by resolution, in their errors σ; bars are two errors, dashes what is accepted</figcaption>${bias}</figure>` +
    `<figure><figcaption><b>Merged intensities</b>: the change of the weak, middle and strong third of each shell, % of its mean</figcaption>${thirds}</figure>` +
    '<table><tr><th>resolution</th><th>observations</th><th>missing</th><th>bias, σ</th><th>variance, σ²</th><th>sum</th></tr>' +
    `${rows.join('')}</table>`
  );
}

/** Values with bars of two errors, and the limits on both sides of zero. */
export function errorBars(points: readonly { readonly label: string; readonly known: Known }[], limit: number): string {
  const [width, height, base] = [440, 170, 140];
  const reach =
    1.1 *
    points.reduce((most, { known: { value, error } }) => Math.max(most, Math.abs(value) + 2 * error), 1.2 * limit);
  const y = (value: number): string => short(base / 2 + 8 - (value / reach) * (base / 2 - 4));
  const x = (i: number): number => ((i + 0.5) * width) / Math.max(1, points.length);
  const marks = points.map(
    ({ label, known: { value, error } }, i) =>
      `<line class="line line-0" x1="${short(x(i))}" x2="${short(x(i))}" y1="${y(value - 2 * error)}" y2="${y(value + 2 * error)}"/>` +
      `<circle class="line line-0" cx="${short(x(i))}" cy="${y(value)}" r="2.5"><title>${short(value)} ± ${short(error)}</title></circle>` +
      (label === '' ? '' : `<text x="${short(x(i))}" y="${height - 6}">${label}</text>`),
  );
  const levels = ticks(-reach, reach).map((level) => `<text x="-6" y="${y(level)}" class="end">${short(level)}</text>`);
  const lines = [-limit, 0, limit].map(
    (level) =>
      `<line class="${level === 0 ? 'axis' : 'target'}" x1="0" x2="${width}" y1="${y(level)}" y2="${y(level)}"/>`,
  );
  return (
    `<svg viewBox="-52 0 ${width + 60} ${height}" class="chart">${lines.join('')}` +
    `<g class="ticks">${levels.join('')}${marks.join('')}</g></svg>`
  );
}

/** Squares along the longer side of a picture of pixels. */
const squares = 160;

function picturePart({ kept, width, height, name, share }: KeptPicture): string {
  return (
    `<figure><figcaption><b>Pixels</b> that are kept of ${htmlText(name)}: ${(100 * share).toPrecision(2)} %; the others ` +
    `are marked as not measured</figcaption>${keptPixelsSvg({ kept, width, height })}</figure>`
  );
}

/** Kept pixels as one path, in squares that are kept where any of their pixels is. */
export function keptPixelsSvg({ kept, width, height }: Pick<KeptPicture, 'kept' | 'width' | 'height'>): string {
  const step = Math.max(1, Math.ceil(Math.max(width, height) / squares));
  const [across, down] = [Math.ceil(width / step), Math.ceil(height / step)];
  const cells = new Uint8Array(across * down);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      if (kept[row * width + column] === 1) cells[Math.floor(row / step) * across + Math.floor(column / step)] = 1;
  let path = '';
  for (let row = 0; row < down; row++)
    for (let from = 0; from < across; from++) {
      if (cells[row * across + from] === 0) continue;
      let to = from + 1;
      while (to < across && cells[row * across + to] === 1) to++;
      path += `M${from} ${row}h${to - from}v1H${from}z`;
      from = to;
    }
  return (
    `<svg viewBox="0 0 ${across} ${down}" class="chart" style="max-width:480px"><rect width="${across}" height="${down}" ` +
    `fill="none" stroke="currentColor" stroke-width=".5"/><path d="${path}" fill="currentColor"/></svg>`
  );
}
