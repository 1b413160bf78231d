/** Hits that are kept: `ctx.reduce`, `ewald reduce` and the option `hits` of a run. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Context,
  createContext,
  type FailedFrame,
  type PipelineItem,
  type PipelineOptions,
  type Reduction,
} from 'ewald';
import { open } from 'ewald/data';
import { Executor } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isEwaldError, type RunEvent } from '../../dist/index.node.js';
import { bytesOfArray, type FrameArray } from '../../src/bytes/dtype.js';
import { ewaldTogether as ewald } from '../support/cli.js';
import { dataFolder } from '../support/data.js';
import { writeNxmx } from './hits-support.js';

const sim = (name: string): string => resolve(dataFolder ?? '', 'sim', name);
const folder = mkdtempSync(join(tmpdir(), 'ewald-reduce-'));
const of = (name: string): string => join(folder, name);
const peaks = { threshold: 12, minSnr: 4.5, minPixCount: 2, localBgRadius: 4 } as const;
const usual = { geometry: sim('mono.geom'), minRes: 20, peaks } as const;
/** Frames of the mixed run that are hits, and the frames of mono.h5 that they are. */
const hitsAt = [1, 4, 6];
const frames = 8;
let ctx: Context;

/** A run of blanks with three frames of mono.h5 among them. */
async function writeMixed(): Promise<void> {
  const source = await open(sim('mono.h5'));
  const blank = new Uint16Array(source.frameLength).fill(3);
  const all: Uint16Array[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const hit = hitsAt.indexOf(frame);
    all.push(hit < 0 ? blank : ((await source.read(hit, 1)) as Uint16Array));
  }
  const delay = { value: Float64Array.from({ length: frames }, (_, i) => i / 8) };
  const mask = (await source.mask?.()) as Uint8Array;
  await writeNxmx(of('mixed.h5'), source.shape.sig, all, { meta: source.meta, mask }, { delay });
  await source.dispose();
}

const sha = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const shaOf = (pixels: FrameArray): string => createHash('sha256').update(bytesOfArray(pixels)).digest('hex');
const numbersOf = async (file: string, field: string): Promise<readonly (number | string)[] | undefined> => {
  const dataset = await open(file);
  const found = await dataset.field?.(field);
  await dataset.dispose();
  return found?.values;
};

const reduced = (name: string, more: object = {}): Promise<Reduction> =>
  ctx.reduce({ inputs: [of('mixed.h5')], ...usual, output: of(name), ...more });

async function itemsOf(options: PipelineOptions): Promise<PipelineItem[]> {
  const items: PipelineItem[] = [];
  for await (const item of ctx.pipeline(options)) items.push(item);
  return items;
}

beforeAll(async () => {
  if (!dataFolder) return;
  ctx = await createContext({ backend: 'wasm', log: { level: 'error' } });
  await writeMixed();
});
afterAll(async () => {
  await ctx?.dispose();
  rmSync(folder, { recursive: true });
});

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import h5py']).status === 0);

describe.skipIf(!dataFolder)(`hits that are kept${dataFolder ? '' : ' (absent: no test data)'}`, () => {
  test('hits are kept bit for bit with their numbers, and the input is not touched', async () => {
    const before = sha(of('mixed.h5'));
    const found = await reduced('a.cxi', { copyHeader: ['/entry/delay'] });
    expect(found).toMatchObject({ frames, hits: 3, kept: 3, blanks: 0, file: of('a.cxi'), geometry: of('a.geom') });
    expect(found).toMatchObject({ rawBytes: frames * 2 ** 21, bytes: readFileSync(of('a.cxi')).length, failed: 0 });
    expect(sha(of('mixed.h5'))).toBe(before);
    const [source, hits] = await Promise.all([open(of('mixed.h5')), open(of('a.cxi'))]);
    expect(hits).toMatchObject({ frames: 3, dtype: 'u16', meta: { header: { dialect: 'NeXus NXmx' } } });
    for (const [i, frame] of hitsAt.entries())
      expect(shaOf(await hits.read(i, 1))).toBe(shaOf(await source.read(frame, 1)));
    const bad = (await hits.mask?.()) as Uint8Array;
    // The beam stop is of the geometry, which the mask has as well.
    expect(bad.reduce((sum, one) => sum + one, 0)).toBe(1024);
    await Promise.all([source.dispose(), hits.dispose()]);
    expect(await numbersOf(of('a.cxi'), '/entry/reduction/frame')).toEqual(hitsAt);
    expect(await numbersOf(of('a.cxi'), '/entry/reduction/serial')).toEqual(hitsAt.map((frame) => frame + 1));
    expect(await numbersOf(of('a.cxi'), '/entry/reduction/frames_in_run')).toEqual([frames]);
    expect(await numbersOf(of('a.cxi'), '/entry/delay')).toEqual(hitsAt.map((frame) => frame / 8));
    expect(readdirSync(folder).filter((name) => !/^(mixed\.h5|a\.(cxi|geom))$/.test(name))).toEqual([]);
  });

  test('crystals are the same from the pixels of the hits, and from the peaks in their file', {
    tags: 'all',
  }, async () => {
    await reduced('crystals.cxi');
    const cell = { cells: [sim('mono.cell')], refineGeometry: 'off', intRadius: [3, 4, 6] } as const;
    const whole = await itemsOf({ inputs: [of('mixed.h5')], ...usual, ...cell });
    const again = { inputs: [of('crystals.cxi')], geometry: of('crystals.geom'), ...cell } as const;
    const cells = (items: readonly PipelineItem[]) =>
      items.flatMap(
        ({ result }) => result?.crystals.map(({ reciprocal, reflections }) => ({ reciprocal, reflections })) ?? [],
      );
    const expected = cells(whole);
    expect(expected).toHaveLength(3);
    expect(cells(await itemsOf({ ...again, minRes: 20, peaks }))).toEqual(expected);
    const listed = await itemsOf({ ...again, finder: 'cxi' });
    const close = expected.map(({ reciprocal }) => reciprocal.map((row) => row.map((x) => expect.closeTo(x, 6))));
    expect(cells(listed).map(({ reciprocal }) => reciprocal)).toEqual(close);
    // What the file itself says of the detector is enough.
    expect(cells(await itemsOf({ ...again, geometry: undefined, minRes: 20, peaks }))).toHaveLength(3);
  });

  test('a saved page of hits has the numbers with which they were recorded', { tags: 'all' }, async () => {
    await reduced('shown.cxi');
    const { code, err } = await ewald(['view', of('shown.cxi'), '-g', of('shown.geom'), '--save', of('shown.html')]);
    expect(code, err).toBe(0);
    const page = readFileSync(of('shown.html'), 'utf8');
    for (const [i, frame] of hitsAt.entries()) expect(page).toContain(`frame ${i}, recorded as ${frame} of mixed.h5`);
  });

  test('hits of a file of hits keep their first numbers', async () => {
    await reduced('first.cxi', { blanks: 0.5 });
    expect(await numbersOf(of('first.cxi'), '/entry/reduction/kept')).toEqual([1, 2, 1, 2, 1]);
    await ctx.reduce({ ...usual, inputs: [of('first.cxi')], geometry: of('first.geom'), output: of('second.cxi') });
    expect(await numbersOf(of('second.cxi'), '/entry/reduction/frame')).toEqual(hitsAt);
    expect(await numbersOf(of('second.cxi'), '/entry/reduction/source')).toEqual([of('mixed.h5')]);
    expect(await numbersOf(of('second.cxi'), '/entry/reduction/frames_in_run')).toEqual([frames]);
  });

  test('an executor, and the pass that indexes, keep the same bytes', { tags: 'all' }, async () => {
    const commandLine = 'ewald reduce';
    await reduced('here.cxi', { commandLine });
    const executor = await Executor.inline();
    await reduced('there.cxi', { commandLine, executor });
    await executor.dispose();
    expect(sha(of('there.cxi'))).toBe(sha(of('here.cxi')));
    const run = {
      inputs: [of('mixed.h5')],
      ...usual,
      cells: [sim('mono.cell')],
      refineGeometry: 'off',
      commandLine,
    } as const;
    const stream = { output: of('run.stream'), hits: of('pass.cxi') };
    await itemsOf({ ...run, ...stream, first: 3 });
    expect(await numbersOf(of('pass.cxi'), '/entry/reduction/frame')).toEqual([1]);
    await itemsOf({ ...run, ...stream, resume: true });
    expect(sha(of('pass.cxi'))).toBe(sha(of('here.cxi')));
  });

  test('a dataset of the caller stays open, and files of an iterable are not looked for by their names', async () => {
    const given = await open(of('mixed.h5'));
    await itemsOf({ inputs: [given], ...usual, hits: of('given.cxi'), html: of('given.html') });
    // It was closed behind its hits.
    expect((await given.read(0, 1)).length).toBe(given.frameLength);
    await given.dispose();
    const bytes = readFileSync(of('mixed.h5'));
    async function* files() {
      for (let i = 0; i < 4; i++) yield new File([bytes], `file-${i}.h5`);
    }
    const failures: string[] = [];
    const onEvent = (event: RunEvent): void => {
      if (event.kind === 'warning') failures.push(event.text);
    };
    await itemsOf({ inputs: files(), ...usual, hits: of('files.cxi'), onEvent });
    const kept = await open(of('files.cxi'));
    expect([kept.frames, failures.filter((text) => /file-\d\.h5/.test(text))]).toEqual([4 * hitsAt.length, []]);
    await kept.dispose();
  });

  test('a run that is ended leaves what it has finished, which can be read', async () => {
    const ends = new AbortController();
    const told: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => {
      told.push(event);
      if (event.kind === 'progress' && event.stage === 'frames' && event.summary.hits === 2) ends.abort();
    };
    const run = reduced('ended.cxi', { signal: ends.signal, onEvent });
    await expect(run).rejects.toSatisfy((error) => isEwaldError(error, 'Aborted'));
    expect([existsSync(of('ended.cxi')), existsSync(of('ended.geom'))]).toEqual([false, false]);
    expect(told.find(({ kind }) => kind === 'hits')).toMatchObject({ hits: { file: of('ended.cxi.part'), kept: 2 } });
    copyFileSync(of('ended.cxi.part'), of('partial.cxi'));
    expect(await numbersOf(of('partial.cxi'), '/entry/reduction/frame')).toEqual(hitsAt.slice(0, 2));
    expect(existsSync(of('ended.geom.part'))).toBe(true);
  });

  test('what cannot be kept is refused, and leaves no file', { tags: 'all' }, async () => {
    const refused = (more: object): Promise<string> =>
      reduced('refused.cxi', more).then(
        () => '',
        (error) => `${error.tag}: ${error.message}`,
      );
    expect(await refused({ output: undefined })).toMatch(/^Argument: reduce: output is missing/);
    expect(await refused({ cells: [sim('mono.cell')] })).toMatch(/^Argument: reduce: cells is not used/);
    const toFunction = { output: () => undefined, resume: true };
    expect(await refused(toFunction)).toMatch(
      /^Argument: reduce: resume goes on with a file of hits; expected its path/,
    );
    expect(await refused({ blanks: 2 })).toMatch(/^Argument: pipeline: blanks is 2/);
    expect(await refused({ output: of('mixed.h5'), force: true })).toMatch(
      /^Argument: .*mixed\.h5 is the input itself/,
    );
    if (!('zstdCompressSync' in (await import('node:zlib'))))
      expect(await refused({ codec: 'bszstd' })).toMatch(/^Unsupported: pipeline: codec: 'bszstd' needs an encoder/);
    const full = (): never => {
      throw new Error('no space left');
    };
    expect(await refused({ output: full })).toMatch(/no space left/);
    copyFileSync(sim('mono.geom'), of('taken.geom'));
    expect(await refused({ output: of('taken.cxi') })).toMatch(/taken\.geom exists and may be a geometry of yours/);
    expect(existsSync(of('refused.cxi')) || existsSync(of('refused.geom')) || existsSync(of('taken.cxi'))).toBe(false);
    const none = await reduced('none.cxi', { minPeaks: 5000 });
    expect(none).toMatchObject({ file: undefined, kept: 0, hits: 0, bytes: 0 });
    expect([existsSync(of('none.cxi')), existsSync(of('none.geom'))]).toEqual([false, false]);
  });

  test('a file of hits that is cut, or has a damaged frame, is not read as whole', async () => {
    await reduced('damaged.cxi');
    const bytes = readFileSync(of('damaged.cxi'));
    writeFileSync(of('cut.cxi'), bytes.subarray(0, bytes.length - 4000));
    await expect(open(of('cut.cxi'))).rejects.toSatisfy((error) => isEwaldError(error, 'Format'));
    bytes.fill(0xff, 2000, 2600);
    writeFileSync(of('damaged.cxi'), bytes);
    const damaged = await open(of('damaged.cxi'));
    const read = damaged.read(0, 1).then(() => 'read as if whole');
    await expect(read).rejects.toSatisfy((error) => isEwaldError(error, 'Format'));
    await damaged.dispose();
  });

  test('frames that cannot be read are named and counted, and their run is not whole', { tags: 'all' }, async () => {
    const source = await open(of('mixed.h5'));
    const sig = source.shape.sig;
    await writeNxmx(of('wide.h5'), sig, [Int32Array.from((await source.read(1, 1)) as Uint16Array)], {
      meta: source.meta,
    });
    await source.dispose();
    await reduced('torn.cxi');
    const bytes = readFileSync(of('torn.cxi'));
    bytes.fill(0xff, 2000, 2600);
    writeFileSync(of('torn.cxi'), bytes);
    const failed: string[] = [];
    const inputs = ['torn.cxi', 'mixed.h5', 'wide.h5'].map(of);
    const found = await reduced('unread.cxi', {
      inputs,
      onFailure: ({ origin, error }: FailedFrame) =>
        failed.push(`${origin.filename.replace(/.*\//, '')} ${origin.event}: ${error.message}`),
    });
    expect(failed.join('\n')).toMatch(/^torn\.cxi 0: .*damaged.*\nwide\.h5 0: .*frames are i32.*$/);
    expect(found).toMatchObject({ failed: 2, frames: frames + 1 + 3, kept: 5, isWhole: false, isDoubtful: true });
  });

  test('the shell names the frames that it could not read', { tags: 'all' }, async () => {
    const inputs = ['torn.cxi', 'mixed.h5', 'wide.h5'].map(of);
    const search = ['-g', sim('mono.geom'), '--threshold=12', '--min-res=20', '--backend=wasm', '-j', '1'];
    const told = await ewald(['reduce', ...inputs, ...search, '-o', of('unread-shell.cxi')]);
    expect(told.code).toBe(1);
    expect(told.err).toMatch(/✗ .*wide\.h5 \/\/0: .*frames are i32/);
    expect(told.err).toMatch(/✗ .*torn\.cxi \/\/0: .*damaged/);
    expect(told.out).toMatch(/ 5 hits of 12 frames, /);
    expect(told.out).toMatch(
      /\n5 frames without enough peaks .*\n2 frames could not be read, and are not in the file\n/,
    );
  });

  test('the command says what is kept and what is not', { tags: 'all' }, async () => {
    const search = ['-g', sim('mono.geom'), '--threshold=12', '--min-res=20', '--backend=wasm', '-j', '1'];
    const { code, out, err } = await ewald(['reduce', of('mixed.h5'), ...search, '-o', of('shell.cxi')]);
    expect(code, err).toBe(0);
    expect(out).toMatch(
      /shell\.cxi {2}3 hits of 8 frames, [\d.]+ MB, [\d.]+ times smaller than all of them as plain numbers\n/,
    );
    expect(out).toMatch(
      /\n5 frames without enough peaks are in the original files alone\n-g .*shell\.geom is its geometry\nthe files that were given are smaller, [\d.]+ MB: .*\n$/,
    );
    expect(await numbersOf(of('shell.cxi'), '/entry/reduction/command_line')).toEqual([
      expect.stringMatching(/^ewald reduce \S*mixed\.h5 -g \S+ --threshold=12 .*-o \S*shell\.cxi$/),
    ]);
    const few = ['reduce', of('mixed.h5'), ...search, '-o', of('few.cxi')];
    const spots = await ewald([...few, '--keep', 'hits', '--int-radius', '4,5,7']);
    expect(spots.err).toMatch(
      /^ewald: --int-radius belongs to .*; hits are found by their peaks alone: .*--keep spots/,
    );
    const alone = await ewald(['index', of('mixed.h5'), ...search, '-p', 'none', '--codec', 'gzip']);
    expect(alone).toMatchObject({ code: 2, err: 'ewald: --codec belongs to a file of hits: --hits\n' });
    const wrong = await ewald(['reduce', of('shell.geom'), ...search, '-o', of('wrong.cxi')]);
    expect(wrong.code, wrong.err).not.toBe(0);
  });

  test.skipIf(!python)(
    'h5py reads gzip without a plugin, and one array under both names',
    { tags: 'all' },
    async () => {
      await reduced('py.cxi', { codec: 'gzip', force: true });
      const script = [
        'import h5py, hashlib, json, sys',
        'f = h5py.File(sys.argv[1], "r")',
        // What is said of the frames has checksums, which the library looks at.
        'f.visititems(lambda name, node: node[()] if isinstance(node, h5py.Dataset) else None)',
        'd, r = f["/entry_1/data_1/data"], f["/entry_1/result_1"]',
        'print(json.dumps([hashlib.sha256(d[...].tobytes()).hexdigest(), d == f["/entry/data/data"],',
        '  h5py.h5o.get_info(d.id).rc, d.compression, d.shuffle, d.fletcher32,',
        '  list(r["peakXPosRaw"].shape) == [3, int(max(r["nPeaks"][:]))], f["/entry/reduction/source"][0].decode()]))',
      ].join('\n');
      const found = execFileSync(python ?? '', ['-c', script, of('py.cxi')], { encoding: 'utf8' });
      const source = await open(sim('mono.h5'));
      const recorded = shaOf(await source.read(0, 3));
      await source.dispose();
      expect(JSON.parse(found)).toEqual([recorded, true, 2, 'gzip', true, true, true, of('mixed.h5')]);
    },
  );
});
