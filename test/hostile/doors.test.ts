/** Options of small calls, which their rows check: values that were taken without a word. */
import { readSpotList } from 'ewald';
import { Context, sumUdf } from 'ewald/udf';
import { expect, test } from 'vitest';
import { openCodecs } from '../../src/bytes/codecs/node.js';

const context = new Context();
const scan = context.fromMemory(new Float32Array(16), { navShape: [2, 2], sigShape: [2, 2] });
const record = (given: object) => context.runUdf(scan, sumUdf(), { record: { file: 'frames.npy', ...given } });

test.each([
  ['a name', async () => readSpotList('1 2 3', { name: 7 as never }), 'readSpotList: name is 7; expected text'],
  ['a flag', () => record({ force: 1 }), 'record: force is 1; expected true or false'],
  ['a file', () => record({ file: 7 }), 'record: file is 7; expected text'],
  ['a choice', () => openCodecs({ backend: 'cuda' as never }), 'backend is "cuda"; expected one of native, wasm'],
  ['a path', () => openCodecs({ addonPath: 7 as never }), 'openCodecs: addonPath is 7; expected text'],
])('%s of another kind is refused by call and option', async (_, call, message) => {
  await expect(call()).rejects.toThrow(message);
  await expect(call()).rejects.toHaveProperty('tag', 'Argument');
});
