/** Tests beyond the case table of pi: how a result is serialised, and the end of a stream. */
import { expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import { countInsideSlowly } from '../../src/validate/oracle/pi/philox.js';

test('a result survives JSON, with numbers that are exact or strings', async () => {
  const context = await createContext({ backend: 'wasm', strict: true });
  try {
    const plan = await context.pi();
    const result = await plan.run({ points: 1000, seed: 3 });
    expect(typeof result.hits).toBe('bigint');
    expect(JSON.parse(JSON.stringify(result))).toEqual({ ...result, points: 1000, hits: Number(result.hits) });
    expect(Object.keys(result)).toEqual(['backend', 'points', 'hits', 'pi', 'sigma', 'seconds']);
    expect(structuredClone(result)).toEqual({ ...result });
  } finally {
    await context.dispose();
  }
});

test('a count may end with the last point of a stream, and not behind it', async () => {
  const context = await createContext({ backend: 'wasm', strict: true });
  try {
    const plan = await context.pi();
    for (const points of [1n, 2n, 3n, 4n, 5n, 1003n]) {
      const first = 2n ** 64n - points;
      const { hits } = await plan.run({ points, first, seed: 5, stream: 2 });
      expect([points, hits]).toEqual([points, countInsideSlowly({ points, seed: 5n, stream: 2, first })]);
      await expect(plan.run({ points: points + 1n, first, seed: 5 })).rejects.toThrow(/^pi\.run: first is \d+; with/);
    }
  } finally {
    await context.dispose();
  }
});
