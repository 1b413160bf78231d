// Mutated headers: each is parsed or refused with a position; none crashes or hangs the parser. 10³ here, 10⁵ in
// test/soak/ffi.mjs.
import { expect, test } from 'vitest';
import { parseHeader } from '../../dist/ffi.node.js';
import { mutatedHeaders, verdict } from './mutations.mjs';

// biome-ignore lint/suspicious/noExplicitAny: the package may be absent, types included
const fc: any = await import('fast-check' as string).catch(() => undefined);
if (!fc && (process.env.EWALD_REQUIRE ?? '').split(/[\s,]+/).includes('fast-check'))
  throw new Error('EWALD_REQUIRE names fast-check, but it is not installed');

test.skipIf(!fc)(`10³ mutated headers${fc ? '' : ' (absent: fast-check is not installed)'}`, { tags: 'all' }, () => {
  fc.assert(
    fc.property(mutatedHeaders(fc), (text: string) => {
      expect(verdict(parseHeader, text)).toBeUndefined();
    }),
    { numRuns: 1000, seed: 20240611 },
  );
});
