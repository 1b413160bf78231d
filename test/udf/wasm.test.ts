/** UDFs in WebAssembly: the same results as in JavaScript, wherever they run, and faulty modules. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { auxData, Context, defineUdf, validateUdf } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { refused } from '../support/refused.js';
import { tier, variants } from '../support/variants.js';
import { clang, compileC } from './wasm/compile.js';
import { momentsOf } from './wasm/moments.mjs';

const navShape = [6, 5];
const sigShape = [7, 9];
const positions = 30;
const pixels = 63;
const frames = Uint16Array.from({ length: positions * pixels }, (_, i) => (i * 7919) % 4099);
const source = new URL('wasm/moments.c', import.meta.url).pathname;

let folder: string;
const built = new Map<string, URL>();
/** The fixture with faults. */
function moments(...macros: string[]): URL {
  const name = `${['moments', ...macros].join('-')}.wasm`;
  const path = join(folder, name);
  if (!built.has(name)) {
    compileC(source, path, { macros, flags: macros.includes('IMPORTS') ? ['-Wl,--allow-undefined'] : [] });
    built.set(name, pathToFileURL(path));
  }
  return built.get(name) as URL;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-udf-wasm-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The computation of the fixture, in plain loops. */
function expected(at: readonly number[] = Array.from({ length: positions }, (_, i) => i), factor = 2) {
  const weights = [1, -0.5, 0.25];
  const total = new Float64Array(pixels);
  const moments = at.flatMap((position) => {
    let [sum, squares] = [0, 0];
    for (let k = 0; k < pixels; k++) {
      const value = frames[position * pixels + k] as number;
      sum += (weights[k % 3] as number) * value;
      squares += value * value;
      total[k] = (total[k] as number) + value;
    }
    return [factor * sum, squares];
  });
  return { moments, total: [...total], count: [at.length], where: [...at] };
}

const rawOf = (results: Record<string, { readonly rawData: ArrayLike<number> }>) =>
  Object.fromEntries(Object.entries(results).map(([name, { rawData }]) => [name, Array.from(rawData)]));

/** A context that is closed after the test. */
async function opened(...options: Parameters<typeof Context.makeWith>): Promise<Context> {
  const ctx = await Context.makeWith(...options);
  onTestFinished(() => ctx.close());
  return ctx;
}

describe.skipIf(!clang)('a module', () => {
  const scanOf = (ctx: Context) => ctx.fromMemory(frames, { navShape, sigShape, dtype: 'u16' });
  const runs = async (udf: Parameters<Context['runUdf']>[1], options = {}, kind: 'inline' | 'workers' = 'inline') => {
    const ctx = await opened(kind, kind === 'workers' ? { cpus: 2 } : {});
    return rawOf((await ctx.runUdf(scanOf(ctx), udf as ReturnType<typeof momentsOf>, options)) as never);
  };

  test('gives the results of its definition, for any number of partitions', async () => {
    for (const numPartitions of [1, 4, 30])
      expect(await runs(momentsOf(moments()), { numPartitions })).toEqual(expected());
  });

  test('sees the positions of a region of interest', async () => {
    const roi = Uint8Array.from({ length: positions }, (_, i) => Number(i % 4 !== 1));
    const at = Array.from(roi.keys()).filter((i) => roi[i]);
    expect(await runs(momentsOf(moments()), { roi, numPartitions: 3 })).toEqual(expected(at));
  });

  test('needs the tables of getTaskData only if another method sees them', async () => {
    let calls = 0;
    const { definition } = momentsOf(moments());
    const counting = { ...definition, getTaskData: () => void calls++ };
    await runs(defineUdf(counting as never), { numPartitions: 4 });
    expect(calls).toBe(0);
    await runs(defineUdf({ ...counting, cleanup: () => undefined } as never), { numPartitions: 4 });
    expect(calls).toBe(4);
  });

  test('runs on workers, which get its bytes', { tags: 'all' }, async () => {
    expect(await runs(momentsOf(moments()), { numPartitions: 5 }, 'workers')).toEqual(expected());
    const bytes = new Uint8Array(readFileSync(moments()));
    expect(await runs(momentsOf(bytes), { numPartitions: 5 }, 'workers')).toEqual(expected());
  });

  test('gets new parameters in the middle of a run', async () => {
    const ctx = await opened();
    const run = ctx.runUdfIter(scanOf(ctx), momentsOf(moments()), { numPartitions: 2 });
    await run.next();
    run.updateParameters([{ factor: 3 }]);
    const { value } = await run.next();
    const [results] = (value as unknown as { buffers: [{ moments: { rawData: Float64Array } }] }).buffers;
    const half = 2 * (positions / 2);
    expect([...results.moments.rawData]).toEqual([
      ...expected().moments.slice(0, half),
      ...expected(undefined, 3).moments.slice(half),
    ]);
  });

  test('shares a run with functions in JavaScript and with another module', async () => {
    const ctx = await opened();
    const brightest = defineUdf({
      name: 'brightest',
      buffers: { value: { kind: 'nav', dtype: 'f64' } },
      processFrame({ frame, results }) {
        results.value[0] = Math.max(...frame);
      },
    });
    const udfs = [momentsOf(moments()), brightest, momentsOf(moments()).withParams({ factor: 5 })] as const;
    const [first, second, third] = await ctx.runUdf(scanOf(ctx), udfs, { numPartitions: 6 });
    expect(rawOf(first)).toEqual(expected());
    expect(rawOf(third)).toEqual(expected(undefined, 5));
    const most = Array.from({ length: positions }, (_, i) =>
      Math.max(...frames.subarray(i * pixels, (i + 1) * pixels)),
    );
    expect([...second.value.data]).toEqual(most);
  });

  test('sees corrected frames in the type it requests', async () => {
    const ctx = await opened();
    const udf = momentsOf(moments());
    await refused(
      () => ctx.runUdf(scanOf(ctx), udf, { corrections: { gain: new Float32Array(pixels).fill(2) } }),
      'Argument',
      'refuses frames of 7 × 9 f32, or the parameters: setup returned 7',
    );
  });

  test('may allocate its memory itself, and more of it in setup', { tags: 'nightly' }, async () => {
    for (const macro of ['ALLOCATE', 'GROWS_IN_SETUP'])
      expect(await runs(momentsOf(moments(macro)), { numPartitions: 3 }), macro).toEqual(expected());
  });

  test('is compared with its JavaScript by validateUdf', async () => {
    const report = await validateUdf(momentsOf(moments()));
    expect(report).toMatchObject({ pass: true, keepsFrames: [] });
    expect(report.results.map(({ name, by }) => `${by} ${name}`)).toEqual(
      ['moments', 'total', 'count', 'where'].map((name) => `wasm ${name}`),
    );
    const other = momentsOf(moments()).definition;
    const list = await validateUdf(defineUdf({ ...other, params: { factor: 1, weights: [9] } } as never));
    expect(list.pass).toBe(true);
    const differs = await validateUdf(
      defineUdf({
        ...other,
        processFrame: (scope) => other.processFrame?.({ ...scope, position: scope.position + 1 }),
      }),
    );
    expect(differs.results.filter(({ pass }) => !pass).map(({ name }) => name)).toEqual(['where']);
  });

  test.each(
    variants(
      [
        ['TRAPS', 'the wasm module of the UDF moments failed in frame 13: unreachable'],
        ['FAILS', 'failed in frame 13: process returned 5'],
        ['GROWS', 'process has grown the memory, which detaches the frames'],
        ['WRITES_BEYOND', 'has written beyond the result total; expected only its results to change'],
        ['USES_HEAP', 'Memory that the module allocates itself lies there: export allocate(bytes) instead of heap()'],
        ['OTHER_VERSION', 'has version 2 of the interface; this version of ewald knows 1'],
        ['NO_PROCESS', 'exports memory, heap, setup; expected process(frames, count, firstPosition, results)'],
        [
          'MORE_PARAMETERS',
          'exports process with 5 parameters; expected process(frames, count, firstPosition, results)',
        ],
        ['IMPORTS', 'imports env.now; expected no imports except those of WASI'],
      ],
      3,
    ),
  )('with the fault %s is refused by name', { tags: tier }, async (macro, message) => {
    await refused(() => runs(momentsOf(moments(macro)), { numPartitions: 2 }), 'Argument', message);
  });

  test('that loops forever is ended by the time limit of the workers', { tags: 'all' }, async () => {
    // This is observed through the executor, because the thread of the module itself cannot be interrupted.
    const ctx = await opened('workers', { cpus: 1 });
    const run = () => ctx.runUdf(scanOf(ctx), momentsOf(moments('LOOPS')), { taskTimeoutS: 0.3 });
    await refused(run, 'Lost', 'within 0.3 s of beginning task partition 0 and was ended');
  });

  test('that is missing, damaged or not a module is refused by name', async () => {
    const absent = pathToFileURL(join(folder, 'absent.wasm'));
    await refused(() => runs(momentsOf(absent)), 'Load', `its module ${absent.href} cannot be read: ENOENT`);
    const damaged = readFileSync(moments()).subarray(0, 100);
    await refused(() => runs(momentsOf(new Uint8Array(damaged))), 'Load', 'its 100 bytes are not a module');
    const text = join(folder, 'text.wasm');
    writeFileSync(text, 'int process(void);');
    await refused(() => runs(momentsOf(pathToFileURL(text))), 'Load', 'its 18 bytes are not a module');
    expect(() => momentsOf(3 as never)).toThrow(/wasm is number; expected new URL/);
  });

  test('cannot receive text or data for each position', async () => {
    const udf = (params: Record<string, unknown>) => defineUdf({ ...momentsOf(moments()).definition, params } as never);
    await refused(() => runs(udf({ mode: 'fast' })), 'Argument', 'cannot receive the parameter mode, "fast"');
    const each = auxData(new Float32Array(positions), { kind: 'nav', dtype: 'f32' });
    await refused(() => runs(udf({ each })), 'Argument', 'the parameter each, auxData with an element per position');
  });
});
