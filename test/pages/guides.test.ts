// @module-tag all: a server.
/** The guides as `ewald page` serves them. */
import { type ServedPages, servePages } from 'ewald/shell';
import { afterAll, beforeAll, expect, test } from 'vitest';

let served: ServedPages;
let cookie = '';
beforeAll(async () => {
  served = await servePages();
  const entry = await fetch(served.url, { redirect: 'manual' });
  cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
});
afterAll(() => served.close());

const ask = (path: string): Promise<Response> => fetch(new URL(path, served.url), { headers: { cookie } });

test('every guide is reached from the entry page, and its links and pictures exist', async () => {
  const clicks = new Map([['index.html', 0]]);
  for (const [path, count] of clicks) {
    const response = await ask(path);
    expect(response.status, path).toBe(200);
    if (!/html/.test(response.headers.get('content-type') ?? '')) continue;
    const html = await response.text();
    if (!/^guide/.test(path) && path !== 'index.html') continue;
    // The content security policy of the server refuses inline scripts and styles.
    expect(html, path).not.toMatch(/<script|<style|\sstyle=|\son\w+=/);
    for (const [, target = ''] of html.matchAll(/(?:href|src)="([\w-]+\.\w+)(?:#[^"]*)?"/g))
      if (!clicks.has(target)) clicks.set(target, count + 1);
  }
  for (const name of ['index-a-run', 'merge', 'live', 'cluster', 'scans', 'transforms', 'web-page', 'c-libraries'])
    expect([...clicks.keys()]).toContain(`guide-${name}.html`);
  // The questions of newcomers: about their detector, about proof, and about speed.
  for (const name of ['detectors', 'proof', 'speed'])
    expect(clicks.get(`guide-${name}.html`), name).toBeLessThanOrEqual(2);
  expect([...clicks.keys()].filter((path) => /\.(jpg|svg)$/.test(path)).length).toBeGreaterThan(1);
  const guide = await (await ask('guide-index-a-run.html')).text();
  expect(guide).toContain('<h1 id="index-a-run">Index a run</h1>');
  expect(guide).toContain('npx ewald simulate frames -o crystals');
  expect(guide).not.toContain('not pasted');
});
