/** Counts what a run opens and plans: one context, one detector, one peak plan, one indexer plan, its file once. */
import { resolve } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Executor } from '../../dist/executors.node.js';
import { type Context, createContext } from '../../dist/index.node.js';
import type { Plans } from '../../src/pipeline/frame-searcher.js';
import { runPlace } from '../../src/pipeline/inputs/place.node.js';
import { runPipeline } from '../../src/pipeline/run.js';
import type { PipelineOptions } from '../../src/pipeline/run-options.js';
import { Resource } from '../../src/util/resource.js';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const given = { geometry: sim('mono.geom'), cells: [sim('mono.cell')] };
let context: Context;
beforeAll(async () => {
  context = await createContext({ backend: 'wasm' });
});
afterAll(() => context.dispose());

/** Peak searches of the latest run. */
let searches = 0;

/** Runs, and counts opened files, reads of bad pixels, and plans. */
async function counts(options: Partial<PipelineOptions>): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  searches = 0;
  const count = (what: string): void => {
    found[what] = (found[what] ?? 0) + 1;
  };
  const plans: Plans = {
    async peaks(words) {
      count('peak plans');
      const finder = await context.peaks(words as never);
      const run = finder.run.bind(finder);
      const counted: typeof run = (...given) => {
        searches++;
        return run(...given);
      };
      return Object.assign(finder, { run: counted }) as never;
    },
    indexer(words) {
      count('indexer plans');
      return context.indexer(words) as never;
    },
  };
  const place: typeof runPlace = {
    ...runPlace,
    async open(input, reading) {
      count('files');
      const dataset = await open(input, reading);
      const mask = async (): Promise<Uint8Array> => {
        count('bad pixels');
        return new Uint8Array(dataset.frameLength);
      };
      return Object.assign(dataset, { mask });
    },
  };
  let crystals = 0;
  const run = { inputs: sim('mono.h5'), ...given, ...options };
  for await (const item of runPipeline(
    plans,
    new Resource('run', undefined, { dispose: () => undefined }),
    async () => place,
    run,
    () => undefined,
  )) {
    expect(item.error).toBeUndefined();
    crystals += item.result?.crystals.length ?? 0;
  }
  expect(crystals).toBe(6);
  return found;
}

const once = { 'peak plans': 1, 'indexer plans': 1, files: 1, 'bad pixels': 1 };

describe.skipIf(!dataFolder)(`a run${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('tunes and searches with a context, detector and plans opened once', { tags: 'all' }, async () => {
    expect(await counts({})).toEqual(once);
  });

  test('searches the six frames once, also if it checks the geometry on them', async () => {
    const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };
    await counts({ peaks, refineGeometry: 'off' });
    expect(searches).toBe(6);
    await counts({ peaks });
    expect(searches).toBe(6);
  });

  test('plans one more indexer to determine the cell', { tags: 'all' }, async () => {
    expect(await counts({ cells: undefined })).toEqual({ ...once, 'indexer plans': 2 });
  });

  test('plans nothing here if an executor searches and everything is given', { tags: 'all' }, async () => {
    const executor = await Executor.inline({ context: { backend: 'wasm' } });
    try {
      const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };
      expect(await counts({ executor: executor as never, peaks, refineGeometry: 'off' })).toEqual({ files: 1 });
      // The geometry is checked on the first frames by this process, also if an executor searches the run.
      expect(await counts({ executor: executor as never, peaks })).toEqual(once);
    } finally {
      await executor.dispose();
    }
  });

  test('searches its first frames here, and those that are left on workers that start meanwhile', {
    tags: 'all',
  }, async () => {
    const executor = await Executor.inline({ context: { backend: 'wasm' } });
    try {
      const streamOf = async (more: Partial<PipelineOptions>): Promise<string> => {
        const pieces: Buffer[] = [];
        const output = (piece: Uint8Array): void => void pieces.push(Buffer.from(piece));
        const peaks = { threshold: 12, minSnr: 4.5, localBgRadius: 4 };
        await counts({ output, commandLine: 'ewald index', peaks, refineGeometry: 'off', ...more });
        return Buffer.concat(pieces).toString();
      };
      const asked: number[] = [];
      let shared: unknown;
      const workers = {
        kind: 'workers',
        slots: 2,
        run: executor.run.bind(executor),
        share(value: unknown) {
          shared = value;
          return executor.share(value);
        },
      };
      const start = (seconds: number) => {
        asked.push(seconds);
        return Promise.resolve(workers as never);
      };
      const here = await streamOf({});
      expect(await streamOf({ executor: { ...workers, start } as never })).toBe(here);
      expect(asked).toEqual([expect.any(Number)]);
      expect(asked[0]).toBeGreaterThan(0);
      // Workers are told what this process knows of the detector.
      const [width, height] = [1024, 1024];
      expect(shared).toMatchObject({ tables: { reach: { minRadius: 0, maxRadius: 0 } } });
      const { bad, rings } = (shared as { tables: { bad: Uint8Array; rings: { bins: Uint16Array } } }).tables;
      expect([bad.length, rings.bins.length]).toEqual([width * height, width * height]);
      // Workers that are not worth their start, or cannot start, are no loss.
      shared = undefined;
      expect(await streamOf({ executor: { ...workers, start: () => undefined } as never })).toBe(here);
      const failing = () => Promise.reject(new Error('no memory'));
      const events: unknown[] = [];
      const onEvent = (event: unknown): void => void events.push(event);
      expect(await streamOf({ executor: { ...workers, start: failing } as never, onEvent })).toBe(here);
      expect(events).toContainEqual({ kind: 'warning', text: expect.stringContaining('no memory') });
      expect(shared).toBeUndefined();
    } finally {
      await executor.dispose();
    }
  });

  test('is one context and one plan of each kind in ewald index, too', { tags: 'all' }, async () => {
    const words = ['index', sim('mono.h5'), '-g', given.geometry, '-p', sim('mono.cell'), '-j1', '--backend=wasm'];
    const { code, err } = await ewald(words, { env: { EWALD_LOG_LEVEL: 'debug' } });
    expect(code, err).toBe(0);
    const lines = (pattern: RegExp): number => err.match(pattern)?.length ?? 0;
    expect(lines(/wasm: available/g)).toBe(1);
    expect(lines(/peaks is planned on wasm/g)).toBe(1);
    expect(lines(/indexing is planned on wasm/g)).toBe(1);
  });
});
