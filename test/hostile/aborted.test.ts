/** A signal ends everything that is public and takes one, within a tenth of a second of processor time. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ewald from 'ewald';
import * as data from 'ewald/data';
import * as executors from 'ewald/executors';
import * as shell from 'ewald/shell';
import * as udf from 'ewald/udf';
import * as validate from 'ewald/validate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Abortable, drain, never, neverYields, search, table, testAborting } from './abortable.js';

/**
 * Processor time of this thread where the system states it: those of V8, which collect the memories of many contexts at
 * whatever moment, count for the process.
 */
const processorMs = (): number => {
  const ofThread = '/proc/self/schedstat';
  if (existsSync(ofThread)) return Number(readFileSync(ofThread, 'utf8').split(' ')[0]) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

let folder: string;
let port: number;
let connected = (): void => {};
/** Accepts connections and answers nothing; a client may use one again. */
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', () => connected());
});
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ewald-aborted-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const silentAddress = (): string => `http://127.0.0.1:${port}/run.h5`;
const soon = (started: () => void): void => void setTimeout(started, 50);
const npy = (name: string, shape: readonly number[]): string => {
  const file = join(folder, name);
  writeFileSync(file, ewald.formatNpy({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) } as never));
  return file;
};

/** An address of a cluster at which nothing listens. */
const noServer = 'nats://127.0.0.1:1';
const inNode: readonly Abortable[] = [
  {
    takes: 'parallel/nats/options.ts ConnectOptions',
    what: 'connect to a cluster without a server',
    run: (signal, started) => executors.Executor.connect(noServer, { signal, onEvent: started }),
  },
  {
    takes: 'parallel/nats/options.ts JoinOptions',
    what: 'join a cluster without a server',
    run: (signal, started) => executors.joinCluster(noServer, { signal, onEvent: started }),
  },
  {
    takes: 'bytes/byte-source.ts ReadOptions',
    what: 'httpSource of a server that never answers',
    run: (signal, started) => {
      connected = started;
      return data.httpSource(silentAddress(), { signal });
    },
  },
  {
    takes: 'pipeline/run-options.ts PipelineOptions',
    what: 'pipeline over an address that never answers',
    run: async (signal, started) => {
      connected = started;
      const ctx = await ewald.createContext({ backend: 'wasm' });
      await drain(ctx.pipeline({ ...search, inputs: [silentAddress()], signal })).finally(() => ctx.dispose());
    },
  },
  {
    takes: 'pipeline/run-options.ts PipelineOptions',
    what: 'pipeline that follows an empty folder',
    run: async (signal, started) => {
      const empty = mkdtempSync(join(folder, 'empty-'));
      const ctx = await ewald.createContext({ backend: 'wasm' });
      soon(started);
      await drain(ctx.pipeline({ ...search, inputs: [empty], follow: true, signal })).finally(() => ctx.dispose());
    },
  },
  {
    takes: 'pipeline/run-options.ts PipelineOptions',
    what: 'pipeline on workers, whose inputs never come',
    run: async (signal, started) => {
      const ctx = await ewald.createContext({ backend: 'wasm' });
      const executor = await executors.Executor.workers({ workers: 1 });
      try {
        const file = { file: npy('frame.npy', [1, 48, 64]) };
        // The worker has compiled what it runs, which counts as processor time of this process.
        await drain(ctx.pipeline({ ...search, inputs: [file], executor }));
        await drain(ctx.pipeline({ ...search, inputs: neverYields(started, file), executor, signal }));
      } finally {
        await executor.dispose();
        await ctx.dispose();
      }
    },
  },
  {
    takes: 'udf/context-options.ts ExportOptions',
    what: 'exportDataset of frames that never come',
    run: async (signal, started) => {
      const ctx = new udf.Context();
      const shape = { nav: [2], sig: [4, 4] };
      const scan = await ctx.load({ shape, dtype: 'u16', read: () => never(started) });
      const path = join(folder, `${Math.random()}.npy`);
      await ctx.exportDataset(scan, path, { signal }).finally(() => ctx.close());
    },
  },
  {
    takes: 'udf/context-options.ts UdfRunOptions',
    what: 'a run of a followed file without frames',
    run: async (signal, started) => {
      const ctx = new udf.Context();
      soon(started);
      const options = { follow: true, navShape: [2, 2], sigShape: [4, 4], dtype: 'u16', signal } as const;
      await ctx.load(join(folder, 'later.raw'), options).finally(() => ctx.close());
    },
  },
  {
    takes: 'udf/acquisition/options.ts DetectorOptions',
    what: 'connect to a detector, and the wait for its acquisition',
    run: async (signal, started) => {
      const ctx = new udf.Context();
      try {
        const detector = await ctx.connect(`merlin://127.0.0.1:${port}`, { dataPort: port, signal });
        soon(started);
        await detector.next({ signal });
      } finally {
        await ctx.close();
      }
    },
  },
  {
    takes: 'udf/acquisition/connection.ts NextScanOptions',
    what: 'next whose callback never answers',
    run: async (signal, started) => {
      const file = npy('merlin.npy', [4, 16, 16].map(Number));
      const simulator = await udf.simulateMerlin(file, { port: 0 }).catch(() => undefined);
      const ctx = new udf.Context();
      try {
        const address = simulator ? `merlin://127.0.0.1:${simulator.port}` : `merlin://127.0.0.1:${port}`;
        const detector = await ctx.connect(address, simulator ? {} : { dataPort: port });
        await detector.next({ controller: () => never(started), signal });
      } finally {
        await ctx.close();
        await simulator?.close();
      }
    },
  },
  {
    takes: 'frames/files/write.ts WriteOptions',
    what: 'openOutput of a named pipe without a reader',
    run: async (signal, started) => {
      const pipe = join(folder, `pipe-${Math.random()}`);
      execFileSync('mkfifo', [pipe]);
      soon(started);
      await (await shell.openOutput(pipe, { signal })).write('text');
    },
  },
  {
    takes: 'heffte/files/wish.ts TransformFileOptions',
    what: 'transformFile',
    run: (signal, started) => {
      soon(started);
      const input = npy('lines.npy', [128, 1024]);
      const options = { kind: 'r2c', backend: 'wasm', force: true, signal } as const;
      return shell.transformFile(input, join(folder, 'out.npy'), options);
    },
  },
  {
    takes: 'simulate/describe.ts SimulationWriting',
    what: 'simulateSpotLists',
    keeps: true,
    run: (signal, started) => {
      const cell = ewald.cellFromParameters(79, 79, 38, 90, 90, 90);
      const lists = join(folder, `lists-${Math.random()}`);
      return shell.simulateSpotLists(lists, { cell, images: 10_000 } as never, { signal, onProgress: started });
    },
  },
];

const rows = [...table, ...inNode];
testAborting(rows, { ewald, data, executors, udf, validate }, processorMs);

/** Options of functions that are not public. */
const internal = [
  'bytes/compressed/source.ts DecompressionOptions',
  'frames/format.ts Probe',
  'parallel/nats/library.ts Opening',
  'pipeline/sinks/stream-file.ts StreamFileOptions',
  'compute/planner/gathered.ts PieceOptions',
];

test('every interface of options with a signal has a row', { tags: 'house' }, () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const taking = files.flatMap((file) =>
    [
      ...readFileSync(join('src', file), 'utf8').matchAll(
        /(?:export (?:interface|type)|interface(?= Common)) (\w+)[^{;]*\{(.*?)\n\}/gs,
      ),
    ]
      .filter(([, , members]) => /\n {2}readonly signal\?:/.test(members as string))
      .map(([, name]) => `${file} ${name}`),
  );
  const listed = [...rows.map(({ takes }) => takes), ...internal];
  expect(taking.filter((name) => !listed.includes(name))).toEqual([]);
});

test.for(['pipeline', 'cell', 'stream'])('disposal of the context ends a %s that waits', async (what) => {
  const ctx = await ewald.createContext({ backend: 'wasm' });
  const waits = await new Promise<{ call: Promise<unknown> }>((resolve) => {
    const inputs = neverYields(() => resolve({ call }));
    const call = (async () => {
      if (what === 'pipeline') return drain(ctx.pipeline({ ...search, inputs }));
      if (what === 'cell') return ctx.cell({ geometry: search.geometry, inputs });
      const cells = [79, 0, 0, 0, 79, 0, 0, 0, 38];
      return drain((await ctx.indexer()).stream(inputs, { cells }));
    })();
    call.catch(() => {});
  });
  await ctx.dispose();
  await expect(waits.call).rejects.toMatchObject({ tag: 'Disposed' });
});

test('closing a Context of ewald/udf ends a run that waits', async () => {
  const ctx = new udf.Context();
  const shape = { nav: [2], sig: [4, 4] };
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const scan = await ctx.load({ shape, dtype: 'u16', read: () => never(asked) });
  const run = ctx.runUdf(scan, udf.sumUdf());
  run.catch(() => {});
  await isAsked;
  await ctx.close();
  await expect(run).rejects.toMatchObject({ tag: 'Disposed' });
});
