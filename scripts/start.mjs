#!/usr/bin/env node
// The main job: `npm start` simulates stills with known truth and indexes them, `npm start -- LISTS…` indexes your spot
// lists (every option of `ewald index` may follow). Ends with a summary that people read, and with 1 when a lattice is
// not the true one.
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint } from './lib/say.mjs';

const cli = join(root, 'dist/cli.js');
const images = 20;
const shown = 6;
const given = process.argv.slice(2);
const next = `
What to type next:
  npm start -- my-list.txt               index your own spot lists
  node dist/cli.js index --help          every option: several lattices, another cell, JSON
  node dist/cli.js devices               where this machine can compute, and why not elsewhere
  node dist/cli.js pi --backend all      the smallest example, on every backend
  npm test                               everything that has to be green`;

process.exitCode = given.length > 0 ? await indexGiven() : await simulateAndIndex();

async function indexGiven() {
  const { code } = await run(process.execPath, [cli, 'index', ...given], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    show: true,
  });
  if (code === 0 && !given.includes('--json')) console.log(next);
  return code;
}

/** Runs a command of ewald and gives its lines of JSON. */
async function ewald(...args) {
  const { code, output, errors } = await run(process.execPath, [cli, ...args, '--json'], { apart: true });
  if (code === 0)
    return output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  complain(
    'start',
    `ewald ${args.slice(0, 2).join(' ')} ended with code ${code}; its last lines are above`,
    tail(errors + output, 20),
  );
  process.exit(1);
}

async function simulateAndIndex() {
  const { cellFrom, misorientation, sameLattice } = await import('../dist/index.node.js');
  const folder = join(root, 'build/start');
  rmSync(folder, { recursive: true, force: true });
  const [made] = await ewald('simulate', 'spots', '-o', folder, '--images', String(images), '--seed', '1');
  const truth = JSON.parse(await readFile(made.truth, 'utf8'));
  const { spots, spurious, noisePx } = truth.options;
  console.log(`
${images} simulated stills, each of a crystal in an orientation of its own: ${spots} spots an image, of which
${(100 * spurious).toFixed(0)} % belong to no crystal, the others are ${noisePx} pixels off. Known is the cell, wanted is how it lies.
`);
  const results = await ewald('index', ...made.lists);
  const rows = results.map((result, i) => {
    const [crystal] = result.crystals ?? [];
    const right = !!crystal && truth.lists[i].lattices.some((lattice) => sameLattice(crystal.cell, cellFrom(lattice)));
    const off = right
      ? Math.min(...truth.lists[i].lattices.map((lattice) => misorientation(crystal.cell, cellFrom(lattice))))
      : Number.NaN;
    return { name: basename(result.input), result, crystal, right, off };
  });
  for (const row of rows.slice(0, shown)) console.log(`  ${describe(row)}`);
  if (rows.length > shown) console.log(`  … and ${rows.length - shown} more in ${relative(root, folder)}`);
  for (const row of rows.slice(shown).filter(({ right }) => !right)) console.log(`  ${describe(row)}`);

  const indexed = rows.filter(({ result }) => result.indexed).length;
  const right = rows.filter((row) => row.right);
  const { backend, method } = results[0];
  const all = right.length === images;
  console.log(`
${paint(all ? 'green' : 'red', `${indexed} of ${images} lists indexed, ${right.length} with the true lattice`)}, median misorientation ${degrees(median(right.map(({ off }) => off)))}
${median(results.map(({ ms }) => ms)).toFixed(2)} ms a list (median), ${method} method on the ${backend} backend`);
  console.log(next);
  return all ? 0 : 1;
}

function describe({ name, result, crystal, right, off }) {
  if (!crystal) return `${paint('red', '✗')} ${name}  not indexed${result.error ? `: ${result.error}` : ''}`;
  const cell = `${crystal.lengths.map((value) => value.toFixed(2)).join(' ')} Å  ${crystal.angles.map((value) => value.toFixed(2)).join(' ')}°`;
  const verdict = right ? `${degrees(off)} from the truth` : 'not the true lattice';
  return `${right ? paint('green', '✓') : paint('red', '✗')} ${name}  ${cell}  ${crystal.indexedSpots}/${result.spots} spots  ${verdict}`;
}

function degrees(value) {
  return Number.isNaN(value) ? 'unknown' : `${value.toFixed(3)}°`;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
