/** Files that grow and folders that fill while a run processes them, and the recording of their frames. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { appendFile, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNpy, readNpy } from 'ewald';
import { Context, type EwaldError, type LiveScan, type PartialOfRun, sumSigUdf } from 'ewald/udf';
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ewald } from '../support/cli.js';
import { refused } from '../support/refused.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const [navShape, sigShape, pixels] = [[4, 5], [3, 4], 12];
const frames = Uint16Array.from({ length: 20 * pixels }, (_, i) => (i * 7919) % 4093);
const sums = Array.from({ length: 20 }, (_, f) =>
  frames.subarray(f * pixels, (f + 1) * pixels).reduce((a, b) => a + b, 0),
);
const bytesOf = (first: number, end: number): Uint8Array =>
  new Uint8Array(frames.buffer, 2 * first * pixels, 2 * (end - first) * pixels);
const plain = { format: 'raw', dtype: 'u16', sigShape, navShape } as const;
const followed = { ...plain, follow: true, stallS: 5 };
const ctx = new Context({ context: { backend: 'wasm' } });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ewald-follow-'));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true }));
});
afterAll(() => ctx.close());

const npyOf = async (file: string) => {
  const { shape, data } = readNpy(await readFile(file));
  return { shape, data: [...data] };
};

async function opened(file: string, options: object = {}, context = ctx): Promise<LiveScan> {
  const scan = (await context.load(file, { ...followed, ...options })) as LiveScan;
  onTestFinished(() => scan.dispose());
  return scan;
}

describe('a file that grows', () => {
  test.each(['inline', 'workers'] as const)(
    'has the results of the whole file, and is recorded, on %s',
    { tags: 'all' },
    async (kind) => {
      const here = await Context.makeWith(kind, kind === 'workers' ? { cpus: 1, context: { backend: 'wasm' } } : {});
      onTestFinished(() => here.close());
      const [file, record] = [join(folder, 'scan.raw'), join(folder, 'copy.npy')];
      // The second frame is not complete yet.
      await writeFile(file, bytesOf(0, 2).subarray(0, 30));
      const scan = await opened(file, {}, here);
      expect(scan.shape).toEqual({ nav: navShape, sig: sigShape });
      const run = here.runUdf(scan, sumSigUdf(), { record });
      await appendFile(file, bytesOf(0, 2).subarray(30));
      await appendFile(file, bytesOf(2, 20));
      const { intensity } = await run;
      expect([...intensity.data]).toEqual(sums);
      expect(scan.live.status).toMatchObject({ received: 20, processed: 20, lost: 0 });
      expect(await npyOf(record)).toEqual({ shape: [...navShape, ...sigShape], data: [...frames] });
    },
  );

  test('is not exported, which wrote a header alone', async () => {
    const [file, path] = [join(folder, 'grows.raw'), join(folder, 'grows.npy')];
    await writeFile(file, bytesOf(0, 20));
    const scan = await opened(file);
    await refused(() => ctx.exportDataset(scan, path), 'Unsupported', 'without follow');
    expect(existsSync(path)).toBe(false);
  });

  test('that does not exist yet is waited for, for a time', async () => {
    const file = join(folder, 'later.raw');
    await refused(() => opened(file, { timeoutS: 0.05 }), 'File', 'no complete frame after 0.05 s', 'later.raw');
    const opening = opened(file);
    await writeFile(file, bytesOf(0, 20));
    const { intensity } = await ctx.runUdf(await opening, sumSigUdf());
    expect([...intensity.data]).toEqual(sums);
  });

  test('that begins like no known format is refused, but awaited with dtype and sigShape or a known ending', {
    tags: 'all',
    timeout: 20_000,
  }, async () => {
    const [file, known, empad] = ['plain.raw', 'scan.mib', 'scan_x4_y5.raw'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(file, bytesOf(0, 20));
    await writeFile(empad, new Uint8Array(5000).fill(1));
    await writeFile(known, bytesOf(0, 20));
    const options = { follow: true, navShape, stallS: 5, timeoutS: 20 } as const;
    const open = (more: object = {}): Promise<unknown> => ctx.load(file, { ...options, ...more } as never);
    await refused(open, 'Format', 'plain.raw (480 bytes) has none of the known formats', "dtype: 'u16', sigShape: [");
    const later = { ...options, timeoutS: 1.5 };
    for (const one of [known, empad])
      await refused(() => ctx.load(one, later), 'File', 'no complete frame after 1.5 s', 'none of the known formats');
    await writeFile(file, bytesOf(0, 20).subarray(0, 10));
    const described = open({ dtype: 'u16', sigShape, timeoutS: 1.5 });
    await refused(() => described, 'File', 'no complete frame after 1.5 s', 'plain.raw');
  });

  test('is read frame by frame also if its header states all frames from the beginning', async () => {
    const file = join(folder, 'scan.npy');
    const whole = formatNpy({ shape: [...navShape, ...sigShape], data: Float32Array.from(frames), complex: false });
    await writeFile(file, whole.subarray(0, whole.length - 13 * 4 * pixels - 5));
    const scan = await opened(file, { format: 'npy', dtype: undefined, sigShape: undefined });
    const run = ctx.runUdf(scan, sumSigUdf());
    await expect.poll(() => scan.live.status.received).toBe(6);
    await appendFile(file, whole.subarray(whole.length - 13 * 4 * pixels - 5));
    expect([...(await run).intensity.data]).toEqual(sums);
  });

  test('that stops growing ends the run with what there is, also in the recorded file', async () => {
    const [file, record] = [join(folder, 'short.raw'), join(folder, 'short.npy')];
    await writeFile(file, bytesOf(0, 7));
    const scan = await opened(file, { stallS: 0.1 });
    const error: EwaldError = await ctx.runUdf(scan, sumSigUdf(), { record }).then(
      () => expect.unreachable('nothing was thrown'),
      (thrown) => thrown,
    );
    await refused(() => Promise.reject(error), 'Lost', 'no frame of', 'for 0.1 s', 'position 7 of 20');
    const { results, damage } = error.detail.partial as PartialOfRun;
    expect([...damage]).toEqual(sums.map((_, i) => (i < 7 ? 1 : 0)));
    expect([...(results[0]?.intensity?.data ?? [])].slice(0, 7)).toEqual(sums.slice(0, 7));
    expect(await npyOf(record)).toEqual({ shape: [7, ...sigShape], data: [...frames.subarray(0, 7 * pixels)] });
  });

  test('that is replaced ends the run with what there was, and is not mixed', async () => {
    const file = join(folder, 'replaced.raw');
    await writeFile(file, bytesOf(0, 7));
    const scan = await opened(file);
    const run = ctx.runUdf(scan, sumSigUdf());
    const failure = run.catch((error: EwaldError) => error);
    await vi.waitFor(() => expect(scan.live.status.received).toBe(7));
    // Another acquisition of more frames under the same name.
    await writeFile(file, bytesOf(3, 20));
    const error = (await failure) as EwaldError;
    await refused(() => Promise.reject(error), 'Format', 'replaced.raw was replaced while it was followed');
    const { results } = error.detail.partial as PartialOfRun;
    expect([...(results[0]?.intensity?.data ?? [])].slice(0, 8)).toEqual([...sums.slice(0, 7), 0]);
  });

  test('is looked at again by a process that was stopped for longer than it waits', async () => {
    const file = join(folder, 'stopped.raw');
    await writeFile(file, bytesOf(0, 7));
    const scan = await opened(file, { stallS: 1 });
    const realNow = performance.now.bind(performance);
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    // The clock jumps once, as it does for a process that was stopped; frames come two looks later.
    let isStopped = false;
    const onProgress = (): void => {
      if (isStopped) return;
      isStopped = true;
      vi.spyOn(performance, 'now').mockImplementation(() => realNow() + 60_000);
      setTimeout(() => void appendFile(file, bytesOf(7, 20)), 400);
    };
    const { intensity } = await ctx.runUdf(scan, sumSigUdf(), { onProgress });
    expect([...intensity.data]).toEqual(sums);
  });

  test('that is written anew ends the scan', async () => {
    const file = join(folder, 'anew.raw');
    await writeFile(file, bytesOf(0, 5));
    const scan = await opened(file);
    const run = ctx.runUdf(scan, sumSigUdf(), { onProgress: () => void writeFile(file, bytesOf(0, 2)) });
    await refused(() => run, 'Format', 'had 5 frames and now has 2');
  });

  test('without the shape of its scan, or of something else than files, is refused', async () => {
    const file = join(folder, 'scan.raw');
    await writeFile(file, bytesOf(0, 20));
    const { navShape: _, ...shapeless } = followed;
    await refused(() => ctx.load(file, shapeless), 'Shape', 'pass it, such as navShape: [128, 128]');
    await refused(() => ctx.load(new Uint8Array(2), followed), 'Argument', 'the path of a file or folder');
    await refused(() => ctx.load('http://localhost/scan.raw', followed), 'Argument', 'not a file or folder');
    await refused(() => ctx.load(file, { ...followed, fileMask: true }), 'Unsupported', 'fileMask');
    await refused(() => ctx.load(file, { ...plain, stallS: 1 } as never), 'Argument', 'stallS');
  });
});

test('a folder is followed in the order of its names; a damaged file leaves a gap', async () => {
  await writeFile(join(folder, 'f_1.raw'), bytesOf(0, 8));
  const scan = await opened(folder);
  const run = ctx.runUdf(scan, sumSigUdf(), { record: join(folder, 'all.npy') });
  await writeFile(join(folder, 'f_2.raw'), bytesOf(8, 9).subarray(0, 5));
  await writeFile(join(folder, 'f_10.raw'), bytesOf(16, 20));
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => written.mockRestore());
  const { intensity } = await run;
  expect(written.mock.calls.join()).toMatch(
    /all\.npy: 8 positions of 20 have no frame, the first 8; the file has zeros there/,
  );
  // The damaged file is counted as one like the first.
  expect([...intensity.data]).toEqual(sums.map((sum, i) => (i >= 8 && i < 16 ? 0 : sum)));
  expect([...intensity.validMask]).toEqual(sums.map((_, i) => (i >= 8 && i < 16 ? 0 : 1)));
  expect(scan.live.status).toMatchObject({ received: 12, lost: 8 });
  const recorded = await npyOf(join(folder, 'all.npy'));
  expect(recorded.data.slice(8 * pixels, 16 * pixels).every((value) => value === 0)).toBe(true);
  expect(recorded.data.slice(16 * pixels)).toEqual([...frames.subarray(16 * pixels)]);
});

describe('a recording of a live scan', () => {
  test('can be read if its process is killed, and the next one of its name mentions and leaves it', async () => {
    const [file, record, killed] = ['growing.raw', 'copy.npy', 'killed'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(file, bytesOf(0, 7));
    const run = ctx.runUdf(await opened(file), sumSigUdf(), { record });
    run.catch(() => undefined);
    await vi.waitFor(async () => expect((await npyOf(`${record}.part`)).shape).toEqual([7, ...sigShape]));
    await copyFile(`${record}.part`, killed);
    await appendFile(file, bytesOf(7, 20));
    await run;
    expect((await npyOf(record)).shape).toEqual([...navShape, ...sigShape]);
    await rm(record);
    await rename(killed, `${record}.part`);
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    await ctx.runUdf(await opened(file), sumSigUdf(), { record });
    expect(said).toHaveBeenCalledWith(expect.stringContaining(`${record}.part has 7 frames of an earlier run`));
    expect(await npyOf(`${record}.part`)).toEqual({
      shape: [7, ...sigShape],
      data: [...frames.subarray(0, 7 * pixels)],
    });
    expect(await npyOf(record)).toEqual({ shape: [...navShape, ...sigShape], data: [...frames] });
  });

  test('has what there was room for on a disk that is full, and the error says where', { tags: 'all' }, async () => {
    const file = join(folder, 'large.raw');
    await writeFile(file, new Uint8Array(2 ** 20));
    const record = join(folder, 'copy.npy');
    const words = `run sumsig ${file} --follow --format raw --dtype u16 --nav-shape 8 --sig-shape 256,256`;
    // Writes beyond 300 KiB fail: two frames.
    const limited = `trap '' XFSZ; ulimit -f 300; exec ${process.execPath} ${cli} ${words} --record ${record}`;
    const { status, stderr } = spawnSync('bash', ['-c', limited], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining(`what was written before is in ${record}.part`)]);
    expect(await readdir(folder)).toEqual(['copy.npy.part', 'large.raw']);
  });
});

describe('record', () => {
  const stored = async () => {
    const file = join(folder, 'stored.raw');
    await writeFile(file, frames);
    return ctx.load(file, plain);
  };

  test('writes the frames of a file, at their positions', async () => {
    const record = join(folder, 'copy.npy');
    await ctx.runUdf(await stored(), sumSigUdf(), { record, numPartitions: 3 });
    expect(await npyOf(record)).toEqual({ shape: [...navShape, ...sigShape], data: [...frames] });
    const again = { record, numPartitions: 3 };
    await refused(async () => ctx.runUdf(await stored(), sumSigUdf(), again), 'Argument', 'exists');
    await ctx.runUdf(await stored(), sumSigUdf(), { record: { file: record, force: true } });
  });

  test('leaves no file if a run over a file is interrupted', async () => {
    const [scan, controller] = [await stored(), new AbortController()];
    const options = { record: join(folder, 'copy.npy'), numPartitions: 3, signal: controller.signal };
    const run = ctx.runUdf(scan, sumSigUdf(), { ...options, onProgress: () => controller.abort() });
    await refused(() => run, 'Aborted');
    expect(await readdir(folder)).toEqual(['stored.raw']);
  });

  test('leaves no file if the disk is full, and the run says so', { tags: 'all' }, async () => {
    const file = join(folder, 'large.raw');
    await writeFile(file, new Uint8Array(2 ** 20));
    const record = join(folder, 'copy.npy');
    const words = `run sumsig ${file} --format raw --dtype u16 --sig-shape 256,256 --record ${record}`;
    // Writes beyond 150 KiB fail.
    const limited = `trap '' XFSZ; ulimit -f 150; exec ${process.execPath} ${cli} ${words}`;
    const { status, stderr } = spawnSync('bash', ['-c', limited], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining(`${record} cannot be written`)]);
    expect(await readdir(folder)).toEqual(['large.raw']);
  });

  test('is refused for parts of a scan, other formats and the file itself', async () => {
    const scan = await stored();
    const record =
      (file: string, more: object = {}) =>
      () =>
        ctx.runUdf(scan, sumSigUdf(), { record: file, ...more });
    await refused(record(join(folder, 'a.npy'), { roi: new Uint8Array(20).fill(1, 3, 8) }), 'Argument', 'omit roi');
    await refused(record(join(folder, 'a.h5')), 'Argument', '.npy');
    await refused(record(join(folder, 'none', 'a.npy')), 'File');
    await refused(() => ctx.runUdf(scan, sumSigUdf(), { record: { fil: 'a' } as never }), 'Argument', 'did you mean');
    expect(await readdir(folder)).toEqual(['stored.raw']);
  });
});

describe('ewald run --follow', () => {
  const words = ['--dtype', 'u16', '--sig-shape', '3,4', '--nav-shape', '4,5', '--format', 'raw', '--follow'];

  test('writes results and frames, and marks positions that were not measured', { tags: 'all' }, async () => {
    const [file, output, record] = ['scan.raw', 'sums.npy', 'frames.npy'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(file, bytesOf(0, 7));
    const short = ['run', 'sumsig', file, ...words, '-o', output, '--record', record];
    const { code, err } = await ewald([...short, '--stall', '0.2']);
    expect(code, err).toBe(1);
    expect(err).toContain(`The results of 7 of 20 positions are in ${output}, ${output}.json, ${record}`);
    const found = await npyOf(output);
    expect(found.data).toEqual(sums.map((sum, i) => (i < 7 ? sum : Number.NaN)));
    expect((await npyOf(record)).shape).toEqual([7, 3, 4]);
  });

  test('says that a file has more frames than the scan, and ends with 1', { tags: 'all' }, async () => {
    const file = join(folder, 'long.raw');
    await writeFile(file, bytesOf(0, 20));
    const short = words.map((word) => (word === '4,5' ? '4,4' : word));
    const { code, err } = await ewald(['run', 'sumsig', file, ...short, '-o', join(folder, 'long.npy')]);
    expect(code, err).toBe(1);
    expect(err).toContain('a scan of 4 × 4 has 16 positions, but');
    expect(err).toContain('long.raw has 20 frames: only the first 16 are used');
    const accepted = await ewald(['run', 'sumsig', file, ...short, '--sync-offset', '0']);
    expect(accepted.code, accepted.err).toBe(0);
    const exact = await ewald(['run', 'sumsig', file, ...words]);
    expect(exact.code, exact.err).toBe(0);
  });

  test('of a file without a header names the flags that describe it', { tags: 'all' }, async () => {
    const file = join(folder, 'plain.raw');
    await writeFile(file, bytesOf(0, 20));
    const { code, err } = await ewald(['run', 'sumsig', file, '--follow', '--nav-shape', '4,5']);
    expect(code).toBe(1);
    expect(err).toContain('describe them: --dtype u16 --sig-shape ');
    const known = join(folder, 'scan.mib');
    await writeFile(known, bytesOf(0, 20));
    const late = await ewald(['run', 'sumsig', known, '--follow', '--nav-shape', '4,5', '--timeout', '0.3']);
    expect(late.err).toMatch(
      /following .*scan.mib, waiting for its first frame[\s\S]*\(--timeout\).*--dtype u16 --sig-shape \d/,
    );
  });

  test('interrupted, prints how many positions were measured', async () => {
    const [file, output] = [join(folder, 'scan.raw'), join(folder, 'sums.npy')];
    await writeFile(file, bytesOf(0, 7));
    const record = ['--record', join(folder, 'frames.npy')];
    // Frames that have been recorded are processed as well.
    const recorded = () =>
      readdirSync(folder).some(
        (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === 128 + 7 * 24,
      );
    const { code, out } = await ewald(['run', 'sumsig', file, ...words, '-o', output, ...record], {
      interruptWhen: recorded,
    });
    expect(code).toBe(130);
    expect(out).toContain('7 of 20 positions measured; the others are NaN');
    expect((await npyOf(output)).data.slice(0, 7)).toEqual(sums.slice(0, 7));
  });

  test('killed while it records, leaves no file under the name, and what it recorded beside it', {
    tags: 'all',
  }, async () => {
    const [file, record] = [join(folder, 'scan.raw'), join(folder, 'frames.npy')];
    await writeFile(file, bytesOf(0, 7));
    // The frames are written first, then their number.
    const recorded = () =>
      readdirSync(folder).some((name) => {
        const path = join(folder, name);
        if (statSync(path, { throwIfNoEntry: false })?.size !== 128 + 7 * 24) return false;
        return readFileSync(path, 'latin1').slice(0, 128).includes('(7, 3, 4)');
      });
    const command = ['run', 'sumsig', file, ...words, '--record', record];
    const killed = await ewald(command, { interruptWhen: recorded, signal: 'SIGKILL' });
    expect([killed.signal, existsSync(record)]).toEqual(['SIGKILL', false]);
    expect((await npyOf(`${record}.part`)).data).toEqual([...frames.subarray(0, 7 * pixels)]);
    await appendFile(file, bytesOf(7, 20));
    const scan = await opened(file);
    await ctx.runUdf(scan, sumSigUdf(), { record });
    expect(await npyOf(record)).toEqual({ shape: [...navShape, ...sigShape], data: [...frames] });
  });

  test('refuses options of detectors, and other files to record, at once', { tags: 'all' }, async () => {
    const { code, err } = await ewald(['run', 'sumsig', 'scan.raw', ...words, '--data-port', '1']);
    expect(code).toBe(2);
    expect(err).toContain('--data-port belongs to a detector (--connect)');
    const wrong = await ewald(['run', 'sumsig', 'scan.raw', ...words, '--record', 'scan.h5']);
    // The name is refused before the file of frames is waited for.
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--record is scan.h5; expected a name')]);
  });
});
