/** A run over all frames in the page: blocks of several workers together give what one run gives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, parseGeometry, readCell } from 'ewald';
import { open } from 'ewald/data';
import { afterAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/pages/view/protocol.js';
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
