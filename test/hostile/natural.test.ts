/**
 * Likely first attempts of users: every function and constructor that an entry point exports is called without
 * arguments, with a path, with a Promise that was not awaited and so on. The outcome is a result, or an ewald error
 * with more than one word.
 */
import { isEwaldError } from 'ewald';
import { expect, test } from 'vitest';

const entries = {
  ewald: () => import('ewald'),
  'ewald/fft': () => import('ewald/fft'),
  'ewald/indexing': () => import('ewald/indexing'),
  'ewald/pi': () => import('ewald/pi'),
  'ewald/ffbidx': () => import('ewald/ffbidx'),
  'ewald/data': () => import('ewald/data'),
  'ewald/udf': () => import('ewald/udf'),
  'ewald/communicator': () => import('ewald/communicator'),
  'ewald/executors': () => import('ewald/executors'),
  'ewald/hdf5': () => import('ewald/hdf5'),
  'ewald/merging': () => import('ewald/merging'),
  'ewald/heffte': () => import('ewald/heffte'),
  'ewald/memory': () => import('ewald/memory'),
  'ewald/ffi': () => import('ewald/ffi'),
};

/** Classes whose objects the package creates; users do not call their constructors. */
const given = [
  ...['CArray', 'Handle', 'IndirectMemory2D', 'LibraryTools', 'NativeSpace', 'ResidentScan', 'ResultBuffer', 'View2D'],
];

const guesses: Record<string, () => unknown[]> = {
  '()': () => [],
  '(undefined)': () => [undefined],
  '(null)': () => [null],
  "('scan.h5')": () => ['scan.h5'],
  '(3)': () => [3],
  '(a Promise)': () => [Promise.resolve({})],
  '({})': () => [{}],
  '([])': () => [[]],
  '(a Float32Array)': () => [new Float32Array(6)],
  "('a', 'b')": () => ['a', 'b'],
  '({}, a Promise)': () => [{}, Promise.resolve({})],
  "('a.h5', '3')": () => ['a.h5', '3'],
};

type Call = (...values: unknown[]) => unknown;
const isClass = (value: unknown): boolean => /^class\b/.test(Function.prototype.toString.call(value));

/** The functions of an export: itself, its constructor, its members. */
function* callsOf(name: string, value: unknown): Generator<[string, Call]> {
  if (typeof value === 'function' && !isClass(value)) yield [name, value as Call];
  else if (typeof value === 'function') {
    const Made = value as unknown as new (...values: unknown[]) => unknown;
    if (!given.includes(name)) yield [`new ${name}`, (...values) => new Made(...values)];
  }
  const holds = (typeof value === 'function' && isClass(value)) || (typeof value === 'object' && value !== null);
  if (!holds || ArrayBuffer.isView(value)) return;
  const holder = value as unknown as Record<string, unknown>;
  for (const member of Object.getOwnPropertyNames(holder))
    if (typeof holder[member] === 'function' && member !== 'prototype')
      yield [`${name}.${member}`, (...values) => (holder[member] as Call)(...values)];
}

test.for(Object.entries(entries))(
  '%s responds to every first attempt with a result or an ewald error',
  async ([entry, load]) => {
    const wrong: string[] = [];
    let calls = 0;
    for (const [name, value] of Object.entries(await load()))
      for (const [what, call] of callsOf(name, value))
        for (const [guess, make] of Object.entries(guesses)) {
          calls++;
          try {
            const made = (await call(...make())) as
              | Partial<Record<'next' | 'dispose' | 'close', () => unknown>>
              | undefined;
            // A generator throws its errors when the first value is requested.
            if (typeof made?.next === 'function') await made.next();
            await made?.dispose?.();
            await made?.close?.();
          } catch (error) {
            const ours = isEwaldError(error) && error.tag !== 'Internal';
            if (!ours || error.message.length < 20) wrong.push(`${what}${guess}: ${error}`);
          }
        }
    expect(wrong).toEqual([]);
    expect(calls, entry).toBeGreaterThan(20);
  },
);
