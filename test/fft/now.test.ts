/** Synchronous transforms: the same numbers and the same refusals as with promises. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, createContext, type FftOptions } from '../../dist/index.node.js';

const cases: readonly [string, FftOptions][] = [
  ['one line', { shape: [256] }],
  ['a batch of double precision', { shape: [15], batch: 4, precision: 'f64' }],
  ['half a spectrum', { shape: [6, 20], kind: 'r2c' }],
  ['its inverse', { shape: [6, 20], kind: 'c2r' }],
  ['strides', { shape: [4, 6], inputStrides: [8, 1], outputStrides: [1, 5] }],
  ['in place', { shape: [64], inPlace: true }],
  ['a workspace of the caller', { shape: [8, 97], userWorkspace: true }],
];

describe.each(['wasm', 'native'] as const)('plan.now on %s', (backend) => {
  let ctx: Context;
  beforeAll(async () => {
    ctx = await createContext({ backend, strict: true });
  });
  afterAll(() => ctx.dispose());

  test.each(cases)('%s: gives the same result as the promise', async (_, options) => {
    const plan = await ctx.fft({ threads: 1, ...options });
    const Numbers: typeof Float32Array | typeof Float64Array =
      options.precision === 'f64' ? Float64Array : Float32Array;
    const workspace = options.userWorkspace ? { workspace: new Numbers(2 * plan.sizeWorkspace) } : undefined;
    for (const direction of ['forward', 'backward'] as const) {
      const [read, written] =
        direction === 'forward' ? [plan.inputLength, plan.outputLength] : [plan.outputLength, plan.inputLength];
      const data = new Numbers(read).map((_, i) => Math.sin(1 + i * i));
      const [input, again] = [data.slice(), data.slice()];
      // Gaps between strided elements belong to the caller.
      const [output, target] = options.inPlace
        ? [undefined, undefined]
        : [new Numbers(written).fill(7), new Numbers(written).fill(7)];
      const awaited = await plan[direction](input, output as typeof input, workspace);
      const now = plan.now?.[direction](again, target as typeof input, workspace);
      expect(now).toEqual(awaited);
      expect(now).toBe(options.inPlace ? again : target);
      expect(plan.now?.[direction](data.slice(), undefined, { ...workspace, scale: 'full' })).toBeInstanceOf(Numbers);
    }
    await plan.dispose();
  });

  test.each(cases)('%s: transforms its own arrays as it does others', async (_, options) => {
    const plan = await ctx.fft({ threads: 1, ...options });
    const { now } = plan;
    if (!now) throw new Error(`${backend} has no transforms without promises`);
    const Numbers: typeof Float32Array | typeof Float64Array =
      options.precision === 'f64' ? Float64Array : Float32Array;
    const workspace = options.userWorkspace ? { workspace: new Numbers(2 * plan.sizeWorkspace) } : undefined;
    const { bytes } = plan;
    expect([now.input.length, now.output.length]).toEqual([plan.inputLength, plan.outputLength]);
    if (backend === 'wasm') expect(plan.bytes).toBeGreaterThan(bytes);
    for (const direction of ['forward', 'backward'] as const) {
      const [from, to] = direction === 'forward' ? [now.input, now.output] : [now.output, now.input];
      const data = new Numbers(from.length).map((_, i) => Math.sin(1 + i * i));
      const output = options.inPlace ? undefined : new Numbers(to.length).fill(7);
      const expected = now[direction](data.slice() as typeof from, output as typeof from, workspace);
      to.fill(7);
      from.set(data);
      expect(now[direction](from, options.inPlace ? undefined : to, workspace)).toBe(to);
      expect(to.slice()).toEqual(expected);
      if (!options.inPlace) expect(from.slice()).toEqual(data);
      // The same through a promise, and with an array of the caller on one side.
      to.fill(7);
      from.set(data);
      expect(await plan[direction](from, options.inPlace ? undefined : to, workspace)).toBe(to);
      expect(to.slice()).toEqual(expected);
      if (options.inPlace) continue;
      expect(now[direction](from, new Numbers(to.length).fill(7) as typeof to, workspace)).toEqual(expected);
      to.fill(7);
      now[direction](data.slice() as typeof from, to, workspace);
      expect(to.slice()).toEqual(expected);
    }
    await plan.dispose();
    expect(() => now.input).toThrow('was disposed');
  });

  test('refuses its own arrays once they are detached, and has new ones', async () => {
    const plan = await ctx.fft({ shape: [8] });
    const { now } = plan;
    if (!now) throw new Error(`${backend} has no transforms without promises`);
    const [input, output] = [now.input, now.output];
    if (backend === 'native') {
      structuredClone(input.buffer, { transfer: [input.buffer] });
    } else {
      // Nobody may keep a view of heap memory that is freed.
      const other = await ctx.fft({ shape: [8] });
      const kept = other.now?.input;
      await other.dispose();
      expect(kept).toHaveLength(0);
    }
    expect(input).toHaveLength(0);
    expect(() => now.forward(input, output)).toThrow('input has 0 numbers; expected 16');
    now.input.fill(1);
    expect(now.forward(now.input, now.output)[0]).toBe(8);
    await plan.dispose();
  });

  test('refuses arrays of the wrong size, during a run and after disposal', async () => {
    const plan = await ctx.fft({ shape: [8] });
    const now = plan.now;
    if (!now) throw new Error(`${backend} has no transforms without promises`);
    const [input, output] = [new Float32Array(16).fill(1), new Float32Array(16)];
    expect(() => now.forward(input, new Float32Array(15))).toThrow('output has 15 numbers; expected 16');
    expect(() => now.forward(new Float32Array(15), output)).toThrow('input has 15 numbers; expected 16');
    expect(() => now.forward(new Float32Array(32), output)).toThrow('input has 32 numbers; expected 16');
    expect(() => now.forward(input, new Float32Array(32))).toThrow('output has 32 numbers; expected 16');
    expect(() => now.forward(input, input)).toThrow('overlap');
    expect(() => now.forward(new Float64Array(16) as never, output)).toThrow('is a Float64Array');
    const running = plan.forward(input, output);
    expect(() => now.forward(input, output)).toThrow('await it first');
    await running;
    expect(now.forward(new Float32Array(new SharedArrayBuffer(64)).fill(1), output)[0]).toBe(8);
    structuredClone(input.buffer, { transfer: [input.buffer] });
    expect(() => now.forward(input, output)).toThrow('input has 0 numbers');
    expect(() => now.forward(output, input)).toThrow('output has 0 numbers');
    await plan.dispose();
    expect(() => now.forward(new Float32Array(16), output)).toThrow('was disposed');
  });
});
