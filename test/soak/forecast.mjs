// Forecasts of a merge on the streams of ../shared/data/merge (300 weak simulated frames a set): the crystals come in 20
// random orders, those of a seed, and from the first 100 it is forecast when a shell has the CC1/2 that it has with all
// of them. Of the shells that end with six observations of a reflection, with scales of the first 100 alone, ranges have to
// hold the truth in three of four forecasts, and numbers that are named, since their range lies within 30 % of them, have to
// be right to 30 % in 17 of 20. Numbers that are not named and the law 1/CC - 1 ~ 1/N are printed for comparison.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createContext } from '../../dist/index.node.js';

export const name = 'forecast';
export const about = 'forecasts of CC1/2 of shells from 100 of 300 crystals of real merges, in 20 orders';
export const minutes = 12;

const data = process.env.EWALD_TEST_DATA ?? '../shared/data';
/** Sets with the shells, by d, that end with six observations or more. */
const sets = [
  { set: 'ort', symmetry: 'mmm', resolutions: [3.28, 2.77, 2.48, 2.28] },
  { set: 'sph', symmetry: '4/mmm', resolutions: [2.99, 2.52, 2.25] },
  { set: 'amb', symmetry: '4/m', resolutions: [3.28, 2.77, 2.48] },
];
const first = 100;
/** Shares of ranges that hold the truth, and of named numbers that are right. */
const aims = { ranges: 0.75, named: 0.85 };
/** Whether fewer than a share are right, by more than two errors of so many. */
const isShort = (right, of, share) => right < share * of - 2 * Math.sqrt(of * share * (1 - share));
const within = (x, truth, off = 0.3) => Math.abs(x / truth - 1) <= off;

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

async function answers(context, { head, chunks, symmetry, order, goals, crystals }) {
  const merger = await context.merger({
    symmetry,
    polarisation: 'none',
    wanted: goals,
    ...(crystals && { stopAfter: crystals }),
  });
  const text = head + ordered(chunks, order).join('');
  await merger.addStream({ name: 'order.stream', bytes: new TextEncoder().encode(text) });
  return (await merger.run()).forecast;
}

export async function run({ scale, seeds: [seed = 0] = [], note }) {
  const orders = Math.max(2, Math.round(20 * scale));
  const numbers = Array.from({ length: orders }, (_, i) => 1000 * seed + i);
  const context = await createContext();
  const total = { all: 0, law: 0, stated: 0, right: 0, inRange: 0, named: 0, namedRight: 0 };
  const faults = [];
  for (const { set, symmetry, resolutions } of sets) {
    const { stdout } = spawnSync('xz', ['-dc', join(data, 'merge', `${set}.ew.stream.xz`)], { maxBuffer: 2 ** 28 });
    const [head, ...rest] = stdout.toString('latin1').split(/^(?=----- Begin chunk -----)/m);
    const scene = { head, chunks: rest, symmetry };
    const any = resolutions.map((d) => `CC1/2=.5@${d}A`);
    const sums = resolutions.map(() => 0);
    for (const order of numbers)
      for (const [i, { value }] of (await answers(context, { ...scene, order, goals: any })).entries())
        sums[i] += value / orders;
    const goals = resolutions.map((d, i) => `CC1/2=${sums[i].toFixed(5)}@${d}A`);
    const ofSet = { stated: 0, inRange: 0 };
    const found = resolutions.map(() => ({ all: 0, law: 0, stated: 0, right: 0, inRange: 0, named: 0, namedRight: 0 }));
    const refused = resolutions.map(() => []);
    for (const order of numbers)
      for (const [i, one] of (await answers(context, { ...scene, order, goals, crystals: first })).entries()) {
        const own = found[i];
        own.all++;
        if (within((first * (1 / one.value - 1)) / (1 / sums[i] - 1), rest.length)) own.law++;
        if (!one.needed) {
          refused[i].push(one.isReached ? 'reached' : one.refusal);
          continue;
        }
        const { likely, least, most } = one.needed;
        const [isRight, isNamed] = [within(likely, rest.length), within(least, likely) && within(most, likely)];
        own.stated++;
        if (isRight) own.right++;
        if (least <= rest.length && rest.length <= most) own.inRange++;
        if (isNamed) own.named++;
        if (isNamed && isRight) own.namedRight++;
      }
    for (const [i, own] of found.entries()) {
      const why = [...new Set(refused[i])].join(' | ');
      note(`${set} ${goals[i]}: ${textOf(own)}; ${refused[i].length} without a forecast${why && `: ${why}`}`);
      for (const key of Object.keys(total)) total[key] += own[key];
      ofSet.stated += own.stated;
      ofSet.inRange += own.inRange;
    }
    if (isShort(ofSet.inRange, ofSet.stated, aims.ranges))
      faults.push(`${ofSet.inRange} of ${ofSet.stated} ranges of ${set} hold the truth`);
  }
  await context.dispose();
  note(`in all: ${textOf(total)}`);
  if (isShort(total.inRange, total.stated, aims.ranges))
    faults.push(`${total.inRange} of ${total.stated} ranges hold the truth`);
  if (isShort(total.namedRight, total.named, aims.named))
    faults.push(`${total.namedRight} of ${total.named} named numbers are within 30 %`);
  if (faults.length > 0) throw new Error(faults.join('; '));
}

const textOf = ({ all, law, stated, right, inRange, named, namedRight }) =>
  `${inRange} of ${stated} ranges hold the truth; ${namedRight} of ${named} named numbers are within 30 %, of all ` +
  `${right} of ${all}, of the law ${law}`;
