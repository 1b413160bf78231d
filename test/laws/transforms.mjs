/** Laws over transforms: linearity, shifts, Parseval, inverses, batches and axes as loops, boxes of ranks as one array. */
import fc from 'fast-check';
import { within } from './law.mjs';
import { randomOf } from './stills.mjs';

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const lengths = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 25, 31, 32);
const shapes = {
  shape: fc.array(lengths, { minLength: 1, maxLength: 3 }),
  precision: fc.constantFrom('f32', 'f64'),
  seed: seeds,
};
const realKinds = ['dct1', 'dct2', 'dct3', 'dct4', 'dst1', 'dst2', 'dst3', 'dst4'];
const volume = (shape) => shape.reduce((product, n) => product * n, 1);
const drawnNumbers = (seed, count) => {
  const random = randomOf(seed);
  return Array.from({ length: count }, () => Math.floor(2001 * random() - 1000) / 500);
};
const inF32 = 'a float32 has 24 bits, and sums of thousands lose some';
const agree = within(0, inF32, 2e-3);

export function transformLaws({ context, executors, folder }) {
  const arrayOf = ({ precision }, numbers) => (precision === 'f32' ? Float32Array : Float64Array).from(numbers);
  /** Plans, runs and ends a transform. */
  async function run({ shape, precision }, numbers, { back = false, scale, ...options } = {}) {
    const plan = await context.fft({ shape, precision, ...options });
    try {
      const data = arrayOf({ precision }, numbers);
      const found = await (back ? plan.backward(data, undefined, { scale }) : plan.forward(data, undefined, { scale }));
      return Array.from(found);
    } finally {
      await plan.dispose();
    }
  }
  return [
    {
      law: 'a transform back of a transform is the array, complex, real and of sines and cosines',
      drawn: fc.record({ ...shapes, kind: fc.constantFrom('c2c', 'r2c', ...realKinds) }),
      answers: async (drawn) => {
        const { shape, kind, seed } = drawn;
        fc.pre(!(kind === 'dct1' && shape.includes(1)));
        const options = realKinds.includes(kind) ? { kind: 'r2r', r2r: kind } : { kind };
        const numbers = drawnNumbers(seed, volume(shape) * (kind === 'c2c' ? 2 : 1));
        const there = await run(drawn, numbers, options);
        return [numbers, await run(drawn, there, { ...options, back: true, scale: 'full' })];
      },
      agree,
      draws: 25,
    },
    {
      law: 'transforms are linear, keep energy, and a shift is a phase',
      drawn: fc.record({
        ...shapes,
        other: seeds,
        a: fc.integer({ min: -5, max: 5 }),
        by: fc.nat(31),
        axis: fc.nat(2),
      }),
      answers: async (drawn) => {
        const { shape, seed, other, a } = drawn;
        const count = volume(shape);
        const [x, y] = [drawnNumbers(seed, 2 * count), drawnNumbers(other, 2 * count)];
        const [fx, fy] = [await run(drawn, x), await run(drawn, y)];
        const sum = await run(
          drawn,
          x.map((v, i) => a * v + y[i]),
        );
        const energy = (all) => all.reduce((total, v) => total + v * v, 0);
        const axis = drawn.axis % shape.length;
        const by = drawn.by % shape[axis];
        const step = volume(shape.slice(axis + 1));
        const at = (i) => Math.floor(i / step) % shape[axis];
        const moved = new Array(2 * count);
        for (let i = 0; i < count; i++) {
          const to = i + step * (((at(i) + by) % shape[axis]) - at(i));
          [moved[2 * to], moved[2 * to + 1]] = [x[2 * i], x[2 * i + 1]];
        }
        const phases = new Array(2 * count);
        for (let i = 0; i < count; i++) {
          const angle = (-2 * Math.PI * by * at(i)) / shape[axis];
          const [c, s] = [Math.cos(angle), Math.sin(angle)];
          [phases[2 * i], phases[2 * i + 1]] = [fx[2 * i] * c - fx[2 * i + 1] * s, fx[2 * i] * s + fx[2 * i + 1] * c];
        }
        return [
          { sum: fx.map((v, i) => (a * v + fy[i]) / count), energy: 1, phases: phases.map((v) => v / count) },
          {
            sum: sum.map((v) => v / count),
            energy: energy(fx) / count / energy(x),
            phases: (await run(drawn, moved)).map((v) => v / count),
          },
        ];
      },
      agree: within(0, inF32, 1e-3),
      draws: 15,
    },
    {
      law: 'a batch is its arrays one by one, and axes are transformed one after the other',
      drawn: fc.record({
        ...shapes,
        batch: fc.integer({ min: 1, max: 5 }),
        kind: fc.constantFrom('c2c', ...realKinds),
      }),
      answers: async (drawn) => {
        const { shape, kind, seed, batch } = drawn;
        fc.pre(!(kind === 'dct1' && shape.includes(1)));
        const options = kind === 'c2c' ? { kind } : { kind: 'r2r', r2r: kind };
        const each = volume(shape) * (kind === 'c2c' ? 2 : 1);
        const numbers = drawnNumbers(seed, batch * each);
        const together = await run(drawn, numbers, { ...options, batch });
        const apart = [];
        for (let n = 0; n < batch; n++) {
          let own = numbers.slice(n * each, (n + 1) * each);
          for (const axis of shape.keys()) own = await run(drawn, own, { ...options, axes: [axis] });
          apart.push(...own);
        }
        const scale = 2 ** shape.length * volume(shape);
        return [apart.map((v) => v / scale), together.map((v) => v / scale)];
      },
      agree: within(0, inF32, 1e-4),
      draws: 15,
    },
    {
      law: 'the boxes of ranks, however they are cut, have the transform of the whole array',
      drawn: fc.record({
        size: fc.tuple(lengths, fc.constantFrom(1, 2, 3, 8, 9), fc.constantFrom(1, 2, 5, 6)),
        ranks: fc.integer({ min: 2, max: 3 }),
        kind: fc.constantFrom('c2c', ...realKinds),
        precision: fc.constantFrom('f32', 'f64'),
        axes: fc.tuple(fc.nat(2), fc.nat(2)),
        algorithm: fc.constantFrom('alltoallv', 'shared'),
        seed: seeds,
      }),
      answers: async ({ size, ranks, kind, precision, axes, algorithm, seed }) => {
        fc.pre(volume(size) > 1 && !(kind === 'dct1' && size.some((n) => n === 1)));
        const random = randomOf(seed);
        // Slabs along an axis for what goes in, and along another one for what comes out; some may be empty.
        const cut = (axis) => {
          const ends = Array.from({ length: ranks - 1 }, () => Math.floor(random() * (size[axis] + 1))).sort(
            (a, b) => a - b,
          );
          return [0, ...ends].map((begin, r) => {
            const end = ends[r] ?? size[axis];
            return [size.map((_, i) => (i === axis ? begin : 0)), size.map((n, i) => (i === axis ? end - 1 : n - 1))];
          });
        };
        const [ins, outs] = axes.map(cut);
        const boxes = ins.map((box, r) => [box, outs[r]]);
        const width = kind === 'c2c' ? 2 : 1;
        const values = drawnNumbers(seed, width * volume(size));
        const module = new URL('./transform-rank.mjs', import.meta.url);
        const argument = { base: folder, boxes, size, values, kind, precision, algorithm };
        const parts = await executors.spmd({ module, function: 'transformed', argument }, { ranks });
        const whole = new Array(width * volume(size));
        for (const [r, [low, high]] of outs.entries()) {
          let n = 0;
          for (let z = low[2]; z <= high[2]; z++)
            for (let y = low[1]; y <= high[1]; y++)
              for (let x = low[0]; x <= high[0]; x++)
                for (let part = 0; part < width; part++)
                  whole[width * ((z * size[1] + y) * size[0] + x) + part] = parts[r][n++];
        }
        const options = kind === 'c2c' ? { kind } : { kind: 'r2r', r2r: kind };
        const alone = await run({ shape: [...size].reverse(), precision }, values, options);
        const scale = 8 * volume(size);
        return [alone.map((v) => v / scale), whole.map((v) => v / scale)];
      },
      agree: within(0, inF32, 1e-4),
      draws: 5,
    },
  ];
}
