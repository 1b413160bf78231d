// @module-tag all: it opens Chromium
/** The viewer by touch, by keyboard alone, in forced colours and with reduced motion. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { roundedPlace } from '../../src/pages/view/address.js';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown;
browsing();

/** A page on a busy machine takes a while to draw. */
const patient = { timeout: 30_000 };
const size = { width: 900, height: 700 };
/** The contrast of two colours, `rgb(…)`, after WCAG. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other]
    .map((text) => {
      const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
const run = (): string[] => filesOf('sim/run.h5', 'sim/run');

describe.skipIf(!dataFolder)('the viewer', () => {
  test('by touch: a press reads a pixel, a finger moves the picture, and two zoom it', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(run()), size, { hasTouch: true });
    const { page } = visit;
    await visit.peaks();
    const reading = () => page.locator('#reading').textContent();
    // Rounded, since the page rounds what it shows when it writes its address.
    const place = async () =>
      roundedPlace(
        await page.evaluate(
          () => [...viewer.pane.viewport.centre, viewer.pane.viewport.zoom] as [number, number, number],
        ),
      );
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const session = await page.context().newCDPSession(page);
    const touch = async (
      type: 'touchStart' | 'touchMove' | 'touchEnd',
      ...points: (readonly [number, number])[]
    ): Promise<void> => {
      const touchPoints = points.map(([dx, dy], id) => ({ x: x + dx, y: y + dy, id }));
      await session.send('Input.dispatchTouchEvent', { type, touchPoints });
    };
    const [left, up, zoom] = await place();
    await touch('touchStart', [200, 200]);
    await expect.poll(reading, patient).toMatch(/^fs \d+ {2}.*value \d+ .*d [\d.]+ Å/);
    const read = await reading();
    await touch('touchEnd');
    // What was read stays after the finger has been lifted.
    await visit.drawn();
    expect(await reading()).toBe(read);
    expect(await place()).toEqual([left, up, zoom]);
    await touch('touchStart', [200, 200]);
    await touch('touchMove', [230, 220]);
    await touch('touchMove', [260, 240]);
    await touch('touchEnd');
    const [movedX, movedY] = await place();
    expect(movedX).toBeCloseTo(left - 60 / zoom, 1);
    expect(movedY).toBeCloseTo(up + 40 / zoom, 1);
    await touch('touchStart', [200, 200], [300, 200]);
    await touch('touchMove', [150, 200], [350, 200]);
    await touch('touchEnd');
    expect((await place())[2]).toBeCloseTo(2 * zoom, 2);
    expect(visit.faults).toEqual([]);
  });

  test('by keyboard alone: a picture is zoomed, moved and fitted, and a window change keeps it fitted', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(run()), size);
    const { page } = visit;
    await visit.peaks();
    const place = () =>
      page.evaluate(() => {
        const { centre, zoom } = viewer.pane.viewport;
        return [...centre, zoom].map((value) => Number(value.toPrecision(5)));
      });
    const fitted = await place();
    await page.setViewportSize({ width: 1100, height: 1000 });
    await expect.poll(async () => (await place())[2], patient).toBeGreaterThan(1.1 * (fitted[2] as number));
    await page.setViewportSize(size);
    await expect.poll(place, patient).toEqual(fitted);
    for (const key of ['+', '+', '6', '6', '8']) await page.keyboard.press(key);
    const moved = await place();
    expect(moved[0]).toBeGreaterThan(fitted[0] as number);
    expect(moved[1]).toBeGreaterThan(fitted[1] as number);
    expect(moved[2]).toBeCloseTo(1.25 ** 2 * (fitted[2] as number), 3);
    for (const key of ['4', '4', '2']) await page.keyboard.press(key);
    await expect.poll(async () => (await place())[0], patient).toBeCloseTo(fitted[0] as number, 0);
    // A place that was chosen stays when the window changes.
    await page.setViewportSize({ width: 1100, height: 1000 });
    await visit.drawn();
    expect((await place())[2]).toBe(moved[2]);
    await page.setViewportSize(size);
    await visit.drawn();
    await page.keyboard.press('0');
    await expect.poll(place, patient).toEqual(fitted);
    await page.keyboard.press('?');
    expect(await page.locator('#keys').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.locator('#keys').isVisible()).toBe(false);
    expect(visit.faults).toEqual([]);
  });

  test('the list of frames is a grid for the arrow keys and for screen readers, in all colours', async () => {
    const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
    const visit = await Visit.open(await serve([sim('peers/multi.xgandalf.stream'), sim('multi.h5')]), size);
    const { page } = visit;
    await visit.peaks();
    const frames = await page.evaluate(() => viewer.summaries.length);
    expect(frames).toBeGreaterThan(3);
    await page.locator('#list-of-frames summary').focus();
    await page.keyboard.press('Enter');
    const grid = page.getByRole('grid', { name: 'Searched frames' });
    await expect.poll(() => grid.getByRole('row').count(), patient).toBe(frames + 1);
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(frames + 1));
    // The rows are one stop of the Tab key, at the frame that is shown.
    expect(await grid.locator('tr[tabindex="0"]').count()).toBe(1);
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.frame);
    for (let press = 0; press < 12 && (await focused()) === undefined; press++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('0');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('2');
    expect(await page.evaluate(() => viewer.frame), 'the arrow keys move only the focus').toBe(0);
    await page.keyboard.press('Enter');
    await visit.peaks(2);
    await expect.poll(() => grid.locator('[aria-current="true"]').getAttribute('data-frame'), patient).toBe('2');
    expect(await focused(), 'the row keeps the focus').toBe('2');
    await page.keyboard.press('End');
    expect(await focused()).toBe(String(frames - 1));
    await page.keyboard.press('Home');
    expect(await focused()).toBe('0');
    // The row that has the focus and that of the shown frame can be told from the others, and their text is legible.
    for (const colours of [
      { colorScheme: 'light', forcedColors: 'none' },
      { colorScheme: 'dark', forcedColors: 'none' },
      { colorScheme: 'dark', forcedColors: 'active' },
    ] as const) {
      await page.emulateMedia(colours);
      await visit.drawn();
      const [first, second, third] = await grid.evaluate((table) =>
        [...table.querySelectorAll<HTMLElement>('tbody tr')].slice(0, 3).map((row) => {
          const { backgroundColor, color, outlineStyle } = getComputedStyle(row);
          return { back: backgroundColor, ink: color, outline: outlineStyle };
        }),
      );
      const where = JSON.stringify(colours);
      expect([first?.outline, second?.outline, third?.outline], where).toEqual(['solid', 'none', 'none']);
      expect(third?.back, where).not.toBe(second?.back);
      expect(contrast(third?.ink ?? '', third?.back ?? ''), where).toBeGreaterThan(4.5);
    }
    // Sorted by peaks, the most first, as the column states.
    await page.getByRole('button', { name: 'Peaks', exact: true }).press('Enter');
    await expect.poll(() => grid.locator('th[aria-sort]').textContent(), patient).toBe('Peaks');
    expect(await grid.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending');
    expect(visit.faults).toEqual([]);
  });

  test('in forced colours, states and charts can be told apart', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(run()), size, { forcedColors: 'active', colorScheme: 'dark' });
    const { page } = visit;
    await visit.peaks();
    await page.keyboard.press('k');
    const outline = (id: string) => page.locator(id).evaluate((button) => getComputedStyle(button).outlineStyle);
    await expect.poll(() => outline('#lock'), patient).toBe('solid');
    expect(await outline('#auto')).toBe('none');
    const colours = await page.locator('#histogram').evaluate((canvas) => {
      const { color, accentColor } = getComputedStyle(canvas);
      const { width, height } = canvas as HTMLCanvasElement;
      const pen = (canvas as HTMLCanvasElement).getContext('2d');
      const { data = [] } = pen?.getImageData(0, 0, width, height) ?? {};
      const drawn = new Set<string>();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255) drawn.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`);
      return { color, accentColor, drawn: [...drawn] };
    });
    expect(colours.color).not.toBe(colours.accentColor);
    // The limits differ from the bars; their colour may be translucent.
    expect(colours.drawn).toContain(colours.color);
    expect(colours.drawn.length).toBeGreaterThan(1);
  });

  test('a dark page starts with white on black, and keeps colours that were chosen', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(run()), size, { colorScheme: 'dark' });
    const { page } = visit;
    await visit.peaks();
    const colours = () => page.evaluate(() => viewer.colours);
    expect(await colours()).toBe('grey');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(colours, patient).toBe('grey-inverse');
    await page.locator('#colours').selectOption('viridis');
    await page.emulateMedia({ colorScheme: 'dark' });
    await visit.drawn();
    expect(await colours()).toBe('viridis');
  });

  test('nothing is animated when motion is to be reduced', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(run()), size, { reducedMotion: 'reduce' });
    const { page } = visit;
    await visit.peaks();
    await page.keyboard.press('+');
    const moving = await page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
          return animationName !== 'none' || !/^0s(, 0s)*$/.test(transitionDuration) || scrollBehavior !== 'auto';
        }).length,
    );
    expect(moving).toBe(0);
  });
});
