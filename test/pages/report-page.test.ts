// @module-tag all: it opens Chromium
/** The report of a run in Chromium: its table is sorted without a script, and fits a dark page and paper. */
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, Visit } from './visit.js';

const temporary = browsing();

test.skipIf(!dataFolder)(
  'the table of frames is sorted by its buttons; dark pictures are dark; nothing is cut off on paper',
  async () => {
    const report = temporary('report.html');
    const words = [...filesOf('sim/run.h5', 'sim/run'), '-o', temporary('run.stream'), '--html', report, '-j', '1'];
    execFileSync(process.execPath, ['dist/cli.js', 'index', ...words, '--backend=wasm'], { stdio: 'pipe' });
    const visit = await Visit.open(pathToFileURL(report).href, undefined, { colorScheme: 'dark' });
    const { page } = visit;
    const seen = () =>
      page.evaluate(() => {
        const rows = [...document.querySelectorAll('.frames tbody tr')];
        return rows
          .map((row) => ({
            top: row.getBoundingClientRect().top,
            numbers: [...row.children].map(({ textContent }) => Number(textContent)),
          }))
          .sort((a, b) => a.top - b.top)
          .map(({ numbers }) => numbers);
      });
    expect((await seen()).map(([frame]) => frame)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    for (const [button, column, sign] of [
      ['peaks', 2, -1],
      ['resolution', 4, 1],
      ['residual', 5, 1],
      ['number', 0, 1],
    ] as const) {
      await page.getByLabel(button, { exact: true }).last().check();
      const values = (await seen()).map((row) => row[column] as number);
      expect(values, button).toEqual([...values].sort((a, b) => sign * (a - b)));
    }
    const filter = () => page.evaluate(() => getComputedStyle(document.querySelector('.layers img') as Element).filter);
    expect(await filter()).toBe('invert(1)');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await filter()).toBe('none');
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
    // A4 between its margins.
    await page.setViewportSize({ width: 718, height: 1000 });
    const cut = await page.evaluate(
      () =>
        [...document.querySelectorAll('.frames, .shells, main')].filter(
          ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
            scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 1,
        ).length,
    );
    expect(cut).toBe(0);
    expect(visit.faults).toEqual([]);
  },
);
