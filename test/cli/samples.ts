/** Values that rows permit, as users type them. */
import { flagOf, rowOfFlag } from '../../src/options/parameter-text.js';
import type { Parameter } from '../../src/options/parameters.js';
import { range } from '../../src/util/range.js';

/** A value that the row permits. */
export function sample(row: Parameter): string {
  const { kind, range: { low, fallback } = range(1, 1, Number.NaN), choices = [], count = 2 } = rowOfFlag(row);
  if (kind === 'choice') return choices.at(-1) as string;
  if (kind === 'numbers' || kind === 'integers')
    return Array.from({ length: count }, (_, i) => Math.max(low, 1) + i).join(',');
  if (kind === 'text' || kind === 'texts') return 'text';
  return String(Number.isFinite(fallback) ? fallback : Math.max(low, 1));
}

/** Texts that rows check further. */
const texts: Readonly<Record<string, string>> = { integration: 'rings', shard: '1/2', acceptProof: 'bias<.1' };

/** The flag with such a value. */
export const flagSample = (name: string, row: Parameter): string[] =>
  row.kind === 'boolean' ? [flagOf(name, row)] : [flagOf(name, row), texts[name] ?? sample(row)];
