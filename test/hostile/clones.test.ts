/** Everything that a user may post to another thread: it arrives whole, or has a plain form that does. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  type Context,
  createContext,
  EwaldError,
  isEwaldError,
  parseGeometry,
  simulateSpots,
  VirtualPowder,
} from 'ewald';
import { mergeSink } from 'ewald/merging';
import { RunSummary } from 'ewald/pipeline';
import { sumUdf, Context as UdfContext } from 'ewald/udf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulateStream } from '../merging/simulated.js';

/** An error with everything that one can have. */
const made = (): EwaldError =>
  new EwaldError('File', 'a.h5 cannot be read', {
    cause: new EwaldError('Limit', 'too long', { cause: new TypeError('inner') }),
    detail: { path: 'a.h5', threw: true, other: { deep: [1] } },
  });

function expectsRestored(error: EwaldError | undefined, detail: object): void {
  expect(error).toBeInstanceOf(EwaldError);
  expect(isEwaldError(error, 'File')).toBe(true);
  expect(error).toMatchObject({ name: 'EwaldError', message: 'a.h5 cannot be read', detail });
  expect(error?.stack).toMatch(/^EwaldError \[File\]: a\.h5 cannot be read\n\s+at /);
  const cause = error?.cause as EwaldError;
  expect(isEwaldError(cause, 'Limit')).toBe(true);
  expect(cause.message).toBe('too long');
  expect(cause.cause).toBeInstanceOf(TypeError);
  expect((cause.cause as Error).message).toBe('inner');
}

describe('an error', () => {
  test('is restored from what cloning leaves of it: all but its detail', () =>
    expectsRestored(EwaldError.from(structuredClone(made())), {}));

  test('is restored from its plain form, which clones and JSON keep', () => {
    const detail = { path: 'a.h5', threw: true };
    expectsRestored(EwaldError.from(structuredClone(made().toPlain())), detail);
    expectsRestored(EwaldError.from(JSON.parse(JSON.stringify(made().toPlain()))), detail);
  });

  test('arrives from a worker', async () => {
    const code = `
      const { parentPort } = require('node:worker_threads');
      import('ewald').then(async ({ createContext }) => {
        const error = await createContext({ backend: 'none' }).catch((thrown) => thrown);
        parentPort.postMessage({ error, plain: error.toPlain() });
      });`;
    const worker = new Worker(code, { eval: true });
    const [{ error, plain }] = await once(worker, 'message');
    await worker.terminate();
    for (const one of [EwaldError.from(error), EwaldError.from(plain)]) {
      expect(isEwaldError(one, 'Argument')).toBe(true);
      expect(one?.message).toContain('the option backend names the backend');
      expect(one?.stack).toMatch(/^EwaldError \[Argument\]: /);
    }
  });

  test('is the same error where it was not sent, and nothing else becomes one', () => {
    const error = made();
    expect(EwaldError.from(error)).toBe(error);
    const others = [undefined, null, 'text', 7, {}, new Error('EwaldError [File]: x'), { name: 'EwaldError' }];
    for (const value of [...others, new Proxy({}, { get: () => expect.unreachable() })])
      expect(EwaldError.from(value)).toBeUndefined();
  });

  test('has a plain form whatever its causes are', () => {
    const ring = new EwaldError('Format', 'ring');
    Object.defineProperty(ring, 'cause', { value: ring });
    expect(EwaldError.from(structuredClone(ring.toPlain()))?.message).toBe('ring');
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const odd = new EwaldError('Format', 'odd', { cause: proxy });
    expect((EwaldError.from(odd.toPlain())?.cause as Error | undefined)?.message).toBe(
      'something that cannot be shown',
    );
  });
});

let ctx: Context;
let udfs: UdfContext;
beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm' });
  udfs = new UdfContext({ context: { backend: 'wasm' } });
});
afterAll(async () => {
  await udfs.close();
  await ctx.dispose();
});

const counts = Uint16Array.from({ length: 16 * 64 }, (_, i) => i % 997);
const cell = [
  [40, 0, 0],
  [0, 50, 0],
  [0, 0, 60],
] as const;
async function buffersOf(roi?: Uint8Array) {
  const scan = udfs.fromMemory(counts, { navShape: [4, 4], sigShape: [8, 8] });
  const { intensity } = await udfs.runUdf(scan, sumUdf(), roi ? { roi } : {});
  return intensity;
}
const geometry = parseGeometry(
  'photon_energy = 9000\nclen = 0.1\nres = 1000\np/min_fs = 0\np/max_fs = 9\np/min_ss = 0\np/max_ss = 9\n' +
    'p/fs = x\np/ss = y\np/corner_x = -5\np/corner_y = -5\n',
);

/** What the rooms return. */
const results: Readonly<Record<string, () => unknown>> = {
  pi: async () => (await ctx.pi()).run({ points: 1000 }),
  backends: () => ctx.backends,
  'a geometry': () => geometry,
  'simulated spots': () => simulateSpots({ cell, images: 2 }),
  'indexed images': async () => {
    const [{ spots }] = simulateSpots({ cell, images: 1 }) as unknown as [{ spots: Float32Array }];
    return (await ctx.indexer({ maxSpots: 512 })).run({ spots, cells: cell.flat() });
  },
  'peaks of a frame': async () => (await ctx.peaks({ width: 8, height: 8, dtype: 'u16' })).run(counts.slice(0, 64)),
  'a powder': () => new VirtualPowder(geometry, { bins: 4 }),
  'the summary of a run': () => {
    const summary = new RunSummary(3);
    summary.addEarlier({ hit: true, cells: [[40, 50, 60, 90, 90, 90]] });
    return summary;
  },
  'a merge': async () => {
    const { text } = simulateStream({ crystals: 12, symmetry: 'mmm', parameters: [24, 28, 33, 90, 90, 90] });
    const merger = await ctx.merger({ symmetry: 'mmm', polarisation: 'none', iterations: 1 });
    await merger.addStream({ name: 'a.stream', bytes: [new TextEncoder().encode(text)] });
    return merger.run();
  },
  'a result of a UDF': () => buffersOf(),
  'a result of a UDF in a region': () => buffersOf(Uint8Array.from({ length: 16 }, (_, i) => i % 2)),
};

/** What a user can read of a value: its members and the getters of its class, but no methods. */
function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(shown);
  const names = new Set(Object.keys(value));
  for (let from = Object.getPrototypeOf(value); from && from !== Object.prototype; from = Object.getPrototypeOf(from))
    for (const name of Object.getOwnPropertyNames(from)) names.add(name);
  const members = [...names].map((name) => [name, (value as Record<string, unknown>)[name]] as const);
  return Object.fromEntries(
    members.filter(([, one]) => typeof one !== 'function').map(([name, one]) => [name, shown(one)]),
  );
}

describe('a result', () => {
  test.each(Object.entries(results))('%s arrives whole', async (_, make) => {
    const value = (await make()) as { toPlain?(): unknown };
    // The rate of a run goes on with the clock, and the cells of an indexing run are what its cells were searched with.
    const { rate: _rate, known: _known, ...whole } = shown(value) as Record<string, unknown>;
    const sent = structuredClone(value.toPlain === undefined ? value : value.toPlain());
    expect(shown(sent)).toMatchObject(whole);
  });
});

test('an indexed image is in the plain form with its crystals', async () => {
  const [{ spots }] = simulateSpots({ cell, images: 1 }) as unknown as [{ spots: Float32Array }];
  const result = await (await ctx.indexer({ maxSpots: 512 })).run({ spots, cells: cell.flat() });
  const [view] = structuredClone(result.toPlain()).views;
  expect(view?.crystals).toEqual(result.image(0).crystals());
  expect(view?.cells).toEqual(result.image(0).cells());
});

test('a class whose name is minified is described by what it has', async () => {
  class M {
    readonly kind = 'nav';
    readonly data = [1];
  }
  const work = mergeSink(new M() as never, { symmetry: '1' });
  await expect(work).rejects.toThrow('mergeSink: the first argument is an object with kind, data; expected a context');
});
