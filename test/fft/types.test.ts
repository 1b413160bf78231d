/** The arrays of a plan are of its precision; the compiler checks this file (test/tsconfig.json). */
import { createContext, type FftPlan } from 'ewald';
import { expect, expectTypeOf, test } from 'vitest';

test('a plan of one precision takes and gives arrays of that precision', async () => {
  const ctx = await createContext({ backend: 'wasm' });
  const single = await ctx.fft({ shape: [2] });
  const double = await ctx.fft({ shape: [2], precision: 'f64' });
  const [of32, of64] = [new Float32Array([1, 0, 0, 0]), new Float64Array([1, 0, 0, 0])];
  expectTypeOf(single).toEqualTypeOf<FftPlan<'f32'>>();
  expectTypeOf(double).toEqualTypeOf<FftPlan<'f64'>>();
  expectTypeOf(await double.forward(of64)).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(double.now?.input).toEqualTypeOf<Float64Array | undefined>();
  // @ts-expect-error: an f64 plan reads no single numbers
  await expect(double.forward(of32)).rejects.toThrow(/precision f64 needs a Float64Array/);
  // @ts-expect-error: and writes none
  await expect(double.forward(of64, of32)).rejects.toThrow(/precision f64 needs a Float64Array/);
  // @ts-expect-error: nor does its synchronous run
  expect(() => double.now?.backward(of32, of64)).toThrow(/precision f64 needs a Float64Array/);
  // @ts-expect-error: an f32 plan, which is the default, reads no double ones
  await expect(single.forward(of64)).rejects.toThrow(/precision f32 needs a Float32Array/);

  // Where the precision is known at run time only, either is accepted, and plans of both are kept together.
  const precision = 'f64' as 'f32' | 'f64';
  const either = await ctx.fft({ shape: [2], precision });
  expectTypeOf(either).toEqualTypeOf<FftPlan>();
  await expect(either.forward(of32)).rejects.toThrow(/precision f64/);
  const plans: FftPlan[] = [single, double, either];
  for (const plan of plans)
    expect([...(await plan.forward(plan.precision === 'f32' ? of32 : of64))]).toEqual([1, 0, 1, 0]);
  await ctx.dispose();
});
