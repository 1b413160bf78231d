// The last step before the structure, against known answers:
//   npm run bench -- merging last-step
// Halves of CrystFEL's merges beside the figures of compare_hkl; twin fractions of merges without twins and of one whose
// ambiguity was left; posterior amplitudes of draws; the time of a check of 10⁵ reflections. A figure out of its bounds
// fails the run. EWALD_TEST_DATA names the folder of the data.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, mergeStream, readCell } from '../../dist/index.node.js';
import { checkReflections, compareReflections, frenchWilson, readReflections } from '../../dist/merging.js';
import { data } from '../lib/merge-truth.mjs';

if (!existsSync(data)) {
  process.stderr.write(`${data} does not exist; set EWALD_TEST_DATA to the folder of the test data\n`);
  process.exit(1);
}
const wrong = [];
const say = (what, found, isRight) => {
  process.stdout.write(`${isRight ? '   ' : 'OUT'} ${what.padEnd(52)} ${found}\n`);
  if (!isRight) wrong.push(what);
};
const unpacked = (path) => spawnSync('xz', ['-dc', path], { maxBuffer: 2 ** 30 }).stdout;
const cellOf = (set) => readCell(readFileSync(join(data, `${set}.cell`), 'utf8'));

/** Seeded uniform and normal numbers. */
let state = 20261130;
const uniform = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state + 0.5) / 2 ** 32;
};
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

// compare_hkl scales the lists by logarithms before it compares them.
process.stdout.write(
  'compare: CC and Rsplit as they are, with a scale, and with that of compare_hkl, beside compare_hkl\n',
);
for (const name of [
  'amb.cf.xsphere-3',
  'amb.ew.xsphere-3',
  'ort.cf.xsphere-3',
  'ort.ew.xsphere-3',
  'sph.ew.xsphere-3',
]) {
  const stats = readFileSync(join(data, 'expected', `${name}.stats.txt`), 'utf8');
  const figure = (key) => Number(new RegExp(`Overall ${key} = ([\\d.]+)`).exec(stats)?.[1]);
  const [a, b] = [1, 2].map((half) => readReflections(unpacked(join(data, 'expected', `${name}.hkl${half}.xz`))).list);
  const cell = cellOf(name.slice(0, 3));
  const plain = compareReflections(a, b, { cell, scale: false, shells: 1 }).overall;
  const scaled = compareReflections(a, b, { cell, shells: 1 });
  const back = compareReflections(b, a, { cell, shells: 1 });
  const [cc, split] = [figure('CC'), figure('Rsplit') / 100];
  const own = compareReflections(a, b, { cell, scaleBy: 'logarithms', shells: 1 });
  say(
    `${name} by logarithms`,
    `CC ${own.overall.cc.toFixed(7)} (${cc}), Rsplit ${(100 * own.overall.rSplit).toFixed(2)} % (${(100 * split).toFixed(2)}), ` +
      `scale ${own.scale.toFixed(4)}, B ${own.relativeB.toFixed(3)}`,
    Math.abs(own.overall.cc - cc) < 1e-7 && Math.abs(own.overall.rSplit - split) < 6e-5,
  );
  say(
    name,
    `CC ${plain.cc.toFixed(6)} (${cc}), Rsplit ${(100 * plain.rSplit).toFixed(2)} % (${(100 * split).toFixed(2)})`,
    Math.abs(plain.cc - cc) < 1e-4 && Math.abs(plain.rSplit - split) < 1e-3,
  );
  say(
    '  with a scale, and exchanged',
    `CC ${scaled.overall.cc.toFixed(4)}, Rsplit ${(100 * scaled.overall.rSplit).toFixed(2)} %, B ${scaled.relativeB.toFixed(2)}, ` +
      `k k' - 1 = ${(scaled.scale * back.scale - 1).toExponential(0)}`,
    Math.abs(scaled.overall.cc - cc) < 1e-4 &&
      Math.abs(scaled.overall.rSplit - split) < 1e-3 &&
      Math.abs(scaled.scale * back.scale - 1) < 1e-8,
  );
}

process.stdout.write('twins: fraction of merges without one, of drawn ones, and of an ambiguity that was left\n');
const context = await createContext();
const fractionOf = async (set, program, options) => {
  const bytes = unpacked(join(data, `${set}.${program}.stream.xz`));
  const { reflections } = await mergeStream(context, [{ name: set, bytes }], { polarisation: 'none', ...options });
  return checkReflections(reflections, { cell: cellOf(set) });
};
for (const [set, symmetry] of [
  ['amb', '4/m'],
  ['ort', 'mmm'],
  ['sph', '4/mmm'],
]) {
  const { twinning } = await fractionOf(set, 'ew', { symmetry });
  const { fraction, error, secondMoment } = twinning;
  say(
    `${set}.ew`,
    `${fraction.toFixed(3)} ± ${error.toFixed(3)}, <I² - σ²>/<I>² ${secondMoment.toFixed(2)}`,
    fraction < 2 * error,
  );
}
const left = await fractionOf('amb', 'ew', { symmetry: '4/m', ambiguity: false });
say(
  'amb.ew, ambiguity left',
  `${left.twinning.fraction.toFixed(2)} ± ${left.twinning.error.toFixed(2)}; ${left.laws.map((law) => `${law.operation} ${law.fraction.toFixed(2)}`)}`,
  left.laws.some(({ isFound }) => isFound),
);
await context.dispose();

/** A list of 4/m drawn with a twin fraction by k,h,-l, and the truth. */
function drawn(most, twin, noise, cell = readCell('62.5,62.5,44.2,90,90,90')) {
  const rows = [];
  const [a, , c] = cell.cell.map((row) => Math.hypot(...row));
  const found = new Map();
  const truth = (h, k, l) => {
    const key = `${h} ${k} ${l}`;
    if (!found.has(key)) found.set(key, -Math.log(uniform()));
    return found.get(key);
  };
  for (let h = 1; h < a / most; h++)
    for (let k = 0; k < a / most; k++)
      for (let l = 1; l < c / most; l++) {
        const q2 = (h * h + k * k) / a ** 2 + (l * l) / c ** 2;
        if (q2 > 1 / most ** 2) continue;
        const mean = 1000 * Math.exp(-10 * q2);
        // k,h,-l of h k l is k h l by the mirror of 4/m.
        const own = mean * ((1 - twin) * truth(h, k, l) + twin * (k > 0 ? truth(k, h, l) : truth(h, k, l)));
        rows.push({ indices: [h, k, l], own, value: own + noise * mean * normal(), sigma: noise * mean });
      }
  return {
    truths: rows,
    symmetry: '4/m',
    count: rows.length,
    indices: Int16Array.from(rows.flatMap(({ indices }) => indices)),
    intensity: Float64Array.from(rows, ({ value }) => value),
    sigma: Float64Array.from(rows, ({ sigma }) => sigma),
    measurements: new Float64Array(rows.length).fill(4),
  };
}
for (const twin of [0.1, 0.3]) {
  const cell = readCell('62.5,62.5,44.2,90,90,90');
  const { twinning, laws } = checkReflections(drawn(2, twin, 0.1), { cell });
  say(
    `drawn with ${twin} by k,h,-l`,
    `L-test ${twinning.fraction.toFixed(3)}, law ${laws[0].fraction.toFixed(3)} ± ${laws[0].error.toFixed(3)}`,
    Math.abs(laws[0].fraction - twin) < 0.03 && Math.abs(twinning.fraction - twin) < 0.05 && laws[0].isFound,
  );
}

process.stdout.write('amplitudes: mean of the posterior beside that of the truth, reflections lost\n');
for (const noise of [0.3, 1, 3]) {
  const cell = readCell('200,200,200,90,90,90');
  const list = drawn(3.4, 0, noise, cell);
  const { amplitude, without } = frenchWilson(list, { cell });
  let [sum, true_, n] = [0, 0, 0];
  for (const [i, { own }] of list.truths.entries()) {
    if (Number.isNaN(amplitude[i])) continue;
    sum += amplitude[i];
    true_ += Math.sqrt(own);
    n++;
  }
  // The mean intensity of the draws is known to two errors, and amplitudes to half of that.
  say(
    `${n} draws, σ ${noise} <I>`,
    `${(100 * (sum / true_ - 1)).toFixed(2)} %, ${without} lost`,
    Math.abs(sum / true_ - 1) < 3e-3 + Math.hypot(1, noise) / Math.sqrt(n) && without === 0,
  );
}

process.stdout.write('cost: processor time of a check\n');
{
  const cell = readCell('190,190,190,90,90,90');
  const list = drawn(3.28, 0, 0.2, cell);
  const times = [];
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    checkReflections(list, { cell });
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1e6);
  }
  say(`${list.count} reflections`, `${Math.min(...times).toFixed(2)} s`, Math.min(...times) < 2);
}
if (wrong.length > 0) process.stderr.write(`out of bounds: ${wrong.join('; ')}\n`);
process.exit(wrong.length > 0 ? 1 : 0);
