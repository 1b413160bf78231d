/** Copies a block of an array to another position and into another order. */

export type Numbers = Float32Array | Float64Array;

/**
 * A block of three axes, the fastest of the target first, in elements: lengths, and on each side the offset and the
 * strides.
 */
export interface StridedBlock {
  readonly sizes: readonly [number, number, number];
  readonly from: number;
  readonly fromStrides: readonly [number, number, number];
  readonly to: number;
  readonly toStrides: readonly [number, number, number];
}

/** Merges axes that are contiguous on both sides, since longer rows are copied faster. */
export function joinAxes({ sizes, from, fromStrides, to, toStrides }: StridedBlock): StridedBlock {
  const axes = sizes
    .map((size, i) => ({ size, a: fromStrides[i] as number, b: toStrides[i] as number }))
    .filter(({ size }) => size !== 1);
  const joined: typeof axes = [];
  for (const axis of axes) {
    const last = joined.at(-1);
    if (last && axis.a === last.a * last.size && axis.b === last.b * last.size) last.size *= axis.size;
    else joined.push({ ...axis });
  }
  while (joined.length < 3) joined.push({ size: 1, a: 0, b: 0 });
  const triple = (value: (axis: (typeof axes)[number]) => number) =>
    joined.map(value) as unknown as readonly [number, number, number];
  return {
    sizes: triple(({ size }) => size),
    from,
    fromStrides: triple(({ a }) => a),
    to,
    toStrides: triple(({ b }) => b),
  };
}

/** Whether a block is one contiguous row on both sides. */
export const isRow = ({ sizes, fromStrides, toStrides }: StridedBlock): boolean =>
  sizes[1] === 1 && sizes[2] === 1 && (sizes[0] === 1 || (fromStrides[0] === 1 && toStrides[0] === 1));

/** Rows shorter than this are copied element by element, which is cheaper than a call. */
const shortRow = 24;
/** Edge of the squares in which two axes are exchanged, so that both sides stay in the nearest cache. */
const tile = 16;

/** Copies like the addon: element size in bytes, lengths, and on each side the offset and the strides. */
export type CopyNumbers = (from: Numbers, to: Numbers, elementBytes: number, ...block: readonly number[]) => void;

/** Blocks with fewer elements are copied in JavaScript, which is cheaper than a call of the addon. */
const minForAddon = 512;

/**
 * Copies a block; `unit` is the number of numbers per element, `fromBase` and `toBase` are added to the offsets.
 */
export type CopyBlock = (
  source: Numbers,
  target: Numbers,
  block: StridedBlock,
  unit: 1 | 2,
  fromBase?: number,
  toBase?: number,
) => void;

/**
 * Copies large blocks by the function that `load` returns, and others in JavaScript. `load` is called once, for the
 * first large block.
 */
export function blockCopier(load: () => CopyNumbers | undefined): CopyBlock {
  let loaded = false;
  let copy: CopyNumbers | undefined;
  return (source, target, block, unit, fromBase = 0, toBase = 0) => {
    const { sizes, fromStrides, toStrides } = block;
    const [n0, n1, n2] = sizes;
    const large = n0 * n1 * n2 >= minForAddon;
    if (large && !loaded) {
      copy = load();
      loaded = true;
    }
    if (large && copy) {
      const [begin, end] = [block.from + fromBase, block.to + toBase];
      copy(source, target, unit * source.BYTES_PER_ELEMENT, n0, n1, n2, begin, ...fromStrides, end, ...toStrides);
    } else copyBlock(source, target, block, unit, fromBase, toBase);
  };
}

/** Copies a block in JavaScript; see {@link CopyBlock}. */
export function copyBlock(
  source: Numbers,
  target: Numbers,
  block: StridedBlock,
  unit: 1 | 2,
  fromBase = 0,
  toBase = 0,
): void {
  const { sizes, fromStrides, toStrides } = block;
  const [n0, n1, n2] = sizes;
  if (n0 * n1 * n2 === 0) return;
  const from = unit * (block.from + fromBase);
  const to = unit * (block.to + toBase);
  const rows = n0 === 1 || (fromStrides[0] === 1 && toStrides[0] === 1);
  if (rows && unit * n0 >= shortRow) {
    for (let k = 0; k < n2; k++)
      for (let j = 0; j < n1; j++) {
        const at = from + unit * (j * fromStrides[1] + k * fromStrides[2]);
        target.set(source.subarray(at, at + unit * n0), to + unit * (j * toStrides[1] + k * toStrides[2]));
      }
    return;
  }
  const numbers = {
    sizes,
    from,
    fromStrides: [unit * fromStrides[0], unit * fromStrides[1], unit * fromStrides[2]],
    to,
    toStrides: [unit * toStrides[0], unit * toStrides[1], unit * toStrides[2]],
  } as const;
  if (unit === 1) copyReal(source, target, numbers);
  else copyComplex(source, target, numbers);
}

/** Copies the numbers of a block in squares; its offsets and strides are those of numbers. */
function copyReal(source: Numbers, target: Numbers, { sizes, from, fromStrides, to, toStrides }: StridedBlock): void {
  const [n0, n1, n2] = sizes;
  const [a0, a1, a2] = fromStrides;
  const [b0, b1, b2] = toStrides;
  for (let k = 0; k < n2; k++)
    for (let j0 = 0; j0 < n1; j0 += tile)
      for (let i0 = 0; i0 < n0; i0 += tile) {
        const [jEnd, iEnd] = [Math.min(n1, j0 + tile), Math.min(n0, i0 + tile)];
        for (let j = j0; j < jEnd; j++) {
          let p = from + k * a2 + j * a1 + i0 * a0;
          let q = to + k * b2 + j * b1 + i0 * b0;
          for (let i = i0; i < iEnd; i++, p += a0, q += b0) target[q] = source[p] as number;
        }
      }
}

/** As `copyReal`, two numbers at a time. */
function copyComplex(
  source: Numbers,
  target: Numbers,
  { sizes, from, fromStrides, to, toStrides }: StridedBlock,
): void {
  const [n0, n1, n2] = sizes;
  const [a0, a1, a2] = fromStrides;
  const [b0, b1, b2] = toStrides;
  for (let k = 0; k < n2; k++)
    for (let j0 = 0; j0 < n1; j0 += tile)
      for (let i0 = 0; i0 < n0; i0 += tile) {
        const [jEnd, iEnd] = [Math.min(n1, j0 + tile), Math.min(n0, i0 + tile)];
        for (let j = j0; j < jEnd; j++) {
          let p = from + k * a2 + j * a1 + i0 * a0;
          let q = to + k * b2 + j * b1 + i0 * b0;
          for (let i = i0; i < iEnd; i++, p += a0, q += b0) {
            target[q] = source[p] as number;
            target[q + 1] = source[p + 1] as number;
          }
        }
      }
}
