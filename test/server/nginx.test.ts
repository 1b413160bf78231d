// @module-tag all: nginx and Chromium.
/** The viewer behind Debian's nginx: TLS, a path, a frame of an allowed and of another origin, and a run that pages follow. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { type ServedView, serveView } from 'ewald/view';
import type { Browser, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../support/chromium.js';

const nginx = '/usr/sbin/nginx';
const isThere = existsSync(nginx);
const path = '/user/x/proxy/';

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

describe.skipIf(!isThere)(`behind nginx${isThere ? '' : ' (absent: nginx)'}`, () => {
  let folder: string;
  let browser: Browser;
  let view: ServedView;
  let proxy: ReturnType<typeof spawn>;
  let tls: number;
  let out: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ewald-nginx-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', certificate];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
    tls = await freePort();
    const origin = `https://localhost:${tls}`;
    const data = Float32Array.from({ length: 4 * 5 * 64 }, (_, i) => i % 64);
    writeFileSync(join(folder, 'scan.npy'), formatNpy({ shape: [4, 5, 8, 8], data, complex: false }));
    out = join(folder, 'out');
    mkdirSync(out);
    view = await serveView([join(folder, 'scan.npy')], {
      ...{ baseUrl: `${origin}${path}{port}/`, frameAncestors: [origin], outputDir: out },
    });
    const [, port = ''] = /\/proxy\/(\d+)\//.exec(view.url) ?? [];
    const settings = join(folder, 'nginx.conf');
    writeFileSync(
      settings,
      `daemon off; pid ${folder}/pid; error_log stderr notice; worker_processes 1;
events {}
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server {
    listen 127.0.0.1:${tls} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    location ~ ^${path}(\\d+)/(.*)$ { proxy_pass http://127.0.0.1:$1/$2$is_args$args; proxy_set_header Host $host; }
    location = /own.html { default_type text/html; return 200 '<iframe src="${new URL(view.url).pathname}${new URL(view.url).search}"></iframe>'; }
  }
}
`,
    );
    proxy = spawn(nginx, ['-c', settings, '-p', folder, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      proxy.stderr?.on('data', (piece) => {
        said += piece;
        if (said.includes('start worker processes')) resolve();
      });
      proxy.once('exit', () => reject(new Error(said)));
    });
    expect(port).not.toBe('');
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    proxy?.kill();
    await view?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(address: string): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
    await page.goto(address);
    return { page, faults };
  }

  test('the page, its worker and its events arrive below the path, unbuffered', async () => {
    const { page, faults } = await open(view.url);
    await expect.poll(() => page.locator('h1').textContent(), { timeout: 30_000 }).toMatch(/ewald/);
    expect(new URL(page.url()).pathname).toMatch(/^\/user\/x\/proxy\/\d+\/view\.html$/);
    const cookies = await page.context().cookies();
    expect(cookies).toMatchObject([
      { secure: true, sameSite: 'Strict', path: expect.stringMatching(/^\/user\/x\/proxy\//) },
    ]);
    // The first event is there while the answer goes on.
    const first = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const events = new EventSource('live/events?client=here&from=0&since=-1');
          events.addEventListener('run', (event) => {
            events.close();
            resolve((event as MessageEvent<string>).data);
          });
        }),
    );
    expect(first).toMatch(/^\{/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('a page of an allowed origin shows it in a frame, and one of another origin does not', async () => {
    const own = await open(`https://localhost:${tls}/own.html`);
    await expect.poll(() => own.page.frames()[1]?.locator('h1').count(), { timeout: 30_000 }).toBe(1);
    await own.page.context().close();
    const foreign = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end(`<iframe src="${view.url}"></iframe>`),
    ).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const { page, faults } = await open(`http://localhost:${(foreign.address() as AddressInfo).port}/`);
    await expect.poll(() => faults.join(), { timeout: 30_000 }).toMatch(/frame-ancestors/);
    expect(await page.frames()[1]?.locator('h1').count()).toBe(0);
    await page.context().close();
    foreign.close();
  });

  test('a foreign page can start nothing, and the page itself starts a run, also in a frame of an allowed origin', async () => {
    // A page of another origin on the same host, whose requests bring the cookies of the host along.
    const foreign = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<form method="post"><input name="a"></form>'),
    ).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const { page } = await open(view.url);
    const base = new URL('.', page.url()).href;
    const evil = await page.context().newPage();
    await evil.goto(`http://localhost:${(foreign.address() as AddressInfo).port}/`);
    const statuses: number[] = [];
    evil.on('response', (answer) => void (answer.url().startsWith(base) && statuses.push(answer.status())));
    const sent = await evil.evaluate(async (address) => {
      const run = { kind: 'run', analysis: 'sum', settings: {}, name: 'evil' };
      const ways: RequestInit[] = [
        { method: 'POST', mode: 'no-cors', credentials: 'include', body: JSON.stringify({ run }) },
        { method: 'POST', credentials: 'include', body: '{}', headers: { 'Content-Type': 'application/json' } },
      ];
      const answers = ways.map((way) =>
        fetch(`${address}runs/start`, way).then(
          () => 'answered',
          () => 'refused',
        ),
      );
      return Promise.all(answers);
    }, base);
    expect(sent).toEqual(['refused', 'refused']);
    await evil.evaluate((address) => {
      const form = document.querySelector('form') as HTMLFormElement;
      form.action = `${address}runs/start`;
      form.submit();
    }, base);
    await evil.waitForURL(`${base}runs/start`);
    expect(new Set(statuses)).toEqual(new Set([403]));
    expect(readdirSync(out)).toEqual([]);
    foreign.close();
    await page.context().close();

    const own = await open(`https://localhost:${tls}/own.html`);
    await expect.poll(() => own.page.frames()[1]?.locator('.run-there:visible').count(), { timeout: 60_000 }).toBe(1);
    const frame = own.page.frames()[1] as Frame;
    await frame.locator('.run-there:visible').click();
    await frame.locator('#runs > pre').filter({ hasText: 'ewald run' }).waitFor();
    await frame.locator('#runs').getByRole('button', { name: 'Start' }).click();
    await frame.locator('#runs li[data-state=finished]').waitFor();
    expect(readdirSync(out).sort()).toEqual(['scan.html', 'scan.log', 'scan.npy', 'scan.npy.json']);
    expect(own.faults).toEqual([]);
    await own.page.context().close();
  });

  test('a name that leads to the proxy, and is none of the server, is refused', async () => {
    const { pathname } = new URL(view.url);
    const status = await new Promise<number>((resolve, reject) => {
      get(
        { host: '127.0.0.1', port: tls, path: pathname, rejectUnauthorized: false, headers: { host: 'evil.example' } },
        (answer) => resolve(answer.resume().statusCode ?? 0),
      ).on('error', reject);
    });
    expect(status).toBe(403);
  });
});
