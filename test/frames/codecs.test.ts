/**
 * The codecs of the core, native and wasm, compared with the simple ones of codecs-oracle.ts: every element size,
 * lengths that are not a multiple of the block, every instruction set, and truncated or modified input.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCodecs } from '../../dist/data.node.js';
import { isEwaldError } from '../../dist/index.node.js';
import type { Codec, Codecs } from '../../src/bytes/codecs/codecs.js';
import { tier, variants } from '../support/variants.js';
import * as oracle from './codecs-oracle.js';

const addonPath = `${process.cwd()}/dist/native/${process.platform}-${process.arch}/ewald_native.node`;
const places = existsSync(addonPath) ? (['native', 'wasm'] as const) : (['wasm'] as const);

/** Reproducible bytes: mostly small counts, as detectors have them. */
function counts(length: number, seed: number, spread = 3): Uint8Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Uint8Array.from({ length }, (_, i) =>
    i % 4 > 1 && next() < 0.98 ? 0 : Math.floor(next() ** 4 * 2 ** spread),
  );
}

const lengths = [0, 1, 7, 8, 9, 63, 64, 65, 127, 1000, 1023, 4096, 8191, 8192, 8193, 20011];

describe.each(places)('codecs on %s', (backend) => {
  let codecs: Codecs;
  beforeAll(async () => {
    codecs = await openCodecs(
      backend === 'native' ? { backend, addonPath } : { backend, wasm: readFileSync('dist/ewald.wasm') },
    );
  });
  afterAll(() => codecs.dispose());

  const decodes = async (codec: Codec, packed: Uint8Array, wanted: Uint8Array): Promise<void> => {
    // Bytes on both sides must stay unchanged.
    const memory = new Uint8Array(wanted.length + 32).fill(0xa5);
    await codecs.decode(codec, packed, memory.subarray(16, 16 + wanted.length));
    expect(Buffer.compare(memory.subarray(16, 16 + wanted.length), wanted)).toBe(0);
    for (const guard of [memory.subarray(0, 16), memory.subarray(16 + wanted.length)])
      expect(guard.every((byte) => byte === 0xa5)).toBe(true);
  };

  test.each(variants([1, 2, 3, 4, 5, 6, 7, 8, 10, 16], 4))(
    'bitshuffle of %i bytes per element',
    { tags: tier },
    async (elementBytes) => {
      for (const [i, n] of lengths.entries())
        for (const spread of [0, 3, 8]) {
          const bytes = counts(n * elementBytes + (i % elementBytes), i * 31 + spread, spread);
          const codec: Codec = { codec: 'bitshuffleLz4', elementBytes };
          await decodes(codec, oracle.bitshuffleLz4(bytes, elementBytes), bytes);
          await decodes(codec, oracle.bitshuffleLz4(bytes, elementBytes, 1024), bytes);
          await decodes(codec, await codecs.encode(codec, bytes), bytes);
          const shuffled = oracle.bitshuffle(bytes, elementBytes);
          await decodes({ codec: 'bitshuffle', elementBytes }, shuffled, bytes);
          expect(Buffer.compare(await codecs.encode({ codec: 'bitshuffle', elementBytes }, bytes), shuffled)).toBe(0);
        }
    },
  );

  // The wasm core decodes large chunks in pieces: test around the sizes at which that starts and ends.
  test.each(variants([1, 2, 4, 7], 2))('large chunks of %i bytes per element', { tags: tier }, async (elementBytes) => {
    const codec: Codec = { codec: 'bitshuffleLz4', elementBytes };
    for (const [i, length] of [2 ** 19 - 1, 2 ** 19, 2 ** 19 + 5, 2 ** 20 + 8191, 3 * 2 ** 18].entries())
      for (const block of [0, 64, 1 << 15]) {
        const bytes = counts(length, i + 1, 4);
        const packed = await codecs.encode({ ...codec, parameter: block }, bytes);
        await decodes(codec, packed, bytes);
      }
    const bytes = counts(2 ** 20 + 3, 9, 6);
    const packed = await codecs.encode(codec, bytes);
    const out = new Uint8Array(bytes.length);
    // Truncation at any place, a block longer than the chunk, damage in a late block: the error is reported for the
    // whole chunk.
    for (const [at, value] of [
      [12, 0xff],
      [packed.length - 40, 0xff],
      [11, 1],
      [7, 1],
    ] as const) {
      const changed = packed.slice();
      changed[at] = value;
      const error = await codecs.decode(codec, changed, out).catch((caught: unknown) => caught);
      if (at !== packed.length - 40 || error !== undefined)
        expect(String(error)).toMatch(
          new RegExp(`${packed.length} bytes of bitshuffle-LZ4 do not decode to ${bytes.length}`),
        );
    }
    for (let cut = 0; cut < packed.length; cut += 49_999)
      await expect(codecs.decode(codec, packed.subarray(0, cut), out)).rejects.toMatchObject({ tag: 'Format' });
    await expect(codecs.decode(codec, Uint8Array.of(...packed.subarray(0, 12), 0), out)).rejects.toThrow();
    const longer = new Uint8Array(packed.length + 1);
    longer.set(packed);
    await expect(codecs.decode(codec, longer, out)).rejects.toThrow(/do not end after the last elements/);
  });

  test('LZ4, framed and bare, LZF and shuffle', async () => {
    for (const [i, n] of lengths.entries()) {
      const bytes = counts(n, i + 7, i % 9);
      await decodes({ codec: 'lz4Block' }, Uint8Array.from(oracle.lz4(bytes)), bytes);
      await decodes({ codec: 'lz4Block' }, await codecs.encode({ codec: 'lz4Block' }, bytes), bytes);
      for (const block of [100, 4096, 1 << 20]) {
        await decodes({ codec: 'lz4' }, oracle.framedLz4(bytes, block), bytes);
        await decodes({ codec: 'lz4' }, await codecs.encode({ codec: 'lz4', parameter: block }, bytes), bytes);
      }
      await decodes({ codec: 'lzf' }, oracle.lzf(bytes), bytes);
      for (const elementBytes of [1, 2, 3, 4, 7, 8, 16, 300]) {
        const shuffled = oracle.shuffle(bytes, elementBytes);
        await decodes({ codec: 'shuffle', elementBytes }, shuffled, bytes);
        expect(Buffer.compare(await codecs.encode({ codec: 'shuffle', elementBytes }, bytes), shuffled)).toBe(0);
      }
    }
  });

  test('LZ4 matches of every distance', async () => {
    for (let distance = 1; distance <= 70; distance++)
      for (const length of [4, 5, 18, 19, 20, 33, 300]) {
        // Literals of one period, a match, five literals.
        const out: number[] = [];
        const put = (n: number): void => {
          for (n -= 15; n >= 255; n -= 255) out.push(255);
          out.push(n);
        };
        out.push((Math.min(distance, 15) << 4) | Math.min(length - 4, 15));
        if (distance >= 15) put(distance);
        for (let i = 0; i < distance; i++) out.push(i + 1);
        out.push(distance, 0);
        if (length - 4 >= 15) put(length - 4);
        out.push(0x50, 1, 2, 3, 4, 5);
        const wanted = Uint8Array.from({ length: distance + length }, (_, i) => (i % distance) + 1);
        await decodes({ codec: 'lz4Block' }, Uint8Array.from(out), Uint8Array.from([...wanted, 1, 2, 3, 4, 5]));
      }
  });

  test('byte offsets and packed bits', async () => {
    const pixels = Int32Array.of(0, 1, -1, 127, 0, -128, 200, -40000, 2 ** 31 - 1, -(2 ** 31), 5, 32767, -2, 65535);
    const bytes = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, 0, array.byteLength);
    await decodes({ codec: 'byteOffset', elementBytes: 4 }, oracle.byteOffset(pixels), bytes(pixels));
    for (let bits = 1; bits <= 16; bits++)
      for (const n of [0, 1, 5, 64, 1001]) {
        const values = Uint16Array.from({ length: n }, (_, i) => (i * 40503) % 2 ** bits);
        for (const [codec, highFirst] of [
          ['packedMsb', true],
          ['packedLsb', false],
        ] as const) {
          const packed = oracle.pack(values, bits, highFirst);
          await decodes({ codec, elementBytes: 2, parameter: bits }, packed, bytes(values));
          if (bits <= 8) await decodes({ codec, elementBytes: 1, parameter: bits }, packed, Uint8Array.from(values));
        }
      }
  });

  test('gzip and Fletcher-32', async () => {
    for (const [i, n] of lengths.entries()) {
      const bytes = counts(n, i, 8);
      const packed = await codecs.deflate(bytes);
      await decodes({ codec: 'zlib' }, packed, bytes);
      await expect(codecs.decode({ codec: 'zlib' }, packed, new Uint8Array(n + 1))).rejects.toThrow(
        `of gzip do not decode to ${n + 1}: the data hold fewer bytes than the chunk`,
      );
      // Sums that fold to 65535 are 0 by the definition, and may be either value in practice.
      expect(codecs.fletcher32(bytes) % 65535).toBe(oracle.fletcher32(bytes) % 65535);
    }
  });

  // zlib is the oracle: every level and strategy; stored, fixed and dynamic blocks; matches of every distance.
  test('gzip of every kind', { tags: 'all' }, async () => {
    const { Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = zlib.constants;
    const period = (n: number, p: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i % p) * 7);
    const kinds = [counts(300_000, 3, 1), counts(70_001, 4, 3), counts(40_000, 5, 8), new Uint8Array(100_000)];
    for (const p of [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 257, 4099]) kinds.push(period(2000 + 3 * p, p));
    // Distant matches, and bytes without short codes.
    const far = counts(32_768, 6, 8);
    kinds.push(
      Uint8Array.from([...far, ...far]),
      Uint8Array.from({ length: 9000 }, (_, i) => Math.imul(i, i) >>> 5),
    );
    // A skewed alphabet gives codes of fifteen bits, longer than one table look-up.
    const skewed = Array.from({ length: 20 }, (_, i) => new Uint8Array(Math.ceil(1.6 ** i)).fill(i * 11));
    kinds.push(Uint8Array.from(Buffer.concat(skewed)).sort((a, b) => ((a * 31 + b * 17) % 3) - 1));
    for (const bytes of kinds)
      for (const options of [
        ...[0, 1, 4, 6, 9].map((level) => ({ level })),
        ...[Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED].map((strategy) => ({ strategy })),
        { windowBits: 9, memLevel: 1 },
      ])
        await decodes({ codec: 'zlib' }, zlib.deflateSync(bytes, options), bytes);
  });

  test('damaged gzip is judged as zlib judges it', { tags: 'nightly' }, async () => {
    let [sound, damaged] = [0, 0];
    for (const [i, options] of [{}, { level: 0 }, { strategy: zlib.constants.Z_FIXED }, { level: 9 }].entries()) {
      const bytes = counts(3000, i + 2, 4 + i);
      const packed = zlib.deflateSync(bytes, options);
      const judge = async (input: Uint8Array): Promise<void> => {
        const out = new Uint8Array(bytes.length);
        const ours = await codecs.decode({ codec: 'zlib' }, input, out).then(
          () => true,
          (error) => {
            expect(isEwaldError(error, 'Format')).toBe(true);
            return false;
          },
        );
        let theirs: Uint8Array | undefined;
        try {
          theirs = zlib.inflateSync(input, { maxOutputLength: 1 << 20 });
        } catch {}
        expect(ours).toBe(theirs?.length === bytes.length);
        if (theirs && ours) expect(Buffer.compare(out, theirs)).toBe(0);
        if (ours) sound++;
        else damaged++;
      };
      for (let cut = 0; cut < packed.length; cut += 1 + (cut >> 6)) await judge(packed.subarray(0, cut));
      for (let k = 0; k < 600; k++) {
        const changed = Uint8Array.from(packed);
        const at = (k < 200 ? k : Math.imul(k + 1, 2654435761) >>> 0) % changed.length;
        changed[at] = (changed[at] ?? 0) ^ (1 << (k % 8));
        await judge(changed);
      }
      await judge(Uint8Array.from([...packed, 1, 2, 3]));
    }
    expect(sound).toBeGreaterThanOrEqual(4);
    expect(damaged).toBeGreaterThan(2000);
  });

  test('truncated or modified input is refused or decodes to the right length', async () => {
    const bytes = counts(5000, 3, 5);
    const cases: [Codec, Uint8Array][] = [
      [{ codec: 'bitshuffleLz4', elementBytes: 2 }, oracle.bitshuffleLz4(bytes, 2)],
      [{ codec: 'lz4' }, oracle.framedLz4(bytes, 700)],
      [{ codec: 'lz4Block' }, Uint8Array.from(oracle.lz4(bytes))],
      [{ codec: 'lzf' }, oracle.lzf(bytes)],
    ];
    for (const [codec, packed] of cases) {
      for (let cut = 0; cut < packed.length; cut += 1 + (cut >> 5))
        await expect(codecs.decode(codec, packed.subarray(0, cut), new Uint8Array(bytes.length))).rejects.toSatisfy(
          (error) => isEwaldError(error, 'Format'),
        );
      for (let i = 0; i < 400; i++) {
        const changed = packed.slice();
        const at = Math.imul(i + 1, 2654435761) >>> 0;
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ (1 << (i % 8));
        await codecs.decode(codec, changed, new Uint8Array(bytes.length)).catch((error) => {
          expect(isEwaldError(error, 'Format')).toBe(true);
        });
      }
    }
  });

  test('invalid arguments are refused', async () => {
    const bytes = new Uint8Array(64);
    for (const codec of [
      { codec: 'bitshuffle', elementBytes: 0 },
      { codec: 'bitshuffle', elementBytes: 65537 },
      { codec: 'bitshuffle', elementBytes: 2, parameter: 3 },
      { codec: 'packedMsb', elementBytes: 1, parameter: 12 },
      { codec: 'byteOffset', elementBytes: 2 },
    ] as Codec[])
      await expect(codecs.decode(codec, bytes, bytes.slice())).rejects.toSatisfy((e) => isEwaldError(e, 'Argument'));
    await expect(codecs.encode({ codec: 'lzf' }, bytes)).rejects.toSatisfy((e) => isEwaldError(e, 'Argument'));
  });

  test('shared memory is filled as well', async () => {
    const bytes = counts(70000, 5);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    await codecs.decode({ codec: 'shuffle', elementBytes: 2 }, oracle.shuffle(bytes, 2), shared);
    expect(Buffer.compare(shared, bytes)).toBe(0);
  });
});

test.skipIf(!existsSync(addonPath) || process.arch !== 'x64')(
  'every instruction set decodes the same',
  { tags: 'all' },
  () => {
    const bytes = counts(100_003, 11, 6);
    const hashes = ['sse2', 'avx2', 'avx512'].map((isa) =>
      execFileSync(process.execPath, ['-e', script], {
        env: { ...process.env, EWALD_ISA: isa },
        input: Buffer.concat([2, 3, 4, 8].flatMap((size) => [...framed(oracle.bitshuffleLz4(bytes, size))])),
      }).toString(),
    );
    expect(hashes[0]).toMatch(/^(\w{64}\n){4}$/);
    expect(new Set(hashes).size).toBe(1);
  },
);

function* framed(bytes: Uint8Array): Generator<Uint8Array> {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  yield length;
  yield bytes;
}

const script = `
const addon = require('${addonPath}');
const all = require('fs').readFileSync(0);
for (let at = 0, i = 0; at < all.length; i++) {
  const length = all.readUInt32LE(at);
  const out = new Uint8Array(100003);
  addon.codecDecode(0, [2, 3, 4, 8][i], 0, new Uint8Array(all.subarray(at + 4, at + 4 + length)), out, true);
  console.log(require('crypto').createHash('sha256').update(out).digest('hex'));
  at += 4 + length;
}`;
