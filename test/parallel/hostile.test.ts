// @module-tag all: processes.
/** Hostile messages to a worker of a cluster: it executes none of them, logs each, and continues to work. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Executor, type JoinedWorker, joinCluster } from 'ewald/executors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodePlace } from '../../src/entries/place.node.js';
import { decode, encode } from '../../src/parallel/codec.js';
import { TaskHost } from '../../src/parallel/host.js';
import { admitModule, admitResult, admitWorker, escapeForLog } from '../../src/parallel/nats/admit.js';
import type { TaskSpec } from '../../src/parallel/task.js';
import { NatsServer, natsPresent } from '../support/nats.js';

type Connection = Awaited<ReturnType<typeof import('@nats-io/transport-node').connect>>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Waits for an effect of messages in transit. */
async function until(what: string, is: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !(await is()); tries++) {
    if (tries > 1000) throw new Error(`waited in vain until ${what}`);
    await pause(20);
  }
}

test.each([
  [null],
  [7],
  [{}],
  [{ value: 1, error: undefined, worker: 5, attempts: 1, seconds: 0 }],
  [{ value: 1, error: undefined, worker: 'w', attempts: -1, seconds: 0 }],
  [{ value: 1, error: undefined, worker: 'w', attempts: 1, seconds: Number.NaN }],
  [{ value: 1, error: 'no', worker: 'w', attempts: 1, seconds: 0 }],
  [{ value: 1, error: { tag: ['Lost'], name: 'x', message: 'x', stack: '' }, worker: 'w', attempts: 1, seconds: 0 }],
  [JSON.parse('{"__proto__":{"value":1,"worker":"w","attempts":1,"seconds":0}}')],
])('a client refuses what is no result: %j', (given) => {
  expect(() => admitResult(given)).toThrow('the message cannot be used');
});

const workerMessage = {
  ...{ name: 'w', host: 'h', platform: 'node', version: '1', build: 'b', slots: 2 },
  ...{ backends: [{ backend: 'wasm' }], modules: ['mine'], allowModules: false },
  now: { runs: 1, running: 0, waiting: 0, done: 3, failed: 0, taskSeconds: 0.5, leaving: false, memory: 1e6 },
};

test("only the checked fields of a worker's description pass", () => {
  const more = { ...workerMessage, extra: 1, now: { ...workerMessage.now, extra: 2 } };
  expect(admitWorker(more)).toEqual(workerMessage);
  const { now: _, ...idle } = workerMessage;
  expect(admitWorker(idle)).toEqual(idle);
  for (const memory of ['1', -1])
    expect(() => admitWorker({ ...workerMessage, now: { ...workerMessage.now, memory } })).toThrow('its memory');
});

test('a module that a worker does not know is refused with what it runs', () => {
  const worker = { ...admitWorker(workerMessage) };
  expect(() => admitModule('other', worker)).toThrow(/by name only \(.*mine\)$/);
  expect(() => admitModule('other', { ...worker, allowModules: true })).toThrow(/by name \(.*mine\) and as source$/);
});

test('characters outside the basic plane are escaped whole', () => {
  expect(escapeForLog('a\u{e0001}\n')).toBe('a\\u{e0001}\\u{a}');
});

test('the thread of a worker imports no URL either if only names are allowed', async () => {
  const parts = {
    place: nodePlace,
    worker: 'w',
    threads: 1,
    modules: { mine: new URL('./tasks.mjs', import.meta.url).href },
    contextOptions: undefined,
    fetchShared: async () => undefined,
  };
  const url = new URL('./tasks.mjs', import.meta.url).href;
  const task = (module: string): TaskSpec => ({
    ...{ id: 'x', module, function: 'square', argument: 3, transfer: [], inputs: {} },
    uses: {},
  });
  const never = new AbortController().signal;
  const locked = new TaskHost({ ...parts, namesOnly: true });
  expect((await locked.run(task('mine'), never)).value).toBe(9);
  for (const module of [url, 'data:text/javascript,export const square = () => 9', 'node:fs', '__proto__'])
    await expect(locked.run(task(module), never)).rejects.toThrow('by name only');
  // Threads of Executor.workers receive URLs from their own program, so they accept them.
  expect((await new TaskHost(parts).run(task(url), never)).value).toBe(9);
});

test.skipIf(process.platform === 'win32')('inputs that never end are refused: devices, pipes and folders', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-inputs-'));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of ['/dev/zero', pipe, folder, pathToFileURL(pipe).href])
    await expect(nodePlace.readBytes(path.startsWith('file:') ? { url: path } : { path })).rejects.toThrow(
      /not a file/,
    );
  writeFileSync(join(folder, 'file'), 'abc');
  expect(Buffer.from(await nodePlace.readBytes({ path: join(folder, 'file') })).toString()).toBe('abc');
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!natsPresent).each([false, true])('a worker with allowModules: %s', (allowModules) => {
  const cluster = allowModules ? 'open' : 'strict';
  const folder = mkdtempSync(join(tmpdir(), 'ewald-hostile-'));
  const marker = join(folder, 'ran');
  const log: string[] = [];
  let server: NatsServer;
  let worker: JoinedWorker;
  let connection: Connection;
  /** The name of the worker in subjects. */
  let id = '';
  /** What the worker reports to a pretended client, by index. */
  const results = new Map<number, { readonly value: unknown; readonly error: { readonly tag: string } }>();
  let build: string;

  beforeAll(async () => {
    const { connect } = await import('@nats-io/transport-node');
    server = await new NatsServer().start();
    worker = await joinCluster(server.url, {
      workers: 1,
      cluster,
      allowModules,
      context: { backend: 'wasm' },
      modules: { mine: new URL('./tasks.mjs', import.meta.url) },
      onEvent: (event) => log.push(event),
    });
    ({ build } = worker.info);
    connection = await connect({ servers: server.url });
    connection.subscribe(`ewald.${cluster}.run.*`, {
      callback: (_, message) => {
        if (message.reply) return void message.respond();
        const said = decode(message.data) as Record<string, unknown>;
        id = String(said.worker);
        for (const { index, content } of (said.results ?? []) as { index: number; content: Uint8Array }[])
          results.set(index, decode(content) as never);
        if (said.results) give([], { acks: Float64Array.of(Number(said.number)) });
      },
    });
    await begin('abc');
  });
  afterAll(async () => {
    await worker?.leave();
    await connection?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Publishes a beacon for a run, and waits until the worker works for it. */
  const begin = async (run: string): Promise<void> => {
    id = '';
    const said = { weight: 1, needs: { gpu: false, memory: 0 }, client: 'c', held: 0, done: 0, waits: 'w' };
    const beacon = { run, build, over: false, epoch: 0, waiting: 0, room: 2 ** 20, ...said };
    connection.publish(`ewald.${cluster}.runs`, encode(beacon));
    await until('the worker knows the run', () => id !== '');
  };
  const give = (tasks: readonly unknown[], more: object = {}): void => {
    const none = new Float64Array(0);
    connection.publish(
      `ewald.${cluster}.worker.${id}`,
      encode({ run: 'abc', acks: none, cancel: none, tasks, ...more }),
    );
  };

  const script = `import { writeFileSync } from 'node:fs';
    export const go = () => writeFileSync(${JSON.stringify(marker)}, 'x'); go();`;
  const data = `data:text/javascript,${encodeURIComponent(script)}`;
  const file = join(folder, 'go.mjs');
  writeFileSync(file, script);
  const url = pathToFileURL(file).href;
  const honest = {
    id: 'x',
    module: 'pi',
    function: 'count',
    argument: { points: 1000, first: 0, seed: 1 },
    inputs: {},
    uses: {},
    retries: 0,
    seconds: 60,
  };
  const task = (index: number, more: object): Uint8Array => encode({ build, run: 'abc', index, ...honest, ...more });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const text = (json: string): Uint8Array => {
    const body = bytes(json);
    const whole = new Uint8Array(4 + body.length);
    new DataView(whole.buffer).setUint32(0, body.length, true);
    whole.set(body, 4);
    return whole;
  };

  const modules: string[] = [
    data,
    data.replace('data:', 'DATA:'),
    ` ${data}`,
    data.replace(':', '%3A'),
    url,
    url.replace('file:///', 'FILE:/'),
    url.replace('go.mjs', '%67o.mjs'),
    file,
    './go.mjs',
    '../../../../../../../tmp/go.mjs',
    'http://127.0.0.1:9/go.mjs',
    'https://127.0.0.1:9/go.mjs',
    'blob:nodedata:0',
    'node:child_process',
    'child_process',
    'vitest',
    'ewald',
    '',
    'PI',
    'pi ',
    'pi/../udf',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'x\nthe server is gone',
    '\u001b[2J',
    'x'.repeat(100_000),
    'mine/../mine',
    'source:',
    'source:../../etc/passwd',
    'source:content.x',
    `source:${'0'.repeat(63)}G`,
    `SOURCE:${'0'.repeat(64)}`,
    `source:${'0'.repeat(64)}`,
  ];
  const wrong: [string, (index: number) => Uint8Array][] = [
    ['nothing', () => new Uint8Array(0)],
    ['three bytes', () => Uint8Array.of(1, 2, 3)],
    ['MessagePack', () => Uint8Array.of(0x82, 0xa6, 0x6d, 0x6f, 0x64, 0x75, 0x6c, 0x65, 0xc1, 0xff)],
    ['JSON of somebody else', () => bytes('{"module":"pi"}')],
    ['cut JSON', () => text('["o","module"')],
    ['JSON nested without end', () => text('['.repeat(100_000))],
    ['an array of arrays without end', () => text(`${'["a",'.repeat(50_000)}1${']'.repeat(50_000)}`)],
    ['null', () => encode(null)],
    ['a number', () => encode(7)],
    ['a list', () => encode([1, 2])],
    ['an error', () => encode(new Error('x'))],
    ['an error without its fields', () => text('["e",null]')],
    ['an empty object', () => encode({})],
    ['an array outside of the bytes', () => text('["t","Float64Array",0,1e300]')],
    ['an array before the bytes', () => text('["t","Uint8Array",-8,8]')],
    ['another task by its index', (index) => task(index + 1, {})],
    ['another run', (index) => task(index, { run: 'def' })],
    ['no build', (index) => task(index, { build: undefined })],
    ['a function of prototypes', (index) => task(index, { function: 'constructor' })],
    ['__proto__ as a function', (index) => task(index, { function: '__proto__' })],
    ['a function that is a list', (index) => task(index, { function: ['count'] })],
    ['a module that is a list', (index) => task(index, { module: [data] })],
    ['a module that is an object', (index) => task(index, { module: { toString: data } })],
    ['no module', (index) => task(index, { module: undefined })],
    ['an id that is an object', (index) => task(index, { id: { toString: 1 } })],
    ['uses that bring a module', (index) => task(index, { uses: { x: data } })],
    ['uses that bring a file', (index) => task(index, { uses: { pi: url } })],
    ['uses that are null', (index) => task(index, { uses: null })],
    ['uses that are a list', (index) => task(index, { uses: [data] })],
    ['uses that hold numbers', (index) => task(index, { uses: { x: 1 } })],
    ['inputs that are null', (index) => task(index, { inputs: null })],
    ['inputs that are text', (index) => task(index, { inputs: 'run' })],
    ['an input of two kinds', (index) => task(index, { inputs: { x: { path: 'a', url: 'b' } } })],
    ['an input whose hash is a path', (index) => task(index, { inputs: { x: { hash: '../../x' } } })],
    ['an input that is null', (index) => task(index, { inputs: { x: null } })],
    ['inputs by __proto__', (index) => task(index, { inputs: JSON.parse('{"__proto__":{"path":1}}') })],
    ['1e300 retries', (index) => task(index, { retries: 1e300 })],
    ['-1 retries', (index) => task(index, { retries: -1 })],
    ['NaN seconds', (index) => task(index, { seconds: Number.NaN })],
    ['-1 seconds', (index) => task(index, { seconds: -1 })],
    ['seconds as text', (index) => task(index, { seconds: '60' })],
  ];
  test('it refuses hostile tasks, each with a log line and an error for the run, and keeps none of them', async () => {
    const messages = [
      ...modules.map((module): [string, (index: number) => Uint8Array] => [
        `module "${module}"`,
        (index) => task(index, { module, function: 'go' }),
      ]),
      [
        'execSync of node',
        (index: number) =>
          task(index, { module: 'node:child_process', function: 'execSync', argument: `touch ${marker}` }),
      ],
      ...wrong,
      ['a task that is a value of no member', () => '0'.repeat(64)],
    ] as const;
    for (const [index, [, make]] of messages.entries()) give([{ index, content: make(index) }]);
    await until('there is a result of each', () => results.size >= messages.length);
    expect(existsSync(marker)).toBe(false);
    expect(log.filter((line) => !/^refused a task /.test(line))).toEqual([]);
    expect(log).toHaveLength(messages.length);
    for (const [index, [name]] of messages.entries()) {
      expect(
        log.filter((line) => line.includes(`run abc, index ${index})`)),
        name,
      ).toHaveLength(1);
      const { error, value } = results.get(index) ?? {};
      expect([name, ['Argument', 'Format', 'Unsupported', 'Lost'].includes(String(error?.tag)), value]).toEqual([
        name,
        true,
        undefined,
      ]);
    }
    // A log entry is a single line without control sequences for a terminal.
    expect(log.filter((line) => line.length > 1000 || /\p{Cc}/u.test(line))).toEqual([]);
    expect(({} as { path?: unknown }).path).toBeUndefined();
  });

  test('a UDF whose module comes as a URL is not imported', async () => {
    const executor = await Executor.connect(server.url, { cluster });
    const { hash } = await executor.share({ udfs: [{ module: data, name: 'x', params: {} }] });
    const inputs = { run: { hash } };
    await begin('udf');
    const more = { run: 'udf', module: 'udf', function: 'partition', inputs, uses: { [data]: data } };
    give([{ index: 0, content: task(0, more) }], { run: 'udf' });
    await until('it is refused', () => log.some((line) => line.includes('run udf, index 0)')));
    expect(existsSync(marker)).toBe(false);
    await executor.dispose();
  });

  test('it ignores invalid data among the messages to all workers, and continues to run', async () => {
    const before = log.length;
    const garbage = [new Uint8Array(0), Uint8Array.of(1, 2, 3), encode(null), encode({}), encode(['abc'])];
    for (const bytes of garbage)
      for (const subject of ['runs', `worker.${id}`]) connection.publish(`ewald.${cluster}.${subject}`, bytes);
    const parcels = [
      { index: -1 },
      { index: 1e300 },
      { index: '0' },
      { index: Number.NaN },
      { content: 'x' },
      { content: 7 },
    ];
    for (const parcel of parcels) give([{ index: 0, content: new Uint8Array(4), ...parcel }]);
    // A reply goes to the client that asked, and not to an arbitrary subject that a message names.
    for (const subject of ['ping', `worker.${id}`])
      connection.publish(`ewald.${cluster}.${subject}`, new Uint8Array(0), { reply: `ewald.${cluster}.runs` });
    await connection.flush();
    const expected = before + 2 * garbage.length + parcels.length + 2;
    await until('it has said so', () => log.length >= expected);
    expect(log.slice(before).every((line) => /^ignored a message /.test(line))).toBe(true);
    // A client that imitates worker replies is not counted as a worker.
    const answers = [new Uint8Array(0), encode(null), encode({ name: 'x', slots: 'many' }), encode({ slots: 1e300 })];
    connection.subscribe(`ewald.${cluster}.ping`, {
      callback: (_, message) => {
        for (const one of answers) message.respond(one);
      },
    });
    const executor = await Executor.connect(server.url, { cluster, modules: ['mine'] });
    expect((await executor.workers()).map(({ name }) => name)).toEqual([worker.info.name]);
    const results: unknown[] = [];
    for await (const { value } of executor.run([
      { module: 'pi', function: 'count', argument: { points: 1000, seed: 1 } },
      { module: 'mine', function: 'square', argument: 7 },
    ]))
      results.push(value);
    expect(results).toEqual([expect.any(BigInt), 49]);
    await executor.dispose();
    expect(log).toHaveLength(expected);
  });
});
