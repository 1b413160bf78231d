/** The final report of `ewald validate` and `ewald bench`: short, but with everything that is known. */
import { createContext } from 'ewald';
import { describe, expect, it } from 'vitest';
import { bench, validate, verdictOf } from '../../dist/validate.js';
import { ewald, ewaldTogether } from '../support/cli.js';

describe('ewald validate', () => {
  it('prints one line per room, and one per case with --verbose', { tags: 'all' }, async () => {
    const args = ['validate', 'pi:count:points=1', 'pi:count:points=2', '--backend', 'wasm'];
    const brief = await ewald(args);
    expect([brief.code, brief.err]).toEqual([0, '']);
    expect(brief.out).toMatch(/^room +wasm\npi +2 pass\n/);
    expect(brief.out).not.toContain('points=1');
    expect(brief.out.trim().split('\n').length).toBeLessThan(10);
    const full = await ewald([...args, '--verbose']);
    expect(full.out).toMatch(/^case +backend .*\npi:count:points=1 +wasm +pass/);
  });

  it('prints every failure in full', { tags: 'all' }, async () => {
    const args = ['validate', 'pi:count:points=1', 'fft:c2c:f32:n=8*', '--backend', 'cuda'];
    const { code, out } = await ewald(args, { env: { EWALD_REQUIRE: 'cuda', CUDA_VISIBLE_DEVICES: '' } });
    expect(code).toBe(1);
    expect(out).toMatch(/^pi +1 fail$/m);
    expect(out).toMatch(/^pi:count:points=1 +cuda +fail/m);
    expect(out).toMatch(/^fail +pi:count:points=1 on cuda: /m);
    // No answer is wrong: there is none.
    expect(out).toMatch(/^A required backend is not here$/m);
  });

  it('says in one line how many cases are over the budget', { tags: 'all' }, async () => {
    const { code, out } = await ewaldTogether(['validate', 'pi:count', '--backend', 'wasm', '--budget', '0']);
    expect(code).toBe(1);
    expect(out.match(/^sampled.*/gm)).toEqual([
      expect.stringMatching(/^sampled +\d+ × wasm: estimated to take longer than --budget$/),
    ]);
  });

  it('does not call a run right that ended before its last case', async () => {
    const end = new AbortController();
    const chosen = { createContext, ids: ['pi:count:points=1', 'pi:count:points=2'], backends: ['wasm'] } as const;
    const report = await validate({ ...chosen, signal: end.signal, onResult: () => end.abort() });
    expect(report).toMatchObject({ verdict: 'partial', left: 1 });
    expect(verdictOf(report)).toMatchObject({ kind: 'pass', title: 'All cases run so far passed' });
    const whole = await validate(chosen);
    expect(whole).toMatchObject({ verdict: 'pass', left: 0 });
    expect(verdictOf(whole)).toMatchObject({ kind: 'pass', title: 'Every answer is right' });
  });
});

it('a benchmark that is stopped early keeps the finished cases, and reports that it was stopped', async () => {
  const end = new AbortController();
  const report = await bench({
    createContext,
    backends: ['wasm'],
    ids: ['pi:count:points=1', 'pi:count:points=2'],
    seconds: 0,
    signal: end.signal,
    onRow: (_, done) => done === 1 && end.abort(),
  });
  expect(report).toMatchObject({
    verdict: 'interrupted',
    pass: false,
    interrupted: true,
    cases: { finished: 1, chosen: 2 },
  });
  expect(report.rows.map(({ outcome, why, pass, timing }) => [outcome, why, pass, timing !== null])).toEqual([
    ['pass', null, true, true],
    ['pass', 'verified, and interrupted before it was timed', true, false],
  ]);
  // A process that ends by itself is judged by its result, whatever its signal does afterwards.
  const whole = await bench({ createContext, backends: ['wasm'], ids: ['pi:count:points=1'], seconds: 0 });
  expect(whole).toMatchObject({ verdict: 'pass', pass: true, interrupted: false, cases: { finished: 1, chosen: 1 } });
});
