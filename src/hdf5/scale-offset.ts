/**
 * The scale-offset filter: numbers less the smallest of a chunk, in as many bits as the largest of them needs; floats
 * are integers of so many decimal places first.
 */

/** What the filter was told: the elements of a chunk. */
export interface ScaleOffset {
  readonly count: number;
  readonly size: number;
  readonly kind: 'float' | 'signed' | 'unsigned';
  readonly big: boolean;
  /** Decimal places that were kept of floats. */
  readonly decimals: number;
  /** The value of elements that were never written; undefined without one. */
  readonly fill: Uint8Array | undefined;
}

/** The parameters of a filter; undefined for what no writer makes. */
export function scaleOffsetOf(values: readonly number[]): ScaleOffset | undefined {
  const [scale, factor = 0, count = 0, kind, size = 0, signed, order, hasFill] = values;
  if (kind !== 0 && kind !== 1) return undefined;
  // The other scale of floats, by exponents, was never implemented.
  if (kind === 1 ? scale !== 0 || (size !== 4 && size !== 8) : ![1, 2, 4, 8].includes(size)) return undefined;
  const words = new Uint8Array(Uint32Array.from(values.slice(8, 10)).buffer);
  return {
    count,
    size,
    kind: kind === 1 ? 'float' : signed === 1 ? 'signed' : 'unsigned',
    big: order === 1,
    decimals: factor | 0,
    fill: hasFill === 1 ? Uint8Array.from({ length: size }, (_, i) => words[i] ?? 0) : undefined,
  };
}
