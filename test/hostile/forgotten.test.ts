// @module-tag all: processes and threads.
/** Contexts that are left to the garbage collector are collected with everything they held, and a warning is logged. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { devices } from 'ewald';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('forgotten.mjs', import.meta.url));

it.for(['native', 'wasm'] as const)(
  '%s: five forgotten contexts are released, one in use is not',
  async (backend, ctx) => {
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) ctx.skip(`absent: ${backend}`);
    const text = execFileSync(process.execPath, ['--expose-gc', program, backend], { encoding: 'utf8' });
    expect(JSON.parse(text)).toEqual({ told: 5, bytes: 0, backend });
  },
);

it('a disposed context and its plans hold no wasm memory, also where somebody still has them', () => {
  const path = fileURLToPath(new URL('disposed.mjs', import.meta.url));
  const text = execFileSync(process.execPath, ['--expose-gc', path], { encoding: 'utf8' });
  expect(JSON.parse(text)).toEqual({ isHeld: false, refused: 'Disposed' });
});
