/**
 * Fuzzes the decoders with libFuzzer and sanitizers for some seconds; ten minutes each in the soak
 * (test/soak/codecs.mjs).
 */
import { expect, test } from 'vitest';
import { buildDriver, codecs, fuzz, fuzzer } from './fuzz.mjs';

const compiler = fuzzer();
test.skipIf(!compiler)(compiler ? `${codecs.length} codecs` : 'absent: clang++ with libFuzzer', async () => {
  const driver = await buildDriver(compiler ?? '');
  for (const [i, name] of codecs.entries()) expect(await fuzz(driver, i, 1), name).toBeGreaterThan(100);
});
