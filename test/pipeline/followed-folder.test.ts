// @module-tag all: whole runs.
/** A followed folder that is missing at one moment and there at the next one is never treated as a file. */
import { existsSync, renameSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContext } from '../../dist/index.node.js';
import { summaryText } from '../../src/cli/frame-summary.js';
import type { RunEvent } from '../../src/pipeline/events.js';
import type { Plans } from '../../src/pipeline/frame-searcher.js';
import { runPlace } from '../../src/pipeline/inputs/place.node.js';
import { runPipeline } from '../../src/pipeline/run.js';
import { Resource } from '../../src/util/resource.js';
import { ewald } from '../support/cli.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-followed-'));
  const { code, err } = await ewald(['simulate', 'frames', '-o', folder, '--images=3', '--size=64,64']);
  expect(code, err).toBe(0);
  for (const [name, words] of [
    ['same', ['--images=3', '--seed=9']],
    ['other', ['--images=5', '--seed=9']],
  ] as const) {
    const made = await ewald(['simulate', 'frames', '-o', join(folder, name), '--size=64,64', ...words]);
    expect(made.code, made.err).toBe(0);
  }
  await mkdir(join(folder, 'watched'));
  await copyFile(join(folder, 'run.h5'), join(folder, 'watched/a.h5'));
});
afterAll(() => rm(folder, { recursive: true }));

type Files = NonNullable<typeof runPlace.files>;
const real = runPlace.files as Files;

/** A folder that is missing when it is looked at for the nth time. */
function missingAt(watched: string, nth: number): Partial<Files> {
  let looks = 0;
  return { isFolder: async (path) => !(path === watched && ++looks === nth) && (await real.isFolder(path)) };
}

/** A folder that goes as soon as the size of its file has been looked at for the nth time, until the next look. */
function goingAt(watched: string, nth: number): Partial<Files> {
  const gone = `${watched}-gone`;
  let sizes = 0;
  return {
    sizeOf: async (path) => {
      const bytes = await real.sizeOf(path);
      if (bytes > 0 && ++sizes === nth) await rename(watched, gone);
      return bytes;
    },
    isFolder: async (path) => {
      if (existsSync(gone)) await rename(gone, watched);
      return real.isFolder(path);
    },
  };
}

/** The file names of the frames of a run that follows a folder. */
async function namesOf(disturbed: (watched: string, nth: number) => Partial<Files>, nth: number) {
  const watched = join(folder, 'watched');
  const files = { ...real, ...disturbed(watched, nth) };
  const place = { ...runPlace, open: open as unknown as typeof runPlace.open, files };
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const resource = new Resource('run', undefined, { dispose: () => undefined });
  const names: (string | undefined)[] = [];
  try {
    const options = {
      inputs: watched,
      geometry: join(folder, 'run.geom'),
      cells: [],
      follow: true,
      noDataTimeout: 0.7,
      firstFramesTimeoutS: 0,
    };
    const run = runPipeline(
      context as unknown as Plans,
      resource,
      async () => place,
      options,
      () => undefined,
    );
    for await (const { origin, error } of run) {
      expect(error).toBeUndefined();
      names.push(origin.filename);
    }
  } finally {
    await context.dispose();
  }
  return names;
}

test.for([
  ['is missing', missingAt, [1, 2, 3, 4, 5, 6]],
  ['goes while its file is looked at', goingAt, [1, 2, 3, 4]],
] as const)('each frame is searched once, whenever the folder %s', async ([, disturbed, moments]) => {
  for (const nth of moments)
    expect(await namesOf(disturbed, nth), `${nth}`).toEqual(Array(3).fill(join(folder, 'watched/a.h5')));
});

test.for<[string, (other: string, file: string) => Promise<void>]>([
  ['by renaming', (other, file) => copyFile(other, `${file}.new`).then(() => rename(`${file}.new`, file))],
  ['in its place, with the same size', async (other, file) => writeFile(file, await readFile(other), { flag: 'r+' })],
  ['in its place, with more frames', async (_, file) => copyFile(join(folder, 'other/run.h5'), file)],
])('a followed file that is replaced %s is not mixed with the other one', { tags: 'all' }, async ([, replace]) => {
  const file = join(folder, 'watched/a.h5');
  await copyFile(join(folder, 'run.h5'), file);
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const resource = new Resource('run', undefined, { dispose: () => undefined });
  const [warnings, serials]: [string[], number[]] = [[], []];
  let text = '';
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event.text);
    if (event.kind === 'end')
      text = summaryText(event.summary, { profile: false, stream: undefined, peaksAlone: false });
  };
  const place = { ...runPlace, open: open as unknown as typeof runPlace.open };
  const times = { noDataTimeout: 1.5, firstFramesTimeoutS: 0 };
  const options = { inputs: file, geometry: join(folder, 'run.geom'), cells: [], follow: true, onEvent, ...times };
  try {
    const run = runPipeline(
      context as unknown as Plans,
      resource,
      async () => place,
      options,
      () => undefined,
    );
    for await (const { origin } of run) {
      serials.push(origin.serial);
      if (serials.length === 3) await replace(join(folder, 'same/run.h5'), file);
    }
  } finally {
    await context.dispose();
  }
  expect(serials).toEqual([1, 2, 3]);
  expect(warnings.join()).toContain(`${file} was replaced while the run followed it`);
  expect(text).toContain(`${file} was replaced by another file, whose frames were not searched`);
  expect(text).not.toContain('disappeared');
});

/** Follows the file; `place` may open it in another way. Returns serials and errors of its frames, and warnings. */
async function follows(file: string, options: object, opened: object = {}) {
  const context = await createContext({ backend: 'wasm', log: { level: 'error' } });
  const resource = new Resource('run', undefined, { dispose: () => undefined });
  const warnings: string[] = [];
  const onEvent = (event: RunEvent): void => void (event.kind === 'warning' && warnings.push(event.text));
  const place = { ...runPlace, open: open as unknown as typeof runPlace.open, ...opened };
  const times = { noDataTimeout: 1, firstFramesTimeoutS: 0 };
  const inputs = { inputs: file, geometry: join(folder, 'run.geom'), cells: [], follow: true, onEvent, ...times };
  const found: (string | number)[] = [];
  try {
    const plans = context as unknown as Plans;
    const all = { ...inputs, ...options };
    for await (const { origin, error } of runPipeline(
      plans,
      resource,
      async () => place,
      all,
      () => undefined,
    ))
      found.push(error ? error.message : origin.serial);
  } finally {
    await context.dispose();
  }
  return { found, warnings };
}

test('a followed file that was replaced before --resume is not mixed with the other one', async () => {
  const file = join(folder, 'resumed.h5');
  const output = join(folder, 'resumed.stream');
  await copyFile(join(folder, 'run.h5'), file);
  expect((await follows(file, { output })).found).toEqual([1, 2, 3]);
  expect(await readFile(output, 'utf8')).toMatch(/ewald\/frame_sum = \d+/);
  await copyFile(join(folder, 'other/run.h5'), file);
  const resumed = await follows(file, { output, resume: true });
  expect(resumed.found).toEqual([]);
  expect(resumed.warnings.join()).toContain(`${file} was replaced`);
  // The file that it was continues, with what has been added.
  await copyFile(join(folder, 'run.h5'), file);
  expect(await follows(file, { output, resume: true })).toMatchObject({ found: [], warnings: [] });
});

test('a worker that finds another file than the one that was followed has no results of it', async () => {
  const file = join(folder, 'watched/for-workers.h5');
  await copyFile(join(folder, 'run.h5'), file);
  let opened = 0;
  const replaced = async (...args: Parameters<typeof runPlace.open>) => {
    const dataset = await (open as unknown as typeof runPlace.open)(...args);
    // The fourth time, after its mask and the first frames were read, its frames are counted and compared, before the workers open it.
    const dispose = dataset.dispose.bind(dataset);
    if (++opened === 4)
      dataset.dispose = async () => {
        await dispose();
        await copyFile(join(folder, 'same/run.h5'), `${file}.new`);
        await rename(`${file}.new`, file);
      };
    return dataset;
  };
  await using executor = await Executor.workers({ workers: 1, context: { backend: 'wasm' } });
  const { found } = await follows(file, { executor }, { open: replaced });
  expect(found).toEqual(Array(3).fill(expect.stringContaining(`${file} was replaced while the run followed it`)));
});

test('a file of a followed folder that is replaced is not mixed with the other one, and the run goes on', async () => {
  const watched = join(folder, 'several');
  await mkdir(watched, { recursive: true });
  const [file, next] = [join(watched, 'a.h5'), join(watched, 'b.h5')];
  await copyFile(join(folder, 'run.h5'), file);
  const found: string[] = [];
  let replaced: Promise<void> | undefined;
  const add = async (record: { origin: { filename?: string } }): Promise<void> => {
    found.push(record.origin.filename ?? '');
    if (found.length !== 3) return;
    replaced ??= copyFile(join(folder, 'other/run.h5'), `${file}.new`).then(() => rename(`${file}.new`, file));
    await replaced;
    await copyFile(join(folder, 'run.h5'), next);
  };
  const { warnings } = await follows(watched, {
    sinks: [{ add, close: async () => undefined, discard: async () => undefined }],
  });
  expect(found).toEqual([...Array(3).fill(file), ...Array(3).fill(next)]);
  expect(warnings.join()).toContain(`${file} was replaced`);
});

test('frames that were held for the first adjustments are counted if their file is replaced meanwhile', async () => {
  const file = join(folder, 'held.h5');
  await copyFile(join(folder, 'run.h5'), file);
  await copyFile(join(folder, 'other/run.h5'), `${file}.new`);
  const warnings: string[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === 'warning') warnings.push(event.text);
    if (event.kind === 'tuned') renameSync(`${file}.new`, file);
  };
  const { found } = await follows(file, { onEvent, firstFramesTimeoutS: 0.5 });
  expect(found).toEqual([]);
  expect(warnings.join()).toContain(`${file}: 3 frames of it had not been searched when it went`);
});
