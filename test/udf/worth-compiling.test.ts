/** The advice to compile a function, where that pays. */
import { defineUdf } from 'ewald/udf';
import { expect, test } from 'vitest';
import { worthCompiling } from '../../src/udf/functions/worth-compiling.js';

const buffers = { value: { kind: 'nav', dtype: 'f64' } } as const;
const processFrame = () => undefined;
const loop = defineUdf({ name: 'loop', buffers, processFrame });
const compiled = defineUdf({ name: 'compiled', buffers, processFrame, wasm: new Uint8Array(8) });
const whole = defineUdf({ name: 'whole', buffers, processPartition: () => undefined });

test('a long run of a function that loops over pixels names the command, others do not', () => {
  const long = { bytes: 9e9, seconds: 12, threads: 1 };
  expect(worthCompiling([compiled, loop], long)).toContain('ewald udf new loop --language as (AssemblyScript)');
  expect(worthCompiling([compiled, whole], long)).toBeUndefined();
  expect(worthCompiling([loop], { ...long, seconds: 9 })).toBeUndefined();
  // Two workers share the frames.
  expect(worthCompiling([loop], { ...long, bytes: 20e9 })).toBeUndefined();
  expect(worthCompiling([loop], { ...long, bytes: 20e9, threads: 2 })).toContain('loop');
});
