/** What is wanted of a merge: asked of streams and of a merge that goes on. */
import { type Context, createContext } from 'ewald';
import { mergeReport } from 'ewald/merging';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MergeOptions } from '../../src/serial/merging/options.js';
import type { MergeResult } from '../../src/serial/merging/result.js';
import { refused } from '../support/refused.js';
import { simulateStream } from './simulated.js';

const simulated = simulateStream({
  crystals: 60,
  symmetry: 'mmm',
  parameters: [24, 28, 33, 90, 90, 90],
  cellError: 1e-3,
});
const [head = '', ...chunks] = simulated.text.split(/^(?=----- Begin chunk -----)/m);

let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

async function merge(options: Partial<MergeOptions>, text = simulated.text): Promise<MergeResult> {
  const merger = await context.merger({ symmetry: 'mmm', polarisation: 'none', iterations: 3, ...options });
  await merger.addStream({ name: 'wanted.stream', bytes: new TextEncoder().encode(text) });
  return merger.run();
}

describe('a merge', () => {
  test('answers what is wanted, beside the same lists as without', async () => {
    const wanted = ['CC1/2=.99@2.6A', 'I/sigma=40@2.6A', 'complete=99%@2.6A'];
    const [result, plain] = [await merge({ wanted }), await merge({})];
    expect(plain).not.toHaveProperty('forecast');
    expect(result.reflections).toEqual(plain.reflections);
    const [ccHalf, snr, complete] = result.forecast ?? [];
    const outer = (await merge({ wanted, highres: 2.6 })).statistics.shells.at(-1);
    expect(snr?.dMin).toBe(2.6);
    expect((snr?.value ?? 0) / (outer?.snr ?? 0)).toBeGreaterThan(0.75);
    expect((snr?.value ?? 0) / (outer?.snr ?? 0)).toBeLessThan(1.33);
    expect(complete?.value).toBeCloseTo(outer?.completeness ?? 0, 1);
    expect(complete?.said?.crystals).toBe(30);
    expect(snr?.crystals).toBe(60);
    expect(ccHalf?.refusal ?? ccHalf?.needed ?? ccHalf?.isReached).toBeDefined();
    expect(mergeReport(result)).toContain('When there is enough');
    expect(mergeReport(plain)).not.toContain('When there is enough');
    // It survives structured cloning.
    expect(structuredClone(result.toPlain()).forecast).toEqual(result.forecast);
  });

  test('refuses what cannot be answered before it fits anything', async () => {
    await refused(
      () => merge({ wanted: ['CC1/2=.5@1.2A'] }),
      'Argument',
      'wanted CC1/2=.5@1.2A: the data end at 2.5',
      'ask for 2.5',
    );
    await refused(() => merge({ wanted: ['Rfree=.2'] }), 'Argument', 'CC1/2=.5@2.0A');
    await refused(() => merge({ wanted: ['difference=5s'] }), 'Argument', 'splitBy');
    await refused(
      () => merge({ wanted: ['complete=95%@3A'], model: 'mean', iterations: undefined }),
      'Argument',
      'wanted',
      'mean',
    );
  });

  test('compares two data sets, unless there are others or their cells differ', async () => {
    const refusalOf = async (stretch: number, sets: number) => {
      const text = chunks.map((chunk, i) => {
        const value = i % sets;
        const own = chunk.replace(/^Event: .*$/m, (line) => `${line}\nheader/int/pump = ${value}`);
        return value === 1
          ? own.replace(/^Cell parameters (\S+)/m, (_, a) => `Cell parameters ${(Number(a) * stretch).toFixed(5)}`)
          : own;
      });
      return merge({ wanted: ['difference=5s'], splitBy: 'pump' }, head + text.join(''));
    };
    const [answer] = (await refusalOf(1, 2)).forecast ?? [];
    expect(Math.abs(answer?.value ?? 9)).toBeLessThan(3.5);
    expect(answer?.difference).toMatchObject({ datasets: ['0', '1'] });
    expect(answer?.difference?.scale).toBeCloseTo(1, 0);
    const [differs] = (await refusalOf(1.005, 2)).forecast ?? [];
    expect(differs?.refusal).toMatch(/^the cells of 0 and 1 differ: a is 2[34]\.\d+ and 24\.\d+ ± 0\.00\d Å/);
    expect(differs).toMatchObject({ isReached: false, needed: undefined, difference: undefined });
    const [three] = (await refusalOf(1, 3)).forecast ?? [];
    expect(three?.refusal).toBe('a difference is that of two data sets; there are 3 (0, 1, 2)');
  });
});
