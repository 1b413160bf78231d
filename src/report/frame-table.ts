/** The frames of a run as a table that is sorted without a script: by style, according to the chosen button. */
import { htmlText as escaped } from '../util/plain-text.js';

/** A frame of the table. */
export interface FrameRow {
  /** Number of its chunk in the stream, from 0; undefined without one. */
  readonly number: number | undefined;
  readonly name: string;
  readonly peaks: number;
  readonly crystals: number;
  /** Resolution of its best crystal in Å, and root mean square distance of its peaks from their nodes in 1/Å. */
  readonly resolutionA: number | undefined;
  readonly residual: number | undefined;
}

/** More rows would make a page of several megabytes, which browsers lay out slowly. */
export const maxRows = 20_000;
/** What sorts a frame without a value behind all others. */
const last = 1e7;

const orders: readonly (readonly [id: string, words: string, order: string])[] = [
  ['frame', 'number', 'var(--f)'],
  ['peaks', 'peaks', 'calc(-1*var(--p))'],
  ['crystals', 'crystals', 'calc(-1*var(--c))'],
  ['resolution', 'resolution', 'var(--d)'],
  ['residual', 'residual', 'var(--r)'],
];

/** The style of the table, of which a part follows the chosen order. */
export const tableStyle = `
.frames{max-height:26rem;overflow:auto;margin-top:8px}
.frames table,.frames tbody,.frames thead{display:flex;flex-direction:column}
.frames tr{display:grid;grid-template-columns:4rem minmax(8rem,1fr) 5rem 5rem 6rem 8rem}
.frames td,.frames th{overflow-wrap:anywhere}
.frames td:nth-child(2),.frames th:nth-child(2){text-align:left}
${orders.map(([id, , order]) => `section:has(#by-${id}:checked) .frames tbody tr{order:${order}}`).join('')}`;

/** The section; frames are numbered as in the stream. `frames`: those that were read. */
export function frameTable(rows: readonly FrameRow[], frames: number): string {
  const written = rows.map(({ number, name, peaks, crystals, resolutionA, residual }, i) => {
    const whole = (value: number | undefined, factor: number): number =>
      value === undefined ? last : Math.min(last - 1, Math.round(value * factor));
    const style = `--f:${i};--p:${peaks};--c:${crystals};--d:${whole(resolutionA, 1e3)};--r:${whole(residual, 1e6)}`;
    const cells = [
      number ?? '',
      escaped(name),
      peaks,
      crystals,
      resolutionA?.toFixed(2) ?? '',
      residual ? (residual * 1e3).toFixed(2) : '',
    ];
    return `<tr style="${style}">${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const buttons = orders.map(
    ([id, words], i) =>
      `<input type="radio" name="by" id="by-${id}"${i === 0 ? ' checked' : ''}><label for="by-${id}">${words}</label>`,
  );
  const heads = ['frame', 'image', 'peaks', 'crystals', 'd / Å', 'residual / 10⁻³ Å⁻¹'];
  const has = rows.every(({ number }) => number !== undefined) ? 'all of them' : 'all hits';
  const left = frames > rows.length ? `The first ${rows.length} of ${frames} frames; the stream has ${has}. ` : '';
  return (
    `<h2>All frames</h2><section>Sorted by ${buttons.join('')}<div class="frames" tabindex="0"><table><thead><tr>` +
    `${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${written.join('')}</tbody></table></div>` +
    `<p class="about">${left}To look at frame N: <code>ewald view</code> with the stream and its frames, and ` +
    '<code>#f=N</code> at the end of the address. Residual: root mean square distance of the peaks of the best ' +
    'crystal from their nodes.</p></section>'
  );
}
