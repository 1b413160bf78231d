/**
 * Few descriptors: more files are read than can be open, and when no descriptors remain, errors report it.
 *
 * Below 18 descriptors Node itself ends with a segmentation fault (`ulimit -n 17; node -e 0`), and at 18 it cannot load
 * a module: nothing of this package runs there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const limited = (limit: number, file: string, ...args: string[]) =>
  spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', process.execPath, file, ...args], { encoding: 'utf8' });
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const words = expect.stringContaining('too many files are open');

// Windows has no such limit.
describe.skipIf(process.platform === 'win32')('a process that may open only few files', () => {
  it('reads more files than the limit, detects a replaced one, and reports when no descriptor is left', {
    tags: 'all',
    timeout: 60_000,
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-few-'));
    try {
      const count = 300;
      // Node opens the modules of an import at once: some 140 of three entries.
      const { stdout, stderr, status } = limited(200, beside('descriptors.mjs'), folder, String(count));
      expect(status, stderr).toBe(0);
      const { values, again, replaced, refused, after } = JSON.parse(stdout);
      const right = Array.from({ length: count }, (_, i) => i);
      expect([values, again]).toEqual([right, right]);
      expect(replaced).toMatchObject({
        tag: 'File',
        message: expect.stringContaining('changed while it was being read'),
      });
      expect(refused.read).toMatchObject({ tag: 'File', message: words });
      expect(refused.wasm).toMatchObject({ tag: 'Unsupported', message: words });
      expect(refused.workers).toMatchObject({ tag: 'Lost', message: words });
      expect(after).toBe('done');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gets a message from the command line, without a stack trace', () => {
    const { status, stderr } = limited(24, beside('../../dist/cli.js'), 'devices');
    expect([status, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toMatch(/^ewald: too many open files/);
  });
});
