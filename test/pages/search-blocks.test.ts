/** A run over all frames in the page: blocks of several workers together give what one run gives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, parseGeometry, readCell } from 'ewald';
import { open } from 'ewald/data';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/pages/view/protocol.js';
import { searchAll } from '../../src/pages/view/search-all.js';
import { runOperations, searchOperations } from '../../src/pages/view/search-operations.js';
import { sessionOf } from '../../src/pages/view/session.js';
import { dataFolder } from '../support/data.js';

const at = (name: string): string => join(dataFolder ?? '', 'sim', name);

/** The chunks of streams, and the cells of their crystals in Å. */
async function readStreams(results: readonly RunResult[]) {
  const texts = await Promise.all(results.map(({ stream }) => stream.text()));
  const chunks = texts.map((text) => text.slice(text.indexOf('----- Begin chunk -----'))).join('');
  const cells = [...chunks.matchAll(/^Cell parameters (\S+) (\S+) (\S+) nm/gm)];
  return { heads: texts.map((text) => text.split('----- Begin chunk -----')[0]), chunks, cells };
}

describe.skipIf(!dataFolder)('a distance that is wrong by 2 mm', () => {
  const context = createContext({ backend: 'wasm' });
  afterAll(async () => (await context).dispose());
  const operationsOf = async () => {
    const given = parseGeometry(readFileSync(at('run.geom'), 'utf8').replace('clen = 0.06 m', 'clen = 0.062 m'));
    const known = { given, cells: [readCell(readFileSync(at('run.cell'), 'utf8'))] };
    const contextOf = () => context as never;
    const { session } = await sessionOf(await open(at('run.h5')), { name: 'run.h5', ...known }, contextOf);
    const work = { current: session, context: contextOf } as never;
    return { ...searchOperations(work), ...runOperations(work) };
  };

  test('is refined once, and every block is searched with what was found', {
    tags: 'all',
    timeout: 60_000,
  }, async () => {
    const page = await operationsOf();
    const settings = await page.settings(await page.tune());
    const start = await page.startOfRun(settings);
    expect(start?.remarks.join()).toMatch(/^geometry refined: .* 2\.0\d\d ± .* mm nearer/);
    const run = { settings, prepared: start?.prepared, html: false };
    const blocks: RunResult[] = [];
    for (const first of [0, 4, 8]) blocks.push(await page.run({ ...run, first, count: 4 }, () => undefined));
    const whole = await page.run({ settings, prepared: undefined, html: false, first: 0, count: 12 }, () => undefined);
    expect(whole.start?.remarks).toEqual(start?.remarks);
    const [joined, single] = [await readStreams(blocks), await readStreams([whole])];
    expect(joined.heads[0]).toBe(single.heads[0]);
    expect(joined.chunks).toBe(single.chunks);
    expect(single.cells.length).toBeGreaterThanOrEqual(12);
    for (const [, a, b, c] of single.cells) {
      expect([Number(a), Number(b)]).toEqual([expect.closeTo(7.9, 1), expect.closeTo(7.9, 1)]);
      expect(Number(c)).toBeCloseTo(3.8, 1);
    }
  });
});

describe('what happens in the page during a search', () => {
  const frames = 3;
  const summary = (frame: number) => ({ frame, peaks: 9, hit: true, crystals: 0 });
  const start = { remarks: [], cellParameters: [79, 79, 38], prepared: { cells: [{ centring: 'P' }] } };
  /** A page whose worker lists a frame, lets something happen, and lists another. */
  function pageOf(happen: (page: Record<string, unknown>) => void) {
    const said: string[] = [];
    const calls: string[] = [];
    const page = {
      ...{
        opened: { frames, panels: [], mask: 'file' },
        request: {},
        workers: 1,
        frame: 0,
        summaries: [],
        said,
        calls,
      },
      ...{ go: async () => undefined, fail: (error: Error) => said.push(error.message), onChange: () => undefined },
      onMessage: (text: string) => said.push(text),
      listFrame: (one: { frame: number }) => Object.assign(page.summaries, { [one.frame]: one }),
      engine: {
        async call(name: string, _: unknown, report: (one: unknown) => void) {
          calls.push(name);
          if (name !== 'run') return undefined;
          report(summary(0));
          happen(page);
          report(summary(1));
          return { start, stopped: false, stream: new Blob(['chunk']), doubts: [] };
        },
      },
    } as Record<string, unknown> & { summaries: unknown[]; opened: object };
    return page;
  }

  test('other files that are opened get none of its results, and end it', async () => {
    const others = { frames: 5, panels: [] };
    const page = pageOf((now) => Object.assign(now, { opened: others, summaries: new Array(5) }));
    await searchAll(page as never);
    expect(page.summaries.some(Boolean)).toBe(false);
    expect(page.calls).toEqual(['settings', 'run', 'stop']);
    expect([page.opened, page.stream, page.running]).toEqual([others, undefined, false]);
    expect((page.said as string[]).join()).not.toContain('Searched');
  });

  test('a mask that is painted meanwhile stays, and so does the cell that is found', async () => {
    const page = pageOf((now) => Object.assign(now, { opened: { ...(now.opened as object), mask: 'painted' } }));
    await searchAll(page as never);
    expect(page.opened).toMatchObject({ mask: 'painted', cell: [79, 79, 38], centring: 'P' });
    expect(page.calls).toEqual(['settings', 'run', 'keep']);
    expect(page.summaries.filter(Boolean)).toHaveLength(2);
  });
});

describe.skipIf(!dataFolder)('results of a search', () => {
  const context = createContext({ backend: 'wasm' });
  afterAll(async () => (await context).dispose());

  test('are kept with the files that were searched, though others are open by now', { timeout: 60_000 }, async () => {
    const known = { given: parseGeometry(readFileSync(at('run.geom'), 'utf8')), cells: [] };
    const contextOf = () => context as never;
    const sessionNamed = async () =>
      (await sessionOf(await open(at('run.h5')), { name: 'run.h5', ...known }, contextOf)).session;
    const work = { current: await sessionNamed(), context: contextOf };
    const [searched, other] = [work.current, await sessionNamed()];
    const page = { ...searchOperations(work as never), ...runOperations(work as never) };
    const run = { settings: await page.settings(await page.tune()), prepared: undefined, html: false };
    const { stream } = await page.run({ ...run, first: 0, count: 1 }, () => undefined);
    work.current = other;
    await page.keep(stream);
    expect([searched.found?.chunks.size, other.found]).toEqual([1, undefined]);
  });
});
