/** Rows of a file that are no reflections: a few are left out with a word, many are another file. */
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';

/** Share of the rows beyond which a file is refused, unless it is one of three or more: it is damaged, or of another form. */
const most = 0.05;

/** Throws `Format` for a file of lines, with a message that begins with the number of its line. */
export const failingAt =
  (name: string) =>
  (message: string): never => {
    throw new EwaldError('Format', `${name}:${message}`, { detail: { path: name } });
  };

/** Collects them. */
export class BadRows {
  #first = '';
  count = 0;
  readonly #refuse: ((message: string) => never) | undefined;

  /** With `refuse`, the first one is refused: what is returned has no place for a word. */
  constructor(refuse?: (message: string) => never) {
    this.#refuse = refuse;
  }

  /** Notes one, with what is wrong in words. */
  add(message: string): void {
    this.#refuse?.(message);
    if (this.count++ === 0) this.#first = message;
  }

  /** What to know of them. Calls `fail` with the first one if they are several, and more than one in twenty of the rows. */
  remarks(rows: number, fail: (message: string) => never): string[] {
    if (this.count === 0) return [];
    if (this.count > most * rows && (this.count > 1 || rows < 3)) fail(this.#first);
    const [is, are] = this.count === 1 ? ['is no reflection', 'is'] : ['are no reflections', 'are'];
    return [
      `${this.count} of ${counted(rows, 'row')} ${is}, and ${are} left out${this.count === 1 ? '' : '; the first one'}: ${this.#first.replace(/^\d+:/, 'line $&')}.`,
    ];
  }
}
