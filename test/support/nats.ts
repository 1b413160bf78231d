/** A real nats-server on a separate port, and real worker processes. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Whether a server is available for tests; setup.mjs --test installs it. */
export const natsPresent = spawnSync('nats-server', ['--version']).status === 0;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', () => resolve()));

/** A server; `kill` is kill -9, `start` restarts it at the same port. */
export class NatsServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ewald-nats-'));
  readonly #config: string;
  #child: ChildProcess | undefined;
  port = 0;
  webSocketPort = 0;

  constructor(config = '') {
    this.#config = config;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    this.port ||= await freePort();
    this.webSocketPort ||= await freePort();
    const file = join(this.#folder, 'nats.conf');
    const webSocket = `websocket { host: "127.0.0.1", port: ${this.webSocketPort}, no_tls: true }\n`;
    writeFileSync(file, `host: "127.0.0.1"\nport: ${this.port}\n${webSocket}${this.#config}\n`);
    this.#child = spawn('nats-server', ['-c', file], { stdio: 'ignore' });
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (tries > 200) throw new Error('nats-server does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this;
  }

  /** Signals the process, such as to stop and continue it. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    child?.kill('SIGKILL');
    if (child) await ended(child);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** `ewald worker` as a process. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  out = '';
  err = '';

  constructor(url: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    const jobs = args.includes('--jobs') ? [] : ['--jobs', '1'];
    this.#child = spawn(process.execPath, [cli, 'worker', '--connect', url, ...jobs, ...args], {
      env: { ...process.env, EWALD_BACKEND: 'wasm', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.out += chunk;
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.err += chunk;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the worker has joined; rejects if it ends before. */
  async joined(): Promise<this> {
    for (let tries = 0; !this.out.includes('has joined'); tries++) {
      if (this.#child.exitCode !== null || tries > 600)
        throw new Error(`the worker did not join: ${this.out}${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<number | null> {
    await ended(this.#child);
    return this.#child.exitCode;
  }
}
