// @module-tag all: it opens Chromium
/** All pages as `ewald page` serves them: they lead to each other, obey their policy, and request nothing elsewhere. */
import { createContext } from 'ewald';
import { type ServedPages, servePages } from 'ewald/shell';
import { htmlPage, validate } from 'ewald/validate';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';

let browser: Browser;
let served: ServedPages;
const contexts: BrowserContext[] = [];
beforeAll(async () => {
  served = await servePages();
  browser = await chromium.launch({
    executablePath: findChromium() ?? '/usr/bin/chromium',
    args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await served.close();
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

/** What a page shows when it works. */
const signs: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  'index.html': async (page) => expect.poll(() => page.locator('h1').textContent()).toBe('ewald'),
  'view.html': async (page) => expect.poll(() => page.locator('#welcome h2').textContent()).toBe('Drop frames here'),
  'fft.html': async (page) =>
    expect.poll(() => page.evaluate(() => document.querySelectorAll('canvas').length)).toBeGreaterThan(0),
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

  test('a downloaded report needs no server and no network', async () => {
    const report = await validate({ createContext, ids: ['pi:*'], backends: ['wasm'] });
    const { page, faults, origins } = await visit();
    await page.setContent(htmlPage(report));
    await page.fill('#filter', 'nothing of this name');
    expect(await page.locator('tbody tr[data-text]:visible').count()).toBe(0);
    expect(faults).toEqual([]);
    expect([...origins]).toEqual([]);
  }, 60_000);

  test('validation ends within its time and sums up by room', async () => {
    const { page, faults } = await visit();
    await page.goto(served.url);
    await page.goto(new URL('validate.html?seconds=2&backend=wasm', served.url).href);
    const outcome = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset.outcome);
    await expect.poll(outcome, { timeout: 60_000 }).toBe('pass');
    expect(await page.locator('#rooms tbody tr').count()).toBeGreaterThan(3);
    expect(await page.locator('header p').nth(1).textContent()).toMatch(/Time was up after \d+ of \d+ results/);
    expect(faults).toEqual([]);
  }, 120_000);
});
