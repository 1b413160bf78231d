/** Events that are groups, `data = /%/data`: their names in streams, lists and resumed runs, as CrystFEL has them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context, createContext, type PipelineOptions } from 'ewald';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FrameRecord } from '../../src/pipeline/record.js';
import { briefRecords, briefTask } from '../../src/pipeline/shards/brief.js';
import { eventText } from '../../src/pipeline/streams/chunk.js';
import { array, group, treeFile } from '../frames/hdf5-tree.js';
import { refused } from '../support/refused.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-events-'));
const at = (name: string): string => join(folder, name);
const size = 32;
let ctx: Context;

const geometry = (more: string): string =>
  `wavelength = 1 A\nclen = 0.1\nres = 10000\nadu_per_photon = 1\ndata = /%/data\n${more}p/min_fs = 0\np/max_fs = ${size - 1}
p/min_ss = 0\np/max_ss = ${size - 1}\np/corner_x = -16\np/corner_y = -16\np/fs = x\np/ss = y\n`;
const [images, stacks] = [geometry('dim0 = ss\ndim1 = fs\n'), geometry('dim0 = %\ndim1 = ss\ndim2 = fs\n')];

beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const image = (frames: number[]) => array(new Uint16Array((frames[0] ?? 1) * size * size), [...frames, size, size]);
  const tags = (frames: number[]) =>
    Object.fromEntries(['tag-1', 'tag-2', 'tag-10'].map((tag) => [tag, group({ data: image(frames) })]));
  writeFileSync(at('images.h5'), await treeFile(tags([])));
  writeFileSync(at('stacks.h5'), await treeFile(tags([2])));
});
afterAll(async () => {
  await ctx.dispose();
  rmSync(folder, { recursive: true });
});

/** The events of the frames that a run searches. */
async function events(inputs: PipelineOptions['inputs'], how: Partial<PipelineOptions> = {}) {
  const found: string[] = [];
  for await (const { chunk, error } of ctx.pipeline({ inputs, geometry: images, cells: [], ...how })) {
    if (error) throw error;
    found.push(`${chunk?.event}`);
  }
  return found;
}

const inStream = (file: string): string[] =>
  [...readFileSync(at(file), 'utf8').matchAll(/^Event: (.*)$/gm)].map(([, event = '']) => event);

test('streams name the groups, and the frame in a group of several', async () => {
  const output = at('images.stream');
  expect(await events(at('images.h5'), { output })).toEqual(['tag-1//', 'tag-2//', 'tag-10//']);
  expect(inStream('images.stream')).toEqual(['tag-1//', 'tag-2//', 'tag-10//']);
  expect(await events(at('stacks.h5'), { geometry: stacks })).toEqual(
    ['tag-1', 'tag-2', 'tag-10'].flatMap((tag) => [`${tag}//0`, `${tag}//1`]),
  );
});

test('the modules of a detector may be the first axis of the array in each group', async () => {
  const panel = (name: string) => images.replace(/^.*?(?=p\/min_fs)/s, '').replaceAll('p/', `${name}/`);
  const dims = 'dim1 = ss\ndim2 = fs\n';
  const modules = `${geometry(`${dims}p/dim0 = 0\n`)}${panel('q')}q/dim0 = 1\n`;
  expect(await events(at('stacks.h5'), { geometry: modules })).toEqual(['tag-1//', 'tag-2//', 'tag-10//']);
});

test('lists name them likewise, and an unknown one is refused with what there is', async () => {
  const list = (...lines: string[]) => ({ list: new File([`${lines.join('\n')}\n`], 'x.lst') });
  const named = { prefix: `${folder}/` };
  const chosen = list('images.h5 tag-10//', 'images.h5 tag-1//');
  expect(await events({ ...chosen, ...named } as never)).toEqual(['tag-10//', 'tag-1//']);
  const of = { ...list('stacks.h5 tag-2//1', 'stacks.h5 //0'), ...named };
  expect(await events(of as never, { geometry: stacks })).toEqual(['tag-2//1', 'tag-1//0']);
  const unknown = { ...list('images.h5 tag-3//'), ...named };
  await refused(() => events(unknown as never), 'Format', 'no event tag-3//', '3 events, such as tag-1//');
});

test('frames of a file that is not there fail, they are not left out', async () => {
  const lines = 'images.h5 tag-1//\nmissing.h5 tag-1//\nmissing.h5 tag-2//\n';
  const inputs = { list: new File([lines], 'x.lst'), prefix: `${folder}/` };
  const ends: (string | undefined)[] = [];
  for await (const { error } of ctx.pipeline({ inputs, geometry: images, cells: [] } as never)) ends.push(error?.tag);
  expect(ends).toEqual([undefined, 'File', 'File']);
});

test.for([false, true])('a run is resumed where it was, followed: %s', async (follow) => {
  const output = at(`again-${follow}.stream`);
  const how = { output, follow, ...(follow && { noDataTimeout: 0.3, firstFramesTimeoutS: 0 }) };
  for await (const { chunk } of ctx.pipeline({ inputs: at('images.h5'), geometry: images, cells: [], ...how }))
    if (chunk?.event === 'tag-2//') break;
  expect(inStream(`again-${follow}.stream.part`)).toEqual(['tag-1//', 'tag-2//']);
  expect(await events(at('images.h5'), { ...how, resume: true })).toEqual(['tag-10//']);
  expect(inStream(`again-${follow}.stream`)).toEqual(['tag-1//', 'tag-2//', 'tag-10//']);
});

test('workers report them, as .sol files and orientations need', () => {
  const records = ['tag-1//', 'tag-7//'].map((tag, event) => ({
    ...{ origin: { filename: 'a.h5', event, serial: event + 1, tag }, hit: false, peaks: { count: 0 }, crystals: [] },
    ...{ beam: { wavelengthA: 1, distanceM: 1, shiftM: [0, 0] }, ms: { read: 0, peaks: 0, index: 0, integrate: 0 } },
    ...{ backends: {}, headers: undefined, chunk: '', spots: [] },
  })) as unknown as FrameRecord[];
  const place = { filename: 'a.h5', shard: undefined, at: 0, texts: new Uint8Array(0) };
  const task = briefTask(records, place, [], false);
  expect(briefRecords(task).map(({ origin }) => eventText(origin))).toEqual(['tag-1//', 'tag-7//']);
});
