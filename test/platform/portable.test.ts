/** The system requirements of the Linux binaries: no more than RHEL 8 provides. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './support.js';

const shipped = ['dist/native/linux-x64', 'dist/native/linux-arm64', 'build/native-linux-arm64'].flatMap((folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder)).flatMap((name) =>
        /^ewald_(native|cuda|mpi)\.node$/.test(name) ? [`${folder}/${name}`] : [],
      )
    : [],
);

/** The newest version of a symbol family that a binary requires, as a number: 2.34 is 2034. */
function newest(family: string, binary: string): number {
  const found = readFileSync(binary, 'latin1').matchAll(new RegExp(`\\0${family}_(\\d+)\\.(\\d+)[.\\d]*(?=\\0)`, 'g'));
  return Math.max(0, ...[...found].map(([, major, minor]) => 1000 * Number(major) + Number(minor)));
}

describe.runIf(shipped.length > 0)('the addons of Linux', () => {
  test.for(shipped)('%s requires glibc 2.28 at most', (name) => {
    expect(newest('GLIBC', join(root, name))).toBeGreaterThan(2000);
    expect(newest('GLIBC', join(root, name))).toBeLessThanOrEqual(2028);
  });

  test.for(shipped)('%s includes its libstdc++', (name) => {
    expect(newest('GLIBCXX', join(root, name))).toBe(0);
    expect(newest('CXXABI', join(root, name))).toBe(0);
  });
});
