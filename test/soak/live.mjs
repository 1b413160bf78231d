// A run at a hundred frames per second, ten times what a page displays. It is followed by the page in Chromium, by a
// client that shows ten frames per second, by one that reads slowly and by one that never reads. The memory of the
// server grows only by the statistics, that of the page stays constant, frames are skipped and counted, and the newest
// frame is recent.
import { connect } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { serveView } from '../../dist/view.node.js';
import { chromiumArgs, findChromium } from '../../scripts/lib/chromium.mjs';

export const name = 'live';
export const about = 'a viewer follows a fast run: memory, dropped frames, age of the newest frame';
export const minutes = 10;

/** Frames per second of the run, and of the display. */
const written = 100;
const shown = 10;
/** The greatest age at which a frame may be shown, ms. */
const young = 1000;
/** Growth of the server beyond its statistics, and of the heap of the page, that counts as a leak, bytes. */
const leak = 64e6;
/** Number of frames after which pools and caches are filled. */
const warm = 5 * written;

/** Checks the condition; throws with the text if it is false. */
function need(condition, text) {
  if (!condition) throw new Error(text);
}

const record = (event) => ({
  origin: { filename: 'run.h5', event, serial: event + 1 },
  hit: event % 3 === 0,
  peaks: { count: 1, fs: [10], ss: [20], intensity: [100], snr: [5], panel: [0] },
  spots: Float32Array.of(0.1, 0, 0),
  crystals: [],
  chunk: `chunk ${event}`,
});

/** Connects as a page that reads `bytes` every second, or nothing at all. */
function slowClient(client, { port, cookie }, bytes) {
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  socket.pause();
  socket.write(`GET /live/events?client=${client} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`);
  const timer = setInterval(() => socket.read(Math.min(bytes, socket.readableLength)), 1000);
  return () => {
    clearInterval(timer);
    socket.destroy();
  };
}

/** The page in Chromium: what it shows, how old that was when it appeared, and the heap of its main thread. */
async function openPage(url) {
  const browser = await chromium.launch({
    executablePath: findChromium() ?? '/usr/bin/chromium',
    args: [...chromiumArgs, '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  const page = await browser.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('crash', () => faults.push('the page crashed'));
  await page.goto(url);
  const session = await page.context().newCDPSession(page);
  return {
    async state() {
      need(faults.length === 0, faults[0]);
      await session.send('HeapProfiler.collectGarbage');
      const { usedSize } = await session.send('Runtime.getHeapUsage');
      const { count, passed, lastSeen, latencyMs } = await page.evaluate(() => globalThis.liveState());
      return { count, passed, lastSeen, latencyMs, heap: usedSize };
    },
    latency: async () => (await page.evaluate(() => globalThis.liveState().latencyMs)) ?? 0,
    close: () => browser.close(),
  };
}

const MB = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

export async function run({ scale = 1, note = () => undefined } = {}) {
  const numbers = Uint16Array.from({ length: 2 ** 20 }, (_, i) => (i * 7919) % 23);
  const received = () => ({ numbers, dtype: 'u16', shape: [1024, 1024], values: {} });
  const view = await serveView([]);
  const closing = [];
  try {
    const entry = await fetch(view.url, { redirect: 'manual' });
    const cookie = entry.headers.get('set-cookie').split(';')[0];
    const { origin, port } = new URL(view.url);
    const get = (path) => fetch(`${origin}/${path}`, { headers: { cookie } });
    const sink = view.runSink({ name: 'run.h5', geometry: '', cells: [], size: [1024, 1024], received });
    closing.push(slowClient('deaf', { port, cookie }, 0), slowClient('slow', { port, cookie }, 1000));
    const browser = await openPage(view.url);
    closing.push(browser.close);
    const events = await get('live/events?client=page');
    const reader = events.body.getReader();
    let isOver = false;
    const reading = (async () => {
      while (!isOver && !(await reader.read()).done);
    })();
    const start = performance.now();
    const end = start + scale * minutes * 60_000;
    let [count, seen, passed, last] = [0, 0, 0, -1];
    const ages = [];
    let first;
    let firstHeap;
    const latencies = [];
    const client = (async () => {
      while (!isOver) {
        const answer = await get(`live/newest?client=page&after=${last}`);
        if (answer.status === 200) {
          const { index, path, ageMs } = await answer.json();
          const bytes = await (await get(path)).arrayBuffer();
          need(bytes.byteLength > 2 ** 21, `frame ${index} was sent incompletely`);
          passed += index - last - 1;
          ages.push(ageMs);
          last = index;
          seen++;
        }
        await rest(1000 / shown);
      }
    })();
    const watching = (async () => {
      while (!isOver) {
        await rest(1000);
        latencies.push(await browser.latency());
      }
    })();
    // An error of either is reported where it is awaited.
    for (const work of [client, watching]) work.catch(() => undefined);
    const tell = async () => {
      const { rss } = process.memoryUsage();
      const page = await browser.state();
      firstHeap ??= page.heap;
      const minute = ((performance.now() - start) / 60_000).toFixed(1);
      note(
        `${minute} min: ${count} frames; server ${MB(rss)}; client: ${seen} shown, ${passed} passed over; ` +
          `page: heap ${MB(page.heap)}, ${page.passed} of ${page.count} not shown, ` +
          `latency ${page.latencyMs?.toFixed(0)} ms`,
      );
      need(page.heap - firstHeap < leak + 200 * count, `the heap of the page grew by ${MB(page.heap - firstHeap)}`);
    };
    while (performance.now() < end) {
      await sink.add(record(count++));
      if (count % written === 0) {
        globalThis.gc?.();
        const { rss } = process.memoryUsage();
        if (count === warm) first = rss - 40 * count;
        if (count === warm || count % (60 * written) === 0) await tell();
        need(first === undefined || rss - 40 * count - first < leak, `memory grew by ${MB(rss - first)}`);
      }
      await rest(Math.max(0, start + (1000 * count) / written - performance.now()));
    }
    await tell();
    isOver = true;
    await Promise.all([client, watching]);
    await reader.cancel();
    await reading.catch(() => undefined);
    need(seen > 0 && passed + seen === last + 1, `${passed} passed over and ${seen} shown of ${last + 1}`);
    need(passed > seen, 'the run was not faster than the display');
    const { passed: notShown, lastSeen } = await browser.state();
    need(notShown > 0 && lastSeen > 0, 'the page shows no frames');
    // A machine that is busy with something else may hold up single frames.
    for (const [what, times] of [
      ['age of the newest frame when it is sent', ages],
      ['latency of the page until the picture', latencies],
    ]) {
      times.sort((a, b) => a - b);
      const [half, most] = [0.5, 0.95].map((share) => times[Math.floor(share * times.length)] ?? 0);
      const longest = times.at(-1) ?? 0;
      const words = `median ${half.toFixed(0)}, 95th percentile ${most.toFixed(0)}, most ${longest.toFixed(0)} ms`;
      note(`${what}: ${words}`);
      need(most < young, `${what}: ${words}`);
    }
    await sink.close(true);
  } finally {
    for (const close of closing) await close();
    await view.close();
  }
}
