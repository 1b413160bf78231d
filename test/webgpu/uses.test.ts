/** The lists of what each room's kernels rely on, held to the sources of the kernels. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Mechanism, type Uses, uses } from '../../src/backends/mechanisms.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files and folders with the kernels of each room, in WGSL and as text that the host writes. */
const places: Readonly<Record<keyof typeof uses, readonly string[]>> = {
  pi: ['wgsl/pi', 'src/pi/kernels/webgpu.ts'],
  fft: ['wgsl/fft', 'src/fft/kernels/webgpu'],
  indexing: ['wgsl/indexing', 'src/indexing/kernels/webgpu'],
  peaks: ['wgsl/peaks', 'src/peaks/kernels/webgpu'],
  udf: [
    ...['dense', 'least', 'planes', 'spans', 'sparse'].map((name) => `wgsl/udf/${name}.wgsl`),
    ...['pass', 'record', 'shaders', 'steps'].map((name) => `src/udf/kernels/webgpu/${name}.ts`),
  ],
  functions: ['wgsl/udf/function.wgsl', 'src/udf/kernels/webgpu/function.ts'],
};

const filesIn = (path: string): string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => filesIn(join(path, name)))
    : [path];

/** A file and what it includes, without comments. */
function textOf(path: string, seen: Set<string>): string {
  if (seen.has(path)) return '';
  seen.add(path);
  return readFileSync(join(root, path), 'utf8')
    .split('\n')
    .map((line) => {
      const include = /^#include "(.+)"$/.exec(line)?.[1];
      return include === undefined ? line.replace(/\/\/.*$/, '') : textOf(`wgsl/${include}`, seen);
    })
    .join('\n');
}

/** The text from an opening brace to the one that closes it. */
function block(text: string, open: number): string {
  for (let i = open, depth = 0; i < text.length; i++) {
    if (text[i] === '{') depth++;
    if (text[i] === '}' && --depth === 0) return text.slice(open, i + 1);
  }
  return text.slice(open);
}

const barrier = /\b(?:workgroupBarrier|storageBarrier|workgroupUniformLoad)\b/;

/** Whether a barrier is in a loop, in a function that a loop calls as well. */
function barriersInLoops(text: string): boolean {
  const bodies = new Map(
    [...text.matchAll(/\bfn (\w+)[^{]*\{/g)].map(({ 0: head, 1: name = '', index }) => [
      name,
      block(text, index + head.length - 1),
    ]),
  );
  const waiting = new Set([...bodies].filter(([, body]) => barrier.test(body)).map(([name]) => name));
  const waits = (body: string): boolean =>
    barrier.test(body) || [...waiting].some((name) => new RegExp(`\\b${name}\\(`).test(body));
  for (let before = -1; before < waiting.size; ) {
    before = waiting.size;
    for (const [name, body] of bodies) if (waits(body)) waiting.add(name);
  }
  // The head of a `for` has no braces.
  return [...text.matchAll(/\b(?:for \([^{]*|while [^{]*|loop )\{/g)].some(({ 0: head, index }) =>
    waits(block(text, index + head.length - 1)),
  );
}

const signs: Readonly<Partial<Record<Mechanism, (text: string) => boolean>>> = {
  workgroupAtomics: (text) => /var<workgroup>[^;]*atomic</.test(text),
  storageAtomics: (text) => /var<storage[^;]*atomic</.test(text),
  uniformLoad: (text) => text.includes('workgroupUniformLoad('),
  workgroupMemory: (text) => [...text.matchAll(/var<workgroup>[^;]*;/g)].some(([line]) => !line.includes('atomic<')),
  loopBarriers: barriersInLoops,
  storageBarriers: (text) => text.includes('storageBarrier('),
  floatBits: (text) => /bitcast<(?:f32|vec\df|u32|vec\du)>/.test(text),
  integers: (text) => /multiply_high|countOneBits|countLeadingZeros|extractBits|\w >> \d+u/.test(text),
  indirectDispatch: (text) => text.includes('dispatchIndirect('),
  bindings: () => true,
};

test.for(Object.entries(places))('the mechanisms of %s are those of its kernels', ([room, paths]) => {
  const seen = new Set<string>();
  const text = paths
    .flatMap(filesIn)
    .map((path) => textOf(path, seen))
    .join('\n');
  const found = Object.entries(signs).flatMap(([mechanism, sign]) => (sign(text) ? [mechanism] : []));
  expect([...((uses as Readonly<Record<string, Uses>>)[room]?.webgpu ?? [])].sort()).toEqual(found.sort());
});
