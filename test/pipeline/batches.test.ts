/** A run whose images are indexed in batches writes the bytes of one that indexes each alone. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import type { Plans } from '../../src/pipeline/frame-searcher.js';
import { runPlace } from '../../src/pipeline/inputs/place.node.js';
import { runPipeline } from '../../src/pipeline/run.js';
import { searched } from '../../src/pipeline/search-places.js';
import { EwaldError } from '../../src/util/errors.js';
import { Resource } from '../../src/util/resource.js';
import { ewald } from '../support/cli.js';
import { present as emulated } from '../support/emulated-card.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-batches-'));
  const small = ['--size=256,256', '--distance=19', '--images=8', '--blank=0.25', '--seed=11', '--strength=900'];
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, ...small, '--cell=44,57,68,82,97,104']);
  expect(code, err).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

/** Hands the first of two results over together with the second, so that two images wait at the same time. */
function pairs(): <T>(result: T) => Promise<T> {
  let first: (() => void) | undefined;
  return (result) =>
    new Promise((resolve) => {
      if (!first) {
        first = () => resolve(result);
        return;
      }
      first();
      first = undefined;
      resolve(result);
    });
}

/**
 * The stream of a run, and the images of each call of the indexer, with one effort and with all; `alone`: a card
 * without memory for batches.
 */
async function streamed(backend: 'cuda-emulated' | 'webgpu' | 'native', alone: boolean) {
  const images: { light: number[]; whole: number[] } = { light: [], whole: [] };
  const context = await createContext({ backend, log: { level: 'error' } });
  const pair = pairs();
  const plans: Plans = {
    hasGpu: context.backends.some(({ device }) => device.kind !== 'cpu'),
    async peaks(words) {
      const finder = await context.peaks(words as never);
      const run = finder.run.bind(finder);
      return Object.assign(finder, {
        run: async (...given: Parameters<typeof run>) => pair(await run(...given)),
      }) as never;
    },
    async indexer(words) {
      if (alone && (words?.batch ?? 1) > 1) throw new EwaldError('OutOfMemory', 'no memory for a batch');
      const indexer = await context.indexer(words as never);
      const run = indexer.run.bind(indexer);
      const counted: typeof run = (input) => {
        images[words?.efforts === 1 ? 'light' : 'whole'].push((input.offsets?.length ?? 2) - 1);
        return run(input);
      };
      return Object.assign(indexer, { run: counted }) as never;
    },
  };
  const output = at(`${backend}-${alone}.stream`);
  const given = { inputs: at('run.h5'), geometry: at('run.geom'), cells: [at('run.cell')], commandLine: 'ewald index' };
  // Noise passes this threshold: images without a crystal are indexed as well.
  const search = { peaks: { threshold: 6, minSnr: 3, localBgRadius: 4 }, minPeaks: 6, refineGeometry: 'off' } as const;
  const resource = new Resource('run', undefined, { dispose: () => undefined });
  try {
    const options = { ...given, ...search, output, jobs: 2 };
    for await (const item of runPipeline(
      plans,
      resource,
      async () => place,
      options,
      () => undefined,
    ))
      expect(item.error).toBeUndefined();
  } finally {
    await context.dispose();
  }
  return { stream: readFileSync(output, 'latin1'), ...images };
}

// The sources have no codecs beside them.
const place = { ...runPlace, open: open as unknown as typeof runPlace.open };

describe('the stream of', () => {
  const backends = [
    { backend: 'cuda-emulated', absent: !emulated },
    { backend: 'webgpu', absent: false },
  ] as const;
  for (const { backend, absent } of backends)
    test.skipIf(absent)(
      `${backend} is the same with batches and without`,
      { timeout: 400_000, tags: backend === 'webgpu' ? 'nightly' : 'all' },
      async () => {
        const batched = await streamed(backend, false);
        const alone = await streamed(backend, true);
        expect(batched.stream).toBe(alone.stream);
        const single = alone.whole;
        const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
        // At least the six frames with a crystal; a blank one has too few peaks now and then.
        expect(single.length).toBeGreaterThan(5);
        expect(single).toEqual(Array(single.length).fill(1));
        expect(sum(batched.light)).toBe(single.length);
        expect(Math.max(...batched.light)).toBeGreaterThan(1);
        // Noise is searched again, with all efforts; what has been settled is not.
        expect(sum(batched.whole)).toBeGreaterThan(0);
        expect(sum(batched.whole)).toBeLessThan(single.length);
        expect(alone.light).toEqual([]);
      },
    );

  test('native indexes each image alone, as soon as it is searched', async () => {
    const { light, whole } = await streamed('native', false);
    expect(light).toEqual([]);
    expect(new Set(whole)).toEqual(new Set([1]));
  });
});

test('files stay open for all frames that wait to be indexed together', async () => {
  const searcher = {
    ...{ imagesAtOnce: 64, detector: { width: 256, height: 256, dtype: 'u16' }, backends: { peaks: 'webgpu' } },
    indexerFor: async () => undefined,
  };
  let kept = 0;
  const source = {
    async *jobs(ahead: number) {
      kept = ahead;
      yield* [];
    },
  };
  const run = {
    ...{ source, place: { cores: 1 }, options: { jobs: 1, rois: [] }, prepared: { settings: {} } },
    ...{ own: { searcher: async () => searcher }, state: {}, events: {} },
  };
  for await (const _ of searched(run as never, {} as never, () => false));
  // Those of a batch, and two for the searcher.
  expect(kept).toBe(66);
});
