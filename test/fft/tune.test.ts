/**
 * Measured transform plans and wisdom: measurements may change the plan, but not the results; wisdom files from
 * elsewhere are harmless.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, EwaldError, type FftOptions } from 'ewald';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatNpy } from '../../dist/index.node.js';
import type { Planner } from '../../src/compute/planner/planner.js';
import { coreVariants } from '../../src/fft/kernels/radices.js';
import { describeFft } from '../../src/fft/parameters.js';
import { planTuned } from '../../src/fft/tune.js';
import { WisdomStore } from '../../src/fft/wisdom.js';
import { relativeL2 } from '../../src/validate/compare.js';
import { ewald } from '../support/cli.js';
import { openEach } from '../support/contexts.js';
import { refused } from '../support/refused.js';

const noise = (length: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(i * i + 0.1 * i)));

describe.each(['wasm', 'native'] as const)('measured plans on %s', (backend) => {
  let context: Context;
  openEach(backend, (opened) => {
    context = opened;
  });

  it.each<FftOptions>([
    ...[4, 8, 12, 16, 30, 32, 64, 96, 128, 210, 240, 256, 360, 512, 1001, 1024, 2048, 4096, 16384, 65536].map((n) => ({
      shape: [n],
    })),
    ...[128, 1024].map((n) => ({ shape: [n], precision: 'f64' as const })),
    { shape: [512], kind: 'r2c' },
    { shape: [32, 60], kind: 'r2c' },
    { shape: [16, 16, 32] },
    { shape: [48], kind: 'r2r', batch: 7 },
  ])('every choice on offer gives the same result: $shape $kind $precision', { tags: 'all' }, async (options) => {
    const input = noise((await context.fft({ ...options, precision: 'f64' })).inputLength);
    const expected = await (await context.fft({ ...options, precision: 'f64' })).forward(input);
    const measured = await context.fft({ ...options, tune: 'measure' });
    const [key] = Object.keys(context.exportWisdom().plans);
    const offered = coreVariants(describeFft(options), backend === 'wasm' ? 4 : 8, 2).flat();
    expect(offered.length).toBeGreaterThan(0);
    const bound = options.precision === 'f64' ? 2e-15 : 1e-6;
    for (const { name, fields } of offered) {
      context.importWisdom({ format: 'ewald wisdom', version: 1, plans: { [key as string]: fields } });
      const plan = await context.fft(options);
      if (context.backends[0]?.device.limits.threads !== 1 || !('threads' in fields))
        expect(plan.choices).toEqual([name]);
      const found = await plan.forward(options.precision === 'f64' ? input : Float32Array.from(input));
      expect(relativeL2(Float64Array.from(found), expected as Float64Array).error, name).toBeLessThan(bound);
      await plan.dispose();
    }
    await measured.dispose();
  });

  it('remember measurements, and import those of other contexts', async () => {
    const before = context.liveBytes;
    const measured = await context.fft({ shape: [720], tune: 'measure' });
    expect(context.liveBytes - before).toBe(measured.bytes);
    const wisdom = context.exportWisdom();
    expect(JSON.parse(JSON.stringify(wisdom))).toEqual(wisdom);
    expect(Object.keys(wisdom.plans)).toHaveLength(1);
    expect(Object.keys(wisdom.plans)[0]).toMatch(new RegExp(`^${backend} .*f32 .*c2c .*720`));
    const other = await createContext({ backend, strict: true });
    try {
      expect(other.importWisdom(JSON.parse(JSON.stringify(wisdom)))).toBe(1);
      expect((await other.fft({ shape: [720] })).choices).toEqual(measured.choices);
      expect((await other.fft({ shape: [720], tune: 'measure' })).choices).toEqual(measured.choices);
      expect(other.exportWisdom()).toEqual(wisdom);
      // Another plan has no stored wisdom.
      expect((await other.fft({ shape: [720], batch: 2 })).choices).toEqual([]);
    } finally {
      await other.dispose();
    }
  });

  it('do not force a variant that is not available', async () => {
    await context.fft({ shape: [64], tune: 'measure' });
    const [key = ''] = Object.keys(context.exportWisdom().plans);
    const expected = await (await context.fft({ shape: [64], precision: 'f64' })).forward(noise(128));
    for (const fields of [
      { tune: 0xdeadbeef },
      { tune: 0xf4 },
      { tune: 0x88, threads: 4_000_000_000 },
      { threads: 0 },
    ]) {
      context.importWisdom({ format: 'ewald wisdom', version: 1, plans: { [key]: fields } });
      const plan = await context.fft({ shape: [64] });
      if (fields.tune !== 0x88 && fields.tune !== 0xf4) expect(plan.choices).toEqual([]);
      expect(plan.choices.join()).not.toContain('4000000000');
      const found = await plan.forward(Float32Array.from(noise(128)));
      expect(relativeL2(Float64Array.from(found), expected as Float64Array).error).toBeLessThan(1e-6);
    }
  });

  it('refuse invalid wisdom completely', async () => {
    const fine = { format: 'ewald wisdom', version: 1, plans: {} };
    const plans = (value: unknown) => ({ ...fine, plans: { good: { tune: 1 }, x: value } });
    for (const [given, ...words] of [
      [null, 'null', 'format "ewald wisdom"'],
      ['{}', '"{}"'],
      [[], 'an array'],
      [{}, 'an object'],
      [{ ...fine, version: 2 }, 'version 2'],
      [{ ...fine, plans: [] }, 'plans is an array'],
      [plans(7), 'has 7'],
      [plans([]), 'has an array'],
      [plans({ radix: 4 }), '"radix"', 'tune or threads'],
      [plans({ tune: -1 }), '-1'],
      [plans({ tune: 2 ** 32 }), '4294967296'],
      [plans({ tune: 1.5 }), '1.5'],
      [plans({ tune: '4' }), '"4"'],
      [plans({ tune: null }), 'null'],
      [JSON.parse('{"format":"ewald wisdom","version":1,"plans":{"x":{"__proto__":{"tune":1}}}}'), '__proto__'],
      [{ ...fine, plans: { ['k'.repeat(1001)]: {} } }, '1001 characters'],
      [{ ...fine, plans: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, {}])) }, '10001 plans'],
    ] as [unknown, ...string[]][]) {
      await refused(() => context.importWisdom(given), 'Format', ...words);
    }
    expect(context.exportWisdom().plans).toEqual({});
    context.importWisdom(JSON.parse('{"format":"ewald wisdom","version":1,"plans":{"__proto__":{"tune":1}}}'));
    expect(({} as { tune?: number }).tune).toBeUndefined();
    await refused(
      () => context.fft({ shape: [8], tune: 'patient' as 'measure' }),
      'Argument',
      '"patient"',
      'estimate, measure',
    );
  });
});

it('have no radices for lengths without factors', () => {
  const radicesFor = (n: number): number[] =>
    coreVariants({ ...describeFft({ shape: [16] }), shape: [n] }, 8, 1).flatMap((variants) => variants.length);
  expect([0, 1, 17].map(radicesFor)).toEqual([[], [], []]);
  expect(radicesFor(16)[0]).toBeGreaterThan(1);
});

describe('a measured plan without memory', () => {
  /**
   * Fake kernels in which given variants are faster; `refuse` selects the plan of a transform that runs out of memory.
   */
  function planner(refuse: (count: number) => EwaldError | undefined) {
    const kernels: { disposed: boolean }[] = [];
    const warnings: string[] = [];
    let transforms = 0;
    const plan = async (_feature: unknown, descriptor: { bytes?: number; fields?: { tune?: number } }) => {
      const kernel = {
        disposed: false,
        async dispose() {
          kernel.disposed = true;
        },
      };
      if (descriptor.bytes === undefined) {
        const error = refuse(transforms++);
        if (error) throw error;
        kernels.push(kernel);
        const slow = descriptor.fields?.tune !== 7;
        const execute = () => new Promise<void>((done) => (slow ? setTimeout(done, 3) : done()));
        Object.assign(kernel, { execute, workspaceElements: 0 });
      }
      const variants = () => [[{ name: 'seven', fields: { tune: 7 } }]];
      const backend = { name: 'wasm', device: { name: 'this' }, sync: async () => {} };
      return { backend, op: { variants }, kernel };
    };
    const log = { write: (_level: string, text: string) => void warnings.push(text) };
    return { kernels, warnings, planner: { plan, log } as unknown as Planner };
  }
  const full = new EwaldError('OutOfMemory', 'the memory is full');
  const tuned = (of: Planner) =>
    planTuned(of, new WisdomStore(), describeFft({ shape: [64], tune: 'measure' }), { tell: () => {} });

  it.each([
    ['to measure', 1, 'not enough memory to measure', []],
    ['for what was chosen', 2, 'not enough memory for the measured plan', []],
    ['missing nowhere', -1, undefined, ['seven']],
  ] as const)('%s is never a kernel that was given up', async (_where, failing, warned, choices) => {
    const { kernels, warnings, planner: of } = planner((count) => (count === failing ? full : undefined));
    const { kernel, choices: made } = await tuned(of);
    expect(made).toEqual(choices);
    expect((kernel as unknown as { disposed: boolean }).disposed).toBe(false);
    expect(kernels.filter(({ disposed }) => !disposed)).toEqual([kernel]);
    expect(warnings.join()).toContain(warned ?? '');
    expect(warnings).toHaveLength(warned ? 1 : 0);
  });

  it('leaves nothing behind when something else goes wrong', async () => {
    const { kernels, planner: of } = planner((count) =>
      count === 1 ? new EwaldError('DeviceLost', 'lost') : undefined,
    );
    await refused(() => tuned(of), 'DeviceLost', 'lost');
    expect(kernels.every(({ disposed }) => disposed)).toBe(true);
  });
});

describe('ewald fft --wisdom', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ewald-wisdom-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes its measurements and reads them again', { tags: 'nightly' }, async () => {
    const path = (name: string): string => join(folder, name);
    await writeFile(path('a.npy'), formatNpy({ shape: [240], data: Float32Array.from(noise(480)), complex: true }));
    const args = ['fft', path('a.npy'), '-o', path('b.npy'), '--backend', 'wasm', '--wisdom', path('w.json')];
    const first = await ewald([...args, '--tune', 'measure']);
    expect(first.code, first.err).toBe(0);
    const wisdom = JSON.parse(await readFile(path('w.json'), 'utf8'));
    expect(Object.keys(wisdom.plans)).toHaveLength(1);
    const again = [...args, '--force'];
    expect((await ewald(again)).code).toBe(0);
    expect(JSON.parse(await readFile(path('w.json'), 'utf8'))).toEqual(wisdom);
    for (const [text, word] of [
      ['{', 'not valid JSON'],
      ['{"format":"fftw"}', 'ewald wisdom'],
    ] as const) {
      await writeFile(path('w.json'), text);
      const { code, err } = await ewald(again);
      expect([code, err.includes(word)], err).toEqual([1, true]);
    }
  });
});
