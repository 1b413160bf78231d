/**
 * The list of searched frames, sorted by any of its columns. It is a grid with one stop of the Tab key: in it, the
 * arrow keys move from row to row, and Enter shows the frame of a row.
 */
import { byId } from '../by-id.js';
import { createElement } from './elements.js';
import type { FrameSummary } from './protocol.js';

type SortKey = 'frame' | 'peaks' | 'crystals' | 'resolutionA' | 'cell';

/** The number by which a line is sorted; cells are sorted by their first length. */
const rankOf = (summary: FrameSummary, key: SortKey): number =>
  (key === 'cell' ? summary.cell?.[0] : summary[key]) ?? Number.POSITIVE_INFINITY;

/** Maximum number of rows in the page: a table of 10⁵ rows would make it slow. */
const maxRows = 200;

/** The keys that move from row to row, and by how many. */
const steps: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -10,
  PageDown: 10,
  Home: -maxRows,
  End: maxRows,
};

/** A row of the table, and the text of its cells. */
interface Row {
  readonly element: HTMLElement;
  readonly text: string;
}

export class FrameList {
  /** Called with the frame of a row that was chosen. */
  onChoose: (frame: number) => void = () => undefined;
  readonly #table: HTMLElement;
  readonly #body: HTMLElement;
  readonly #buttons: readonly HTMLButtonElement[];
  #key: SortKey = 'frame';
  #descending = false;
  #summaries: readonly FrameSummary[] = [];
  #shown = -1;
  /** The frame whose row the Tab key reaches. */
  #reached: number | undefined;
  #rows = new Map<number, Row>();

  constructor() {
    const list = byId('list-of-frames');
    this.#table = list.querySelector('table') as HTMLElement;
    // Its rows are operated by keys, unlike those of a table.
    this.#table.setAttribute('role', 'grid');
    this.#body = list.querySelector('tbody') as HTMLElement;
    this.#buttons = [...list.querySelectorAll<HTMLButtonElement>('button[data-sort]')];
    for (const button of this.#buttons)
      button.addEventListener('click', () => this.#sortBy(button.dataset.sort as SortKey));
    list.addEventListener('toggle', () => this.#write());
    this.#body.addEventListener('click', ({ target }) => this.#choose(target));
    this.#body.addEventListener('keydown', (event) => this.#press(event));
    this.#body.addEventListener('focusin', ({ target }) => {
      this.#reached = clickedFrame(target);
      this.#reach();
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

  #choose(target: EventTarget | null): void {
    const frame = clickedFrame(target);
    if (frame !== undefined) this.onChoose(frame);
  }

  #press(event: KeyboardEvent): void {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = steps[key];
    if (key === 'Enter' || key === ' ') this.#choose(target);
    else if (by === undefined) return;
    else {
      const rows = [...this.#rows.values()];
      const at = rows.findIndex((row) => row.element === target);
      rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.element.focus();
    }
    // Outside the list, these keys step through the frames and play them.
    event.preventDefault();
    event.stopPropagation();
  }

  #write(): void {
    if (!byId<HTMLDetailsElement>('list-of-frames').open) return;
    const sign = this.#descending ? -1 : 1;
    const sorted = [...this.#summaries].sort((a, b) => {
      const [first, second] = [rankOf(a, this.#key), rankOf(b, this.#key)];
      return first === second ? a.frame - b.frame : sign * (first - second);
    });
    for (const button of this.#buttons) {
      const isKey = button.dataset.sort === this.#key;
      (button.parentElement as HTMLElement).ariaSort = isKey ? (sign === 1 ? 'ascending' : 'descending') : null;
    }
    this.#table.ariaRowCount = String(sorted.length + 1);
    const before = this.#rows;
    this.#rows = new Map(sorted.slice(0, maxRows).map((summary) => [summary.frame, summaryRow(summary, before)]));
    const elements = [...this.#rows.values()].map((row) => row.element);
    for (const [i, row] of elements.entries()) row.ariaRowIndex = String(i + 2);
    if (sorted.length > maxRows) {
      const more = `and ${sorted.length - maxRows} more; .csv has all of them`;
      elements.push(createElement('tr', createElement('td', more, { colSpan: 5 })));
    }
    // Rows that have not changed stay as they are: while frames arrive, the row that has the focus keeps it.
    const { children } = this.#body;
    if (elements.length !== children.length || elements.some((row, i) => row !== children[i])) {
      const hadFocus = this.#body.contains(document.activeElement);
      this.#body.replaceChildren(...elements);
      if (hadFocus && this.#reached !== undefined) this.#rows.get(this.#reached)?.element.focus();
    }
    this.#reach();
  }

  /** Marks the frame that is shown, and the row that the Tab key reaches: the last one that had the focus. */
  #reach(): void {
    const [first] = this.#rows.keys();
    const reached = [this.#reached, this.#shown].find((frame) => frame !== undefined && this.#rows.has(frame)) ?? first;
    for (const [frame, { element: row }] of this.#rows) {
      row.tabIndex = frame === reached ? 0 : -1;
      row.ariaCurrent = frame === this.#shown ? 'true' : null;
    }
  }
}

function clickedFrame(target: EventTarget | null): number | undefined {
  const row = (target as Element | null)?.closest<HTMLElement>('tr[data-frame]');
  return row ? Number(row.dataset.frame) : undefined;
}

/** The row of a frame; the one that there is, unless the frame has other results by now. */
function summaryRow({ frame, peaks, crystals, resolutionA, cell, error }: FrameSummary, rows: Map<number, Row>): Row {
  const lengths = cell?.slice(0, 3).map((value) => value.toFixed(1));
  const words = [
    String(frame),
    String(peaks),
    String(crystals),
    resolutionA?.toFixed(2) ?? '',
    lengths?.join(' ') ?? error ?? '',
  ];
  const text = words.join('\n');
  const known = rows.get(frame);
  if (known?.text === text) return known;
  const cells = words.map((word) => createElement('td', word));
  return { element: createElement('tr', ...cells, { dataset: { frame: String(frame) } }), text };
}

/** The list as comma-separated values. */
export function csvOf(summaries: readonly (FrameSummary | undefined)[]): string {
  const head = 'frame,peaks,hit,crystals,a,b,c,alpha,beta,gamma,resolution,error';
  const lines = summaries.flatMap((summary) => {
    if (!summary) return [];
    const { frame, peaks, hit, crystals, cell, resolutionA, error } = summary;
    const why = error === undefined ? '' : `"${error.replaceAll('"', '""')}"`;
    const numbers = cell?.map((value) => value.toFixed(4)) ?? new Array<string>(6).fill('');
    return [[frame, peaks, hit ? 1 : 0, crystals, ...numbers, resolutionA?.toFixed(4) ?? '', why].join(',')];
  });
  return [head, ...lines, ''].join('\n');
}
