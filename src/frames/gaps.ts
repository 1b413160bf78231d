/** Numbers that the names of a series leave out. */
import { baseName } from '../bytes/byte-source.js';

/** What lies between two files of a series: one number, or the first and the last. */
export interface NumberGap {
  readonly text: string;
  readonly count: number;
}

/**
 * The gaps between the running numbers of names in their order, `2` or `4 … 6`, padded as the names are, after what
 * the names begin with if they are `named`; `by` is what they count by, the least difference unless it is known. Empty
 * without any, and for names that have no running number or do not increase.
 */
export function gapsOf(
  names: readonly string[],
  { named = false, by }: { readonly named?: boolean; readonly by?: number } = {},
): readonly NumberGap[] {
  const parts = names.map((name) => /^(.*?)(\d{1,6})(\D*)$/.exec(baseName(name)));
  const [first] = parts;
  if (!first || !parts.every((part) => part && part[1] === first[1] && part[3] === first[3])) return [];
  const numbers = parts.map((part) => Number(part?.[2]));
  const steps = numbers.slice(1).map((n, i) => n - (numbers[i] as number));
  if (!(Math.min(...steps) > 0)) return [];
  const step = by ?? Math.min(...steps);
  const [, begin = '', digits = ''] = first;
  const textOf = (n: number): string => `${named ? begin : ''}${String(n).padStart(digits.length, '0')}`;
  return steps.flatMap((gap, i) => {
    const [from, to] = [(numbers[i] as number) + step, (numbers[i] as number) + gap - step];
    if (from > to) return [];
    return [{ text: from === to ? textOf(from) : `${textOf(from)} … ${textOf(to)}`, count: (to - from) / step + 1 }];
  });
}
