/** Transforms that are under way on native are ended by their signal, tell how far they are, and do so no more after. */
import { createContext, devices } from 'ewald';
import { expect, it } from 'vitest';

for (const [name, threads] of [
  ['one thread', 1],
  ['threads of the pool', 2],
] as const)
  it(`on ${name}: ended half-way, and the next run is whole`, async ({ skip }) => {
    if (!(await devices({ backend: 'native' })).find((row) => row.backend === 'native')?.available)
      skip('absent: native');
    const ctx = await createContext({ backend: 'native', strict: true, log: { level: 'error' } });
    try {
      // Long enough that it is under way when it is ended, on any machine.
      const plan = await ctx.fft({ shape: [2048], batch: 8192, threads });
      const input = new Float32Array(plan.inputLength).fill(1);
      const output = new Float32Array(plan.outputLength);
      const seen: number[] = [];
      await plan.forward(input, output, { onProgress: (done) => seen.push(done) });
      expect(seen.at(-1)).toBe(1);
      expect(seen.every((done, i) => done >= (seen[i - 1] ?? 0) && done <= 1)).toBe(true);

      const line = (k: number): number => output[k * 4096] ?? Number.NaN;
      output.fill(-7);
      const end = new AbortController();
      const run = plan.forward(input, output, { signal: end.signal });
      await new Promise((resolve) => setImmediate(resolve));
      end.abort();
      await expect(run).rejects.toMatchObject({ tag: 'Aborted' });
      // Ended, not only refused afterwards: the last line was never come to.
      expect(line(8191)).toBe(-7);

      await plan.forward(input, output, { signal: new AbortController().signal });
      expect([line(0), line(4096), line(8191)]).toEqual([2048, 2048, 2048]);
      await expect(plan.forward(input, output, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        tag: 'Aborted',
      });
    } finally {
      await ctx.dispose();
    }
  });
