// The merges of five streams with known truth, beside those of CrystFEL's partialator:
//   npm run bench -- merging truth [SET…]
// Each stream is merged by default options through JavaScript on each CPU backend and through the command, whose lists
// must be the same byte for byte. Every figure is compared with the bounds of the data's README before any time is
// printed; a figure out of its bounds fails the run. EWALD_TEST_DATA names the folder of the data.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, mergeStream } from '../../dist/index.node.js';
import { record } from '../lib/lines.mjs';
import { data, listOf, scoreOf, sets, unpacked, wrongSettings } from '../lib/merge-truth.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
if (!existsSync(data)) {
  process.stderr.write(`${data} does not exist; set EWALD_TEST_DATA to the folder of the test data\n`);
  process.exit(1);
}

const wanted = process.argv.slice(3);
const unknown = wanted.filter((set) => !(set in sets));
if (unknown.length > 0) {
  process.stderr.write(`bench: ${unknown.join(', ')} is no set; expected ${Object.keys(sets).join(', ')}\n`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'ewald-truth-'));
const contexts = [];
for (const backend of ['native', 'wasm'])
  try {
    contexts.push(await createContext({ backend, strict: true }));
  } catch {
    process.stdout.write(`${backend}: absent\n`);
  }
const wrong = [];
const row = (...cells) =>
  process.stdout.write(`${cells.map((cell, i) => (i ? String(cell).padStart(9) : cell.padEnd(22))).join('')}\n`);
row('', 'CC truth', 'unique', 'CC1/2', 'Rsplit', 'z', 'settings', 'CPU s');
try {
  for (const [set, bounds] of Object.entries(sets).filter(([set]) => wanted.length === 0 || wanted.includes(set))) {
    const { symmetry } = bounds;
    const bytes = unpacked(`${set}.stream.xz`);
    const truth = listOf(`${set.slice(0, 3)}.truth.hkl.xz`);
    const texts = [];
    let score;
    let settings = 0;
    const times = [];
    for (const context of contexts) {
      const before = process.cpuUsage();
      const result = await mergeStream(context, { name: set, bytes: [bytes] }, { symmetry });
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1e6);
      texts.push([undefined, 1, 2].map((half) => result.toHkl(half)));
      score ??= scoreOf([result.reflections, ...result.halves], truth, symmetry);
      if (symmetry === '4/m') settings = Math.max(settings, wrongSettings(set, result.crystals));
    }
    writeFileSync(join(folder, 'a.stream'), bytes);
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, 'dist/cli.js'), 'merge', 'a.stream', '-y', symmetry, '-o', 'a.hkl', '--force'],
      { cwd: folder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`ewald merge failed: ${stderr}`);
    texts.push(['', 1, 2].map((half) => readFileSync(join(folder, `a.hkl${half}`), 'utf8')));
    const reflections = ([text]) => text.slice(0, text.indexOf('End of reflections'));
    if (texts.some((own) => reflections(own) !== reflections(texts[0])))
      wrong.push(`${set}: the backends and the command differ in their lists`);
    for (const [what, limit] of Object.entries(bounds).filter(([, limit]) => typeof limit === 'number'))
      if (what === 'rSplit' ? !(score[what] <= limit) : !(score[what] >= limit))
        wrong.push(`${set}: ${what} is ${score[what]}, the bound ${limit}`);
    if (!(score.z >= 0.85 && score.z <= 1.25)) wrong.push(`${set}: z is ${score.z}; expected .85 to 1.25`);
    if (settings > 0) wrong.push(`${set}: ${settings} crystals are in the wrong setting`);
    const theirs = scoreOf(
      ['hkl', 'hkl1', 'hkl2'].map((ending) => listOf('expected', `${set}.default.${ending}.xz`)),
      truth,
      symmetry,
    );
    const partialator = (value) => ({ name: 'partialator', value });
    for (const [what, mine, other] of [
      ['1 − CC to the truth', 1 - score.cc, 1 - theirs.cc],
      ['Rsplit', score.rSplit, theirs.rSplit],
    ])
      record({ what: `${set}: ${what}`, value: mine, most: true, peer: partialator(other) });
    record({
      what: `${set}: unique reflections`,
      value: score.unique,
      aim: bounds.unique,
      peer: partialator(theirs.unique),
    });
    const figures = ({ cc, unique, ccHalf, rSplit, z }) => [
      cc.toFixed(4),
      unique,
      ccHalf.toFixed(4),
      rSplit.toFixed(4),
      z.toFixed(2),
    ];
    row(
      `${set} ewald`,
      ...figures(score),
      symmetry === '4/m' ? settings : '-',
      times.map((time) => time.toFixed(1)).join('/'),
    );
    row(`${set} partialator`, ...figures(theirs), '-', '-');
    row(
      `${set} bound`,
      bounds.cc,
      bounds.unique,
      bounds.ccHalf,
      bounds.rSplit,
      '.85-1.25',
      symmetry === '4/m' ? 0 : '-',
      '',
    );
  }
} finally {
  rmSync(folder, { recursive: true });
  for (const context of contexts) await context.dispose();
}
process.stdout.write(
  `CPU seconds of reading and merging on ${contexts.map(({ backends }) => backends[0]?.name).join('/')}, on a ` +
    'machine that may be busy\n',
);
for (const line of wrong) process.stdout.write(`MISS  ${line}\n`);
process.stdout.write(
  wrong.length === 0 ? 'every figure is within its bounds\n' : `${wrong.length} figures are out of their bounds\n`,
);
process.exit(wrong.length === 0 ? 0 : 1);
