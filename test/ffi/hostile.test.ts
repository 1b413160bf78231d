// Disposal, callbacks and threads at the wrong moment, each in a separate process: nothing crashes, hangs, or reports
// an error to the wrong caller.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { absent, buildHostile } from './support.js';

const program = fileURLToPath(new URL('./hostile.mjs', import.meta.url));
const built = existsSync(fileURLToPath(new URL('../../dist/ffi.node.js', import.meta.url)));
const why =
  process.platform === 'win32' ? 'threads of POSIX' : (absent('gcc', 'koffi') ?? (built ? undefined : 'no dist'));

function ran(name: string): { status: number | null; signal: string | null; out: unknown; error: string } {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program, buildHostile(), name], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, signal, out: stdout === '' ? undefined : JSON.parse(stdout), error: stderr };
}

const disposed = expect.stringMatching(/^Disposed: the library hostile was disposed/);

describe.skipIf(why)(`calls at the wrong moment${why ? ` (absent: ${why})` : ''}`, () => {
  test.each<[string, unknown]>([
    ['dispose during async', [[6, 6], disposed]],
    ['dispose before async begins', [disposed, disposed]],
    ['dispose inside a callback', [15, true]],
    ['dispose inside a callback of an async call', [5, true]],
    ['call behind a pointer after dispose', [42, disposed]],
    ['a callback of another thread', 42],
    ['callbacks of many threads at once', true],
    ['an exception reaches its own caller', ['Error: of the asynchronous call', [3, 3, 3, 3, 3], [3]]],
    ['an exception in a callback inside a callback', ['Error: outer', ['inner 0', 'inner 1', 'inner 2', 'inner 3'], 2]],
    ['an exception after one that C went on from', ['Error: kept', 2, 'Error: kept']],
    ['an exception that no call can take', ['nobody asked', 10]],
    [
      'names of JavaScript',
      [
        [5, 42, 4],
        [5, 42, 4],
      ],
    ],
    [
      'a packed struct with bits and a union',
      [
        1 + 5 - 100000 + 7,
        { tag: 1, low: 7, high: -1000000, whole: 0x3fc00000, real: 1.5 },
        expect.stringMatching(/low is 8; 3 bits hold 0 to 7/),
        1 + 7 - 1000000 + 0x3fc00000,
      ],
    ],
    [
      'nested arrays',
      [
        10.5,
        10,
        [
          [1, 3],
          [13, 15],
        ],
        expect.stringMatching(/is an array; double \*\* needs rows such as .*IndirectMemory2D\.fromRows/),
        expect.stringMatching(/\[0\] is a Float32Array; .*needs a Float64Array/),
        expect.stringMatching(/\[0\]\[1\] is "x"; double needs a number/),
      ],
    ],
    ['texts in and out', [5, 'made by C', ['static']]],
  ])('%s', { tags: 'all' }, (name, expected) => {
    const { status, signal, out, error } = ran(name);
    expect({ status, signal, error }).toEqual({ status: 0, signal: null, error: '' });
    expect(out).toEqual(expected);
  });

  test('threads that call when the script has ended do not end the process', { tags: 'all' }, () => {
    const end = ran('threads that call when the script has ended');
    expect(end).toEqual({ status: 0, signal: null, out: 'ended', error: 'exit 0\n' });
  });

  test('a process that is ended during a call into C ends as requested', { tags: 'all' }, () => {
    expect(ran('exit during async')).toMatchObject({ status: 7, signal: null });
  });
});
