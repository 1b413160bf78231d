/** Tests beyond the case table of pi: how a result is serialised. */
import { expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';

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
