/**
 * Spot lists as text: comment lines begin with `#`; the first line holds nine numbers, the known cell's vectors a b c
 * in angstrom; then one spot a line, x y z of the reciprocal vector in 1/angstrom (|q| = 1/d, no 2π).
 */
import { type Cell, cellFrom, checkCell, flat } from '../crystal/cell.js';
import { EwaldError } from '../errors.js';

/** A read spot list. */
export interface SpotList {
  readonly cell: Cell;
  /** [n, 3] reciprocal vectors, 1/angstrom. */
  readonly spots: Float32Array;
}

/**
 * Reads a spot list.
 *
 * Throws `Format` with the name and the line for words, NaN, wrong counts of numbers, an empty text, or a cell of zero
 * volume.
 */
export function parseSpotList(text: string, name: string): SpotList {
  const { cell, spots } = parseSpots(text, name, true);
  return { cell: cell as Cell, spots };
}

/**
 * Reads a spot list that may come without the line of the known cell; with `needsCell` it must have it. Throws as
 * `parseSpotList`.
 */
export function parseSpots(
  text: string,
  name: string,
  needsCell = false,
): { readonly cell: Cell | undefined; readonly spots: Float32Array } {
  let cell: Cell | undefined;
  let begun = false;
  const spots: number[] = [];
  let line = 0;
  for (const raw of text.split('\n')) {
    line++;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    const words = content.split(/[\s,]+/);
    const values = words.map(Number);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    const fail = (message: string): EwaldError =>
      new EwaldError('Format', `${name}:${line}: ${message}`, { detail: { path: name, line } });
    if (bad >= 0) throw fail(`"${clip(words[bad] ?? '')}" is not a finite number`);
    if (!begun && (needsCell || values.length === 9)) {
      begun = true;
      if (values.length !== 9)
        throw fail(
          `the first line holds ${values.length} numbers; needed are nine, the known cell's vectors a b c in angstrom`,
        );
      cell = cellFrom(values);
      try {
        checkCell(cell, 'the known cell');
      } catch (error) {
        throw fail(error instanceof Error ? error.message : String(error));
      }
    } else {
      begun = true;
      if (values.length !== 3)
        throw fail(`a spot holds ${values.length} numbers; needed are three (x y z in 1/angstrom)`);
      spots.push(...values);
    }
  }
  if (!cell)
    throw new EwaldError(
      'Format',
      `${name}: the file is empty; needed are a line with the known cell and one line a spot`,
      { detail: { path: name } },
    );
  return { cell, spots: Float32Array.from(spots) };
}

/** Writes a spot list; `comments` become lines that begin with `#`. */
export function formatSpotList(cell: Cell, spots: ArrayLike<number>, comments: readonly string[] = []): string {
  const lines = comments.map((comment) => `# ${comment}`);
  lines.push(flat(cell).map(shorten).join(' '));
  for (let i = 0; i + 2 < spots.length; i += 3)
    lines.push([spots[i], spots[i + 1], spots[i + 2]].map((x) => shorten(x ?? 0)).join(' '));
  return `${lines.join('\n')}\n`;
}

// Nine digits bring every float32 back.
const shorten = (x: number): string => String(Number(x.toPrecision(9)));
const clip = (word: string): string => (word.length > 40 ? `${word.slice(0, 40)}…` : word);
