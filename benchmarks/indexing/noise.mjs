#!/usr/bin/env node
// Measures false acceptance: how many lists without any lattice are reported as indexed.
//   node benchmarks/indexing/noise.mjs [--images 10000] [--seed 31415927] [--quick]
// Writes benchmarks/results/indexing-noise.md and .json (--quick: neither). The exit code is 1 when a row accepts more
// than one in a thousand.
import { parseArgs } from 'node:util';
import { allOf, buildDriver, driver, machine, writeResults } from './programs.mjs';

const { values } = parseArgs({
  options: {
    images: { type: 'string' },
    seed: { type: 'string', default: '31415927' },
    quick: { type: 'boolean', default: false },
  },
});
const images = Number(values.images ?? (values.quick ? 1000 : 10000));
if (!(images >= 1) || !/^\d+$/.test(values.seed)) {
  process.stderr.write('noise: usage: node benchmarks/indexing/noise.mjs [--images N] [--seed N] [--quick]\n');
  process.exit(2);
}
const limit = 0.001;
const counts = values.quick ? [10, 50, 300] : [5, 10, 20, 50, 100, 300];
const kinds = { flat: 'even on the detector', radial: 'even in radius', ring: 'on four ice rings', split: 'doubled' };
const rows = [
  ...['flat', 'radial', 'ring', 'split'].map((kind) => ({ method: 'fast', set: 'protein', kind })),
  ...['flat', 'ring', 'split'].map((kind) => ({ method: 'fast', set: 'small', kind })),
  ...['flat', 'radial', 'split'].map((kind) => ({ method: 'fast', set: 'electron', kind })),
  { method: 'fast', set: 'large', kind: 'flat' },
  ...['flat', 'ring'].map((kind) => ({ method: 'turbo', set: 'protein', kind })),
  { method: 'exhaustive', set: 'protein', kind: 'flat' },
];
const program = buildDriver();
const found = await allOf(
  rows.map((row) => async () => ({
    ...row,
    counts: await driver(program, 'noise', { ...row, seed: values.seed, images, spots: counts.join(',') }),
  })),
);
const accepted = found.flatMap(({ counts: points }) => points.map((point) => point.accepted));
const over = accepted.filter((n) => n > limit * images).length;
const out = [
  '# Indexing: pure noise',
  '',
  `\`node benchmarks/indexing/noise.mjs --images ${images} --seed ${values.seed}\`, ${machine()}.`,
  '',
  `Lists of N spots without a lattice, a known cell of the set with each; how many of ${images} are called ` +
    `indexed (accepted at ${found[0].counts[0].accept_log10}).`,
  `The goal is at most ${limit * images} in each field; ✗ marks a miss. **${accepted.length - over} of ` +
    `${accepted.length} fields pass.**`,
  '',
  `| method | cells | spots | ${counts.map((n) => `N = ${n}`).join(' | ')} |`,
  `|---|---|---|${counts.map(() => '---|').join('')}`,
  ...found.map(
    ({ method, set, kind, counts: points }) =>
      `| ${method} | ${set} | ${kinds[kind]} | ` +
      `${points.map((p) => `${p.accepted}${p.accepted > limit * images ? ' ✗' : ''}`).join(' | ')} |`,
  ),
  '',
];
const markdown = out.join('\n');
process.stdout.write(`${markdown}\n`);
if (!values.quick)
  writeResults('indexing-noise', markdown, {
    command: 'benchmarks/indexing/noise.mjs',
    seed: values.seed,
    images,
    machine: machine(),
    limit,
    rows: found,
  });
process.exitCode = over > 0 ? 1 : 0;
