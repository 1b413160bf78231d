// @module-tag all: processes and threads.
/** A worker that is terminated while it computes ends, and the process continues. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { devices } from 'ewald';
import { describe, expect, it } from 'vitest';

const delays = ['0', '1', '5', '20'];
const program = fileURLToPath(new URL('terminate.mjs', import.meta.url));

describe.each(['native', 'cuda-emulated', 'wasm'] as const)('%s', (backend) => {
  it.for(['fft', 'pi', 'indexing', 'plans'])(
    'worker.terminate() during %s',
    { tags: backend === 'native' ? 'all' : 'nightly' },
    async (work, { skip }) => {
      if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
      const text = execFileSync(process.execPath, [program, backend, work, ...delays], { encoding: 'utf8' });
      expect(text.trim().split('\n')).toEqual(delays.map(() => '1'));
    },
  );
});
