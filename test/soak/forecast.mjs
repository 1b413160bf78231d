// Forecasts of a merge on the streams of ../shared/data/merge (300 weak simulated frames a set): the crystals come in 20
// random orders, and from the first 100 it is forecast when a shell has the CC1/2 that it has with all of them. Of the
// shells that end with six observations of a reflection, four of five forecasts have to be within 30 %, with scales of
// the first 100 alone; the law 1/CC - 1 ~ 1/N is printed for comparison.
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

export async function run({ scale, note }) {
  const orders = Math.max(2, Math.round(20 * scale));
  const context = await createContext();
  let [right, all, lawful, inRange, stated] = [0, 0, 0, 0, 0];
  for (const { set, symmetry, resolutions } of sets) {
    const { stdout } = spawnSync('xz', ['-dc', join(data, 'merge', `${set}.ew.stream.xz`)], { maxBuffer: 2 ** 28 });
    const [head, ...rest] = stdout.toString('latin1').split(/^(?=----- Begin chunk -----)/m);
    const scene = { head, chunks: rest, symmetry };
    const any = resolutions.map((d) => `CC1/2=.5@${d}A`);
    const sums = resolutions.map(() => 0);
    for (let order = 0; order < orders; order++)
      for (const [i, { value }] of (await answers(context, { ...scene, order, goals: any })).entries())
        sums[i] += value / orders;
    const goals = resolutions.map((d, i) => `CC1/2=${sums[i].toFixed(5)}@${d}A`);
    const found = resolutions.map(() => ({ right: 0, law: 0, refused: [], likely: [] }));
    for (let order = 0; order < orders; order++)
      for (const [i, one] of (await answers(context, { ...scene, order, goals, crystals: first })).entries()) {
        const own = found[i];
        const target = sums[i];
        const law = (first * (1 / one.value - 1)) / (1 / target - 1);
        own.law += Math.abs(law / rest.length - 1) <= 0.3 ? 1 : 0;
        if (!one.needed) {
          own.refused.push(one.isReached ? 'reached' : one.refusal);
          continue;
        }
        const { likely, least, most } = one.needed;
        own.likely.push(likely);
        own.right += Math.abs(likely / rest.length - 1) <= 0.3 ? 1 : 0;
        stated++;
        inRange += least <= rest.length && rest.length <= most ? 1 : 0;
      }
    for (const [i, own] of found.entries()) {
      const middle = own.likely.sort((a, b) => a - b)[own.likely.length >> 1];
      note(
        `${set} ${goals[i]}: median ${middle?.toFixed(0)}, ${own.right} of ${orders} within 30 %, law ${own.law}, ` +
          `refused ${own.refused.length} ${[...new Set(own.refused)].join(' | ')}`,
      );
      right += own.right;
      lawful += own.law;
      all += orders;
    }
  }
  await context.dispose();
  note(
    `${right} of ${all} forecasts are within 30 %, of the law ${lawful}; ${inRange} of ${stated} ranges hold the truth`,
  );
  if (right < 0.8 * all) throw new Error(`${right} of ${all} forecasts are within 30 %; expected four of five`);
}
