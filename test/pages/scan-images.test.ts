/** Images of a run over a scan that a viewer shows while frames arrive: what the server announces and sends. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runToFiles } from 'ewald/shell';
import {
  Context,
  comUdf,
  type LivePicture,
  type NextScanOptions,
  type SimulateMerlinOptions,
  simulateMerlin,
  sumSigUdf,
  type ViewedScan,
} from 'ewald/udf';
import { serveView } from 'ewald/view';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { savedWords } from '../../src/pages/view/live-badge.js';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';

const [navShape, sigShape] = [
  [8, 10],
  [16, 12],
] as const;
const pixels = 16 * 12;
const frames = Uint16Array.from({ length: 80 * pixels }, (_, i) => (i * 7919) % 4093);
const sums = Array.from({ length: 80 }, (_, f) =>
  frames.subarray(f * pixels, (f + 1) * pixels).reduce((a, b) => a + b, 0),
);
const raw = { format: 'raw', dtype: 'u16', sigShape, navShape } as const;
let folder: string;
let file: string;
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-scan-images-'));
  file = join(folder, 'frames.raw');
  await writeFile(file, frames);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(() => rm(folder, { recursive: true }));

const opened = <C extends { close(): Promise<void> }>(one: C): C => {
  open.push(one);
  return one;
};

/** A live scan of a simulated detector, and a viewer. */
async function live(options: SimulateMerlinOptions, next: NextScanOptions = {}) {
  const view = opened(await serveView([]));
  const entry = await fetch(view.url, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const get = (path: string): Promise<Response> =>
    fetch(`${new URL(view.url).origin}/${path}`, { headers: { cookie } });
  const { host, port, dataPort } = opened(await simulateMerlin(file, { port: 0, open: raw, ...options }));
  const ctx = opened(new Context({ context: { backend: 'wasm' } }));
  const connection = await ctx.connect(`merlin://${host}:${port}`, { dataPort });
  const scan = await connection.next(next);
  if (!scan) throw new Error('no acquisition');
  return { ctx, scan, view, get };
}

interface Facts {
  readonly state: string;
  readonly scan?: { readonly images: readonly Readonly<Record<string, unknown>>[]; readonly done: number };
}

/** Reads events until the facts of the run are as wanted; returns them, and the last status. */
async function factsUntil(get: (path: string) => Promise<Response>, wanted: (facts: Facts) => boolean) {
  const reader = ((await get('live/events?client=test')).body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let [text, facts, status]: [string, Facts, string[]] = ['', { state: '' }, []];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the events ended with ${JSON.stringify(facts)}`);
    text += decoder.decode(value, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, kind, data = ''] = /event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (kind === 'run') facts = JSON.parse(data) as Facts;
      if (kind === 'status') status = JSON.parse(data) as string[];
    }
    if (wanted(facts) && (status.length > 0 || facts.state !== 'running')) {
      await reader.cancel();
      return { facts, status };
    }
  }
}

test('an image grows while frames arrive, and is announced and served before the scan is complete', async () => {
  const { ctx, scan, view, get } = await live({ faults: [{ at: 50, kind: 'stall' }] });
  expect((await get('live/image/0')).status).toBe(404);
  const running = runToFiles(ctx, scan, { udfs: [sumSigUdf(), comUdf()], view });
  const { facts, status } = await factsUntil(get, (now) => now.scan?.done === 50 / 80);
  expect(facts).toMatchObject({ state: 'running', name: expect.stringContaining('127.0.0.1') });
  const [first] = facts.scan?.images ?? [];
  expect(first).toMatchObject({ title: 'sumsig-intensity', height: 8, width: 10 });
  expect(facts.scan?.images.map(({ title }) => title)).toContain('com-magnitude');
  expect(status[0]).toBe('50 received');
  const answer = await get('live/image/0');
  expect([...new Float32Array(await answer.arrayBuffer())]).toEqual(sums.map((sum, i) => (i < 50 ? sum : Number.NaN)));
  expect((await get('live/image/99')).status).toBe(404);
  scan.live.stop();
  await running;
  const { facts: last } = await factsUntil(get, ({ state }) => state !== 'running');
  expect(last).toMatchObject({ state: 'stopped', scan: { ms: expect.any(Number) } });
  expect(last).not.toHaveProperty('note');
});

test('of a detector that dies, the page has the last image and the reason', { tags: 'all' }, async () => {
  const { ctx, scan, view, get } = await live({ faults: [{ at: 50, kind: 'stall' }] }, { stallS: 0.3 });
  // The last frames come too soon after the image of the first ones.
  const seen: number[] = [];
  const viewer = {
    scanView: (viewed: ViewedScan) => {
      const shown = view.scanView(viewed);
      const show = (picture: LivePicture): void => {
        seen.push(picture.done);
        shown.show(picture);
      };
      return { ...shown, show };
    },
  };
  await expect(runToFiles(ctx, scan, { udfs: [sumSigUdf()], view: viewer })).rejects.toThrow('has arrived for 0.3 s');
  const { facts, status } = await factsUntil(get, ({ state }) => state !== 'running');
  expect(facts).toMatchObject({ state: 'stopped', note: expect.stringContaining('ends at position 50 of 80') });
  expect([facts.scan?.done, seen.at(-1)]).toEqual([50 / 80, 50 / 80]);
  expect(status.join()).not.toMatch(/row|waiting|frames\/s/);
});

test('the end of a complete scan is announced with its last images', async () => {
  const { ctx, scan, view, get } = await live({});
  const output = join(folder, 'sums.h5');
  await runToFiles(ctx, scan, { udfs: [sumSigUdf()], view, output });
  const { facts } = await factsUntil(get, ({ state }) => state === 'ended');
  expect(facts.scan).toMatchObject({ done: 1, saved: [output] });
  expect(savedWords([output])).toEqual([`saved as ${output}`]);
  expect([savedWords(['a', 'b', 'c']), savedWords([]), savedWords(undefined)]).toEqual([
    ['saved as a and 2 more'],
    ['not saved'],
    [],
  ]);
  expect([...new Float32Array(await (await get('live/image/0')).arrayBuffer())]).toEqual(sums);
});

test('several results have names and units of their own, and the end says what they should be read with', {
  tags: 'all',
}, async () => {
  const { ctx, scan, view, get } = await live({});
  const analyses = [
    ctx.createDiskAnalysis(scan, { r: 3 }),
    ctx.createRingAnalysis(scan, { ri: 3, ro: 5 }),
    ctx.createSumSigAnalysis(scan),
    ctx.createIcomAnalysis(scan, { maskRadius: 5, maskRadiusInner: 1 }),
  ];
  await runToFiles(ctx, scan, { analyses, view });
  const { facts } = await factsUntil(get, ({ state }) => state === 'ended');
  expect(Object.fromEntries((facts.scan?.images ?? []).map(({ title, unit }) => [title, unit]))).toEqual({
    'disk-intensity': 'counts',
    'ring-intensity': 'counts',
    'sumsig-intensity': 'counts',
    'icom-phase': 'px · positions',
    'icom-x': 'px',
    'icom-y': 'px',
  });
  expect(facts.scan).toMatchObject({
    notes: expect.arrayContaining([expect.stringContaining('that of the ring from 1 to 5 pixels')]),
  });
});

test('the server ends when a page has its last image', async () => {
  const { ctx, scan, view, get } = await live({});
  const events = (await get('live/events?client=last')).body as ReadableStream<Uint8Array>;
  await runToFiles(ctx, scan, { udfs: [sumSigUdf()], view });
  const closing = view.close();
  expect([...new Float32Array(await (await get('live/image/0')).arrayBuffer())]).toEqual(sums);
  await events.cancel();
  await closing;
});

test('an image in time for the end of the server is not sent after the last words', async () => {
  const view = await serveView([]);
  const entry = await fetch(view.url, { redirect: 'manual' });
  const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  const events = await fetch(`${new URL(view.url).origin}/live/events?client=late`, { headers: { cookie } });
  const shown = view.scanView({ name: 'scan' });
  const closing = view.close();
  // After the streams have ended, and before their connections are gone.
  for (let turn = 0; turn < 5; turn++) {
    await Promise.resolve();
    shown.end(true);
  }
  await closing;
  expect(await events.text()).toContain('"state":"running"');
});

test('the command prints the address of the page, and counts', async () => {
  const { host, port, dataPort } = opened(await simulateMerlin(file, { port: 0, open: raw }));
  const address = ['--connect', `merlin://${host}:${port}`, '--data-port', String(dataPort)];
  const { code, err, out } = await ewald(['run', 'sumsig', ...address, '--view', '--json']);
  expect(code, err).toBe(0);
  expect(err).toMatch(/view: http:\/\/127\.0\.0\.1:\d+\/view\.html\?served&token=/);
  expect(JSON.parse(out)).toMatchObject({ frames: 80, live: { received: 80, lost: 0, dropped: 0 } });
});

test('what is no viewer, and plots beside a viewer, are refused', async () => {
  const ctx = opened(new Context({ context: { backend: 'wasm' } }));
  const scan = ctx.fromMemory(frames, { navShape, sigShape });
  await refused(() => runToFiles(ctx, scan, { udfs: [sumSigUdf()], view: {} as never }), 'Argument', 'serveView');
  const view = opened(await serveView([]));
  await refused(
    () => runToFiles(ctx, scan, { udfs: [sumSigUdf()], view, plots: true }),
    'Argument',
    'choose one of them',
  );
});
