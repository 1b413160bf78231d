/** The list of searched frames, sorted by any of its columns. */
import { byId, element } from './elements.js';
import type { FrameSummary } from './protocol.js';

type SortKey = 'frame' | 'peaks' | 'crystals' | 'resolutionA' | 'cell';

/** The number by which a line is sorted; cells are sorted by their first length. */
const rankOf = (summary: FrameSummary, key: SortKey): number =>
  (key === 'cell' ? summary.cell?.[0] : summary[key]) ?? Number.POSITIVE_INFINITY;

/** Maximum number of rows in the page: a table of 10⁵ rows would make it slow. */
const mostRows = 200;

export class FrameList {
  /** Called with the frame of a row that was clicked. */
  onChoose: (frame: number) => void = () => undefined;
  readonly #body: HTMLElement;
  #key: SortKey = 'frame';
  #descending = false;
  #summaries: readonly FrameSummary[] = [];
  #shown = -1;

  constructor() {
    const list = byId('list-of-frames');
    this.#body = list.querySelector('tbody') as HTMLElement;
    for (const button of list.querySelectorAll<HTMLButtonElement>('button[data-sort]'))
      button.addEventListener('click', () => this.#sortBy(button.dataset.sort as SortKey));
    list.addEventListener('toggle', () => this.#write());
    this.#body.addEventListener('click', ({ target }) => {
      const row = (target as Element).closest<HTMLElement>('tr[data-frame]');
      if (row) this.onChoose(Number(row.dataset.frame));
    });
  }

  show(summaries: readonly (FrameSummary | undefined)[], shown: number): void {
    this.#summaries = summaries.filter((summary) => summary !== undefined);
    this.#shown = shown;
    this.#write();
  }

  #sortBy(key: SortKey): void {
    this.#descending = this.#key === key ? !this.#descending : key === 'peaks' || key === 'crystals';
    this.#key = key;
    this.#write();
  }

  #write(): void {
    if (!byId<HTMLDetailsElement>('list-of-frames').open) return;
    const sign = this.#descending ? -1 : 1;
    const sorted = [...this.#summaries].sort((a, b) => {
      const [first, second] = [rankOf(a, this.#key), rankOf(b, this.#key)];
      return first === second ? a.frame - b.frame : sign * (first - second);
    });
    const rows = sorted.slice(0, mostRows).map((summary) => {
      const { frame, peaks, crystals, resolutionA, cell, error } = summary;
      const lengths = cell?.slice(0, 3).map((value) => value.toFixed(1));
      const words = [
        String(frame),
        String(peaks),
        String(crystals),
        resolutionA?.toFixed(2) ?? '',
        lengths?.join(' ') ?? error ?? '',
      ];
      const row = element(
        'tr',
        '',
        words.map((word) => element('td', word)),
      );
      row.dataset.frame = String(frame);
      if (frame === this.#shown) row.setAttribute('aria-current', 'true');
      return row;
    });
    if (sorted.length > mostRows) {
      const more = element('td', `and ${sorted.length - mostRows} more; .csv has all of them`);
      more.colSpan = 5;
      rows.push(element('tr', '', [more]));
    }
    this.#body.replaceChildren(...rows);
  }
}

/** The list as comma-separated values. */
export function csvOf(summaries: readonly (FrameSummary | undefined)[]): string {
  const head = 'frame,peaks,hit,crystals,a,b,c,alpha,beta,gamma,resolution';
  const lines = summaries.flatMap((summary) => {
    if (!summary) return [];
    const { frame, peaks, hit, crystals, cell, resolutionA } = summary;
    const numbers = cell?.map((value) => value.toFixed(4)) ?? new Array<string>(6).fill('');
    return [[frame, peaks, hit ? 1 : 0, crystals, ...numbers, resolutionA?.toFixed(4) ?? ''].join(',')];
  });
  return [head, ...lines, ''].join('\n');
}
