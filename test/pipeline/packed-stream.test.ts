/** Streams that are compressed as a whole, read line by line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { linesOf } from 'ewald/shell';
import { afterAll, expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-packed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const chunk = (event: number): string =>
  `----- Begin chunk -----\nImage filename: a.h5\nEvent: //${event}\nImage serial number: ${event + 1}\n` +
  'hit = 0\nindexed_by = none\n' +
  '----- End chunk -----\n';
const text = `CrystFEL stream format 2.3\n${Array.from({ length: 4000 }, (_, event) => chunk(event)).join('')}`;
const packed = gzipSync(text);

async function linesFrom(name: string, bytes: Uint8Array): Promise<string[]> {
  writeFileSync(join(folder, name), bytes);
  const lines: string[] = [];
  for await (const line of linesOf(join(folder, name))) lines.push(line);
  return lines;
}

test('a gzipped stream has the lines of the stream, also for the command', { tags: 'all' }, async () => {
  expect(await linesFrom('a.stream.gz', packed)).toEqual(text.split('\n').slice(0, -1));
  expect(await linesFrom('a.stream', Buffer.from(text))).toEqual(text.split('\n').slice(0, -1));
  const { code, out, err } = await ewald(['stream', 'info', join(folder, 'a.stream.gz'), '--json']);
  expect(code, err).toBe(0);
  expect(out).toContain('4000');
  const { out: words } = await ewald(['stream', 'info', join(folder, 'a.stream.gz')]);
  expect(words).toContain('4000 frames of 1 file, 0 hits');
});

test('a reader that stops early closes the file', { tags: 'all' }, async () => {
  for await (const line of linesOf(join(folder, 'a.stream.gz'))) {
    expect(line).toBe('CrystFEL stream format 2.3');
    break;
  }
});

test('truncated, damaged and other archives are refused with advice', async () => {
  const damage = /is a damaged or incomplete gzip archive; unpack it, or copy it again/;
  await expect(linesFrom('cut.stream.gz', packed.subarray(0, -100))).rejects.toThrow(damage);
  const damaged = packed.slice();
  damaged.fill(255, 2000, 2100);
  await expect(linesFrom('bad.stream.gz', damaged)).rejects.toThrow(damage);
  const xz = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3);
  await expect(linesFrom('a.stream.xz', xz)).rejects.toMatchObject({
    tag: 'Format',
    message: expect.stringMatching(/is compressed by xz, which is not read here; unpack it first: xz -d$/),
  });
  const { code, err } = await ewald(['stream', 'info', join(folder, 'cut.stream.gz')]);
  expect(err).toMatch(damage);
  expect(code).toBe(1);
});
