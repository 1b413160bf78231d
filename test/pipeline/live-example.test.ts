// @module-tag all: whole runs.
/** examples/live indexes and merges the frames of a simulated detector. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const zmq = await import('zeromq').catch(() => undefined);
const folder = mkdtempSync(join(tmpdir(), 'ewald-live-example-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!zmq)(zmq ? 'examples/live indexes every frame that arrives' : 'absent: zeromq', async () => {
  const file = fileURLToPath(new URL('../../examples/live/live.mjs', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, folder]);
  expect(stderr).toBe('');
  const stream = join(folder, 'live.stream');
  const lines = stdout.trimEnd().split('\n');
  expect(lines.filter((line) => /^\d+ frames, /.test(line))).toEqual(
    [15, 30, 45].map((n) => `${n} frames, ${n} indexed`),
  );
  // The last merge is that of the complete run, and an earlier one is made while frames arrive.
  const merged = lines.filter((line) =>
    / crystals merged: CC1\/2 (?:-|-?\.\d+|1\.00), complete \d+ % to 3\.\d Å/.test(line),
  );
  expect(merged.length, stdout).toBeGreaterThanOrEqual(2);
  expect(merged.at(-1)).toMatch(/^45 crystals/);
  expect(lines.at(-1)).toBe(`45 frames have arrived; their crystals are in ${stream}`);
  expect(readFileSync(stream, 'utf8').match(/^--- Begin crystal$/gm)).toHaveLength(45);
});
