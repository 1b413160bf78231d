/** Numbers of devices are measured on the device itself, and kept in a file for each device and driver. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { numbersInFiles } from '../../src/compute/backends/cache-file.js';
import { cudaEmulatedLoader } from '../../src/compute/backends/cuda/cuda.js';
import { isDeviceNumbers } from '../../src/compute/backends/device-numbers.js';
import { dawnGpu } from '../../src/compute/backends/webgpu/node.js';
import { webgpuLoader } from '../../src/compute/backends/webgpu/webgpu.js';
import { present } from '../support/emulated-card.js';
import { options, whyAbsent } from '../webgpu/support.js';

const absent = await whyAbsent();
const emulator = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ewald-numbers-'));
  vi.stubEnv('XDG_CACHE_HOME', join(home, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const numbers = { launchMs: 0.02, upMsPerMiB: 0.1, downMsPerMiB: 0.2, memoryMsPerMiB: 0.004 };
const folder = (): string => join(home, 'cache', 'ewald');

describe('the file of a device', () => {
  test('is found again for the same device and driver only', () => {
    expect(numbersInFiles.read('card; driver 1')).toBeUndefined();
    numbersInFiles.write('card; driver 1', numbers);
    expect(numbersInFiles.read('card; driver 1')).toEqual(numbers);
    expect(numbersInFiles.read('card; driver 2')).toBeUndefined();
    // Nothing but the file: no temporary one stays.
    const [name = '', ...others] = readdirSync(folder());
    expect(others).toEqual([]);
    expect(JSON.parse(readFileSync(join(folder(), name), 'utf8'))).toEqual({ device: 'card; driver 1', numbers });
  });

  test('is not believed when it is damaged, and a folder that cannot be written costs nothing else', () => {
    numbersInFiles.write('card', numbers);
    const path = join(folder(), readdirSync(folder())[0] ?? '');
    const other = JSON.stringify({ device: 'other', numbers });
    for (const text of ['', '{"device":"card"', '{"device":"card","numbers":{"launchMs":-1}}', other]) {
      writeFileSync(path, text);
      expect(numbersInFiles.read('card'), text).toBeUndefined();
    }
    writeFileSync(join(home, 'file'), '');
    vi.stubEnv('XDG_CACHE_HOME', join(home, 'file'));
    expect(() => numbersInFiles.write('card', numbers)).not.toThrow();
    expect(numbersInFiles.read('card')).toBeUndefined();
  });
});

test.skipIf(absent)(
  `WebGPU measures each number and frees what it used${absent ? `: absent, ${absent}` : ''}`,
  async () => {
    const probe = await webgpuLoader(dawnGpu, numbersInFiles).probe(options);
    if (!probe.available) throw new Error(probe.reason);
    const backend = await probe.open();
    const measured = await backend.numbers?.();
    expect(isDeviceNumbers(measured), JSON.stringify(measured)).toBe(true);
    expect(backend.liveBytes).toBe(0);
    await backend.dispose();
    // Known in this process, then in the file: nothing is measured again.
    expect(await probe.numbers?.()).toEqual(measured);
    const again = await webgpuLoader(dawnGpu, numbersInFiles).probe(options);
    expect(again.available && (await again.numbers?.())).toEqual(measured);
  },
);

test.skipIf(!present)('the emulated card measures each number and frees what it used', async () => {
  const probe = await cudaEmulatedLoader.probe({ ...options, addonPath: { 'cuda-emulated': emulator } });
  if (!probe.available) throw new Error(probe.reason);
  const backend = await probe.open();
  const before = backend.liveBytes;
  const measured = await backend.numbers?.();
  expect(isDeviceNumbers(measured), JSON.stringify(measured)).toBe(true);
  expect(backend.liveBytes).toBe(before);
  await backend.dispose();
  expect(existsSync(folder())).toBe(true);
});
