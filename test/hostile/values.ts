/** Values of the wrong kind, and a function that tries all of them in one place. */
import { isEwaldError } from 'ewald';

type ResizableBuffer = ArrayBuffer & { resize(bytes: number): void };

const detached = (array: Float32Array): Float32Array => {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
};
const resizable = (length: number): Float32Array => {
  const Make = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => ResizableBuffer;
  return new Float32Array(new Make(4 * length, { maxByteLength: 8 * length }));
};

/** Created anew for each attempt, because an attempt consumes some of them. */
export const values: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  'not a number': () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  minus: () => -1,
  half: () => 0.5,
  huge: () => 1e99,
  'beyond 2^31': () => 2 ** 31,
  'beyond 2^32': () => 2 ** 32,
  'big integer': () => 1n << 70n,
  true: () => true,
  "'0'": () => '0',
  "'no'": () => 'no',
  "''": () => '',
  '{}': () => ({}),
  '[]': () => [],
  '[null]': () => [null],
  "['0']": () => ['0'],
  '[[]]': () => [[]],
  'holes in a list': () => new Array(2),
  symbol: () => Symbol('what'),
  function: () => () => 3,
  date: () => new Date(0),
  'no prototype': () => Object.create(null),
  'throwing proxy': () =>
    new Proxy(
      {},
      {
        ownKeys() {
          throw new TypeError('not yours');
        },
      },
    ),
  f32: () => new Float32Array(18),
  f64: () => new Float64Array(18),
  u8: () => new Uint8Array(18),
  i64: () => new BigInt64Array(18),
  'data view': () => new DataView(new ArrayBuffer(72)),
  'array buffer': () => new ArrayBuffer(72),
  detached: () => detached(new Float32Array(18)),
  shared: () => new Float32Array(new SharedArrayBuffer(72)),
  resizable: () => resizable(18),
};

/** Tries every value; returns the failures. */
export async function tryAll(
  what: string,
  attempt: (value: unknown) => Promise<unknown>,
  wrong: string[],
): Promise<void> {
  for (const [name, make] of Object.entries(values)) {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in 20 s')), 20_000);
    });
    try {
      await Promise.race([(async () => attempt(make()))(), late]);
    } catch (error) {
      // An error thrown by a proxy may propagate.
      if (name === 'throwing proxy' && error instanceof TypeError && error.message === 'not yours') continue;
      if (!isEwaldError(error) || error.tag === 'Internal')
        wrong.push(`${what} = ${name}: ${isEwaldError(error) ? error.tag : 'no tag'}: ${(error as Error)?.message}`);
      else if (error.message.length < 10) wrong.push(`${what} = ${name}: says only "${error.message}"`);
    } finally {
      clearTimeout(timer);
    }
  }
}
