// @module-tag all: it opens Chromium
/** All pages as `ewald page` serves them: they lead to each other, obey their policy, and request nothing elsewhere. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext } from 'ewald';
import { type ServedPages, servePages } from 'ewald/shell';
import { htmlPage, validate } from 'ewald/validate';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';

let browser: Browser;
let served: ServedPages;
const contexts: BrowserContext[] = [];
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-door-'));
  served = await servePages();
  browser = await startChromium();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await served.close();
  rmSync(folder, { recursive: true });
});

interface Visit {
  readonly page: Page;
  /** Errors, and violations of the content security policy. */
  readonly faults: string[];
  /** Origins to which requests were sent. */
  readonly origins: Set<string>;
}

async function visit(): Promise<Visit> {
  const context = await browser.newContext();
  contexts.push(context);
  const page = await context.newPage();
  const faults: string[] = [];
  const origins = new Set<string>();
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol)) origins.add(origin);
  });
  // Reported by every page, also for what it loads in workers' scripts.
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI}`),
    );
  });
  return { page, faults, origins };
}

let report: Promise<string> | undefined;
/** The report of a run of two small frames, as `ewald index` writes it. */
function writtenReport(): Promise<string> {
  report ??= (async () => {
    const ewald = (...words: string[]): void => {
      const { status, stderr } = spawnSync(process.execPath, ['dist/cli.js', ...words]);
      expect(status, String(stderr)).toBe(0);
    };
    const at = (name: string): string => join(folder, name);
    ewald(
      'simulate',
      'frames',
      '-o',
      folder,
      '--size',
      '160,160',
      '--distance',
      '30',
      '--images',
      '2',
      '--name',
      'run',
    );
    const inputs = [at('run.h5'), '-g', at('run.geom'), '-p', at('run.cell')];
    ewald('index', ...inputs, '-o', at('run.stream'), '--html', at('run.html'), '--backend', 'wasm', '-j', '1');
    return at('run.html');
  })();
  return report;
}

/** In a page: texts whose contrast with their background is below 4.5, the luminance of the page, loaded images. */
function legibility(): { unread: string[]; ground: number; images: boolean[] } {
  const parts = (text: string): number[] => (text.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([red = 0, green = 0, blue = 0]: number[]): number => {
    const linear = (part: number): number => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const backOf = (from: Element): number[] => {
    for (let at: Element | null = from; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) > 0) return colour;
    }
    return [255, 255, 255];
  };
  const unread: string[] = [];
  for (const one of document.querySelectorAll('body *')) {
    const text = [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent);
    const words = text.join('').trim();
    // The labels of rings are drawn on pictures.
    if (words === '' || one.closest('.layers') || !one.checkVisibility()) continue;
    const { color, fill } = getComputedStyle(one);
    const [dark = 0, light = 0] = [parts(one.closest('svg') ? fill : color), backOf(one)]
      .map(luminance)
      .sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) unread.push(`${contrast.toFixed(1)}: ${words.slice(0, 40)}`);
  }
  return {
    unread,
    ground: luminance(backOf(document.body)),
    images: [...document.images].map(({ complete, naturalWidth }) => complete && naturalWidth > 0),
  };
}

/** What a page shows when it works. */
const signs: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  'index.html': async (page) => expect.poll(() => page.locator('h1').textContent()).toBe('ewald'),
  'view.html': async (page) => expect.poll(() => page.locator('#welcome h2').textContent()).toBe('Drop frames here'),
  'validate.html': async (page) => {
    const outcome = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.outcome);
    await page.goto(page.url().replace(/validate\.html.*/, 'validate.html?ids=pi:*&backend=wasm'));
    await expect.poll(outcome, { timeout: 60_000 }).toBe('pass');
    await expect.poll(() => page.locator('#rooms tbody tr').allTextContents()).toEqual([expect.stringMatching(/^pi/)]);
  },
};

describe('pages', () => {
  test('each leads to all others, works under the policy, and requests nothing elsewhere', async () => {
    const names = Object.keys(signs);
    const { page, faults, origins } = await visit();
    await page.goto(served.url);
    for (const from of names)
      for (const to of names) {
        if (from === to) continue;
        // Pages are reached as a person reaches them; only the first one has the address with the token.
        await page.goto(new URL(from, served.url).href);
        await page.locator(`a[href="${to}"]`).first().click();
        await page.waitForURL((url) => url.pathname === `/${to}`);
      }
    for (const name of names) {
      await page.goto(new URL(name, served.url).href);
      await signs[name]?.(page);
    }
    expect(faults).toEqual([]);
    expect([...origins]).toEqual([new URL(served.url).origin]);
  }, 180_000);

  test('a downloaded report needs no server and no network', { tags: 'nightly' }, async () => {
    const report = await validate({ createContext, ids: ['pi:*'], backends: ['wasm'] });
    const { page, faults, origins } = await visit();
    await page.setContent(htmlPage(report));
    await page.fill('#filter', 'nothing of this name');
    expect(await page.locator('tbody tr[data-text]:visible').count()).toBe(0);
    expect(faults).toEqual([]);
    expect([...origins]).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'the report of a run opens from a file, requests nothing, and is legible: %s',
    { tags: 'nightly' },
    async (colorScheme) => {
      const file = await writtenReport();
      const context = await browser.newContext({ colorScheme });
      contexts.push(context);
      const page = await context.newPage();
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      const faults: string[] = [];
      page.on('console', (message) => faults.push(message.text()));
      await page.goto(pathToFileURL(file).href);
      await page.locator('img').first().waitFor();
      const { unread, ground, images } = await page.evaluate(legibility);
      expect(unread).toEqual([]);
      expect(ground > 0.5).toBe(colorScheme === 'light');
      expect(images.length).toBeGreaterThan(0);
      expect(images).toEqual(images.map(() => true));
      const elsewhere = requests.filter((url) => !url.startsWith('data:') && url !== pathToFileURL(file).href);
      expect(elsewhere).toEqual([]);
      expect(faults).toEqual([]);
    },
  );

  test('validation ends within its time and sums up by room', { tags: 'nightly', timeout: 120_000 }, async () => {
    const { page, faults } = await visit();
    await page.goto(served.url);
    await page.goto(new URL('validate.html?seconds=2&backend=wasm', served.url).href);
    const outcome = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.outcome);
    await expect.poll(outcome, { timeout: 60_000 }).toBe('pass');
    expect(await page.locator('#rooms tbody tr').count()).toBeGreaterThan(3);
    expect(await page.locator('header p').nth(1).textContent()).toMatch(/Time was up after \d+ of \d+ results/);
    expect(faults).toEqual([]);
  });

  test('validation counts only backends that a browser may have', { tags: 'nightly', timeout: 120_000 }, async () => {
    const { page, faults } = await visit();
    await page.goto(served.url);
    await page.goto(new URL('validate.html?ids=pi:*', served.url).href);
    const outcome = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.outcome);
    await expect.poll(outcome, { timeout: 60_000 }).toBe('pass');
    const counted = await page.evaluate(() => {
      const { ewaldReport } = globalThis as unknown as {
        ewaldReport: { backends: { backend: string }[]; rows: { backend: string }[] };
      };
      return [ewaldReport.backends, ewaldReport.rows].map((list) => [...new Set(list.map((one) => one.backend))]);
    });
    expect(counted).toEqual([
      ['webgpu', 'wasm'],
      ['webgpu', 'wasm'],
    ]);
    expect(faults).toEqual([]);
  });
});
