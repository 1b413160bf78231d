/** The output of `ewald devices` for a GPU that fails its self-test, as text and as JSON. */
import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { registerCommand } from '../../src/cli/command.js';
import * as action from '../../src/cli/devices.js';
import { command } from '../../src/cli/devices-rows.js';

const reason = 'atomics in workgroup memory: word 0 is 1, expected 8128 (4 of 32 words are wrong)';
const faults = [{ mechanism: 'workgroupAtomics', reason, rooms: ['pi', 'indexing', 'peaks'] }];
const row = {
  backend: 'webgpu',
  available: true,
  chosen: true,
  name: 'Mali',
  reason: 'a hardware adapter',
  limits: {},
};
const device = { name: 'Mali', kind: 'gpu', precisions: ['f32'], limits: {}, memory: null, driver: 'WebGPU' };

const engine = {
  engine: 'mkl',
  available: false,
  proven: false,
  reason: 'MKL cannot be used: no library was found; install oneMKL',
  tried: ['libmkl_rt.so.3', 'libmkl_rt.so'],
};

/** The standard output of the command with fake devices, and the calls it made to them. */
async function printed(...args: string[]): Promise<{ out: string; asked: unknown }> {
  return printedOf([{ ...row, memory: null, device, engines: [engine], faults }], ...args);
}

async function printedOf(rows: unknown[], ...args: string[]): Promise<{ out: string; asked: unknown }> {
  let out = '';
  let asked: unknown;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const devices = async (options: unknown) => {
    asked = options;
    return rows;
  };
  const program = new Command();
  registerCommand(program, 'devices', command, async () => action, { devices } as never);
  await program.parseAsync(['node', 'ewald', 'devices', ...args]);
  vi.restoreAllMocks();
  return { out, asked };
}
afterEach(() => vi.restoreAllMocks());

test('leaves the names of libraries that were tried to --json', async () => {
  expect((await printed()).out).toContain('--engine mkl MKL cannot be used: no library was found; install oneMKL\n');
  expect(JSON.parse((await printed('--json')).out)[0].engines).toEqual([engine]);
});

test('names the mechanism and the rooms, as text', async () => {
  const { out, asked } = await printed();
  expect(out).toContain(`not used for pi, indexing, peaks: failed the self-test: ${reason}`);
  expect(asked).toMatchObject({ selfTest: true });
});

test('and in JSON', async () => {
  expect(JSON.parse((await printed('--json')).out)).toMatchObject([{ backend: 'webgpu', faults }]);
});

test('shows where each usual work pays, and what its milliseconds consist of', async () => {
  const report = { ...row, memory: null, device, engines: [], faults: [], numbers: null };
  const onCores = { work: 'peaks', run: 'a frame', chosen: true, reason: '0.44 ms', ms: 0.4361 };
  const onGpu = { ...onCores, chosen: false, reason: '5.5 ms: copies 1.5 ms', ms: 5.53 };
  const rows = [
    { ...report, backend: 'native', works: [onCores, { ...onCores, work: 'disks', run: '25 disks' }] },
    { ...report, works: [onGpu, { ...onGpu, reason: 'it has no kernels of this work', ms: null }] },
    { ...report, backend: 'cuda', available: false, works: [] },
  ];
  const { out } = await printedOf(rows);
  expect(out).toContain(
    '\nestimated best backend per workload:\n' +
      'peaks        a frame\n' +
      '             ● native   0.44 ms\n' +
      '             ○ webgpu   5.5 ms: copies 1.5 ms\n' +
      'disks        25 disks\n' +
      '             ● native   0.44 ms\n' +
      '             ○ webgpu   it has no kernels of this work\n',
  );
  expect(JSON.parse((await printedOf(rows, '--json')).out)[1].works).toEqual(rows[1]?.works);
});
