/** Firefox by WebDriver BiDi: Debian's firefox-esr, or another one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const found = ['firefox-esr', 'firefox'].find((name) => spawnSync(name, ['--version']).status === 0);
/** Why tests in Firefox are left out; empty where it is there. */
export const firefoxAbsent = found ? '' : ' (absent: no Firefox)';

/** The WebSocket of Node from version 22, before that the one that the test runner brings. */
interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  send(text: string): void;
  close(): void;
}
type SocketType = new (url: string) => Socket;
const { WebSocket = createRequire(import.meta.url)('ws') } = globalThis as { WebSocket?: SocketType };

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly message?: string;
  readonly params?: { level?: string; text?: string; request?: { url?: string } };
  readonly result?: { context?: string; data?: string; result?: { value?: unknown } };
}

/** A tab of Firefox. */
export class Tab {
  readonly faults: string[] = [];
  /** The addresses that it has asked for. */
  readonly requests: string[] = [];
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #calls = 0;
  #context = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
      else if (answer.params?.level === 'error') this.faults.push(answer.params.text ?? '');
      else if (answer.params?.request) this.requests.push(answer.params.request.url ?? '');
    };
  }

  static async open(address: string): Promise<Tab> {
    const socket = new WebSocket(`${address}/session`);
    await new Promise<void>((done) => {
      socket.onopen = done;
    });
    const tab = new Tab(socket);
    await tab.call('session.new', { capabilities: {} });
    await tab.call('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });
    tab.#context = (await tab.call('browsingContext.create', { type: 'tab' })).context ?? '';
    return tab;
  }

  call(method: string, params: object): Promise<NonNullable<Answer['result']>> {
    const id = ++this.#calls;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((done, failed) => {
      this.#waiting.set(id, ({ result, message }) => (result ? done(result) : failed(new Error(message))));
    });
  }

  goto(url: string): Promise<unknown> {
    return this.call('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  async evaluate(expression: string): Promise<unknown> {
    const target = { context: this.#context };
    return (await this.call('script.evaluate', { expression, target, awaitPromise: true })).result?.value;
  }

  /** The page as a PNG. */
  async picture(width: number, height: number): Promise<Buffer> {
    await this.call('browsingContext.setViewport', { context: this.#context, viewport: { width, height } });
    const { data = '' } = await this.call('browsingContext.captureScreenshot', { context: this.#context });
    return Buffer.from(data, 'base64');
  }

  move([x, y]: readonly [number, number]): Promise<unknown> {
    const actions = [{ type: 'pointer', id: 'mouse', actions: [{ type: 'pointerMove', x, y }] }];
    return this.call('input.performActions', { context: this.#context, actions });
  }

  drag(from: readonly [number, number], to: readonly [number, number]): Promise<unknown> {
    const move = ([x, y]: readonly [number, number]) => ({ type: 'pointerMove', x, y, duration: 50 });
    const steps = [move(from), { type: 'pointerDown', button: 0 }, move(to), { type: 'pointerUp', button: 0 }];
    const actions = [{ type: 'pointer', id: 'mouse', actions: steps }];
    return this.call('input.performActions', { context: this.#context, actions });
  }

  close(): void {
    this.#socket.close();
  }
}

/** A running Firefox with one tab; `preferences` are lines of user.js. */
export interface Firefox {
  readonly tab: Tab;
  close(): Promise<void>;
}

export async function startFirefox(preferences: string, env: Readonly<Record<string, string>> = {}): Promise<Firefox> {
  const profile = mkdtempSync(join(tmpdir(), 'ewald-firefox-'));
  writeFileSync(join(profile, 'user.js'), preferences);
  const words = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
  const firefox: ChildProcess = spawn(found as string, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: profile, ...env },
  });
  const address = await new Promise<string>((done, failed) => {
    let text = '';
    firefox.stderr?.on('data', (piece) => {
      text += piece;
      const [, at] = /WebDriver BiDi listening on (ws:\S+)/.exec(text) ?? [];
      if (at) done(at);
    });
    firefox.once('exit', () => failed(new Error(text)));
  });
  const tab = await Tab.open(address);
  return {
    tab,
    async close() {
      tab.close();
      const ended = new Promise((done) => firefox.once('exit', done));
      if (firefox.kill()) await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
