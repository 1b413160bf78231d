/**
 * Every field of the messages of the package's own tasks, damaged in turn: the answer is a result or a tagged error.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, isEwaldError } from 'ewald';
import { Executor, type Task } from 'ewald/executors';
import { Context as UdfContext } from 'ewald/udf';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulateStream } from '../merging/simulated.js';
import { ewaldTogether } from '../support/cli.js';
import { tasks as others } from './bits.mjs';

/** A task with the values of its inputs. */
interface Recorded {
  readonly task: Task;
  readonly shared: Readonly<Record<string, unknown>>;
}

const options = { context: { backend: 'wasm' } } as const;
const folder = mkdtempSync(join(tmpdir(), 'ewald-damaged-'));
let context: Context;
let inline: Executor;
const recorded = new Map<string, Recorded>();

/** An executor that notes the first task of each function. */
function recorder(): Executor {
  const values = new Map<string, unknown>();
  const share = async (value: unknown) => {
    const { hash } = await inline.share(value);
    values.set(hash, value);
    return { hash };
  };
  async function* noted(tasks: AsyncIterable<Task>) {
    for await (const task of tasks) {
      const inputs = Object.entries(task.inputs ?? {}) as [string, { hash: string }][];
      const name = `${task.module}.${task.function}`;
      const shared = Object.fromEntries(inputs.map(([key, { hash }]) => [key, values.get(hash)]));
      if (!recorded.has(name)) recorded.set(name, { task: structuredClone(task), shared: structuredClone(shared) });
      yield task;
    }
  }
  const run = (tasks: AsyncIterable<Task>, rest: object) => inline.run(noted(tasks), rest);
  return { kind: 'workers', slots: 1, share, run, dispose: async () => {} } as unknown as Executor;
}

beforeAll(async () => {
  context = await createContext(options.context);
  inline = await Executor.inline(options);
  for (const task of others() as Task[])
    if (!recorded.has(`${task.module}.${task.function}`))
      recorded.set(`${task.module}.${task.function}`, { task, shared: {} });
  const merger = await context.merger({ symmetry: 'mmm', minMeasurements: 1, iterations: 1 });
  await merger.addStream({
    name: 'it',
    bytes: simulateStream({ crystals: 4, symmetry: 'mmm', parameters: [60, 70, 80, 90, 90, 90] }).bytes,
  });
  await merger.run({ executor: recorder() });
  const { code, err } = await ewaldTogether(['simulate', 'frames', '-o', folder, '--images', '1', '--size', '256,256']);
  expect(code, err).toBe(0);
  const run = context.pipeline({
    inputs: [join(folder, 'run.h5')],
    geometry: join(folder, 'run.geom'),
    cells: [join(folder, 'run.cell')],
    executor: recorder(),
    refineGeometry: 'off',
  });
  for await (const _ of run);
  const scan = join(folder, 'scan.raw');
  writeFileSync(scan, new Uint16Array(4 * 4 * 8 * 8).fill(3));
  const udf = new UdfContext({ executor: recorder() });
  const loaded = await udf.load(scan, { format: 'raw', dtype: 'u16', navShape: [4, 4], sigShape: [8, 8] });
  await udf.run(udf.createComAnalysis(loaded));
  await udf.close();
});
afterAll(async () => {
  await inline?.dispose();
  await context?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

type Path = readonly (string | number)[];

/** The places of a value: every member, the first and last element of a list, and the first element of an array. */
function* placesIn(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (ArrayBuffer.isView(value)) {
    if ((value as Uint8Array).length > 0) yield [...path, 0];
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value) ? [...new Set([0, value.length - 1])].filter((i) => i >= 0) : Object.keys(value);
  for (const key of keys) yield* placesIn((value as Record<string | number, unknown>)[key], [...path, key]);
}

const numbers = [-1, 0, 1.5, 1e9, 2 ** 31, 1e300, Number.NaN, Number.POSITIVE_INFINITY, 10n];
const kinds = [undefined, null, 'x', true, {}, [], [null], new Uint8Array(3), new Float64Array(0)];

/** The value with another one in a place; undefined if the place does not hold that. */
function damage(value: unknown, path: Path, other: unknown): unknown {
  const copy = structuredClone(value);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) as string;
  if (!ArrayBuffer.isView(at)) at[last] = other;
  else if (typeof other !== 'number') return undefined;
  else (at as unknown as Float64Array)[Number(last)] = other;
  return copy;
}

/** Answers that are neither a result nor a tagged error; each place gets `each` of the values in turn. */
async function raw({ task, shared }: Recorded, values: readonly unknown[], each: number): Promise<string[]> {
  const whole = { argument: task.argument, shared };
  const found: string[] = [];
  let next = 0;
  for (const path of placesIn(whole)) {
    if (path.length === 1 && path[0] === 'shared') continue;
    for (let n = 0; n < each; n++) {
      const other = values[next++ % values.length];
      const damaged = damage(whole, path, other) as typeof whole | undefined;
      if (!damaged) continue;
      const inputs: Record<string, { hash: string }> = {};
      for (const [key, value] of Object.entries(damaged.shared)) inputs[key] = await inline.share(value);
      // Some damaged tasks are long and right, such as a count of more points.
      const signal = AbortSignal.timeout(1000);
      try {
        for await (const _ of inline.run([{ ...task, argument: damaged.argument, inputs }], { retries: 0, signal }));
      } catch (error) {
        const shown = typeof other === 'object' ? JSON.stringify(other) : String(other);
        if (!isEwaldError(error) || isEwaldError(error, 'Internal'))
          found.push(`${path.join('.')} = ${shown}: ${String(error).slice(0, 100)}`);
      }
    }
  }
  return found;
}

const functions = ['pi.count', 'indexing.index', 'merging.fit', 'pipeline.search', 'udf.partition'] as const;

test('every function of the package is noted', () => {
  expect([...recorded.keys()].sort()).toEqual([...functions].sort());
});

test.for(functions)(
  '%s answers wrong numbers by a result or a tagged error, in bounded memory',
  { tags: 'all' },
  async (name) => {
    const before = process.resourceUsage().maxRSS;
    expect(await raw(recorded.get(name) as Recorded, numbers, 2)).toEqual([]);
    // In kilobytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(2 ** 20);
  },
);

test.for(functions)('%s answers values of other kinds by a tagged error', { tags: 'all' }, async (name) => {
  expect(await raw(recorded.get(name) as Recorded, kinds, 4)).toEqual([]);
});
