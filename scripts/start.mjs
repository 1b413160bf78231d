#!/usr/bin/env node
// The main demonstration: `npm start` simulates a run of detector frames with known truth, processes it to a stream and
// a report, and compares it with the truth; `npm start -- FILES…` indexes your frames or spot lists (with any option of
// `ewald index`). It ends with a readable summary, and with exit code 1 when a crystal is wrong or too many are missed.
import { existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root, run, tail } from './lib/run.mjs';
import { complain, paint } from './lib/say.mjs';
import { native } from './parts/addons.mjs';

const cli = join(root, 'dist/cli.js');
const images = 40;
const given = process.argv.slice(2);
const hasNative = native.outputs().every((file) => existsSync(join(root, file)));
const faster = `
  node scripts/build.mjs native          compiles the native core in some minutes: frames take .6 of the time of wasm`;
const next = `
What to type next:
  npm start -- run.h5 -g det.geom -p my.cell -o run.stream --html report.html
                                         your own frames; or spot lists: npm start -- my-list.txt
  node dist/cli.js info run.h5           what a file of frames holds
  node dist/cli.js index --help          every option
  node dist/cli.js devices               where this machine can compute, and why not elsewhere${hasNative ? '' : faster}
  npm test                               the tests, some minutes; npm run test:all: all of them`;

process.exitCode = given.length > 0 ? await indexGiven() : await simulateAndIndex();

async function indexGiven() {
  const { code } = await run(process.execPath, [cli, 'index', ...given], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    show: true,
  });
  if (code === 0 && !given.includes('--json')) console.log(next);
  return code;
}

/** Runs an ewald command and returns the JSON lines that it prints. */
async function ewald(...args) {
  const { code, output, errors } = await run(process.execPath, [cli, ...args], { apart: true });
  if (code === 0)
    return output
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  complain(
    'start',
    `ewald ${args.slice(0, 2).join(' ')} ended with code ${code}; its last lines are above`,
    tail(errors + output, 20),
  );
  process.exit(1);
}

async function simulateAndIndex() {
  const folder = join(root, 'build/start');
  rmSync(folder, { recursive: true, force: true });
  const begun = performance.now();
  const what = ['--images', String(images), '--seed', '1', '--blank', '0.2', '--modules', '2,4'];
  const [files] = await ewald('simulate', 'frames', '-o', folder, ...what, '--json');
  const simulated = performance.now();
  console.log(`
${relative(root, files.frames)}: ${images} simulated detector frames of 1024 x 1024 pixels, a fifth of them blank,
each crystal in a different orientation. The detector (run.geom) and the cell (run.cell) are known; ewald index finds
the orientations.
`);
  const stream = join(folder, 'run.stream');
  const report = join(folder, 'report.html');
  const known = ['-g', files.geometry, '-p', files.cell];
  const frames = await ewald('index', files.frames, ...known, '-o', stream, '--html', report, '--json');
  const indexed = performance.now();
  const [truth] = await ewald('stream', 'compare', stream, files.truth, '--json');
  for (const { event, peaks, crystals } of frames.slice(0, 6)) {
    const [crystal] = crystals ?? [];
    const cell = crystal && `${list(crystal.lengths, 2)} Å  ${list(crystal.angles, 2)}°`;
    const told = crystal
      ? `${cell}  ${crystal.reflections} reflections to ${crystal.resolutionA.toFixed(2)} Å`
      : 'no lattice';
    console.log(
      `  ${paint(crystal ? 'green' : 'yellow', crystal ? '✓' : '–')} frame ${event}  ${peaks} peaks  ${told}`,
    );
  }
  console.log(`  … and ${frames.length - 6} more`);
  const { crystalsThere: there, crystalsRight: right, crystalsWrong: wrong } = truth;
  const well = wrong === 0 && right >= 0.95 * there;
  console.log(`
${paint(well ? 'green' : 'red', `${right} of ${there} crystals found, ${wrong} wrong`)}, median misorientation ${truth.misorientationMedianDeg?.toFixed(3)}°
simulated in ${seconds(simulated - begun)}, frames to stream and report in ${seconds(indexed - simulated)}

  stream   ${relative(process.cwd(), stream)}
  report   ${relative(process.cwd(), report)}   (open it in a browser)`);
  console.log(next);
  return well ? 0 : 1;
}

function list(values, digits) {
  return values.map((value) => value.toFixed(digits)).join(' ');
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
