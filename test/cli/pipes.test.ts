/**
 * Inputs that are no files: texts are read from pipes and standard input and can be interrupted, frames are refused at
 * once, and so are sockets and devices. The second signal ends the process, whatever it waits for.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryDataset, writeFrames } from 'ewald/data';
import { convert } from 'ewald/shell';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveView } from '../../dist/view.node.js';
import { geometry } from '../hostile/abortable.js';
import { ewald } from '../support/cli.js';
import { tier, variants } from '../support/variants.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-pipes-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const stream = 'CrystFEL stream format 2.3\n';
let pipes = 0;
function pipe(ending = ''): string {
  const path = at(`pipe-${pipes++}${ending}`);
  execFileSync('mkfifo', [path]);
  return path;
}

/** Opens the writing end; undefined without a reader. */
function writer(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

describe.skipIf(process.platform === 'win32')('a named pipe', () => {
  beforeAll(async () => {
    writeFileSync(at('p.geom'), geometry);
    // The large one does not fit into a pipe.
    for (const [name, width, rows] of [
      ['frames', 64, 48],
      ['large', 512, 512],
    ] as const) {
      const pieces: Uint8Array[] = [];
      const sigShape = [rows, width] as const;
      const frames = memoryDataset(new Uint16Array(width * rows), { dtype: 'u16', navShape: [1], sigShape });
      const append = async (bytes: Uint8Array) => void pieces.push(bytes.slice());
      await writeFrames(frames, { append }, undefined, { format: 'npy' });
      writeFileSync(at(`${name}.npy`), Buffer.concat(pieces));
    }
  });

  const readers = [
    ['stream info', (path: string) => ['stream', 'info', path]],
    ['merge', (path: string) => ['merge', path, '-y', 'mmm', '-o', at('out.hkl')]],
    ['index of a list', (path: string) => ['index', path, '-p', '79,79,38,90,90,90']],
    ['index -g', (path: string) => ['index', at('frames.npy'), '-g', path, '-p', '79,79,38,90,90,90']],
    ['index -p', (path: string) => ['index', at('frames.npy'), '-g', at('p.geom'), '-p', path]],
  ] as const;
  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const;
  it.for(
    variants(
      readers.flatMap(([name, words]) => signals.map(([by, itsCode]) => ({ name, words, by, itsCode }))),
      4,
    ),
  )('without a writer is left by $name at $by', { tags: tier }, async ({ words, by, itsCode }) => {
    const path = pipe();
    let fd: number | undefined;
    const interruptWhen = (): boolean => {
      fd ??= writer(path);
      return fd !== undefined;
    };
    const { code, signal } = await ewald(words(path), { interruptWhen, signal: by });
    expect(signal ?? code).toBe(signal ? by : itsCode);
    if (fd !== undefined) closeSync(fd);
  });

  const writers = [
    ['convert', (path: string) => ['convert', at('large.npy'), '-o', path]],
    ['run', (path: string) => ['run', 'sum', at('large.npy'), '-o', path]],
    ['fft', (path: string) => ['fft', at('large.npy'), '-o', path]],
  ] as const;
  it.for(
    variants(
      writers.flatMap(([name, words]) => signals.map(([by, itsCode]) => ({ name, words, by, itsCode }))),
      2,
    ),
  )('whose reader has stopped is left by $name at $by', { tags: tier }, async ({ words, by, itsCode }) => {
    const path = pipe('.npy');
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const interruptWhen = (): boolean => {
      try {
        return readSync(fd, new Uint8Array(16)) > 0;
      } catch {
        return false;
      }
    };
    const { code, signal } = await ewald(words(path), { interruptWhen, signal: by });
    expect(signal ?? code).toBe(signal ? by : itsCode);
    closeSync(fd);
  });

  it('without a reader is left by the signal of the call, and with one receives the file', async () => {
    const path = pipe('.npy');
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = convert(at('large.npy'), path, { signal });
    setTimeout(() => controller.abort());
    await expect(waiting).rejects.toMatchObject({ tag: 'Aborted' });
    const whole = convert(at('large.npy'), path);
    const bytes = await readFile(path);
    await whole;
    expect(bytes.equals(readFileSync(at('large.npy')))).toBe(true);
  });

  it('without a writer is mentioned after a while', { tags: 'all' }, async () => {
    const path = pipe('.stream');
    const { err, code } = await ewald(['stream', 'info', path], { interruptAt: /program that writes to .*\.stream\n/ });
    expect([code, err]).toEqual([130, expect.stringContaining(`ewald: waiting for a program that writes to ${path}`)]);
  });

  it('is read as a file is', { tags: 'all' }, async () => {
    const path = pipe();
    let isWritten = false;
    const timer = setInterval(() => {
      const fd = isWritten ? undefined : writer(path);
      if (fd === undefined) return;
      isWritten = true;
      writeSync(fd, stream);
      closeSync(fd);
    }, 5);
    const piped = await ewald(['stream', 'info', path]);
    clearInterval(timer);
    writeFileSync(at('plain.stream'), stream);
    const plain = await ewald(['stream', 'info', at('plain.stream')]);
    expect([piped.code, piped.out.replaceAll(path, 'X')]).toEqual([
      plain.code,
      plain.out.replaceAll(at('plain.stream'), 'X'),
    ]);
  });

  it.for([
    ['info', (path: string) => ['info', path]],
    ['index', (path: string) => ['index', path, '-g', at('p.geom'), '-p', '79,79,38,90,90,90']],
  ] as const)('of frames is refused at once by %s', { tags: 'all' }, async ([, words]) => {
    const { code, err } = await ewald(words(pipe('.h5')));
    expect([code, err]).toEqual([1, expect.stringContaining('is a pipe, but frames need random access')]);
  });

  it.for(variants(readers, 2))(
    'or standard input under its name is read as a file is by %s',
    { tags: tier },
    async ([, words]) => {
      writeFileSync(at('empty.txt'), '\n');
      const plain = await ewald(words(at('empty.txt')));
      const named = await ewald(words('/dev/stdin'), { input: '\n' });
      expect([named.code, named.err.replaceAll(/standard input|\/dev\/stdin/g, 'X')]).toEqual([
        plain.code,
        plain.err.replaceAll(at('empty.txt'), 'X'),
      ]);
    },
  );

  it('or standard input under its name is refused at once for frames', async () => {
    const { code, err } = await ewald(['info', '/dev/stdin'], { input: '' });
    expect([code, err]).toEqual([1, expect.stringMatching(/\/dev\/stdin is a (socket|pipe)/)]);
  });

  it.for(
    variants(
      [
        ...readers,
        ['info', (path: string) => ['info', path]],
        ['cell', (path: string) => ['cell', path]],
        ['convert', (path: string) => ['convert', path, '-o', at('out.h5')]],
        ['geometry check', (path: string) => ['geometry', 'check', path]],
        ['ffi', (path: string) => ['ffi', path]],
        ['fft', (path: string) => ['fft', path, '-o', at('out.npy')]],
      ] as const,
      3,
    ),
  )('is no socket and no device: %s', { tags: tier }, async ([, words]) => {
    const socket = at(`${words.length}-${pipes++}.sock`);
    const server = createServer().listen(socket);
    await once(server, 'listening');
    for (const [path, kind] of [
      [socket, 'socket'],
      ['/dev/zero', 'device'],
    ] as const) {
      const { code, out, err } = await ewald(words(path));
      expect([code, out + err]).toEqual([1, expect.stringContaining(`${path} is a ${kind}`)]);
    }
    server.close();
  });

  it.for(signals)(
    'that blocks a thread does not keep a process that is ended by %s twice',
    { tags: 'all' },
    async ([by]) => {
      const module = at(`blocking-${by}.mjs`);
      const first = `new Promise((resolve) => process.once('${by}', resolve))`;
      writeFileSync(
        module,
        `import { open } from 'node:fs';
open(${JSON.stringify(pipe())}, 'r', () => {});
const arrived = ${first};
process.kill(process.pid, '${by}');
await arrived;
process.kill(process.pid, '${by}');
setInterval(() => {}, 1000);
await new Promise(() => {});
`,
      );
      const { signal } = await ewald(['run', at('frames.npy'), '--udf', module]);
      expect(signal).toBe(by);
    },
  );

  it('beside a shared file is not opened by the viewer', async () => {
    const path = pipe('.npy');
    const view = await serveView([at('frames.npy')]);
    try {
      const origin = new URL(view.url);
      const missing = await fetch(new URL(`/files/0/${path.replace(/^.*\//, '')}${origin.search}`, origin));
      expect(missing.status).toBeGreaterThanOrEqual(400);
    } finally {
      await view.close();
    }
  });
});
