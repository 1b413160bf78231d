/** One thread pool for each process, sized by the largest request, with fewer threads if the system refuses them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { devices } from 'ewald';
import { describe, expect, it } from 'vitest';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const native = (await devices()).find(({ backend }) => backend === 'native')?.available ?? false;

function look(mode: string, env: Record<string, string> = {}): Record<string, unknown> {
  const text = execFileSync(process.execPath, [here('threads.mjs'), mode], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  return JSON.parse(text);
}

describe.skipIf(!native || !existsSync('/proc/self/task'))('threads of the native backend', () => {
  it('are as many as the largest plan requests, regardless of the number of plans', { tags: 'all' }, () => {
    const { made, after, same } = look('counted');
    // Four including the caller; Node starts some threads of its own while it runs.
    expect(made).toBe(3);
    expect(after).toBeLessThan(3 + 8);
    expect(same).toBe(true);
  });

  it('are fewer if the system provides fewer, with the same results', { tags: 'all' }, ({ skip }) => {
    const folder = mkdtempSync(join(tmpdir(), 'ewald-threads-'));
    try {
      const shim = join(folder, 'refuse.so');
      try {
        execFileSync('cc', ['-shared', '-fPIC', '-o', shim, here('refuse-threads.c'), '-ldl'], { stdio: 'pipe' });
      } catch {
        skip('absent: a C compiler for the stand-in of pthread_create');
      }
      expect(look('refused', { LD_PRELOAD: shim })).toEqual({ same: true, pi: true });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
