// @module-tag all: it starts Firefox
/** The page of frames in Firefox, with WebGL switched off: the processor draws, by way of WebDriver BiDi. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataFolder } from '../support/data.js';
import { browsing, filesOf, serve } from './visit.js';

const found = ['firefox-esr', 'firefox'].find((name) => spawnSync(name, ['--version']).status === 0);
const absent = found ? (dataFolder ? '' : ' (absent: no test data)') : ' (absent: no Firefox)';

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
  readonly params?: { level?: string; text?: string };
  readonly result?: { context?: string; data?: string; result?: { value?: unknown } };
}

/** A tab of Firefox. */
class Tab {
  readonly faults: string[] = [];
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
    };
  }

  static async open(address: string): Promise<Tab> {
    const socket = new WebSocket(`${address}/session`);
    await new Promise<void>((done) => {
      socket.onopen = done;
    });
    const tab = new Tab(socket);
    await tab.call('session.new', { capabilities: {} });
    await tab.call('session.subscribe', { events: ['log.entryAdded'] });
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

browsing();
describe.skipIf(absent !== '')(`Firefox without WebGL${absent}`, () => {
  let firefox: ChildProcess | undefined;
  let tab: Tab | undefined;
  const profile = mkdtempSync(join(tmpdir(), 'ewald-firefox-'));
  beforeAll(async () => {
    writeFileSync(join(profile, 'user.js'), 'user_pref("webgl.disabled", true);\n');
    const words = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
    firefox = spawn(found as string, words, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: profile },
    });
    const address = await new Promise<string>((done, failed) => {
      let text = '';
      firefox?.stderr?.on('data', (piece) => {
        text += piece;
        const [, at] = /WebDriver BiDi listening on (ws:\S+)/.exec(text) ?? [];
        if (at) done(at);
      });
      firefox?.once('exit', () => failed(new Error(text)));
    });
    tab = await Tab.open(address);
  }, 60_000);
  afterAll(async () => {
    tab?.close();
    const ended = new Promise((done) => firefox?.once('exit', done));
    if (firefox?.kill()) await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  test('the frame is drawn with its peaks, moves with the pointer, and nothing is reported', async () => {
    const page = tab as Tab;
    await page.goto(await serve(filesOf('sim/run.h5', 'sim/run')));
    expect(await page.evaluate(`String(document.createElement('canvas').getContext('webgl2'))`)).toBe('null');
    await expect.poll(() => page.evaluate('viewer.peaks?.count ?? 0'), { timeout: 20_000 }).toBeGreaterThan(100);
    const colours = `(() => {
      const { width, height } = document.querySelector('#pane .picture');
      const pen = document.querySelector('#pane .picture').getContext('2d');
      return new Set(new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer)).size;
    })()`;
    await expect.poll(() => page.evaluate(colours)).toBeGreaterThan(20);
    const centre = () => page.evaluate('String(viewer.pane.viewport.centre)');
    const before = await centre();
    await page.drag([300, 300], [360, 260]);
    await expect.poll(centre).not.toBe(before);
    expect(page.faults).toEqual([]);
  }, 60_000);
});
