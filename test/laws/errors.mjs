/**
 * Laws over stated errors: deviations from a drawn truth, in units of the error that is stated, have a mean of 0 and a
 * spread of 1. Each draw is one experiment of many scenes.
 */
import fc from 'fast-check';
import { within } from './law.mjs';
import { listOf } from './lists.mjs';
import { groups, normalOf, randomOf, reciprocalOf, stills, streamOf, truthOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
/** Counts of a mean: exact where it is small. */
function poisson(random, mean) {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normalOf(random)));
  const limit = Math.exp(-mean);
  let [count, product] = [0, random()];
  while (product > limit) {
    count++;
    product *= random();
  }
  return count;
}

/** Mean and spread of deviations, as how far they are beyond what is allowed: 0 within. */
const mostMean = 0.2;
const [leastSpread, mostSpread] = [0.8, 1.2];
function honesty(deviations) {
  const n = deviations.length;
  const mean = deviations.reduce((sum, z) => sum + z, 0) / n;
  const spread = Math.sqrt(deviations.reduce((sum, z) => sum + (z - mean) ** 2, 0) / (n - 1));
  return { n, mean: Number(mean.toFixed(3)), spread: Number(spread.toFixed(3)) };
}
/**
 * The answers of named deviations: those that are not honest, with their numbers, and none. `wide` has the least spread of
 * those whose errors are too large, each with its reason where it is given.
 */
function answersOf(named, wide = {}) {
  const found = Object.fromEntries(Object.entries(named).map(([name, all]) => [name, honesty(all)]));
  const isHonest = (name, { n, mean, spread }) => {
    // A mean of n deviations has an error of its own.
    const [ofMean, ofSpread] = [2 / Math.sqrt(n), 2 / Math.sqrt(2 * n)];
    const least = wide[name] ?? leastSpread;
    return Math.abs(mean) < mostMean + ofMean && spread > least - ofSpread && spread < mostSpread + ofSpread;
  };
  const wrong = Object.entries(found).filter(([name, one]) => !isHonest(name, one));
  if (process.env.EWALD_LAWS_SHOW) console.log(JSON.stringify(found));
  return [JSON.stringify(Object.fromEntries(wrong)), '{}'];
}
const agree = within(0, 'deviations in stated errors have a mean within .2 of 0 and a spread of .8 to 1.2');
export const hklOf = ({ indices }, i) => [...indices.subarray(3 * i, 3 * i + 3)];
export const q2Of = (hkl, stars) =>
  [0, 1, 2].reduce((s, x) => s + hkl.reduce((t, h, i) => t + h * stars[i][x], 0) ** 2, 0);

export function errorLaws({ ewald, context, contexts }) {
  const { compareReflections, checkReflections } = ewald;
  const ctx = contexts.udf;
  return [
    {
      law: 'errors of merged intensities are honest, of weak and strong ones, near the beam and far out',
      drawn: fc.record({ seed: seeds, group: fc.constantFrom('mmm', '222', '-1', '4/mmm') }),
      answers: async ({ seed, group }) => {
        const stars = reciprocalOf(groups[group].parameters);
        const named = {};
        for (let n = 0; n < 4; n++) {
          const own = seed + 7919 * n;
          const merger = await context.merger({ symmetry: group, model: 'gaussian', polarisation: 'none' });
          const bytes = new TextEncoder().encode(streamOf(stills({ seed: own, crystals: 100, group, dMin: 3.2 })));
          await merger.addStream({ name: 'a.stream', bytes });
          const { reflections: list } = await merger.run();
          const truth = truthOf(group, own);
          const rows = Array.from({ length: list.count }, (_, i) => {
            const hkl = hklOf(list, i);
            return { q2: q2Of(hkl, stars), truth: truth(hkl), value: list.intensity[i], sigma: list.sigma[i] };
          });
          // The scale and B of a merge are its own.
          const scale = lineOf(rows);
          const order = (key) => [...rows].sort((a, b) => a[key] - b[key]);
          const third = (list_, k) => new Set(list_.slice((k * list_.length) / 3, ((k + 1) * list_.length) / 3));
          const [byTruth, byQ] = [order('truth'), order('q2')];
          for (const [what, list_] of [
            ['strength', byTruth],
            ['resolution', byQ],
          ])
            for (let k = 0; k < 3; k++) {
              const part = third(list_, k);
              named[`${what} ${k + 1} of 3`] ??= [];
              for (const row of part)
                named[`${what} ${k + 1} of 3`].push((row.value - row.truth * scale(row.q2)) / row.sigma);
            }
        }
        return answersOf(named);
      },
      agree,
      draws: 4,
    },
    {
      law: 'errors of the scale and B between two lists, and of the second moment of one, are honest',
      drawn: fc.record({ seed: seeds, group: fc.constantFrom('1', '222', 'mmm', '-1') }),
      answers: ({ seed, group }) => {
        const parameters = groups[group].parameters;
        const cell = ewald.readCell(parameters.join());
        const stars = reciprocalOf(parameters);
        const random = randomOf(seed);
        const named = { 'relative B': [], scale: [], 'second moment': [] };
        for (let n = 0; n < 200; n++) {
          const list = listOf({ group, seed: seed + 31 * n, most: 5, share: 1 });
          const [b, k] = [20 * (random() - 0.5), Math.exp(random() - 0.5)];
          const factor = Array.from(
            { length: list.count },
            (_, i) => k * Math.exp((-b * q2Of(hklOf(list, i), stars)) / 2),
          );
          // Counts over a background, of the means that both lists share.
          const noisy = (of) => {
            const mean = list.intensity.map((x, i) => Math.max(0, x) * of(i));
            const intensity = mean.map((x) => poisson(random, x + 40) - 40);
            return { ...list, intensity, sigma: intensity.map((x) => Math.sqrt(Math.max(x, 0) + 40)) };
          };
          const [one, other] = [noisy((i) => factor[i]), noisy(() => 1)];
          const found = compareReflections(one, other, { cell });
          // x = scale · exp(−B q²/2) y.
          named['relative B'].push((found.relativeB - b) / found.relativeBError);
          named.scale.push((found.scale - k) / found.scaleError);
          const { secondMoment, secondMomentError, isCentric } = checkReflections(other, { cell }).twinning;
          if (secondMomentError > 0)
            named['second moment'].push((secondMoment - (isCentric ? 3 : 2)) / secondMomentError);
        }
        return answersOf(named);
      },
      agree,
      draws: 2,
    },
    {
      law: 'errors of the centre and the radius of a calibration are honest at any number of counts',
      drawn: fc.record({ seed: seeds, counts: fc.constantFrom(3, 20, 200), edge: fc.constantFrom(0.5, 1.5) }),
      answers: async ({ seed, counts, edge }) => {
        const random = randomOf(seed);
        const named = { y: [], x: [], radius: [] };
        const [nav, sig] = [
          [5, 5],
          [40, 40],
        ];
        for (let n = 0; n < 60; n++) {
          const [cy, cx, radius] = [19.5 + 6 * (random() - 0.5), 19.5 + 6 * (random() - 0.5), 8 + 3 * random()];
          const numbers = new Uint16Array(25 * 1600);
          for (let i = 0; i < numbers.length; i++) {
            const p = i % 1600;
            const r = Math.hypot(Math.floor(p / 40) - cy, (p % 40) - cx);
            numbers[i] = poisson(random, 0.02 * counts + counts / (1 + Math.exp((r - radius) / (0.4 * edge))));
          }
          const scan = ctx.fromMemory(numbers, { navShape: nav, sigShape: sig });
          const { centre, disk } = await ctx.calibrate(scan, {});
          if (centre.errors) {
            named.y.push((centre.cy - cy) / centre.errors[0]);
            named.x.push((centre.cx - cx) / centre.errors[1]);
          }
          if (disk.error) named.radius.push((disk.radius - radius) / disk.error);
        }
        // Errors allow for edges that are sampled worse than these.
        return answersOf(named, { y: 0.65, x: 0.65, radius: 0.3 });
      },
      agree,
      draws: 3,
    },
  ].map((law) => ({ ...law, isOfNight: true }));
}

/** The scale and fall-off by which the truth becomes the values of a merge, by weighted sums. */
export function lineOf(rows) {
  let [lnK, b] = [0, 0];
  const middle = rows.reduce((sum, { q2 }) => sum + q2, 0) / rows.length;
  for (let step = 0; step < 30; step++) {
    let [a00, a01, a11, r0, r1] = [0, 0, 0, 0, 0];
    for (const { q2, truth, value, sigma } of rows) {
      const model = truth * Math.exp(lnK + b * (q2 - middle));
      const w = 1 / sigma ** 2;
      const [d0, d1] = [model, model * (q2 - middle)];
      a00 += w * d0 * d0;
      a01 += w * d0 * d1;
      a11 += w * d1 * d1;
      r0 += w * d0 * (value - model);
      r1 += w * d1 * (value - model);
    }
    const det = a00 * a11 - a01 * a01;
    lnK += Math.max(-1, Math.min(1, (r0 * a11 - r1 * a01) / det));
    b += Math.max(-5, Math.min(5, (r1 * a00 - r0 * a01) / det));
  }
  return (q2) => Math.exp(lnK + b * (q2 - middle));
}
