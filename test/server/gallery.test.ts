/** The list of a folder: what its entries are, without a look outside of it, and nothing that is left in it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatNpy } from 'ewald';
import { type ServedView, serveView } from 'ewald/view';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ComputeHead } from '../../src/server/compute/answers.js';
import type { GalleryEntry, GalleryItem } from '../../src/server/gallery.node.js';
import { imageOf, type SentHead } from '../../src/stem/images/sent-image.js';

let base: string;
let view: ServedView;
let cookie = '';
const at = (...names: string[]): string => join(base, 'folder', ...names);

/** A scan of 4 × 3 frames of 6 × 300 numbers, of which the one in the middle is the only one that counts. */
const scan = new Uint16Array(4 * 3 * 6 * 300);
scan.fill(7, (2 * 3 + 1) * 1800, (2 * 3 + 1) * 1800 + 900);
const npy = formatNpy({ shape: [4, 3, 6, 300], data: Float32Array.from(scan), complex: false });

/** What is answered to the page. */
async function ask(path: string): Promise<Response> {
  return fetch(new URL(path, view.url), { headers: { cookie } });
}
async function entries(within = ''): Promise<readonly GalleryEntry[]> {
  const answer = await ask(`gallery.json?${new URLSearchParams({ in: within })}`);
  return ((await answer.json()) as { entries: readonly GalleryEntry[] }).entries;
}
const itemAt = (within: string, name: string): Promise<Response> =>
  ask(`gallery-item.json?${new URLSearchParams({ in: within, name })}`);
const item = async (name: string, within = ''): Promise<GalleryItem> => (await itemAt(within, name)).json();

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'ewald-gallery-'));
  mkdirSync(at('sub'), { recursive: true });
  for (const path of [at('scan.npy'), at('sub', 'inner.npy'), join(base, 'secret.npy')]) writeFileSync(path, npy);
  writeFileSync(at('cut.npy'), npy.subarray(0, npy.length - 9000));
  writeFileSync(at('notes.txt'), 'Notes of a shift.\n');
  writeFileSync(at('det.geom'), 'clen = 1\n');
  for (const k of [1, 2, 10]) writeFileSync(at(`s_${k}.tif`), 'no picture');
  writeFileSync(at('.hidden.npy'), npy);
  symlinkSync('scan.npy', at('within.npy'));
  symlinkSync(join(base, 'secret.npy'), at('secret.npy'));
  symlinkSync(base, at('up'));
  for (const name of ['scan.npy', 'cut.npy']) utimesSync(at(name), 1.7e9, 1.7e9);
  view = await serveView([join(base, 'folder')]);
  const entry = await fetch(view.url, { redirect: 'manual' });
  cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(view.url).toContain('gallery.html');
});
afterAll(async () => {
  await view.close();
  rmSync(base, { recursive: true });
});

test('a folder is listed with sizes, its series as one entry, and links out of it by name alone', async () => {
  const listed = await entries();
  expect(listed.map(({ name, type, files }) => [name, type, files])).toEqual([
    ['sub', 'folder', undefined],
    ['cut.npy', 'file', undefined],
    ['det.geom', 'file', undefined],
    ['notes.txt', 'file', undefined],
    ['s_1.tif', 'file', 3],
    ['scan.npy', 'file', undefined],
    ['secret.npy', 'link', undefined],
    ['up', 'link', undefined],
    ['within.npy', 'file', undefined],
  ]);
  expect(listed.find(({ name }) => name === 's_1.tif')?.size).toBe(30);
  expect(listed.find(({ name }) => name === 'secret.npy')?.to).toBe(join(base, 'secret.npy'));
  expect((await entries('sub')).map(({ name }) => name)).toEqual(['inner.npy']);
});

test('an entry says its kind, shape and state, has a picture, and why it cannot be read', async () => {
  expect(await item('scan.npy')).toMatchObject({
    ...{ kind: 'scan', state: 'complete', shape: '4 × 3 × 6 × 300 f32', opens: true },
    picture: expect.stringMatching(/^iVBOR/),
  });
  const png = Buffer.from((await item('scan.npy')).picture ?? '', 'base64');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([100, 2]);
  expect(await item('cut.npy')).toMatchObject({
    state: 'cut',
    why: expect.stringMatching(/cut after \d+ whole frames/),
  });
  expect(await item('notes.txt')).toMatchObject({ state: 'unreadable', opens: false });
  expect((await item('notes.txt')).why).toMatch(/^notes\.txt .*has none of the known formats/);
  expect(await item('s_1.tif')).toMatchObject({ state: 'unreadable', why: expect.stringContaining('s_1.tif') });
  expect(await item('det.geom')).toMatchObject({ kind: 'geometry', opens: false });
  // A file that grows is looked at again.
  writeFileSync(at('notes.txt'), npy);
  expect(await item('notes.txt')).toMatchObject({ kind: 'scan', state: 'being written, or just finished' });
  // One that no longer grows is finished.
  const later = Date.now() + 20_000;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => later);
  expect(await item('notes.txt')).toMatchObject({ kind: 'scan', state: 'complete' });
  clock.mockRestore();
  // Nothing is kept in the folder.
  expect(readdirSync(at()).filter((name) => name.startsWith('.'))).toEqual(['.hidden.npy']);
});

test('nothing outside of the folder is looked at or opened, whatever the address', async () => {
  for (const [within, name] of [
    ['', 'secret.npy'],
    ['', '../secret.npy'],
    ['..', 'secret.npy'],
    ['up', 'secret.npy'],
    ['sub/../..', 'secret.npy'],
    [base, 'secret.npy'],
    ['', 'up'],
    ['', ''],
    ['', '.'],
    ['sub', '..'],
    ['', 'sub/inner.npy'],
    ['', 'secret.npy\0'],
  ] as const) {
    expect((await itemAt(within, name)).status, `${within} ${name}`).toBe(404);
    const session = await ask(`session.json?${new URLSearchParams({ in: within, item: name })}`);
    expect(session.status, `${within} ${name}`).toBe(404);
  }
  for (const within of ['..', 'up', base, '/', 'sub/../..', 'scan.npy', 'absent'])
    expect((await ask(`gallery.json?${new URLSearchParams({ in: within })}`)).status, within).toBe(404);
  const { files } = (await (await ask('session.json?in=sub&item=inner.npy')).json()) as { files: { path: string }[] };
  const bytes = Buffer.from(await (await ask(files[0]?.path ?? '')).arrayBuffer());
  expect(bytes.equals(npy)).toBe(true);
  // Without the token there is nothing.
  expect((await fetch(new URL('gallery.json', view.url))).status).toBe(403);
});

test('a scan of the folder is computed there, two of them at a time, and nothing that is not in it', async () => {
  const there = await serveView([join(base, 'folder')], { compute: 'there' });
  try {
    const entry = await fetch(there.url, { redirect: 'manual' });
    const headers = { cookie: entry.headers.get('set-cookie')?.split(';')[0] ?? '' };
    const asked = (path: string, given: Record<string, string>) =>
      fetch(new URL(`${path}?${new URLSearchParams(given)}`, there.url), { headers });
    const computed = async (of: Record<string, string>) =>
      ((await (await asked('session.json', of)).json()) as { compute?: object }).compute;
    expect(await computed({ in: '', item: 'scan.npy' })).toMatchObject({ where: 'there', bytes: 4 * scan.length });
    writeFileSync(at('words.txt'), 'Notes of a shift.\n');
    expect(await computed({ in: '', item: 'words.txt' })).toBeUndefined();
    expect(await computed({ in: '', item: 'det.geom' })).toBeUndefined();
    const shape = { kind: 'square', cx: 150, cy: 3, outer: 150, inner: 0 };
    const q = JSON.stringify({ analysis: 'sum', channel: 'intensity', shape, exact: true });
    const image = async (of: Record<string, string>) => {
      for (let after = 0; ; ) {
        const answer = await asked('compute/image', { ...of, client: 'a', slot: '0', after: String(after), q });
        expect(answer.status).toBe(200);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        const end = bytes.indexOf(10);
        const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))) as ComputeHead;
        expect(head.problem).toBeUndefined();
        if (head.isWhole) return [...imageOf(head.images[0] as SentHead, bytes.subarray(end + 1))];
        after = head.version;
      }
    };
    const sums = Array.from({ length: 12 }, (_, i) => (i === 7 ? 7 * 900 : 0));
    // A third one takes the place of the first, which is opened again.
    for (const item of ['scan.npy', 'within.npy', 'inner.npy', 'scan.npy'])
      expect(await image({ in: item === 'inner.npy' ? 'sub' : '', item }), item).toEqual(sums);
    for (const item of ['secret.npy', '../secret.npy', 'up', 'sub/inner.npy'])
      expect((await asked('compute/image', { in: '', item, client: 'a', slot: '0', q })).status, item).toBe(404);
    expect((await asked('compute/image', { in: '..', item: 'secret.npy', client: 'a', slot: '0', q })).status).toBe(
      404,
    );
    expect((await asked('compute/image', { client: 'a', slot: '0', q })).status).toBe(404);
  } finally {
    await there.close();
  }
});

test('a scan of a folder has its share of the free memory alone', async () => {
  const bytes = 4 * scan.length;
  // Half of what is free would hold it, and not two of them.
  vi.spyOn(process, 'availableMemory').mockReturnValue(3 * bytes);
  const there = await serveView([join(base, 'folder')], { compute: 'there' });
  try {
    const entry = await fetch(there.url, { redirect: 'manual' });
    const headers = { cookie: entry.headers.get('set-cookie')?.split(';')[0] ?? '' };
    const answer = await fetch(new URL('session.json?in=&item=scan.npy', there.url), { headers });
    expect(await answer.json()).toMatchObject({ compute: { kind: 'scan', bytes, fits: false } });
  } finally {
    await there.close();
    vi.restoreAllMocks();
  }
});
