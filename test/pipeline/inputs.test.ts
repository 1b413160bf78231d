/** Wrong values passed to a run or a plan: the error has a useful message. */
import { type Context, createContext } from 'ewald';
import { memoryDataset } from 'ewald/data';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inShell, shellWords } from '../../src/options/shell-words.js';
import { sameRun } from '../../src/pipeline/sinks/same-run.js';
import { parseFrameList } from '../../src/pipeline/sources/list.js';
import { refused } from '../support/refused.js';

let ctx: Context;
beforeAll(async () => {
  ctx = await createContext({ backend: 'wasm', strict: true });
});
afterAll(() => ctx.dispose());

const dataset = memoryDataset(new Uint16Array(2 * 64), { sigShape: [8, 8], navShape: [2] });
test.for<[string, unknown, string]>([
  ['numbers', [new Float32Array(8)], 'bytes, { bytes, name }'],
  ['numbers alone', new Float32Array(8), 'bytes, { bytes, name }'],
  ['bytes that are numbers', [{ bytes: [1, 2], name: 'a.h5' }], 'inputs[0]: bytes is [1,2]'],
  ['bytes without a name', { bytes: new Uint8Array(8) }, 'inputs: name is undefined'],
  ['a path as the dataset', [{ dataset: 'x.h5' }], 'write { file }'],
  ['a dataset without await', [{ dataset: Promise.resolve(dataset) }], 'is an await missing?'],
  ['a list without await', Promise.resolve([{ dataset }]), 'is an await missing?'],
  ['nothing', undefined, 'inputs is undefined'],
  ['a list of nothing', [undefined], 'inputs[0] is undefined'],
  ['a number of frames', [{ dataset, frames: 2 }], 'inputs[0].frames is 2'],
])('the inputs of a run are %s: refused, with what to write', async ([, inputs, words]) => {
  await refused(() => ctx.pipeline({ inputs: inputs as never }).next(), 'Argument', 'pipeline: inputs', words);
});

test.for<[string, string]>([
  ['<!DOCTYPE html>\n<title>not here</title>', 'a page of HTML'],
  ['; a detector\nclen = 0.1\nres = 1e4\n', 'a geometry of a detector'],
])('a text of another kind is no list of files: %j', async ([text, kind]) => {
  const inputs = new File([text], 'run.h5');
  await refused(() => ctx.pipeline({ inputs }).next(), 'Format', 'run.h5', kind);
});

test('a missing file, and an executor that is given a dataset, are refused by name', async () => {
  await refused(() => ctx.pipeline({ inputs: 'absent.h5' }).next(), 'File', 'absent.h5');
  const executor = { kind: 'workers', slots: 1, share: async () => ({ hash: '' }), run: async function* () {} };
  await refused(() => ctx.pipeline({ inputs: dataset, executor }).next(), 'Argument', 'paths and addresses');
});

test('an option of the run passed to the plan is refused with a hint to the run', async () => {
  await refused(() => ctx.pi({ points: 1e6 } as never), 'Argument', '"points"', '(await ctx.pi()).run({ … })');
  await refused(() => ctx.indexer({ spots: [] } as never), 'Argument', '"spots"', 'indexer.run(');
  const size = { width: 8, height: 8, dtype: 'u16' };
  await refused(() => ctx.peaks({ ...size, threshold: 3 } as never), 'Argument', '"threshold"', 'finder.run(');
  await refused(() => ctx.fft({ shape: [8], scale: 'full' } as never), 'Argument', '"scale"', 'fft.forward(');
});

test('options that are a promise are refused with that reason', async () => {
  await refused(() => ctx.fft(Promise.resolve({ shape: [8] }) as never), 'Argument', 'is an await missing?');
  await refused(() => ctx.peaks(Promise.resolve({}) as never), 'Argument', 'is an await missing?');
});

test('a device is refused where no backend has one, and an aborted run names the reason of its signal', async () => {
  for (const device of ['gpu', 0])
    await refused(() => createContext({ backend: 'wasm', strict: true, device }), 'Unsupported', 'wasm has none');
  const reason = new Error('the page was left');
  const run = ctx.pipeline({ inputs: dataset, signal: AbortSignal.abort(reason) });
  await expect(run.next()).rejects.toMatchObject({ tag: 'Aborted', cause: reason });
});

test("a core that Vite's dev server cannot find is reported with the option that keeps it", async () => {
  const page = new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html' } });
  Object.defineProperty(page, 'url', { value: 'http://localhost:5173/node_modules/.vite/deps/ewald.wasm' });
  const wasm = (): Response => page;
  await refused(() => createContext({ backend: 'wasm', wasm }), 'Unsupported', "optimizeDeps: { exclude: ['ewald'] }");
});

test('names of files may have spaces, in lists and in the command line of a stream', async () => {
  const listed = (text: string) => parseFrameList(text, { name: 'a.lst', opens: (file) => file });
  expect(await listed(' my  run 1.h5 //0\nmy  run 1.h5 //2\nmy data//b.h5\nc d.cbf\n')).toEqual([
    { file: 'my  run 1.h5', frames: [0, 2] },
    { file: 'my data//b.h5', frames: undefined },
    { file: 'c d.cbf', frames: undefined },
  ]);
  await refused(() => listed('my run.h5 //x'), 'Format', 'a.lst:1', '"//x" is not an event');
  // The name of the output does not decide whether streams are of one run.
  const head = (line: string): string => `CrystFEL stream format 2.3\nGenerated by ewald\n${line}\n`;
  const typed = (output: string): string => ['ewald', 'index', "it's 1.h5", '-o', output].map(inShell).join(' ');
  expect(shellWords(typed('a b.stream'))).toEqual(['ewald', 'index', "it's 1.h5", '-o', 'a b.stream']);
  sameRun(head(typed('a b.stream')), head(typed('c d.stream')), 'a b.stream');
  // Who looks at a run, or is told of it, does not change it.
  const watched = `${typed('a')} --view --log run.log --status 9000 --alarm 'hits<5% for 2min' --view=8100 --on-alarm beep`;
  sameRun(head(typed('a')), head(watched), 'a');
  expect(() => sameRun(head(typed('a')), head(`${watched} b.h5`), 'a')).toThrow(/was started as/);
  expect(() => sameRun(head(typed('a')), head(`${typed('a')} --min-snr 3`), 'a')).toThrow(/was started as/);
});
