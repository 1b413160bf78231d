/** Frames that files lack, as the numbers in their headers, their descriptions or their neighbours say. */
import { expect, test } from 'vitest';
import { open } from '../../dist/data.node.js';
import { array, group, number, treeFile } from './hdf5-tree.js';

/** A MIB whose frames of 2 × 2 have these numbers in their headers. */
function mib(name: string, numbers: readonly number[]): File {
  const parts = numbers.map((n) => {
    const header = `MQ1,${String(n).padStart(6, '0')},00384,01,0002,0002,U08,   1x1,01,2024-01-01,0.001,`;
    return Buffer.concat([Buffer.from(header.padEnd(384, '\0'), 'latin1'), Buffer.alloc(4, n)]);
  });
  return new File([new Uint8Array(Buffer.concat(parts))], name);
}

const hdr = (frames: number): File =>
  new File([`HDR,\r\nFrames in Acquisition (Number):\t${frames}\r\nEnd`], 'scan.hdr');

/** The first file of a TVIPS series of frames of 2 × 2, or one that continues it. */
function tvips(name: string, isFirst: boolean): File {
  const head = Int32Array.of(256, 2, 2, 2, 16, 0, 0, 1, 1, 0, 200, 0, 12, ...new Array(51).fill(0));
  return new File([...(isFirst ? [new Uint8Array(head.buffer)] : []), new Uint8Array(12 + 8)], name);
}

async function warningsOf(...files: File[]): Promise<{ text: string; isCut?: true | undefined }[]> {
  const dataset = await open(files);
  await dataset.dispose();
  return dataset.notes.flatMap(({ kind, text, isCut }) => (kind === 'warning' ? [{ text, isCut }] : []));
}

const cut = (text: RegExp) => [{ text: expect.stringMatching(text), isCut: true }];

test('the numbers of the frames of a MIB say what is missing, and where', async () => {
  expect(await warningsOf(mib('scan.mib', [1, 2, 3, 4, 5]))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 2, 3, 5, 6, 7, 9]))).toEqual(
    cut(/^2 frames of the acquisition are missing, the first 4: .* there are 1 to 9, and the file holds 7/),
  );
  // Several counters of a frame have its number, and some programs number nothing.
  expect(await warningsOf(mib('scan.mib', [1, 1, 2, 2]))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 1, 1]))).toEqual([]);
});

test('the .hdr of a MIB says how many frames there were', async () => {
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(3))).toEqual([]);
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(4))).toEqual(
    cut(/^the \.hdr states an acquisition of 4 frames, and the file holds 3$/),
  );
  expect(await warningsOf(mib('scan.mib', [1, 2, 3]), hdr(2))).toEqual([
    { text: expect.stringContaining('of 2 frames, and the file holds 3'), isCut: undefined },
  ]);
});

test('MIBs of one acquisition follow each other, and those of several may be stacked', async () => {
  const [first, second, third] = [mib('x.mib', [1, 2]), mib('y.mib', [3, 4]), mib('z.mib', [5, 6])];
  expect(await warningsOf(first, second, third)).toEqual([]);
  expect(await warningsOf(first, third)).toEqual(cut(/x\.mib has the frames 1 to 2 .* 5 to 6: 2 frames between them/));
  expect(await warningsOf(mib('a.mib', [3, 4]), mib('b.mib', [1, 2]))).toEqual(
    cut(/a\.mib has the frames 3 to 4 and b\.mib, the last file, 1 to 2: the files are not in the order/),
  );
  expect(await warningsOf(mib('a.mib', [1, 2]), mib('b.mib', [1, 2]))).toEqual([]);
});

test('a series of TVIPS ends before a missing file, and says so', async () => {
  const names = ['a_000.tvips', 'a_001.tvips', 'a_002.tvips'] as const;
  const [first, second, third] = names.map((name, i) => tvips(name, i === 0)) as [File, File, File];
  expect(await warningsOf(first, second, third)).toEqual([]);
  expect(await warningsOf(first, third)).toEqual(cut(/^a_001\.tvips is missing, and a_002\.tvips is there/));
});

test('an HDF5 series with fewer frames than its detector has announced says so', async () => {
  const series = async (nimages: number, ntrigger: number): Promise<File> => {
    const detectorSpecific = group({ nimages: number(nimages), ntrigger: number(ntrigger) });
    const instrument = group({ detector: group({ detectorSpecific }, 'NXdetector') }, 'NXinstrument');
    const data = group({ data: array(new Uint16Array(3 * 4 * 5), [3, 4, 5]) }, 'NXdata');
    const bytes = await treeFile({ entry: group({ data, instrument }, 'NXentry') });
    return new File([new Uint8Array(bytes)], 'run_master.h5');
  };
  expect(await warningsOf(await series(3, 1))).toEqual([]);
  expect(await warningsOf(await series(1, 3))).toEqual([]);
  expect(await warningsOf(await series(5, 2))).toEqual(
    cut(/^the detector announced 10 frames \(nimages × ntrigger\), and the file holds 3$/),
  );
});
