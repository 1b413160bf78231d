/** Hostile values for every option of opening and reading data; see options.test.ts. */
import { blobSource, type Dataset, formatsOf, memoryDataset, memorySource, open } from 'ewald/data';
import { expect, it } from 'vitest';
import { tryAll } from './values.js';

const bytes = new Uint8Array(2 * 3 * 4 * 2).map((_, i) => i * 37);
const plain = { dtype: 'u16', sigShape: [3, 4], navShape: [2] } as const;
const raw = () => memorySource(bytes);

it('open', async () => {
  const wrong: string[] = [];
  const close = async (opened: Promise<Dataset>): Promise<void> => (await opened).dispose();
  await tryAll('open', (value) => close(open(value as never)), wrong);
  await tryAll('open: options', (value) => close(open(raw(), (value ?? plain) as never)), wrong);
  const names = [
    ...['format', 'navShape', 'sigShape', 'dtype', 'endian', 'offset', 'frameHeader', 'frameFooter', 'order'],
    ...['dataset', 'maxFrameBytes', 'allowOutside', 'codecs', 'signal'],
  ];
  for (const name of names)
    await tryAll(`open: ${name}`, (value) => close(open(raw(), { ...plain, [name]: value } as never)), wrong);
  await tryAll('formatsOf', (value) => formatsOf(value as never), wrong);
  await tryAll('memorySource', async (value) => memorySource(value as never).close(), wrong);
  await tryAll('blobSource', async (value) => blobSource(value as never).close(), wrong);
  await tryAll('memoryDataset', async (value) => memoryDataset(value as never, plain as never).dispose(), wrong);
  expect(wrong).toEqual([]);
});

it('read', async () => {
  const wrong: string[] = [];
  const dataset = await open(raw(), plain as never);
  await tryAll('read: first', (value) => dataset.read(value as never, 1), wrong);
  await tryAll('read: count', (value) => dataset.read(0, value as never), wrong);
  await tryAll('read: into', (value) => dataset.read(0, 1, value as never), wrong);
  await tryAll('read: options', (value) => dataset.read(0, 1, undefined, value as never), wrong);
  await tryAll('read: signal', (value) => dataset.read(0, 1, undefined, { signal: value } as never), wrong);
  await tryAll('partitions', async (value) => dataset.partitions(value as never), wrong);
  expect(await dataset.read(1, 1)).toEqual(new Uint16Array(bytes.buffer).slice(12));
  await dataset.dispose();
  expect(wrong).toEqual([]);
});
