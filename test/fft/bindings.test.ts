// @module-tag all: bindings to other libraries.
/**
 * A kernel of WebGPU declares the buffers that it reads and writes, and no others. Where the layout of a pipeline is
 * derived from its code, an unused buffer has no binding, and a bind group that names it is refused when the plan is
 * made. Which kernels are made depends on the length and on the room of a workgroup; 150 lengths are written out
 * for the rooms of a card, of a small one and of a software GPU, and nothing is run.
 */
import { expect, test } from 'vitest';
import { otherSide } from '../../src/fft/fft.js';
import { programOf } from '../../src/fft/kernels/webgpu/program.js';
import { shaderOf } from '../../src/fft/kernels/webgpu/shader.js';
import { Tables } from '../../src/fft/kernels/webgpu/tables.js';
import type { FftOptions } from '../../src/fft/options.js';
import { describeFft } from '../../src/fft/parameters.js';

const rooms = [
  { capacity: 512, bytes: 16384, groups: 65535 },
  { capacity: 2048, bytes: 16384, groups: 65535 },
  { capacity: 4096, bytes: 32768, groups: 65535 },
];
const trigs = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'] as const;
const kinds = ['c2c', 'r2c', 'c2r', 'real'] as const;
const what: readonly Partial<FftOptions>[] = [
  ...kinds.map((kind) => ({ kind })),
  ...trigs.map((r2r) => ({ kind: 'r2r', r2r }) as const),
];
// All sorts of lengths, and a prime times a small number: pieces of which the last has one stage.
const lengths = [
  ...Array.from({ length: 40 }, (_, i) => i + 2),
  ...Array.from({ length: 80 }, (_, i) => 43 + 93 * i),
  ...[163, 1021, 2039].flatMap((prime) => [2, 3, 4, 5, 7, 8, 11, 13, 16].map((r) => prime * r)),
  ...[2 ** 14, 2 ** 18, 10007, 720720],
];

/** The names that the entry point of a kernel uses, directly or through the functions that it calls. */
function reached(source: string): Set<string> {
  const code = source.replace(/\/\/.*$/gm, '');
  const bodies = new Map<string, Set<string>>();
  // Functions begin at the start of a line; what follows the last `}` of one is nothing that names a buffer.
  for (const [, name = '', body = ''] of code.matchAll(
    /^fn (\w+)([\s\S]*?)(?=^(?:fn|struct|const|@|override|var)\b|$(?![\s\S]))/gm,
  ))
    bodies.set(name, new Set(body.match(/\w+/g)));
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const other of bodies.get(name) ?? []) visit(other);
  };
  visit('transform_lines');
  return seen;
}

test.each(what)('kernels of %j declare what they use', (kind) => {
  let kernels = 0;
  for (const n of lengths) {
    for (const limits of rooms) {
      const given = describeFft({ shape: [n], ...kind });
      const descriptor = given.kind === 'c2r' ? otherSide(given) : given;
      for (const backward of [false, true]) {
        const tables = new Tables();
        for (const pass of programOf(descriptor, backward, limits.capacity).passes) {
          const { source, usesTable } = shaderOf(pass, tables, limits);
          const declared = [...source.matchAll(/var<(?:uniform|storage)[^>]*> (\w+)/g)].map(([, name]) => name);
          const used = reached(source);
          expect(declared.length, source).toBe(
            usesTable ? 4 - Number(pass.from === pass.to) : 3 - Number(pass.from === pass.to),
          );
          for (const name of declared)
            if (!used.has(name ?? ''))
              throw new Error(`n = ${n}, ${limits.capacity} numbers: ${name} is not used\n${source}`);
          kernels++;
        }
      }
    }
  }
  expect(kernels).toBeGreaterThan(6 * lengths.length);
});
