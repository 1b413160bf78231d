// Fuzzes the decoders of the core with libFuzzer and the address and undefined-behaviour sanitizers.
import { buildDriver, codecs, fuzz, fuzzer } from '../data/fuzz.mjs';

export const name = 'codecs';
export const about = 'each decoder and encoder under libFuzzer with sanitizers for ten minutes';
export const minutes = 95;

export async function run({ scale, note }) {
  const compiler = fuzzer();
  if (!compiler) return note('absent: clang++ with libFuzzer (Debian: clang libclang-rt-14-dev)');
  const driver = await buildDriver(compiler);
  for (const [i, codec] of codecs.entries())
    note(`${codec}: ${await fuzz(driver, i, Math.max(1, Math.round(600 * scale)))} inputs, nothing found`);
}
