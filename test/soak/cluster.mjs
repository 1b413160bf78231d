/** A cluster whose server, workers and clients are killed, stopped and away during runs that store and send results. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trouble } from '../parallel/chaos.mjs';

export const name = 'cluster';
export const about =
  'ten seeds of killed, stopped and absent servers, workers and clients: streams, HDF5 and UDFs are those of a machine';
export const minutes = 70;

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const program = fileURLToPath(new URL('../parallel/chaos-client.mjs', import.meta.url));
const env = { ...process.env, EWALD_BACKEND: 'wasm', NO_COLOR: '1' };
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const hasEnded = ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null;
const ended = (child) => (hasEnded(child) ? undefined : new Promise((resolve) => child.once('exit', resolve)));

const freePort = () =>
  new Promise((resolve) => {
    const listening = createServer().listen(0, '127.0.0.1', () => {
      const { port } = listening.address();
      listening.close(() => resolve(port));
    });
  });

/** A process that can be killed and started again. */
class Member {
  constructor(command, words, cwd) {
    this.start = () => {
      this.child = spawn(command, words, { stdio: 'ignore', env, cwd });
    };
  }

  signal(name) {
    this.child.kill(name);
  }

  async kill() {
    this.child?.kill('SIGKILL');
    if (this.child) await ended(this.child);
  }
}

/** A client: whichever program it runs at the moment, until that has ended by itself. */
class Client {
  kills = 0;
  isOver = false;

  constructor(cwd) {
    this.cwd = cwd;
  }

  /** Runs a program of Node, again and again if it is killed. Returns what it prints. */
  async run(...words) {
    for (;;) {
      const child = spawn(process.execPath, words, { env, cwd: this.cwd });
      this.child = child;
      let [out, err] = ['', ''];
      child.stdout.on('data', (text) => {
        out += text;
      });
      child.stderr.on('data', (text) => {
        err = (err + text).slice(-4000);
      });
      await new Promise((resolve) => child.once('close', resolve));
      if (child.exitCode === 0) return out;
      if (child.signalCode !== 'SIGKILL') throw new Error(`${words.join(' ')} ended with ${child.exitCode}: ${err}`);
      this.kills++;
    }
  }

  /** The program that runs; there may be none for a moment. */
  async #now() {
    while (!this.isOver && (!this.child || hasEnded(this.child))) await pause(0.02);
    return this.child;
  }

  start() {}

  async signal(name) {
    (await this.#now()).kill(name);
  }

  async kill() {
    (await this.#now()).kill('SIGKILL');
  }
}

const digest = (folder, name) =>
  ['stream', 'h5'].map((ending) =>
    createHash('sha256')
      .update(readFileSync(join(folder, `${name}.${ending}`)))
      .digest('hex'),
  );

/** Makes the data of the runs; returns what they give on this machine without a cluster. */
async function prepared(client, { folder, side, images }) {
  await client.run(cli, 'simulate', 'frames', '-o', '.', `--images=${images}`, '--size=256,256', '--distance=60');
  const pixels = Uint16Array.from({ length: 4 * side * side }, (_, i) => i % 241);
  writeFileSync(join(folder, 'large.raw'), pixels);
  await client.run(program, 'frames', 'alone');
  return { large: await client.run(program, 'large', side), frames: digest(folder, 'alone') };
}

/** One seed: runs until all that is planned has happened, and compares each of them. */
async function survive(seed, parts) {
  const { members, client, plan } = parts;
  const began = performance.now();
  const killed = client.kills;
  let hasHappened = false;
  const troubled = trouble({ ...members, client }, seed, plan, () => client.isOver).finally(() => {
    hasHappened = true;
  });
  let runs = 0;
  try {
    for (; !hasHappened || runs === 0; runs += 2) await compared(`seed-${seed}-${runs}`, parts);
  } catch (error) {
    client.isOver = true;
    await troubled.catch(() => {});
    throw new Error(`seed ${seed}: ${error.message}`);
  }
  const happened = (await troubled).join(', ');
  const seconds = Math.round((performance.now() - began) / 1000);
  return `${runs} runs in ${seconds} s, ${client.kills - killed} resumed or repeated, all equal: ${happened}`;
}

/** A run over frames and one of a UDF, both equal to those of this machine, with nothing left beside their results. */
async function compared(name, { folder, url, side, client, wanted }) {
  await client.run(program, 'frames', name, url);
  const found = digest(folder, name);
  for (const [i, what] of ['stream', 'HDF5 file'].entries())
    if (found[i] !== wanted.frames[i]) throw new Error(`the ${what} of ${name} differs from that without a cluster`);
  const left = readdirSync(folder).filter((file) => file.startsWith(`${name}.`));
  if (left.sort().join() !== `${name}.h5,${name}.stream`) throw new Error(`these files are left: ${left.join(', ')}`);
  for (const file of left) rmSync(join(folder, file));
  const large = await client.run(program, 'large', side, url);
  if (large !== wanted.large) throw new Error(`the large result is ${large}, without a cluster ${wanted.large}`);
}

/** The first ten seeds, or for a short run fewer and other ones each time. */
function seedsFor(scale) {
  const first = scale < 1 ? Date.now() % 1e6 : 1;
  return Array.from({ length: Math.max(1, Math.round(10 * Math.min(1, scale))) }, (_, i) => first + i);
}

export async function run({ scale = 1, seeds = seedsFor(scale), note = () => {} } = {}) {
  if (spawnSync('nats-server', ['--version']).status !== 0) {
    note('absent: nats-server');
    return;
  }
  // 2048² pixels of 25 bytes are 105 MB.
  const side = scale < 0.1 ? 512 : 2048;
  const folder = mkdtempSync(join(tmpdir(), 'ewald-soak-cluster-'));
  const port = await freePort();
  const url = `nats://127.0.0.1:${port}`;
  const worker = (name) =>
    new Member(process.execPath, [
      ...[cli, 'worker', '--connect', url, '--jobs=1'],
      ...['--name', name, '--shards', folder],
    ]);
  const members = {
    server: new Member('nats-server', ['-a', '127.0.0.1', '-p', `${port}`]),
    one: worker('one'),
    two: worker('two'),
  };
  const client = new Client(folder);
  const plan = {
    ...{ kills: Math.max(4, Math.round(20 * scale)), stops: 1, absences: 1 },
    ...{ between: Math.max(1.5, 8 * scale), away: 3 * scale, stopped: 60 * scale, absent: 120 * scale },
  };
  try {
    const wanted = await prepared(client, { folder, side, images: scale < 0.1 ? 48 : 300 });
    for (const member of Object.values(members)) member.start();
    for (const seed of seeds)
      note(`seed ${seed}: ${await survive(seed, { folder, url, side, members, client, wanted, plan })}`);
    const each = `${plan.kills} kills, a stop of ${plan.stopped} s and an absence of the server of ${plan.absent} s`;
    note(`${seeds.length} seeds of ${each}: every stream, HDF5 file and UDF result equals that of this machine`);
  } finally {
    await client.child?.kill('SIGKILL');
    for (const member of Object.values(members)) await member.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
