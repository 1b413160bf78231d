/**
 * The case table of device arrays: numbers of every dtype are written in pieces that begin and end anywhere, including
 * inside a word of four bytes, and are read back as a whole and in pieces.
 */

import { bytesOfArray } from '../../../bytes/dtype.js';
import {
  type ArrayDtype,
  arrayDtypes,
  componentType,
  type NumbersOf,
  numberTypes,
} from '../../../compute/arrays/numbers.js';
import { Random } from '../../../compute/random/random.js';
import { sameNumbers } from '../../bounds.js';
import type { RoomTable, Row } from '../../case.js';
import { differentBytes, measuredAs } from '../../compare.js';

interface NumbersAt {
  readonly offset: number;
  readonly numbers: NumbersOf<ArrayDtype>;
}

interface Problem {
  readonly dtype: ArrayDtype;
  readonly length: number;
  /** Written one after the other; later ones overwrite. */
  readonly pieces: readonly NumbersAt[];
  /** First number and count of each piece that is read in addition to the whole. */
  readonly reads: readonly (readonly [number, number])[];
}

/** Lengths of pieces: no number, one number, fewer and more than fill a word. */
const counts = [0, 1, 2, 3, 5, 8, 13];

function make(dtype: ArrayDtype, elements: number, seed: number): Problem {
  const random = new Random(seed, 0);
  const length = elements * (dtype.startsWith('c') ? 2 : 1);
  const Numbers = numberTypes[componentType(dtype)];
  const part = (count: number): readonly [number, number] => {
    const n = Math.min(count, length);
    return [random.below(length - n + 1), n];
  };
  // Any bytes are valid integers; floating-point numbers stay finite, so that the numbers compared are the numbers
  // written.
  const number = (): number =>
    componentType(dtype).startsWith('f') ? random.normal() : Math.floor(random.uniform() * 2 ** 32);
  const pieces = [...counts, ...counts, length].map((count) => {
    const [offset, n] = part(count);
    return { offset, numbers: Numbers.from(Array.from({ length: n }, number)) };
  });
  // The last number is also written separately, because the rest of its word may lie beyond the end of the array.
  pieces.push({ offset: length - 1, numbers: Numbers.of(number()) });
  return { dtype, length, pieces: pieces.slice(random.below(3)), reads: [...counts.map(part), [length - 1, 1]] };
}

const concatBytes = (parts: readonly ArrayBufferView[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...bytesOfArray(part)]));

function oracle({ dtype, length, pieces, reads }: Problem): Uint8Array {
  const whole = new numberTypes[componentType(dtype)](length);
  for (const { offset, numbers } of pieces) whole.set(numbers, offset);
  return concatBytes([whole, ...reads.map(([first, count]) => whole.subarray(first, first + count))]);
}

function makeRow(dtype: ArrayDtype, elements: number): Row<Problem, Uint8Array> {
  return {
    id: `arrays:${dtype}:n=${elements}`,
    about: 'pieces of any length anywhere, there and back',
    cost: 1e-3,
    work: { amount: elements, unit: 'numbers' },
    make: (seed) => make(dtype, elements, seed),
    oracle,
    async plan(context, { length, pieces, reads }) {
      const array = await context.array({ shape: elements, dtype });
      return {
        async run() {
          if (array.length !== length) throw new Error(`the array has ${array.length} numbers, made for ${length}`);
          for (const { offset, numbers } of pieces) {
            // A view within other numbers: only the numbers of the view may be copied.
            const around = new numberTypes[componentType(dtype)](numbers.length + 2).fill(77);
            around.set(numbers, 1);
            await array.write(around.subarray(1, numbers.length + 1), offset);
          }
          const found: ArrayBufferView[] = [await array.read()];
          for (const [first, count] of reads)
            found.push(await array.read(new numberTypes[componentType(dtype)](count), first));
          return concatBytes(found);
        },
        dispose: () => array.dispose(),
      };
    },
    compare: measuredAs('numbers', differentBytes),
    bounds: () => ({ numbers: sameNumbers }),
  };
}

/** Every dtype, with about as many numbers as a frame and with lengths around that of a word. */
const rows: readonly Row[] = arrayDtypes.flatMap((dtype) =>
  [1, 3, 7, 1021].map((elements) => makeRow(dtype, elements)),
);

export const arraysTable: RoomTable = { name: 'arrays', rows, sample: 'arrays:u16:n=7' };
