// @module-tag all: it opens Chromium
/** The page of frames in Chromium: its field, bar, cells, tools and mask, used by mouse, keyboard and touch. */
import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, parseGeometry, readStream } from 'ewald';
import { open } from 'ewald/data';
import type { Download } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, type Shown, serve, Visit } from './visit.js';

declare const viewer: Shown & {
  busy: string;
  rings: { resolutionA: number; arcs: Float32Array[] }[];
  beam?: [number, number];
  opened?: { bad?: Uint8Array; height: number };
};
const temporary = browsing();
const patient = { timeout: 60_000 };
const sim = (name: string): string => join(dataFolder ?? '', 'sim', name);
const frames = (): string[] => filesOf('sim/run.h5', 'sim/run');
const textOf = async (download: Download): Promise<string> => readFileSync(await download.path(), 'utf8');

describe.skipIf(!dataFolder)('the page of frames', () => {
  test('its field takes numbers and events, and refuses anything else visibly', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(frames()));
    const { page } = visit;
    await visit.peaks();
    for (const wrong of ['x7', '12', '3.5', '-1', '', '//12', '//x', '1e1']) {
      await page.fill('#frame', '0');
      await page.fill('#frame', wrong);
      await page.press('#frame', 'Enter');
      await visit.message(
        new RegExp(`There is no frame "${wrong.replace(/[./]/g, '.')}": frames are 0 … 11, or events`),
      );
      expect(await page.getAttribute('#frame', 'aria-invalid')).toBe('true');
      expect(await page.evaluate(() => viewer.frame)).toBe(0);
    }
    await page.fill('#frame', '//3');
    await page.press('#frame', 'Enter');
    await visit.peaks(3);
    expect(await page.textContent('#message')).toBe('');
    await page.locator('#frame').blur();
    await expect.poll(() => page.inputValue('#frame'), patient).toBe('3');
    expect(await page.getAttribute('#frame', 'aria-invalid')).not.toBe('true');
    expect(visit.faults).toEqual([]);
  });

  test('it takes the events and files of a stream', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve([sim('peers/multi.xgandalf.stream'), sim('multi.h5')]));
    const { page } = visit;
    await visit.peaks();
    const reader = await readStream(readFileSync(sim('peers/multi.xgandalf.stream'), 'utf8').split('\n'));
    const events: (string | undefined)[] = [];
    for await (const chunk of reader.chunks()) events.push(chunk.event);
    const wanted = events.length - 1;
    await page.fill('#frame', events[wanted] ?? '');
    await page.press('#frame', 'Enter');
    await visit.peaks(wanted);
    await page.fill('#frame', `multi.h5 ${events[1]}`);
    await page.press('#frame', 'Enter');
    await visit.peaks(1);
    expect(visit.faults).toEqual([]);
  });

  test('a search that takes long is reported, and a file that has vanished is named', { tags: 'nightly' }, async () => {
    const file = temporary('gone.h5');
    copyFileSync(sim('run.h5'), file);
    const visit = await Visit.open(await serve([file, ...frames().slice(1)]));
    const { page } = visit;
    await visit.peaks();
    await page.evaluate(() => {
      const call = viewer.engine.call.bind(viewer.engine) as (...words: unknown[]) => Promise<unknown>;
      Object.assign(viewer.engine, {
        call: async (name: string, argument: unknown) => {
          if (name === 'peaks') await new Promise((resolve) => Object.assign(globalThis, { goOn: resolve }));
          return call(name, argument);
        },
      });
    });
    await page.locator('input[name=minSnr]').fill('9');
    await expect.poll(() => page.locator('#peak-count').textContent(), patient).toBe('searching…');
    await page.evaluate(() => (globalThis as unknown as { goOn: () => void }).goOn());
    await expect.poll(() => page.locator('#peak-count').textContent(), patient).toMatch(/^\d+ · /);
    renameSync(file, temporary('elsewhere.h5'));
    await page.evaluate(() => viewer.go(11));
    const words = await visit.message(/^gone\.h5 has vanished: it was moved, renamed or deleted/);
    expect(words).not.toContain('http');
  });

  test('its picture has a bar with numbers, also when it is saved, with file, frame and scale', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(frames()));
    const { page } = visit;
    await visit.peaks();
    const saved = async () => {
      const download = page.waitForEvent('download');
      await page.evaluate(() => {
        const original = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (blob: Blob) => {
          Object.assign(globalThis, { saved: blob });
          return original(blob);
        };
      });
      await page.click('#png');
      expect((await download).suggestedFilename()).toBe('run-0.png');
      return page.evaluate(async () => {
        const image = await createImageBitmap((globalThis as unknown as { saved: Blob }).saved);
        const canvas = new OffscreenCanvas(image.width, image.height);
        const pen = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
        pen.drawImage(image, 0, 0);
        const { width, height } = viewer.pane.overlay;
        // The middle of the bar, and the line of text below the picture.
        const bar = pen.getImageData(width - 60, height / 2 - 100, 1, 200).data;
        const text = pen.getImageData(0, height, width, image.height - height).data;
        const greys = Array.from({ length: 200 }, (_, i) => bar[4 * i] as number);
        return {
          greys,
          below: image.height - height,
          dark: text.filter((value, i) => i % 4 === 0 && value < 90).length,
        };
      });
    };
    await page.evaluate(() => {
      viewer.show.delete('rings');
      viewer.show.delete('peaks');
    });
    const { greys, below, dark } = await saved();
    expect(below).toBe(26);
    expect(dark).toBeGreaterThan(300);
    // From dark, which is much, down to white.
    expect(greys.at(0)).toBeLessThan(40);
    expect(greys.at(-1)).toBeGreaterThan(215);
    expect(greys.every((grey, i) => i === 0 || grey >= (greys[i - 1] as number) - 1)).toBe(true);
    await page.locator('input[name=bar]').uncheck();
    await visit.drawn();
    expect(new Set((await saved()).greys).size).toBe(1);
    expect(visit.faults).toEqual([]);
  });

  test('the mask is dark in a dark room, and pale in a light one', { tags: 'nightly' }, async () => {
    const url = await serve(frames());
    for (const [colorScheme, isDark] of [
      ['dark', true],
      ['light', false],
    ] as const) {
      const visit = await Visit.open(url, undefined, { colorScheme });
      await visit.peaks();
      const [shown, least] = await visit.page.evaluate(() => {
        const { frame, badColour } = viewer.pane.picture as unknown as {
          frame: { bad: Uint8Array };
          badColour: number[];
        };
        return [Math.max(...badColour), frame.bad.reduce((sum, one) => sum + one, 0)];
      });
      expect(least).toBeGreaterThan(0);
      expect(shown < 0.3).toBe(isDark);
      expect(visit.faults).toEqual([]);
    }
  });

  test('"Index all" keeps what it finds: each frame, the cells, the powder, and only then the tabs', async () => {
    const visit = await Visit.open(await serve(frames()));
    const { page } = visit;
    await visit.peaks();
    expect(await page.locator('#tabs').isVisible()).toBe(false);
    await page.keyboard.press('Shift+X');
    await visit.message(/^Searched 12 frames/);
    const text = await page.evaluate(async () => (await viewer.stream?.text()) ?? '');
    const reader = await readStream(text.split('\n'));
    let peaks = 0;
    for await (const chunk of reader.chunks()) {
      const frame = Number(chunk.event?.replace('//', ''));
      await page.evaluate((at) => viewer.go(at), frame);
      const shown = await page.evaluate(() => [
        viewer.frame,
        viewer.peaks?.count,
        viewer.crystals.map(({ reflections }) => reflections.count),
      ]);
      expect(shown).toEqual([frame, chunk.peakCount, chunk.crystals.map(({ reflections = [] }) => reflections.length)]);
      peaks += chunk.peakCount;
    }
    await page.click('[role=tab][data-tab=powder]');
    await expect.poll(() => page.locator('#powder-of').textContent(), patient).toMatch(/^peaks of 12 frames/);
    const counted = await page.evaluate(async () => {
      const call = viewer.engine.call as (name: string) => Promise<{ powder: Uint32Array }>;
      return (await call.call(viewer.engine, 'peakMaps')).powder.reduce((sum, count) => sum + count, 0);
    });
    expect(counted).toBe(peaks);
    // Another file has none of it.
    await page.setInputFiles('#files', [sim('mono.h5'), sim('mono.geom'), sim('mono.cell')]);
    await page.waitForFunction(() => viewer.opened?.name === 'mono.h5');
    await expect.poll(() => page.locator('#tabs').isVisible(), patient).toBe(false);
    expect(await page.locator('#contrast').isVisible()).toBe(true);
    expect(visit.faults).toEqual([]);
  });

  test('a cell is typed, changed, emptied and dropped, and taken from the curves of the cells', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve([...frames().slice(0, 3)]));
    const { page } = visit;
    await visit.peaks();
    const type = async (text: string): Promise<void> => {
      await page.fill('#cell', text);
      await page.press('#cell', 'Enter');
    };
    expect(await page.inputValue('#cell')).toBe('');
    await type('79 79 38 90 90');
    await visit.message(/not a cell|expected/);
    expect(await page.getAttribute('#cell', 'aria-invalid')).toBe('true');
    await type('79 79 38 90 90 90');
    await visit.message(/^Frame 0: 1 crystal/);
    expect(await page.getAttribute('#cell', 'aria-invalid')).not.toBe('true');
    expect(await page.evaluate(() => viewer.opened?.cell?.map(Math.round))).toEqual([79, 79, 38, 90, 90, 90]);
    // A text that is no cell is not replaced by the cell before.
    await type('79 79');
    await visit.message(/not a cell|expected/);
    await page.click('#index');
    expect(await page.getAttribute('#cell', 'aria-invalid')).toBe('true');
    expect(await page.inputValue('#cell')).toBe('79 79');
    await visit.message(/not a cell|expected/);
    await type('12 13 14 80 95 100');
    await visit.message(/^Frame 0: no crystal/);
    await type('');
    await visit.message(/No cell is known/);
    await page.locator('#cell').blur();
    await page.keyboard.press('End');
    await visit.peaks(11);
    await page.setInputFiles('#files', sim('run.cell'));
    await visit.message(/indexed with the cell of run\.cell/);
    // The frame that is shown stays.
    expect(await page.evaluate(() => viewer.frame)).toBe(11);
    await page.keyboard.press('Shift+X');
    await visit.message(/^Searched 12 frames/);
    await page.click('[role=tab][data-tab=cells]');
    const curve = page.getByRole('slider', { name: 'a / Å' });
    const value = async (): Promise<number> => Number((await curve.getAttribute('aria-valuenow')) ?? Number.NaN);
    const before = await value();
    expect(before).toBeCloseTo(79, 1);
    const { x = 0, y = 0, width = 0 } = (await curve.boundingBox()) ?? {};
    await page.mouse.move(x + width / 2, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.9, y + 20);
    expect(await value()).toBeGreaterThan(before + 0.02);
    await page.mouse.move(x + width * 0.1, y + 20);
    expect(await value()).toBeLessThan(before - 0.02);
    await page.mouse.up();
    await curve.focus();
    for (let press = 0; press < 60; press++) await page.keyboard.press('ArrowRight');
    await page.click('#use-gaussians');
    await visit.message(/^Frame 11: 1 crystal/);
    const cell = await page.evaluate(() => viewer.opened?.cell);
    expect(cell?.[1]).toBeCloseTo(79, 1);
    expect(cell?.[0]).toBeCloseTo(await value(), 2);
    expect(visit.faults).toEqual([]);
  });

  test('the beam, the distance and a ring are dragged, and the saved geometry measures as the page does', async () => {
    const visit = await Visit.open(await serve(frames()), { width: 1300, height: 1000 });
    const { page } = visit;
    await visit.peaks();
    await visit.index();
    await page.click('#tools summary');
    await expect.poll(() => page.inputValue('#beam-distance'), patient).not.toBe('');
    const overlay = page.locator('#pane .overlay');
    const { x = 0, y = 0 } = (await overlay.boundingBox()) ?? {};
    const onScreen = async (place: readonly [number, number]): Promise<[number, number]> => {
      const [u, v] = await page.evaluate((at) => viewer.pane.viewport.toCanvas(at as [number, number]), place);
      return [x + u, y + v];
    };
    const beam = (): Promise<[number, number]> => page.evaluate(() => viewer.beam ?? [Number.NaN, 0]);
    const drag = async (from: readonly [number, number], to: readonly [number, number]): Promise<void> => {
      await page.mouse.move(...from);
      await page.mouse.down();
      await page.mouse.move(...to, { steps: 3 });
      await page.mouse.up();
    };
    const ringMiddle = () =>
      page.evaluate(() => {
        const [points] = viewer.rings.find(({ resolutionA }) => resolutionA === 5)?.arcs ?? [];
        const xs = (points ?? []).filter((_, i) => i % 2 === 0);
        return (Math.min(...xs) + Math.max(...xs)) / 2;
      });
    const [startX, startY] = await beam();
    const middle = await ringMiddle();
    const at = await onScreen([startX, startY]);
    const zoom = await page.evaluate(() => viewer.pane.viewport.zoom);
    await drag(at, [at[0] + 40 * zoom, at[1] - 10 * zoom]);
    await expect.poll(async () => (await beam())[0], patient).toBeCloseTo(startX + 40, 0);
    expect((await beam())[1]).toBeCloseTo(startY + 10, 0);
    await expect.poll(ringMiddle, patient).toBeCloseTo(middle + 40, -0.5);
    // The frame that was indexed is searched anew with the moved beam: the lattice no longer fits as it did.
    await visit.message(/^Frame 0: /);
    // By keys, which must not reach the page.
    const scale = await page.evaluate(() => viewer.pane.viewport.zoom);
    await page.fill('#beam-distance', '');
    await page.locator('#beam-distance').pressSequentially('61.5');
    expect(await page.evaluate(() => viewer.pane.viewport.zoom)).toBe(scale);
    await page.press('#beam-distance', 'Enter');
    await expect.poll(() => page.inputValue('#beam-distance'), patient).toMatch(/^61\.5/);
    const download = page.waitForEvent('download');
    await page.click('#save-geom');
    const geometry = parseGeometry(await textOf(await download));
    const context = await createContext({ backend: 'wasm' });
    const dataset = await open(sim('run.h5'));
    const detector = await context.detector(dataset, { geometry });
    expect(detector.beam.distanceM).toBeCloseTo(0.0615, 6);
    const own = await context.detector(dataset, { geometry: parseGeometry(readFileSync(sim('run.geom'), 'utf8')) });
    const pitch = 1 / (own.geometry.panels[0]?.resolution ?? 1);
    const [moved, stated] = [detector.beam.shiftM[0], own.beam.shiftM[0]];
    expect((stated - moved) / pitch).toBeCloseTo((await beam())[0] - startX, 3);
    const reading = await page.evaluate(() =>
      (viewer.engine.call as (name: string, argument: unknown) => Promise<{ resolutionA: number }>).call(
        viewer.engine,
        'pixel',
        { fs: 700, ss: 300, frame: 0 },
      ),
    );
    expect(reading.resolutionA).toBeCloseTo(detector.resolutionOf(700, 300) ?? 0, 6);
    await page.click('#reset-beam');
    await expect.poll(async () => (await beam())[0], patient).toBeCloseTo(startX, 6);
    await visit.message(/^Frame 0: 1 crystal/);
    // A line between two pixels.
    await page.selectOption('#tool', 'line');
    const ends = [
      [300, 300],
      [420, 460],
    ] as const;
    const [from, to] = await page.evaluate(
      (pixels) =>
        pixels.map(([fs, ss]) => viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(fs, ss) as [number, number])),
      ends as unknown as [number, number][],
    );
    await drag([x + (from?.[0] ?? 0), y + (from?.[1] ?? 0)], [x + (to?.[0] ?? 0), y + (to?.[1] ?? 0)]);
    const q = ends.map(([fs, ss]) => own.reciprocalOf(fs, ss) ?? [0, 0, 0]);
    const apart = 1 / Math.hypot(...[0, 1, 2].map((i) => (q[0]?.[i] ?? 0) - (q[1]?.[i] ?? 0)));
    const words = page.locator('#tool-words');
    await expect.poll(() => words.textContent(), patient).toMatch(/200\.\d px, [\d.]+ Å|199\.\d px, [\d.]+ Å/);
    expect(Number(/px, ([\d.]+) Å/.exec((await words.textContent()) ?? '')?.[1])).toBeCloseTo(apart, 1);
    expect(await page.locator('#line-profile').isVisible()).toBe(true);
    await dataset.dispose();
    await context.dispose();
    expect(visit.faults).toEqual([]);
  });

  test('a finger drags the beam, and two fingers zoom', { tags: 'nightly' }, async () => {
    const phone = { hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
    const visit = await Visit.open(await serve(frames()), { width: 390, height: 844 }, phone);
    const { page } = visit;
    await visit.peaks();
    await page.locator('#tools summary').tap();
    await expect.poll(() => page.textContent('#tool-words')).toMatch(/beam at fs/);
    // The tools stand below the picture of a telephone: one scrolls back to it.
    await page.evaluate(() => scrollTo(0, 0));
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const place = () => page.evaluate(() => viewer.pane.viewport.toCanvas(viewer.beam ?? [0, 0]));
    const stage = () => page.evaluate(() => [...viewer.pane.viewport.centre, viewer.pane.viewport.zoom]);
    const [u, v] = (await place()).map((at) => at / 2) as [number, number];
    const session = await page.context().newCDPSession(page);
    const touch = (type: string, ...points: (readonly [number, number])[]) =>
      session.send('Input.dispatchTouchEvent', {
        type: type as 'touchStart',
        touchPoints: points.map(([px, py], id) => ({ x: x + px, y: y + py, id })),
      });
    const before = await stage();
    await touch('touchStart', [u, v]);
    for (let step = 1; step <= 10; step++) await touch('touchMove', [u + 2 * step, v + step]);
    await touch('touchEnd');
    await expect.poll(async () => (await place())[0]).toBeCloseTo(2 * u + 40, 0);
    // The address keeps fewer digits of the place, which it gives back.
    for (const [i, value] of (await stage()).entries()) expect(value).toBeCloseTo(before[i] as number, 4);
    await touch('touchStart', [u - 80, v - 80], [u - 40, v - 80]);
    for (let step = 1; step <= 10; step++)
      await touch('touchMove', [u - 80 - 2 * step, v - 80], [u - 40 + 2 * step, v - 80]);
    await touch('touchEnd');
    await expect.poll(async () => (await stage())[2]).toBeCloseTo(2 * (before[2] as number), 1);
    expect(visit.faults).toEqual([]);
  });

  test('a beam stays where it is released while the page is still busy with an earlier move', {
    tags: 'nightly',
  }, async () => {
    const visit = await Visit.open(await serve(frames()));
    const { page } = visit;
    await visit.peaks();
    await page.click('#tools summary');
    await expect.poll(() => page.textContent('#tool-words')).toMatch(/beam at fs/);
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const place = () => page.evaluate(() => viewer.pane.viewport.toCanvas(viewer.beam ?? [0, 0]));
    const [u, v] = await place();
    await page.evaluate(() => {
      const call = viewer.engine.call.bind(viewer.engine) as (...call: unknown[]) => Promise<unknown>;
      viewer.engine.call = (async (...given: unknown[]) => {
        if (given[0] === 'adjust') await new Promise((after) => setTimeout(after, 300));
        return await call(...given);
      }) as typeof viewer.engine.call;
    });
    await page.mouse.move(x + u, y + v);
    await page.mouse.down();
    for (let step = 1; step <= 5; step++) await page.mouse.move(x + u + 8 * step, y + v);
    await page.mouse.up();
    await expect.poll(async () => (await place())[0], patient).toBeCloseTo(u + 40, 0);
    expect(visit.faults).toEqual([]);
  });

  test('without the tools, a drag near the beam centre moves the frame', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(frames()));
    const { page } = visit;
    await visit.peaks();
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const centre = () => page.evaluate(() => [...viewer.pane.viewport.centre]);
    const [before] = await centre();
    const [u, v] = await page.evaluate(() => viewer.pane.viewport.toCanvas(viewer.beam ?? [0, 0]));
    await page.mouse.move(x + u, y + v);
    await page.mouse.down();
    await page.mouse.move(x + u + 60, y + v);
    await page.mouse.up();
    expect((await centre())[0]).toBeLessThan((before ?? 0) - 30);
  });

  test('a mask is painted by all tools, and .geom and HDF5 hold exactly it', { tags: 'nightly' }, async () => {
    const visit = await Visit.open(await serve(frames()), { width: 1300, height: 1000 });
    const { page } = visit;
    await visit.peaks();
    await page.click('#tools summary');
    await expect.poll(() => page.inputValue('#beam-distance'), patient).not.toBe('');
    const { x = 0, y = 0 } = (await page.locator('#pane .overlay').boundingBox()) ?? {};
    const point = async (fs: number, ss: number): Promise<[number, number]> => {
      const [u, v] = await page.evaluate(
        ([i, j]) => viewer.pane.viewport.toCanvas(viewer.pane.layout.placeOf(i as number, j as number) ?? [0, 0]),
        [fs, ss],
      );
      return [x + u, y + v];
    };
    const drag = async (...places: (readonly [number, number])[]): Promise<void> => {
      const [first = [0, 0], ...rest] = places;
      await page.mouse.move(...(await point(first[0], first[1])));
      await page.mouse.down();
      for (const [fs, ss] of rest) await page.mouse.move(...(await point(fs, ss)));
      await page.mouse.up();
    };
    const bad = (fs: number, ss: number) =>
      page.evaluate(([i, j]) => viewer.opened?.bad?.[(j as number) * 1024 + (i as number)], [fs, ss]);
    const middles = [
      ['rectangle', 240, 230],
      ['circle', 500, 200],
      ['polygon', 730, 240],
      ['brush', 300, 600],
    ] as const;
    for (const [, fs, ss] of middles) expect(await bad(fs, ss)).toBe(0);
    await page.selectOption('#tool', 'rectangle');
    await drag([200, 200], [280, 260]);
    await page.selectOption('#tool', 'circle');
    await drag([500, 200], [530, 200]);
    await page.selectOption('#tool', 'polygon');
    for (const [fs, ss] of [
      [700, 200],
      [760, 210],
      [740, 300],
      [700, 200],
    ] as const)
      await page.mouse.click(...(await point(fs, ss)));
    await page.selectOption('#tool', 'brush');
    await drag([300, 600], [310, 600], [320, 600]);
    for (const [tool, fs, ss] of middles) await expect.poll(() => bad(fs, ss), { message: tool }).toBe(1);
    expect([await bad(190, 230), await bad(540, 200), await bad(690, 290), await bad(300, 640)]).toEqual([0, 0, 0, 0]);
    await page.check('#mask-erases');
    await page.selectOption('#tool', 'rectangle');
    await drag([195, 195], [230, 230]);
    await expect.poll(() => bad(210, 210), patient).toBe(0);
    const shown = await page.evaluate(() => Array.from(viewer.opened?.bad ?? [], (one) => (one ? 1 : 0)));
    const mask = page.waitForEvent('download');
    await page.click('#save-mask');
    const file = temporary('mask.h5');
    await (await mask).saveAs(file);
    const saved = await open(file, { dataset: '/mask', sigShape: [1024, 1024] });
    expect(Array.from((await saved.read(0, 1)) as Uint8Array)).toEqual(shown);
    await saved.dispose();
    const download = page.waitForEvent('download');
    await page.click('#save-geom');
    const context = await createContext({ backend: 'wasm' });
    const dataset = await open(sim('run.h5'));
    const { bad: read } = await context.detector(dataset, { geometry: parseGeometry(await textOf(await download)) });
    expect(Array.from(read, (one) => (one ? 1 : 0))).toEqual(shown);
    await dataset.dispose();
    await context.dispose();
    // The peaks under the mask are gone.
    const hidden = await page.evaluate(() => {
      const { fs = [], ss = [] } = viewer.peaks ?? {};
      const { bad: all = new Uint8Array() } = viewer.opened ?? {};
      return Array.from(fs, (at, i) => all[Math.floor(ss[i] as number) * 1024 + Math.floor(at)]).filter(Boolean).length;
    });
    expect(hidden).toBe(0);
    await page.click('#clear-mask');
    await expect.poll(() => bad(240, 230), patient).toBe(0);
    expect(visit.faults).toEqual([]);
  });
});

test('fields refuse numbers that mean nothing, visibly, a valid one clears the error, and an opening names its file', async () => {
  const folder = temporary('made');
  expect(
    (await ewald(['simulate', 'frames', '-o', folder, '--images', '2', '--size', '128,128', '--force'])).code,
  ).toBe(0);
  const visit = await Visit.open(await serve([join(folder, 'run.h5'), '-g', join(folder, 'run.geom')]));
  const { page } = visit;
  await visit.peaks();
  await page.click('#tools summary');
  await expect.poll(() => page.inputValue('#beam-distance'), patient).not.toBe('');
  const limits = () => page.evaluate(() => viewer.pane.picture.limits);
  const about = (id: string) =>
    page.locator(id).evaluate((field: HTMLInputElement) => ({
      isInvalid: field.getAttribute('aria-invalid') === 'true',
      border: getComputedStyle(field).borderTopColor,
      why: field.validationMessage,
    }));
  for (const [id, wrong, right] of [
    ['#high', ['-1', 'x', ''], '90'],
    ['#low', ['100', '90'], '-1'],
    ['#beam-distance', ['-5', '0', ''], '80'],
    ['#ring', ['-3'], '4'],
  ] as const) {
    const [usual, before] = [(await about(id)).border, await limits()];
    for (const text of wrong) {
      await page.fill(id, text);
      await page.press(id, 'Enter');
      expect(await about(id), `${id} ${text}`).toEqual({
        isInvalid: true,
        border: expect.not.stringMatching(usual.replace(/[()]/g, '.')),
        why: expect.stringMatching(/^Enter a number/),
      });
      expect(await limits()).toEqual(before);
    }
    await page.fill(id, right);
    await page.press(id, 'Enter');
    expect(await about(id), `${id} ${right}`).toEqual({ isInvalid: false, border: usual, why: '' });
  }
  expect(await limits()).toEqual([-1, 90]);
  await page.evaluate(() => {
    Object.assign(viewer.engine, { call: () => new Promise(() => undefined) });
    void viewer.open([{ name: 'other.h5', blob: new Blob(['']) }]);
  });
  expect(await visit.message(/./)).toBe('Opening other.h5…');
  expect(visit.faults).toEqual([]);
});
