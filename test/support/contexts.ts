/** Opens a context for every test of a block. */
import { type BackendName, type Context, createContext, devices } from 'ewald';
import { afterEach, beforeEach, expect } from 'vitest';

/**
 * Opens the backend before each test of the block, skips the test if the backend is absent, and afterwards checks that
 * every byte was freed.
 */
export function openEach(backend: BackendName, opened: (context: Context) => void): void {
  let context: Context | undefined;
  beforeEach(async ({ skip }) => {
    context = undefined;
    if (!(await devices({ backend })).find((row) => row.backend === backend)?.available) skip(`absent: ${backend}`);
    context = await createContext({ backend, strict: true, log: { level: 'error' } });
    opened(context);
  });
  afterEach(async () => {
    await context?.dispose();
    expect(context?.liveBytes ?? 0).toBe(0);
  });
}
