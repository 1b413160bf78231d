// @module-tag all: Chromium.
/** Relative and root-relative addresses in a page: they are accepted wherever a whole address is. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatsOf, httpSource, open } from '../../dist/data.browser.js';
import { Executor } from '../../dist/executors.browser.js';
import { getLibHandle } from '../../dist/ffi.browser.js';
import { type Context, createContext, mergeStream } from '../../dist/index.browser.js';
import { Context as UdfContext } from '../../dist/udf.browser.js';

const data = import.meta.env.EWALD_TEST_DATA as string;
const base = document.createElement('base');
let ctx: Context;
let executor: Executor;
beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', strict: true });
  executor = await Executor.workers({ workers: 1, context: { backend: 'wasm', strict: true } });
  // Addresses are relative to the document, wherever its scripts and workers are.
  base.href = `${data}/sim/`;
  document.head.append(base);
});
afterAll(async () => {
  base.remove();
  await executor.dispose();
  await ctx.dispose();
});

const forms: [string, (name: string) => string][] = [
  ['whole', (name) => new URL(`${data}/sim/${name}`, location.origin).href],
  ['from the root', (name) => `${data}/sim/${name}`],
  ['from the document', (name) => name],
  ['with dots', (name) => `../sim/./${name}`],
];

test.skipIf(!data).for(forms)('frames at an address given %s', async ([, form]) => {
  const whole = new URL(`${data}/sim/mono.h5`, location.origin).href;
  const dataset = await open(form('mono.h5'));
  expect([dataset.name, dataset.frames]).toEqual([whole, 6]);
  await dataset.dispose();
  const stack = await open([form('mono.h5')]);
  expect(stack.frames).toBe(6);
  await stack.dispose();
  expect((await formatsOf(form('mono.h5')))[0]?.format).toBe('hdf5');
  expect((await httpSource(form('mono.h5'))).name).toBe(whole);
});

test.skipIf(!data).for(forms)('a scan at an address given %s, here and on workers', async ([, form]) => {
  const sums: number[][] = [];
  for (const options of [{}, { executor }]) {
    const udf = new UdfContext(options);
    const scan = await udf.load(form('mono.h5'));
    const { intensity } = await udf.run(udf.createSumAnalysis(scan));
    sums.push([...(intensity?.data ?? [])] as number[]);
    await udf.close();
  }
  expect(sums[0]?.length).toBeGreaterThan(1000);
  expect(sums[1]).toEqual(sums[0]);
});

test.skipIf(!data).for(forms)('a run over addresses given %s, here and on workers', async ([, form]) => {
  const names: string[] = [];
  for (const options of [{}, { executor }]) {
    const run = ctx.pipeline({
      inputs: [{ file: form('mono.h5'), frames: [0] }],
      geometry: form('mono.geom'),
      cells: [form('mono.cell')],
      peaks: { threshold: 12 },
      minRes: 20,
      ...options,
    });
    for await (const { result, origin, error } of run) {
      if (error) throw error;
      expect(result?.crystals).toHaveLength(1);
      names.push(origin.filename);
    }
  }
  expect(names).toEqual(Array(2).fill(new URL(`${data}/sim/mono.h5`, location.origin).href));
});

test.skipIf(!data).for(forms)('an input of a task at an address given %s', async ([, form]) => {
  const module = `data:text/javascript,export default async (_, scope) => (await scope.input('x')).length`;
  const expected = (await (await fetch(form('mono.geom'))).arrayBuffer()).byteLength;
  for await (const { value } of executor.run([{ module, inputs: { x: { url: form('mono.geom') } } }]))
    expect(value).toBe(expected);
});

test.for([
  ['whole', new URL('../../dist/ewald.wasm', import.meta.url).href],
  ['from the root', new URL('../../dist/ewald.wasm', import.meta.url).pathname],
])('a library at an address given %s', async ([, library]) => {
  // biome-ignore lint/suspicious/noExplicitAny: only the header declares the function
  const core: any = await getLibHandle({ header: { source: 'unsigned ewald_abi_version(void);' }, library });
  expect(core.ewald_abi_version()).toBeGreaterThan(0);
  core.dispose();
});

test.skipIf(!data).for(forms)('a stream to be merged at an address given %s', async ([, form]) => {
  const whole = new URL(`${data}/sim/mono.cell`, location.origin).href;
  // A file that is no stream is refused by the name of the address that was read.
  await expect(mergeStream(ctx, form('mono.cell'), { symmetry: 'mmm' })).rejects.toMatchObject({
    tag: 'Format',
    message: expect.stringContaining(whole),
  });
});

test('an address that answers with an error is named whole', async () => {
  await expect(open('/absent.h5')).rejects.toThrow(`${location.origin}/absent.h5`);
  const header = { source: 'int f(void);' };
  await expect(getLibHandle({ header, library: '/absent.wasm' })).rejects.toMatchObject({ tag: 'Load' });
});
