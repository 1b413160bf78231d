// @module-tag house: a script of the repository.
/** Addons for other machines are packed only if they were built from the current sources. */
import { rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hashOfAddonSources, isCurrentAddon, stampAddon } from '../../scripts/packages/cross-built.mjs';

test('an addon without a stamp, of other sources, or replaced after its build is not current', () => {
  const [target, file] = [`test-${process.pid}`, `build/test-addon-${process.pid}.node`];
  try {
    writeFileSync(file, 'an addon');
    expect(isCurrentAddon(target, file)).toBe(false);
    stampAddon(target, file, 'the hash of other sources');
    expect(isCurrentAddon(target, file)).toBe(false);
    stampAddon(target, file, hashOfAddonSources());
    expect(isCurrentAddon(target, file)).toBe(true);
    writeFileSync(file, 'another addon');
    expect(isCurrentAddon(target, file)).toBe(false);
  } finally {
    rmSync(file, { force: true });
    rmSync(`build/stamps/native-${target}.json`, { force: true });
  }
});
