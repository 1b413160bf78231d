/** Where an addon is searched, and what is printed if it is missing. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findAddon, libcOfProgram, loadAddon } from '../../src/util/addon-path.node.js';

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('without an addon', () => {
  test('the C library is that of the program', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-addon-'));
    try {
      const program = join(folder, 'node');
      writeFileSync(program, '\x7fELF\0\0/lib/ld-musl-x86_64.so.1\0', 'latin1');
      expect(libcOfProgram(program)).toBe('musl');
      writeFileSync(program, '\x7fELF\0\0/lib64/ld-linux-x86-64.so.2\0', 'latin1');
      expect(libcOfProgram(program)).toBe('glibc');
      expect(libcOfProgram(join(folder, 'absent'))).toBe('glibc');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('one that is cut off is refused, since it would end the process', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-addon-'));
    const program = openSync(process.execPath, 'r');
    try {
      const begin = Buffer.alloc(100_000);
      readSync(program, begin, 0, begin.length, 0);
      const addon = join(folder, 'part.node');
      writeFileSync(addon, begin);
      expect(() => loadAddon(addon)).toThrow(/part\.node is cut off: \d{7,} bytes are missing; install it again/);
    } finally {
      closeSync(program);
      rmSync(folder, { recursive: true });
    }
  });

  test('the message names the package of the C library, and on musl how to build the addon', () => {
    const glibc = findAddon('ewald_native', undefined, 'glibc');
    expect(glibc.exists).toBe(false);
    expect(glibc.why).toMatch(/^no addon ewald_native for linux-x64: the package @ewald\/native-linux-x64 is not in/);
    const { why } = findAddon('ewald_native', undefined, 'musl');
    expect(why).toMatch(
      /^no addon ewald_native for linux-x64 with musl: the package @ewald\/native-linux-x64-musl is not/,
    );
    expect(why).toMatch(/npm install @ewald\/source && npx ewald-build-native builds .*\(apk add cmake make g\+\+\)/);
    expect(findAddon('ewald_cuda', undefined, 'musl').why).toContain('no package has one for this platform');
  });
});
