// Forecasts of a merge on the streams of ../shared/data/merge (300 weak simulated frames a set): the crystals come in 20
// random orders, those of a seed, and from the first 100 it is forecast when a shell has the CC1/2 that it has with all
// of them, with scales of the first 100 alone. Judged are shells that end with six observations of a reflection:
// - tenths of all data to the last resolution: nine of ten forecasts have to be right to 30 %;
// - the last of the ten shells down to each of these resolutions, which is what a goal is by default.
// Of both, ranges have to hold the truth in three of four forecasts, and numbers that are named, since their range lies
// within 30 % of them, have to be right to 30 % in 17 of 20. Refusals are counted, and so is the law 1/CC - 1 ~ 1/N.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createContext } from '../../dist/index.node.js';

export const name = 'forecast';
export const about = 'forecasts of CC1/2 of shells from 100 of 300 crystals of real merges, in 20 orders';
export const minutes = 40;

const data = process.env.EWALD_TEST_DATA ?? '../shared/data';
/** Sets with the last resolution, angstrom, and the shells, of ten to there, that end with six observations or more. */
const sets = [
  { set: 'ort', symmetry: 'mmm', highres: 2.2, shells: [3, 5, 7, 9] },
  { set: 'sph', symmetry: '4/mmm', highres: 2, shells: [3, 5, 7] },
  { set: 'amb', symmetry: '4/m', highres: 2.2, shells: [3, 5, 7] },
];
const [lowres, tenths, first] = [20, 10, 100];
/** Shares of forecasts of tenths that are right, of ranges that hold the truth, and of named numbers that are right. */
const aims = { tenths: 0.9, ranges: 0.75, named: 0.85 };
/** Whether fewer than a share are right, by more than two errors of so many. */
const isShort = (right, of, share) => right < share * of - 2 * Math.sqrt(of * share * (1 - share));
const within = (x, truth, off = 0.3) => Math.abs(x / truth - 1) <= off;

/** Where a shell of ten of equal volume ends, angstrom. */
const endOf = (shell, highres) => Math.cbrt(lowres ** -3 + (shell / tenths) * (highres ** -3 - lowres ** -3)) ** -1;

/** The chunks of a stream in an order of its own, under names by which they are dealt to other halves. */
function ordered(chunks, order) {
  let state = (order + 1) * 2654435761;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const mixed = [...chunks];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed.map((chunk) => chunk.replace(/^Image filename: .*$/m, `Image filename: order-${order}.h5`));
}

async function answers(context, { head, chunks, symmetry, options }, order, goals, crystals) {
  const more = { ...options, ...(crystals && { stopAfter: crystals }) };
  const merger = await context.merger({ symmetry, polarisation: 'none', wanted: goals, ...more });
  // Those that are not merged need not be read; a few frames have no crystal.
  const some = ordered(chunks, order).slice(0, crystals ? crystals + 20 : undefined);
  const text = head + some.join('');
  await merger.addStream({ name: 'order.stream', bytes: new TextEncoder().encode(text) });
  return (await merger.run()).forecast;
}

const noTally = () => ({ all: 0, law: 0, stated: 0, right: 0, inRange: 0, named: 0, namedRight: 0 });
const sumOf = (tallies) =>
  tallies.reduce(
    (sum, one) => Object.fromEntries(Object.entries(sum).map(([key, n]) => [key, n + one[key]])),
    noTally(),
  );

/** How right the forecasts of the shells that end at some resolutions are. */
async function judge(context, scene, orders, resolutions, note) {
  const { chunks } = scene;
  const sums = resolutions.map(() => 0);
  const any = resolutions.map((d) => `CC1/2=.5@${d}A`);
  for (const order of orders)
    for (const [i, { value }] of (await answers(context, scene, order, any)).entries())
      sums[i] += value / orders.length;
  const goals = resolutions.map((d, i) => `CC1/2=${sums[i].toFixed(5)}@${d}A`);
  const found = resolutions.map(noTally);
  const refused = resolutions.map(() => []);
  for (const order of orders)
    for (const [i, one] of (await answers(context, scene, order, goals, first)).entries()) {
      const own = found[i];
      own.all++;
      if (within((first * (1 / one.value - 1)) / (1 / sums[i] - 1), chunks.length)) own.law++;
      if (!one.needed) {
        refused[i].push(one.isReached ? 'reached' : one.refusal);
        continue;
      }
      const { likely, least, most } = one.needed;
      const [isRight, isNamed] = [within(likely, chunks.length), within(least, likely) && within(most, likely)];
      own.stated++;
      if (isRight) own.right++;
      if (least <= chunks.length && chunks.length <= most) own.inRange++;
      if (isNamed) own.named++;
      if (isNamed && isRight) own.namedRight++;
    }
  for (const [i, own] of found.entries()) {
    const why = [...new Set(refused[i])].join(' | ');
    note(`${goals[i]}: ${textOf(own)}; ${refused[i].length} without a forecast${why && `: ${why}`}`);
  }
  return sumOf(found);
}

/** That ranges hold the truth too seldom. */
const faultsOfRanges = (what, { stated, inRange }) =>
  isShort(inRange, stated, aims.ranges) ? [`${what}: ${inRange} of ${stated} ranges hold the truth`] : [];

/** What falls short of the aims in all sets together. */
function faultsOf(what, tally) {
  const { named, namedRight } = tally;
  const faults = faultsOfRanges(what, tally);
  if (isShort(namedRight, named, aims.named))
    faults.push(`${what}: ${namedRight} of ${named} named numbers are within 30 %`);
  return faults;
}

export async function run({ scale, seeds: [seed = 0] = [], note }) {
  const count = Math.max(2, Math.round(20 * scale));
  const orders = Array.from({ length: count }, (_, i) => 1000 * seed + i);
  const context = await createContext();
  const [ofTenths, byDefault, faults] = [[], [], []];
  for (const { set, symmetry, highres, shells } of sets) {
    const { stdout } = spawnSync('xz', ['-dc', join(data, 'merge', `${set}.ew.stream.xz`)], { maxBuffer: 2 ** 28 });
    const [head, ...chunks] = stdout.toString('latin1').split(/^(?=----- Begin chunk -----)/m);
    const ends = shells.map((shell) => endOf(shell, highres).toFixed(3));
    const scene = (options) => ({ head, chunks, symmetry, options });
    const noteOf = (what) => (text) => note(`${set}, ${what} ${text}`);
    const own = [];
    for (const [i, shell] of shells.entries())
      own.push(await judge(context, scene({ shells: shell, lowres }), orders, [ends[i]], noteOf('a tenth')));
    ofTenths.push(sumOf(own));
    byDefault.push(await judge(context, scene({}), orders, ends, noteOf('by default')));
    faults.push(...faultsOfRanges(`tenths of ${set}`, ofTenths.at(-1)));
    faults.push(...faultsOfRanges(`goals of ${set}`, byDefault.at(-1)));
  }
  await context.dispose();
  const [tenth, goal] = [sumOf(ofTenths), sumOf(byDefault)];
  note(`tenths in all: ${textOf(tenth)}`);
  note(`by default in all: ${textOf(goal)}`);
  faults.push(...faultsOf('tenths', tenth), ...faultsOf('goals', goal));
  if (isShort(tenth.right, tenth.stated, aims.tenths))
    faults.push(`tenths: ${tenth.right} of ${tenth.stated} forecasts are right`);
  if (faults.length > 0) throw new Error(faults.join('; '));
}

const textOf = ({ all, law, stated, right, inRange, named, namedRight }) =>
  `${right} of ${stated} forecasts are within 30 %, of the law ${law} of ${all}; ${inRange} ranges hold the truth; ` +
  `${namedRight} of ${named} named numbers are within 30 %`;
