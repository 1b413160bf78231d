// A run at a hundred frames per second, followed by a page that shows ten of them and by a page that never reads. The
// memory of the server grows only by the statistics, frames are skipped and counted, and the newest frame is recent.
import { connect } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { serveView } from '../../dist/view.node.js';

export const name = 'live';
export const about = 'a viewer follows a fast run: memory, dropped frames, age of the newest frame';
export const minutes = 10;

/** Frames per second of the run, and of the display. */
const written = 100;
const shown = 10;
/** The greatest age at which a frame may be shown, ms. */
const young = 1000;

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

export async function run({ scale = 1, note = () => undefined } = {}) {
  const numbers = new Uint16Array(2 ** 20);
  const received = () => ({ numbers, dtype: 'u16', shape: [1024, 1024], values: {} });
  const view = await serveView([]);
  try {
    const entry = await fetch(view.url, { redirect: 'manual' });
    const cookie = entry.headers.get('set-cookie').split(';')[0];
    const { origin, port } = new URL(view.url);
    const get = (path) => fetch(`${origin}/${path}`, { headers: { cookie } });
    const sink = view.runSink({ name: 'run.h5', geometry: '', cells: [], size: [1024, 1024], received });
    const deaf = connect(Number(port), '127.0.0.1').pause();
    deaf.write(`GET /live/events?client=deaf HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`);
    const events = await get('live/events?client=page');
    const reader = events.body.getReader();
    let isOver = false;
    const reading = (async () => {
      while (!isOver && !(await reader.read()).done);
    })();
    const end = performance.now() + scale * minutes * 60_000;
    let [count, seen, passed, last, oldest] = [0, 0, 0, -1, 0];
    let first;
    const page = (async () => {
      while (!isOver) {
        const answer = await get(`live/newest?client=page&after=${last}`);
        if (answer.status === 200) {
          const { index, path, ageMs } = await answer.json();
          const bytes = await (await get(path)).arrayBuffer();
          need(bytes.byteLength > 2 ** 21, `frame ${index} was sent incompletely`);
          passed += index - last - 1;
          oldest = Math.max(oldest, ageMs);
          last = index;
          seen++;
        }
        await rest(1000 / shown);
      }
    })();
    while (performance.now() < end) {
      await sink.add(record(count++));
      if (count % written === 0) {
        globalThis.gc?.();
        const { rss } = process.memoryUsage();
        // The first seconds fill pools and caches.
        if (count === 5 * written) first = rss - 40 * count;
        if (first !== undefined && count % (60 * written) === 0)
          note(`${count} frames, ${seen} shown, ${passed} passed over, ${((rss - first) / 1e6).toFixed(0)} MB more`);
        need(first === undefined || rss - 40 * count - first < 64e6, `memory grew by ${(rss - first) / 1e6} MB`);
      }
      await rest(1000 / written);
    }
    isOver = true;
    await page;
    await reader.cancel();
    await reading.catch(() => undefined);
    deaf.destroy();
    need(seen > 0 && passed + seen === last + 1, `${passed} passed over and ${seen} shown of ${last + 1}`);
    need(passed > seen, 'the run was not faster than the display');
    need(oldest < young, `a frame was shown at an age of ${oldest} ms`);
    note(`${count} frames, ${seen} shown, ${passed} passed over, age at most ${oldest.toFixed(0)} ms`);
    await sink.close(true);
  } finally {
    await view.close();
  }
}
