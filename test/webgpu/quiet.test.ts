// Searching for devices prints nothing on standard error: libraries below Dawn print warnings there on machines without
// a display or GPU.
import { expect, test } from 'vitest';
import { ewald } from '../support/cli.js';

test('ewald devices --json writes nothing to standard error, without a runtime folder or a chosen driver', async () => {
  const { code, out, err } = await ewald(['devices', '--json'], {
    env: { XDG_RUNTIME_DIR: '', VK_ICD_FILENAMES: '', VK_DRIVER_FILES: '' },
  });
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toContain('"backend":"webgpu"');
});
