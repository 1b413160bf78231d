/** Words of files, messages and users that every object of JavaScript has as members, where a word of a table belongs. */
import { expect, test } from 'vitest';
import { memorySource, open } from '../../src/entries/data.node.js';
import { parseHeader } from '../../src/ffi/header/parse.js';
import { metadataText } from '../../src/frames/metadata-text.js';
import { dectrisV1 } from '../../src/frames/streams/dectris-v1.js';
import { zarrArray } from '../../src/frames/zarr/metadata.js';
import { readGoals } from '../../src/merging/forecast/goals.js';
import { readMtzReflections } from '../../src/merging/lists/mtz-reader.js';
import { milliradiansOf } from '../../src/stem/calibrate/optics.js';
import { isEwaldError } from '../../src/util/errors.js';

const words = ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty', 'isPrototypeOf'];
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const opened = (text: string, name: string) => open(memorySource(bytes(text.padEnd(8192)), name));

/** An MTZ file of one reflection without operators, whose space group is this word. */
function mtz(group: string): Uint8Array {
  const lines = [
    'NCOL 4 1 0',
    ...['H H', 'K H', 'L H', 'I J'].map((column) => `COLUMN ${column} 0 1 0`),
    `SYMINF 1 1 P 0 '${group}' PG1`,
  ];
  const file = new DataView(new ArrayBuffer(80 + 16 + 80 * lines.length));
  const put = (at: number, text: string): void => new Uint8Array(file.buffer).set(bytes(text), at);
  put(0, 'MTZ ');
  file.setInt32(4, 25, true);
  file.setUint8(8, 0x44);
  for (const [i, line] of lines.entries()) put(96 + 80 * i, line.padEnd(80));
  return new Uint8Array(file.buffer);
}

const zarr = (change: object): unknown =>
  zarrArray({
    ...{ zarr_format: 3, node_type: 'array', shape: [2, 2], data_type: 'uint16', fill_value: 0 },
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [2, 2] } },
    chunk_key_encoding: { name: 'default' },
    codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
    ...change,
  } as never);

const dectris = async (type: string): Promise<void> => {
  const message = dectrisV1([
    bytes(JSON.stringify({ htype: 'dimage-1.0', series: 1, frame: 0 })),
    bytes(JSON.stringify({ htype: 'dimage_d-1.0', shape: [2, 2], type, encoding: '<' })),
    new Uint8Array(8),
    bytes('{}'),
  ]);
  if (message.kind === 'image')
    await message.open({ meta: {}, mask: undefined, channel: undefined } as never, {} as never, 'x', []);
};

const cbf = (conversions: string, type: string): string =>
  `###CBF: VERSION 1.5\ndata_x\n_array_data.data\n;\n--CIF-BINARY-FORMAT-SECTION--\nContent-Type: application/octet-stream;\n` +
  `     conversions="${conversions}"\nX-Binary-Size: 4\nX-Binary-Element-Type: "${type}"\n` +
  'X-Binary-Size-Fastest-Dimension: 1\nX-Binary-Size-Second-Dimension: 1\n\n\x0c\x1a\x04\xd5';

const places: Readonly<Record<string, (word: string) => unknown>> = {
  'the type of an EDF': (word) => opened(`{\nDim_1 = 2 ;\nDim_2 = 2 ;\nDataType = ${word} ;\n}\n`, 'a.edf'),
  'the type of a CBF': (word) => opened(cbf('x-CBF_NONE', word), 'a.cbf'),
  'the compression of a CBF': (word) => opened(cbf(word, 'signed 32-bit integer'), 'a.cbf'),
  'the type of a MIB': (word) => opened(`MQ1,000001,00384,01,0002,0002,${word},1x1,01,`, 'a.mib'),
  'the type of an SMV': (word) => opened(`{\nHEADER_BYTES=512;\nSIZE1=2;\nSIZE2=2;\nTYPE=${word};\n}\n`, 'a.img'),
  'the type of a Zarr array': (word) => zarr({ data_type: word }),
  'the value of what is not there': (word) => zarr({ fill_value: word }),
  'the type of an image of a detector': dectris,
  'a goal of a merge': (word) => readGoals([`${word}=.5@2A`]),
  'the space group of an MTZ file': (word) => readMtzReflections(mtz(word)),
  'the machine mode of a type': (word) => parseHeader(`typedef int word __attribute__((mode(${word})));`),
};

test.each(Object.entries(places))('%s is refused by name', async (_, use) => {
  for (const word of words) {
    const error = await (async () => use(word))().catch((thrown: unknown) => thrown);
    expect(isEwaldError(error) || (error as Error)?.constructor === Error, `${word}: ${error}`).toBe(true);
    expect((error as Error).message.toLowerCase(), word).toContain(word.toLowerCase());
  }
});

test('a unit of an axis is not known', () => {
  for (const unit of words) {
    expect(milliradiansOf({ name: 'q', scale: 2, unit } as never, 200)).toBe(undefined);
    const lines = [...metadataText({ axes: [{ name: 'q', scale: 2, unit }] } as never)];
    expect(lines.join('\n')).not.toContain('NaN');
  }
});
