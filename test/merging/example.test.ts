/** examples/merge from frames to structure factors. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readReflectionList } from 'ewald/merging';
import { afterAll, expect, test } from 'vitest';
import { readMtz } from './mtz-reader.js';

const folder = mkdtempSync(join(tmpdir(), 'ewald-merge-example-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('examples/merge prints good statistics and writes its files', { tags: 'all' }, async () => {
  const file = fileURLToPath(new URL('../../examples/merge/merge.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, folder]);
  expect(stdout).toMatch(/^80 of 80 frames indexed; the running merge: CC1\/2 \.9\d, complete \d+ % to 3\.\d Å/);
  const overall = stdout.match(/(\d+) unique, +(\d+) % complete, +([\d.]+) fold, CC1\/2 ([\d.]+)\n80 crystals/);
  const [unique = 0, complete = 0, fold = 0, ccHalf = 0] = (overall ?? []).slice(1).map(Number);
  expect([unique > 500, complete > 60, fold > 3, ccHalf > 0.95], stdout).toEqual([true, true, true, true]);
  const list = readReflectionList(readFileSync(join(folder, 'merged.hkl'), 'utf8'));
  expect(readMtz(readFileSync(join(folder, 'merged.mtz'))).rows).toHaveLength(list.count);
  for (const page of ['run.html', 'merged.html']) expect(readFileSync(join(folder, page), 'utf8')).toContain('CC1/2');
});
