// Memory that was never disposed: the collector frees it in the wasm heap, with one warning.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fixtures, targets } from '../ffi/support.js';

const target = targets[1] as (typeof targets)[number];
const program = fileURLToPath(new URL('./forgotten.mjs', import.meta.url));

test.skipIf(target.absent)(
  `forgotten memory is freed, with one warning${target.absent ? ` (absent: ${target.absent})` : ''}`,
  () => {
    const { stdout, stderr } = spawnSync(process.execPath, [program, fixtures, target.build()], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([80_000, 0]);
    expect(stderr).toMatch(/^ewald: .+ was left to the garbage collector; dispose it.+\n$/);
  },
);
