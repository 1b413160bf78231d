// @module-tag all: Chromium, for which npm test has one page.
/** An entry of one room loads the module of that room, and computes what the whole core computes. */
import { expect, test } from 'vitest';
import { openCodecs } from '../../dist/data.browser.js';
import { createContext as createFft } from '../../dist/fft.browser.js';
import { createContext } from '../../dist/index.browser.js';
import { createContext as createIndexing } from '../../dist/indexing.browser.js';
import { createContext as createPi } from '../../dist/pi.browser.js';

const onWasm = { backend: 'wasm', strict: true } as const;

/** Names of the modules that were fetched since the last call. */
function fetched(): string[] {
  const names = performance
    .getEntriesByType('resource')
    .map(({ name }) => new URL(name).pathname.split('/').pop() ?? '')
    .filter((name) => name.endsWith('.wasm'));
  performance.clearResourceTimings();
  return names;
}

const numbers = Array.from({ length: 2 * 60 }, (_, i) => Math.sin(i * i));
/** A transform of an array of the device, and what a context keeps after its plan and arrays. */
const transformed = async (create: typeof createContext, precisions: readonly ('f32' | 'f64')[]) => {
  const ctx = await create(onWasm);
  const outputs: unknown[] = [];
  for (const precision of precisions) {
    const plan = await ctx.fft({ shape: [6, 10], precision });
    const given = precision === 'f32' ? Float32Array.from(numbers) : Float64Array.from(numbers);
    const [input, output] = [await plan.array('input'), await plan.array('output')];
    await input.write(given as never);
    await plan.forward(input as never, output as never);
    const read = await output.read();
    expect(read).toEqual(await plan.forward(given as never));
    outputs.push(...read);
    for (const one of [input, output, plan]) await one.dispose();
  }
  expect(ctx.liveBytes).toBe(0);
  await ctx.dispose();
  return outputs;
};
const ofFft = createFft as unknown as typeof createContext;

test('transforms', async () => {
  const own = await transformed(ofFft, ['f32']);
  expect(fetched()).toEqual(['ewald-fft.wasm']);
  expect(own).toEqual(await transformed(createContext, ['f32']));
  expect(fetched()).toEqual(['ewald.wasm']);
});

test('transforms in double precision, beside single ones', async () => {
  fetched();
  const own = await transformed(ofFft, ['f64', 'f32', 'f64']);
  const names = fetched();
  expect(names).toContain('ewald-fft-f64.wasm');
  expect(names).not.toContain('ewald.wasm');
  expect(own).toEqual(await transformed(createContext, ['f64', 'f32', 'f64']));
});

test('counts of pi', async () => {
  const counted = async (create: typeof createContext) => {
    const ctx = await create(onWasm);
    const { hits } = await (await ctx.pi()).run({ points: 1e5 });
    await ctx.dispose();
    return hits;
  };
  const own = await counted(createPi as unknown as typeof createContext);
  expect(fetched()).toEqual(['ewald-pi.wasm']);
  expect(own).toBe(await counted(createContext));
});

test('lattices', async () => {
  fetched();
  const lengths = [60, 70, 80] as const;
  const spots = Float32Array.from({ length: 3 * 60 }, (_, i) => {
    const node = [(Math.floor(i / 3) % 5) - 2, (Math.floor(i / 15) % 4) - 1, (Math.floor(i / 60) % 3) - 1];
    return (node[i % 3] as number) / (lengths[i % 3] as number);
  });
  const cell = { cell: lengths.map((length, i) => [0, 1, 2].map((j) => (i === j ? length : 0))), centring: 'P' };
  const found = async (create: typeof createContext) => {
    const ctx = await create(onWasm);
    const indexer = await ctx.indexer({ threads: 1 });
    const result = await indexer.run({ spots, cells: [cell] as never });
    const crystals = JSON.stringify(result.image(0).crystals());
    await ctx.dispose();
    return crystals;
  };
  const own = await found(createIndexing as unknown as typeof createContext);
  expect(fetched()).toEqual(['ewald-indexing.wasm']);
  expect(own).toContain('probability');
  expect(own).toBe(await found(createContext));
});

test('decoded frames', async () => {
  fetched();
  const codecs = await openCodecs();
  expect(fetched()).toEqual(['ewald-frames.wasm']);
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => i >> 5);
  const codec = { codec: 'bitshuffleLz4', elementBytes: 2 } as const;
  const unpacked = new Uint8Array(bytes.length);
  await codecs.decode(codec, await codecs.encode(codec, bytes), unpacked);
  expect(unpacked).toEqual(bytes);
  await codecs.dispose();
});
