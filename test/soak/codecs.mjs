// Fuzzes the decoders of the core with libFuzzer and the address and undefined-behaviour sanitizers, and the decoder of
// Zstandard, which is not of the core, beside the program zstd.
import { unpackZstd } from '../../build/esm/bytes/codecs/zstd.js';
import { buildDriver, codecs, fuzz, fuzzer } from '../frames/fuzz.mjs';
import { fuzzZstd, hasZstd } from '../frames/zstd-fuzz.mjs';

export const name = 'codecs';
export const about = 'each decoder and encoder under libFuzzer with sanitizers, and Zstandard, for ten minutes';
export const minutes = 110;

export async function run({ scale, note }) {
  const seconds = Math.max(1, Math.round(600 * scale));
  await zstd(seconds, note);
  const compiler = fuzzer();
  if (!compiler) return note('absent: clang++ with libFuzzer (Debian: clang libclang-rt-14-dev)');
  const driver = await buildDriver(compiler);
  for (const [i, codec] of codecs.entries()) note(`${codec}: ${await fuzz(driver, i, seconds)} inputs, nothing found`);
}

async function zstd(seconds, note) {
  if (!hasZstd()) return note('zstd: absent: the program zstd (Debian: zstd)');
  const end = performance.now() + 1000 * seconds;
  const { intact, damaged, refused } = await fuzzZstd(unpackZstd, () => performance.now() < end);
  note(`zstd: ${intact} inputs unpacked, ${refused} of ${damaged} damaged ones refused, nothing found`);
}
