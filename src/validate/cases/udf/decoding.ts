/** Decoding of frames that bitshuffle and LZ4 have compressed: whole and damaged ones, to memory and to arrays. */

import { bytesOfArray, type FrameArray } from '../../../bytes/dtype.js';
import { numberTypes } from '../../../compute/arrays/numbers.js';
import { Random } from '../../../compute/random/random.js';
import type { Context } from '../../../context/rooms.js';
import { isEwaldError } from '../../../util/errors.js';
import { sameNumbers } from '../../bounds.js';
import type { Row } from '../../case.js';
import { differentBytes, measuredAs } from '../../compare.js';
import { chunkOf, lz4Block, packFrame, sequence, unpackFrame } from '../../oracle/udf/packed.js';
import { caseBase, type Size } from './problem.js';

type Dtype = 'u8' | 'u16' | 'u32';
type Values = (random: Random, dtype: Dtype) => (i: number) => number;

interface Packed {
  readonly chunks: readonly Uint8Array[];
  readonly frames: Uint8Array;
}

interface Look extends Size {
  readonly dtype: Dtype;
  readonly block?: number;
  readonly toArray?: true;
  readonly bench?: true;
}

const bits = { u8: 8, u16: 16, u32: 32 } as const;

/** Counts of a detector: few, and a bright pixel now and then. */
const counts: Values = (random, dtype) => () =>
  random.below(100) === 0 ? random.below(2 ** bits[dtype]) : random.below(4);
const noise: Values = (random, dtype) => () => random.below(2 ** bits[dtype]);
/** Bytes after which planes of bits repeat, so long matches have these distances; 136 is a limit on CUDA. */
const distances = [1, 2, 3, 5, 8, 13, 31, 32, 33, 67, 131, 135, 136, 137, 138, 203] as const;
const periods: Values = (random, dtype) => {
  const planes = Array.from({ length: bits[dtype] }, (_, b) =>
    Array.from({ length: distances[b % distances.length] as number }, () => random.below(256)),
  );
  return (i) =>
    planes.reduce((sum, plane, b) => sum + (((plane[(i >> 3) % plane.length] as number) >> (i & 7)) & 1) * 2 ** b, 0);
};

function makeRow(name: string, about: string, values: Values, look: Look): Row<Packed, Uint8Array> {
  const { dtype, width, height, frames, block = 8192, toArray = false, bench } = look;
  const pixels = width * height;
  const Numbers = numberTypes[dtype];
  const bytes = pixels * Numbers.BYTES_PER_ELEMENT;
  return {
    ...caseBase(`decoded:${name}`, look),
    about,
    cost: 0.002 + frames * bytes * 2e-9,
    ...(bench && { bench }),
    make(seed) {
      const value = values(new Random(seed, 0), dtype);
      const numbers = new Numbers(frames * pixels);
      for (let i = 0; i < numbers.length; i++) numbers[i] = value(i);
      const data = bytesOfArray(numbers);
      const chunks = Array.from({ length: frames }, (_, f) =>
        packFrame(data.subarray(f * bytes, (f + 1) * bytes), Numbers.BYTES_PER_ELEMENT, block),
      );
      return { chunks, frames: data };
    },
    oracle: (problem) => problem.frames,
    async plan(context: Context, { chunks }) {
      const decoder = await context.frameDecoder({ width, height, dtype, block, toArray });
      const array = toArray && (await context.array({ shape: frames * pixels, dtype, backend: decoder.backend }));
      const out = new Numbers(toArray ? 0 : frames * pixels) as FrameArray;
      const run = () => decoder.run(chunks, array || out);
      return {
        async run() {
          await run();
          return bytesOfArray(array ? await array.read() : out).slice();
        },
        timed: () => ({ amount: frames, call: run }),
        async dispose() {
          if (array) await array.dispose();
          await decoder.dispose();
        },
      };
    },
    compare: measuredAs('numbers', differentBytes),
    // The memory of a workgroup has 16 KiB by default, and frames in an array begin at words.
    ...((block > 16384 || (toArray && bytes % 4 !== 0)) && { refusedBy: ['webgpu'] as const }),
    bounds: () => ({ numbers: sameNumbers }),
  };
}

/** Pixels of a frame that is damaged, u8, in blocks of 64. */
const size = 150;
const block = 64;

/** Damaged chunks, each with one mistake, and the chunk without any. */
function damagedChunks(frame: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  const whole = packFrame(frame, 1, block);
  const changed = (at: number, value: number): Uint8Array => whole.map((byte, i) => (i === at ? value : byte));
  /** The first block consists of these sequences, the second one of zeros. */
  const first = (...sequences: number[][]): Uint8Array =>
    chunkOf(
      size,
      block,
      [sequences.flat(), lz4Block(new Uint8Array(block)), lz4Block(new Uint8Array(16))],
      [1, 2, 3, 4, 5, 6],
    );
  const literals = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  return [
    ['nothing', new Uint8Array()],
    ['half a head', whole.subarray(0, 7)],
    ['another size', changed(7, size + 1)],
    ['a size of 2^63', changed(0, 128)],
    ['blocks of 0 bytes', changed(11, 0)],
    ['blocks of 63 bytes', changed(11, 63)],
    ...[12, 14, 16, 20, whole.length - 8, whole.length - 6, whole.length - 1].map(
      (length) => [`only ${length} bytes`, whole.subarray(0, length)] as const,
    ),
    ['a byte too many', Uint8Array.from([...whole, 0])],
    ['a block of 4 GB', changed(12, 255)],
    ['an empty block', first()],
    ['a distance of 0', first(sequence(literals(9), 0, 50), sequence(literals(5)))],
    ['a distance before the start', first(sequence(literals(9), 10, 50), sequence(literals(5)))],
    ['a distance of 65535', first(sequence(literals(9), 65535, 50), sequence(literals(5)))],
    ['a match beyond the block', first(sequence(literals(9), 3, 56), sequence(literals(5)))],
    ['a match of 5000 bytes', first(sequence(literals(9), 1, 5000))],
    ['literals beyond the block', first(sequence(literals(65)))],
    ['literals beyond the data', first([240, 200, 1, 2, 3])],
    ['a length without an end', first([240, ...Array(60).fill(255)])],
    ['a length of a match without an end', first(sequence(literals(9), 1, 4), [15, 1, 0, ...Array(40).fill(255)])],
    ['half a distance', first([16, 1, 1])],
    ['a byte too few', first(sequence(literals(9), 3, 49), sequence(literals(5)))],
    ['data behind a whole block', first(sequence(literals(9), 3, 50), sequence(literals(5)), [0])],
    ['more data than a block can need', first(sequence(literals(64)), Array(40).fill(0))],
  ];
}

const damagedRow: Row<Packed, readonly string[]> = {
  id: 'udf:decoded:damaged',
  about: 'chunks with one mistake each are refused, alone and between others, and whole ones are still decoded',
  cost: 0.002,
  work: { amount: 1, unit: 'frames' },
  make(seed) {
    const random = new Random(seed, 0);
    const frames = Uint8Array.from({ length: size }, () => random.below(3));
    return { chunks: damagedChunks(frames).map(([, chunk]) => chunk), frames };
  },
  oracle: ({ frames }) => [...damagedChunks(frames).map(([name]) => `${name}: Format, Format`), 'whole: the frame'],
  async plan(context, { chunks, frames }) {
    const decoder = await context.frameDecoder({ width: size, height: 1, dtype: 'u8', block });
    const whole = packFrame(frames, 1, block);
    const outcome = (...given: Uint8Array[]): Promise<string> =>
      decoder.run(given, new Uint8Array(given.length * size)).then(
        () => 'decoded',
        (error: unknown) => (isEwaldError(error) ? error.tag : String(error)),
      );
    return {
      async run() {
        const found: string[] = [];
        for (const [i, [name]] of damagedChunks(frames).entries()) {
          const chunk = chunks[i] as Uint8Array;
          found.push(`${name}: ${await outcome(chunk)}, ${await outcome(whole, chunk, whole)}`);
        }
        const again = await decoder.run([whole], new Uint8Array(size));
        found.push(`whole: ${again.every((value, i) => value === frames[i]) ? 'the frame' : 'other numbers'}`);
        return found;
      },
      dispose: () => decoder.dispose(),
    };
  },
  compare(found, expected) {
    const wrong = expected.filter((line, i) => found[i] !== line);
    const note = wrong[0] && `${found[expected.indexOf(wrong[0])]}; expected ${wrong[0]}`;
    return { errors: { numbers: wrong.length }, note };
  },
  bounds: () => ({ numbers: sameNumbers }),
};

/** Numbers of a frame that is broken in every way, u16: a block, and five numbers after it. */
const few = 69;
/** What is done to each byte. */
const flips = [1, 16, 128] as const;

/** Every cut of a chunk, and every byte with other bits. */
function* brokenChunks(whole: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < whole.length; length++) yield whole.subarray(0, length);
  for (let at = 0; at < whole.length; at++)
    for (const flip of flips) yield whole.map((byte, i) => (i === at ? byte ^ flip : byte));
}

const brokenRow: Row<Packed, readonly string[]> = {
  id: 'udf:decoded:broken',
  about: 'a chunk that is cut anywhere, or has another byte, is refused or decodes to the numbers that it then states',
  cost: 0.02,
  work: { amount: 1, unit: 'frames' },
  make(seed) {
    const value = periods(new Random(seed, 0), 'u16');
    const frame = bytesOfArray(Uint16Array.from({ length: few }, (_, i) => value(i % 24)));
    return { chunks: [...brokenChunks(packFrame(frame, 2, 128))], frames: frame };
  },
  oracle: ({ chunks }) =>
    chunks.map((chunk) => {
      const numbers = unpackFrame(chunk, 2 * few, 2)?.join() ?? 'Format';
      // A device may refuse blocks that are larger than was planned.
      return numbers !== 'Format' && new DataView(chunk.buffer, chunk.byteOffset).getUint32(8) > 128
        ? `${numbers} or Limit`
        : numbers;
    }),
  async plan(context, { chunks }) {
    const decoder = await context.frameDecoder({ width: few, height: 1, dtype: 'u16', block: 128 });
    const outcome = (chunk: Uint8Array): Promise<string> =>
      decoder.run([chunk], new Uint16Array(few)).then(
        (numbers) => bytesOfArray(numbers).join(),
        (error: unknown) => (isEwaldError(error) ? error.tag : String(error)),
      );
    return {
      async run() {
        const found: string[] = [];
        for (const chunk of chunks) found.push(await outcome(chunk));
        return found;
      },
      dispose: () => decoder.dispose(),
    };
  },
  compare(found, expected) {
    const wrong = expected.flatMap((line, i) => (line.split(' or ').includes(found[i] as string) ? [] : [i]));
    const [first] = wrong;
    const note = first === undefined ? undefined : `chunk ${first}: ${found[first]}; expected ${expected[first]}`;
    return { errors: { numbers: wrong.length }, note };
  },
  bounds: () => ({ numbers: sameNumbers }),
};

const all = ['u8', 'u16', 'u32'] as const;
// Frames end with less than a block and with less than eight numbers, and begin anywhere in a word.
const odd = { width: 131, height: 107, frames: 3 } as const;

/** The rows. */
export const decodingRows = [
  ...all.map((dtype) => makeRow('counts', 'counts of a detector', counts, { ...odd, dtype })),
  ...all.map((dtype) => makeRow('periods', 'long matches of every short distance', periods, { ...odd, dtype })),
  ...all.map((dtype) => makeRow('noise', 'blocks that cannot be compressed', noise, { ...odd, dtype })),
  makeRow('counts:pixel', 'a frame of one pixel', counts, { width: 1, height: 1, frames: 3, dtype: 'u16' }),
  makeRow('counts:seven', 'no block at all', counts, { width: 7, height: 1, frames: 3, dtype: 'u32' }),
  makeRow('counts:block=64', 'many small blocks', counts, { ...odd, dtype: 'u16', block: 64 }),
  makeRow('counts:block=32768', 'the largest blocks', counts, { ...odd, dtype: 'u32', block: 32768 }),
  makeRow('counts:array', 'frames that stay where the decoder is', counts, { ...odd, dtype: 'u16', toArray: true }),
  makeRow('counts:array', 'frames of whole words that stay there', counts, {
    ...{ width: 132, height: 107, frames: 3 },
    dtype: 'u16',
    toArray: true,
  }),
  makeRow('counts', 'frames whose words are aligned', counts, {
    width: 256,
    height: 256,
    frames: 4,
    dtype: 'u16',
    bench: true,
  }),
  damagedRow,
  brokenRow,
];
