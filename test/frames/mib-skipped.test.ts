/** Scans of MIB files with frames that are no positions: those of the flyback, at the end of each line. */
import { expect, test } from 'vitest';
import { type OpenOptions, open } from '../../dist/data.node.js';
import { refused } from '../support/refused.js';

/** A MIB whose frames of 2 × 2 hold their numbers, and its .hdr. */
function scan(frames: number, hdr: readonly string[]): File[] {
  const parts = Array.from({ length: frames }, (_, n) => {
    const header = `MQ1,${String(n + 1).padStart(6, '0')},00384,01,0002,0002,U08,   1x1,01,2024-01-01,0.001,`;
    return Buffer.concat([Buffer.from(header.padEnd(384, '\0'), 'latin1'), Buffer.alloc(4, n)]);
  });
  const text = ['HDR,', ...hdr, 'End'].join('\r\n');
  return [
    new File([new Uint8Array(Buffer.concat(parts))], 'scan.mib'),
    ...(hdr.length > 0 ? [new File([text], 'scan.hdr')] : []),
  ];
}

async function positions(frames: number, hdr: readonly string[], options: OpenOptions = {}) {
  const dataset = await open(scan(frames, hdr), options);
  const read = await dataset.read(0, dataset.frames);
  const numbers = [...read].filter((_, i) => i % 4 === 0);
  const notes = dataset.notes.map(({ kind, text, option }) => `${kind} ${option}: ${text}`).join('\n');
  await dataset.dispose();
  return { shape: dataset.shape.nav, numbers, notes };
}

const stated = ['ScanX:\t3', 'ScanY:\t2'];

test('the .hdr of a smaller scan, the same number a line, says how many are skipped', async () => {
  const found = await positions(8, [...stated, 'Frames per Trigger (Number):\t4']);
  expect(found).toMatchObject({ shape: [2, 3], numbers: [0, 1, 2, 4, 5, 6] });
  expect(found.notes).toMatch(/guess skipPerLine: the .hdr states 2 × 3 positions, .* 4 frames a line: the last 1 of/);
  expect((await positions(8, stated)).shape).toEqual([2, 3]);
  expect((await positions(8, stated, { skipPerLine: 0 })).shape).toEqual([8]);
  // Another trigger, or twice as many frames, are another scan.
  expect((await positions(8, [...stated, 'Frames per Trigger (Number):\t8'])).shape).toEqual([8]);
  expect((await positions(12, stated)).shape).toEqual([12]);
});

test('skipPerLine skips at the end of each line, or at its beginning', async () => {
  const lines = { navShape: [-1, 3] };
  const last = await positions(8, [], { ...lines, skipPerLine: 1 });
  expect(last).toMatchObject({ shape: [2, 3], numbers: [0, 1, 2, 4, 5, 6] });
  const first = await positions(8, [], { ...lines, skipPerLine: -1 });
  expect(first.numbers).toEqual([1, 2, 3, 5, 6, 7]);
  // The recording may end with the last position.
  expect((await positions(7, [], { navShape: [2, 3], skipPerLine: 1 })).numbers).toEqual([0, 1, 2, 4, 5, 6]);
  expect((await positions(8, stated, { skipPerLine: 1 })).shape).toEqual([2, 3]);
  expect((await positions(8, ['Frames per Trigger (Number):\t4'], { skipPerLine: 2 })).numbers).toEqual([0, 1, 4, 5]);
});

test('a line of unknown length, and frames that are no whole lines, are refused', async () => {
  await refused(() => open(scan(8, []), { skipPerLine: 1 }), 'Argument', 'length of a line is not known', 'navShape');
  await refused(
    () => open(scan(9, []), { navShape: [-1, 3], skipPerLine: 1 }),
    'Shape',
    'holds 9 frames, which are no whole lines of 3 and 1 that are skipped',
  );
});

test('frames per trigger that do not divide the frames are stated as such', async () => {
  const { shape, notes } = await positions(8, ['Frames per Trigger (Number):\t3']);
  expect(shape).toEqual([8]);
  expect(notes).toMatch(/the .hdr states 3 frames per trigger, which do not divide the 8 of the file: .* one series/);
});
