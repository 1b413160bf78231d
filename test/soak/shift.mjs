// A shift of twelve hours in a quarter of an hour, with every fault at random times: a run that follows a folder and
// writes all outputs is killed, interrupted, and loses its folder, its file system, its disk and a part of a file, and
// goes on each time; beside it, scans of a simulated Merlin readout have other faults. Nothing may be lost, no
// file may be left, and memory and descriptors stay flat. The seed is printed; --seeds repeats a shift.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readStream } from '../../dist/index.node.js';
import { Context, simulateMerlin, sumSigUdf } from '../../dist/udf.node.js';

export const name = 'shift';
export const about = 'twelve hours of a live run with every fault at random times: nothing lost, nothing left';
export const minutes = 15;

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const awayFile = pathToFileURL(join(root, 'test/support/away.mjs')).href;
/** Growth of memory after the first third of a shift that counts as a leak, bytes. */
const leak = 96e6;
/** Images of a file of the run, and positions of a scan. */
const [images, positions] = [3, 40];

function need(condition, text) {
  if (!condition) throw new Error(text);
}

function seeded(seed) {
  let state = seed % 2147483647 || 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A command whose outcome is awaited. */
function started(words, cwd, { env = {}, before = [] } = {}) {
  const [program = process.execPath, ...rest] = before;
  const args = before.length > 0 ? [...rest, process.execPath, cli, ...words] : [cli, ...words];
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      text = (text + piece).slice(-20_000);
    });
  const ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal, text })));
  return { child, ended, text: () => text };
}

async function ran(words, cwd) {
  const { code, text } = await started(words, cwd).ended;
  need(code === 0 || code === 1, `ewald ${words.join(' ')} ended with ${code}: ${text}`);
}

/** Memory and open files of a process; undefined if it has ended. */
function sizeOf(pid) {
  try {
    const [, kB = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { bytes: 1024 * Number(kB), files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

/** What a process has open most often. */
function openOf(pid) {
  const counts = new Map();
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`).replace(/\d+/g, '…');
      counts.set(target, (counts.get(target) ?? 0) + 1);
    } catch {}
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return sorted.map(([target, count]) => `${count} ${target}`).join(', ');
}

/** The followed folder and what has been put into it. */
class Folder {
  constructor(at) {
    this.at = at;
    this.watched = join(at, 'watched');
    this.away = join(at, 'watched.away');
    this.files = [];
  }

  async put(random) {
    const file = `${String(this.files.length).padStart(5, '0')}.h5`;
    this.files.push(file);
    const target = join(this.watched, file);
    // A writer that is interrupted: the file is whole a little later.
    if (random() < 0.15) {
      const whole = readFileSync(join(this.at, 'run.h5'));
      await writeFile(target, whole.subarray(0, 2000 + Math.floor(random() * (whole.length - 3000))));
      await rest(200 + 400 * random());
    }
    await copyFile(join(this.at, 'run.h5'), `${this.at}/whole.tmp`);
    await rename(`${this.at}/whole.tmp`, target);
  }
}

const outputs = ['--hdf5=live.h5', '--html=live.html'];
const indexing = ['-g', 'run.geom', '-p', 'none', '--threshold=8', '--min-peaks=0', '--backend=wasm', '-j', '1'];
const words = (more) =>
  ['index', 'watched', ...indexing, '-o', 'live.stream', '--follow', '--first-frames-timeout=0', '--no-data-timeout=60']
    .concat(['--log=live.log', '--alarm=disk<1MB', ...outputs])
    .concat(more);

/** What happens to a run while it is under way; each ends with the run gone, or whole again. */
const faults = {
  kill: async ({ run }) => {
    run.child.kill('SIGKILL');
    await run.ended;
  },
  interrupt: async ({ run }) => {
    run.child.kill('SIGINT');
    await run.ended;
  },
  folderGone: async ({ folder, random }) => {
    await rename(folder.watched, `${folder.watched}.elsewhere`);
    await rest(600 + 1500 * random());
    await rename(`${folder.watched}.elsewhere`, folder.watched);
  },
  fileSystemAway: async ({ folder, random }) => {
    await writeFile(folder.away, ['EIO', 'ESTALE', 'ENOTCONN'][Math.floor(3 * random())]);
    await folder.put(random);
    await rest(600 + 1500 * random());
    await rm(folder.away);
  },
  // The next session is given a disk that fills up, and the one after it has room again.
  diskFull: async (shift) => {
    shift.run.child.kill('SIGINT');
    await shift.run.ended;
    shift.isFull = true;
  },
};

/** The faults that end a session; a run goes on after the others. */
const endings = new Set(['kill', 'interrupt', 'diskFull']);

/** One session of the run after the other, until every frame of every file is in the stream. */
async function followed({ folder, random, end, note, counts }) {
  const shift = { folder, random, isFull: false, run: undefined };
  folder.stop = () => shift.run?.child.kill('SIGKILL');
  const start = performance.now();
  let [session, first] = [0, undefined];
  const names = Object.keys(faults);
  while (performance.now() < end) {
    const isResumed = ['live.stream', 'live.stream.part'].some((one) => existsSync(join(folder.at, one)));
    const kB = Math.ceil((existsSync(join(folder.at, 'live.stream.part')) ? 200 : 64) + 100 * random());
    const before = shift.isFull ? ['sh', '-c', `trap '' XFSZ; ulimit -f ${kB}; exec "$@"`, 'sh'] : [];
    const env = { NODE_OPTIONS: `--import ${awayFile}`, EWALD_MOUNT: folder.watched, EWALD_AWAY: folder.away };
    const run = started(words(isResumed ? ['--resume'] : []), folder.at, { env, before });
    shift.run = run;
    const isOver = () => run.child.exitCode !== null || run.child.signalCode !== null;
    const startedAt = performance.now();
    shift.isFull = false;
    session++;
    const until = Math.min(end, performance.now() + 4000 + 12_000 * random());
    while (performance.now() < until && !isOver()) {
      await folder.put(random);
      await rest(150 + 500 * random());
      const size = sizeOf(run.child.pid);
      if (!size) continue;
      counts.bytes = Math.max(counts.bytes, size.bytes);
      if (performance.now() - startedAt > 5000) counts.files = Math.max(counts.files, size.files);
      if (performance.now() - start < (end - start) / 3) first = { ...counts };
      need(!first || size.bytes - first.bytes < leak, `session ${session} uses ${(size.bytes / 1e6).toFixed(0)} MB`);
      // Modules are opened at the start, some two hundred at once.
      if (performance.now() - startedAt > 5000 && size.files >= 200)
        throw new Error(`session ${session} has ${size.files} open files: ${openOf(run.child.pid)}`);
    }
    // A full disk ends a session with 1, at any moment, and says how to go on.
    const endsFull = async (when) => {
      const { code, text } = await run.ended;
      counts.ended++;
      need(before.length > 0 && code === 1 && /--resume/.test(text), `${when}, a session ended with ${code}: ${text}`);
    };
    if (isOver()) {
      await endsFull('without another fault');
      continue;
    }
    const which = names[Math.floor(random() * names.length)];
    counts[which] = (counts[which] ?? 0) + 1;
    await faults[which](shift);
    if (!endings.has(which)) {
      // It goes on after the fault; then the next session begins.
      await rest(1500);
      if (isOver()) {
        await endsFull(`after ${which}`);
        continue;
      }
      run.child.kill(random() < 0.5 ? 'SIGINT' : 'SIGKILL');
      await run.ended;
    }
    if (session % 5 === 0)
      note(`${session} sessions, ${folder.files.length} files, ${(counts.bytes / 1e6).toFixed(0)} MB at most`);
  }
  return session;
}

/** The frames of a stream, as file and event. */
async function framesOf(file) {
  const lines = readFileSync(file, 'utf8').replace(/\n$/, '').split('\n');
  const reader = await readStream(lines, file);
  const found = [];
  for await (const { filename, event } of reader.chunks()) found.push(`${filename} ${event ?? '//0'}`);
  return found;
}

/** Scans of a Merlin readout, each with a fault; what has arrived is right, and what has not is counted. */
async function scans({ at, random, end, counts }) {
  const [sigShape, navShape] = [
    [4, 4],
    [5, positions / 5],
  ];
  const pixels = Uint16Array.from({ length: positions * 16 }, (_, i) => (i * 7919) % 4093);
  const sums = Array.from({ length: positions }, (_, f) =>
    pixels.subarray(16 * f, 16 * f + 16).reduce((a, b) => a + b, 0),
  );
  const file = join(at, 'scan.raw');
  await writeFile(file, pixels);
  const ctx = new Context({ context: { backend: 'wasm' } });
  const kinds = ['gap', 'close', 'garbage', 'restart', 'shape', 'stall', 'none'];
  try {
    while (performance.now() < end) {
      const kind = kinds[Math.floor(random() * kinds.length)];
      const fault = { kind, at: 1 + Math.floor(random() * (positions - 6)), frames: 1 + Math.floor(random() * 4) };
      const open = { format: 'raw', dtype: 'u16', sigShape, navShape };
      const simulator = await simulateMerlin(file, { port: 0, open, faults: kind === 'none' ? [] : [fault] });
      const { host, port, dataPort } = simulator;
      const connection = await ctx.connect(`merlin://${host}:${port}`, { dataPort, reconnectS: 2 });
      try {
        const scan = await connection.next({ stallS: 1 });
        const result = await ctx.runUdf(scan, sumSigUdf()).catch((error) => error);
        const { received, lost, processed } = scan.live.status;
        need(received + lost === positions, `${kind}: ${received} received and ${lost} lost of ${positions}`);
        need(processed === received, `${kind}: ${processed} of ${received} processed`);
        const isWhole = kind === 'none' || (kind === 'close' && lost === 0);
        need(isWhole === (lost === 0 && !(result instanceof Error)), `${kind}: ${lost} lost, ${result}`);
        if (result instanceof Error) need(['Lost', 'Format'].includes(result.tag), `${kind}: ${result.stack}`);
        const partial = result.detail?.partial;
        const data = partial ? partial.results[0].intensity.data : result.intensity.data;
        const valid = partial ? partial.damage : result.intensity.validMask;
        let right = 0;
        for (let i = 0; i < positions; i++)
          if (!valid || valid[i]) {
            need(data[i] === sums[i], `${kind}: position ${i} has ${data[i]} instead of ${sums[i]}`);
            right++;
          }
        need(right === received, `${kind}: ${right} positions of ${received} have results`);
        counts[`scan ${kind}`] = (counts[`scan ${kind}`] ?? 0) + 1;
      } finally {
        await connection.dispose();
        await simulator.close();
      }
      await rest(200);
    }
  } finally {
    await ctx.close();
  }
}

export async function run({ scale = 1, seeds: [seed = Date.now() % 1e6] = [], note = () => undefined } = {}) {
  note(`seed ${seed}`);
  const at = await mkdtemp(join(tmpdir(), 'ewald-shift-'));
  const counts = { bytes: 0, files: 0, ended: 0 };
  const folder = new Folder(at);
  try {
    const simulated = [`--images=${images}`, '--size=64,64', '--distance=20', '--cell=12,17,21,90,98,90'];
    await ran(['simulate', 'frames', '-o', '.', ...simulated], at);
    await mkdir(folder.watched);
    const end = performance.now() + scale * minutes * 60_000;
    const { rss: before } = process.memoryUsage();
    const ofRun = followed({ folder, random: seeded(seed), end, note, counts });
    const ofScans = scans({ at, random: seeded(seed + 1), end, counts });
    ofScans.catch(() => undefined);
    const sessions = await ofRun;
    await ofScans;
    // The last session finds everything, and ends by itself.
    const last = words(['--resume']).map((word) => (word.startsWith('--no-data') ? '--no-data-timeout=4' : word));
    const { code, text } = await started(last, at).ended;
    need(code === 0, `the last session ended with ${code}: ${text}`);
    const frames = await framesOf(join(at, 'live.stream'));
    const wanted = folder.files.flatMap((file) =>
      Array.from({ length: images }, (_, i) => `${join('watched', file)} //${i}`),
    );
    need(new Set(frames).size === frames.length, 'a frame is in the stream twice');
    const [found, expected] = [new Set(frames), new Set(wanted)];
    const missing = wanted.filter((frame) => !found.has(frame));
    need(missing.length === 0, `${missing.length} frames are lost: ${missing.slice(0, 5).join(', ')}`);
    const unknown = frames.filter((frame) => !expected.has(frame));
    need(unknown.length === 0, `${unknown.length} frames are in the stream that no file has: ${unknown.slice(0, 5)}`);
    const left = readdirSync(at).filter((file) => file.startsWith('live.') && !file.startsWith('live.log'));
    need(left.sort().join(' ') === 'live.h5 live.html live.stream', `files are left: ${left.join(' ')}`);
    need(readFileSync(join(at, 'live.html'), 'utf8').includes(`<b>${wanted.length}</b>`), 'the report lacks frames');
    need(statSync(join(at, 'live.h5')).size > 0, 'the HDF5 file is empty');
    globalThis.gc?.();
    const grown = process.memoryUsage().rss - before;
    need(grown < 2 * leak, `the process of the scans grew by ${(grown / 1e6).toFixed(0)} MB`);
    note(`${sessions} sessions, ${wanted.length} frames, none lost; ${JSON.stringify(counts)}`);
  } catch (error) {
    // The folder cannot be removed while the run writes into it, which would hide the reason.
    note(`${error.stack ?? error}`);
    throw error;
  } finally {
    await folder.stop?.();
    await rm(at, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
