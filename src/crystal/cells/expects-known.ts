/** The cells of calls. */
import { expects } from '../../util/arguments.js';
import { checkCell } from '../cell.js';
import type { KnownCell } from '../cell-file.js';
import { type Centring, checkCentring } from '../centring.js';

/** Throws `Argument` unless a value is a cell with its centring. */
export function expectsKnown(what: string, value: unknown): asserts value is KnownCell {
  const known = value as Partial<KnownCell> | null | undefined;
  expects(
    typeof known === 'object' && known !== null && Array.isArray(known.cell),
    what,
    value,
    'what readCell(text) returns',
  );
  checkCell((known as KnownCell).cell, what);
  checkCentring((known as { centring: Centring }).centring, `${what}: centring`);
}
