// @module-tag house: a script of the repository.
/** What the setup finds on a machine. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { hasBoostContext } from '../../scripts/lib/headers.mjs';

test('the headers of Boost without its library are not enough for the emulator of CUDA', () => {
  const system = mkdtempSync(join(tmpdir(), 'ewald-headers-'));
  const install = (path: string): void => {
    mkdirSync(dirname(join(system, path)), { recursive: true });
    writeFileSync(join(system, path), '');
  };
  try {
    expect(hasBoostContext(system)).toBe(false);
    install('usr/include/boost/context/fiber.hpp');
    expect(hasBoostContext(system)).toBe(false);
    install('usr/lib/x86_64-linux-gnu/libboost_context.a');
    expect(hasBoostContext(system)).toBe(true);
  } finally {
    rmSync(system, { recursive: true });
  }
});
