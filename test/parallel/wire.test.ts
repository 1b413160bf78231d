/** Messages of a cluster at the door: what is cut, of another shape or out of range is refused. */
import { describe, expect, test } from 'vitest';
import { encode } from '../../src/parallel/codec.js';
import { readBeacon, readFromWorker, readGive, readPiece, readWish } from '../../src/parallel/nats/wire.js';

const numbers = (...list: number[]): Float64Array => Float64Array.from(list);
const bytes = Uint8Array.of(1, 2, 3);
const hash = '0123456789abcdef'.repeat(4);
const said = { weight: 1, needs: { gpu: false, memory: 0 }, client: 'c', held: 0, done: 0, waits: 'w' };
const beacon = { run: 'abc', build: 'b', over: false, epoch: 2, waiting: 7, room: 100, ...said };
const give = { run: 'abc', acks: numbers(1, 2), cancel: numbers(), tasks: [{ index: 4, content: bytes }] };
const report = { worker: 'w1', number: 3, target: 5, results: [{ index: 4, content: hash }] };
const beat = {
  ...{ worker: 'w1', slots: 2, target: 5, leaving: false, modules: ['mine'], allowModules: true },
  held: numbers(4, 5),
};
const piece = { total: 10, piece: bytes };

const readers = {
  beacon: [readBeacon, beacon, beacon],
  give: [readGive, give, { ...give, acks: [1, 2], cancel: [] }],
  report: [readFromWorker, report, { report }],
  beat: [readFromWorker, beat, { beat: { ...beat, held: [4, 5] } }],
  wish: [readWish, { at: 512 }, 512],
  piece: [(data: Uint8Array) => readPiece(data, 4), piece, piece],
} as const;

describe.each(Object.entries(readers))('a %s', (_, [read, good, wanted]) => {
  test('is read as it was sent, without fields of another message', () => {
    expect(read(encode({ ...good, more: 1 }))).toEqual(wanted);
  });

  test('is refused when it is cut anywhere, or any byte of its text is another one', () => {
    const whole = encode(good);
    // The end may be padding that makes the length a multiple of eight.
    for (let length = 0; length < whole.length - 8; length++)
      expect(() => read(whole.subarray(0, length)), `cut to ${length}`).toThrow(/cannot be used|do not hold a value/);
    for (let at = 0; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      try {
        // A changed letter of a name or a changed byte of an array is another message, which may be valid.
        read(damaged);
      } catch (error) {
        expect((error as { tag?: string }).tag, `byte ${at}: ${error}`).toBe('Format');
      }
    }
  });

  test.each([null, 7, 'text', [1], new Error('x'), {}, JSON.parse('{"__proto__":{"run":"abc"}}')])(
    'is not %j',
    (given) => {
      expect(() => read(encode(given))).toThrow('the message cannot be used');
    },
  );
});

const bad: [string, () => unknown][] = [
  ...['', 'A', 'a.b', 'a>', '*', 'a'.repeat(65), 7, undefined].map((run): [string, () => unknown] => [
    `the run ${run}`,
    () => readGive(encode({ ...give, run })),
  ]),
  ...[-1, 0.5, Number.NaN, 1e300, '1', undefined].flatMap((count): [string, () => unknown][] => [
    [`${count} waiting tasks`, () => readBeacon(encode({ ...beacon, waiting: count }))],
    [`a target of ${count}`, () => readFromWorker(encode({ ...beat, target: count }))],
    [`the place ${count}`, () => readWish(encode({ at: count }))],
    [`a value of ${count} bytes`, () => readPiece(encode({ ...piece, total: count }), 0)],
    [`the index ${count}`, () => readGive(encode({ ...give, tasks: [{ index: count, content: bytes }] }))],
  ]),
  ['a million slots', () => readFromWorker(encode({ ...beat, slots: 1e6 }))],
  ['held tasks as a list', () => readFromWorker(encode({ ...beat, held: [1] }))],
  ['held tasks of another type', () => readFromWorker(encode({ ...beat, held: Uint32Array.of(1) }))],
  ['held tasks that are not counts', () => readFromWorker(encode({ ...beat, held: numbers(-1) }))],
  ['more held tasks than a worker holds', () => readFromWorker(encode({ ...beat, held: new Float64Array(100_001) }))],
  [
    'more tasks than a worker holds',
    () => readGive(encode({ ...give, tasks: new Array(100_001).fill(give.tasks[0]) })),
  ],
  ['modules that are not names', () => readFromWorker(encode({ ...beat, modules: [{ toString: 1 }] }))],
  ['allowModules as text', () => readFromWorker(encode({ ...beat, allowModules: 'yes' }))],
  ['over as a number', () => readBeacon(encode({ ...beacon, over: 1 }))],
  ['content that is a path', () => readGive(encode({ ...give, tasks: [{ index: 0, content: '../../etc/passwd' }] }))],
  ['content that is a number', () => readFromWorker(encode({ ...report, results: [{ index: 0, content: 9 }] }))],
  ['a value of a petabyte', () => readPiece(encode({ ...piece, total: 1e15 }), 0)],
  ['an empty piece', () => readPiece(encode({ ...piece, piece: new Uint8Array(0) }), 0)],
  ['a piece behind the end', () => readPiece(encode(piece), 8)],
];

test.each(bad)('refused: %s', (_, read) => {
  expect(read).toThrow(expect.objectContaining({ tag: 'Format', message: expect.stringMatching(/cannot be used/) }));
});
