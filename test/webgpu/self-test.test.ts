/**
 * The self-test of a GPU: driver bugs in kernels are simulated by modifying shaders on their way to the device, one
 * mechanism at a time.
 */
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/compute/backends/backend.js';
import { type Mechanism, mechanisms, roomsThatUse, uses } from '../../src/compute/backends/mechanisms.js';
import { report } from '../../src/compute/backends/open.js';
import { webgpuLoader } from '../../src/compute/backends/webgpu/webgpu.js';
import { Planning } from '../../src/compute/planner/planning.js';
import { piFeature } from '../../src/pi/kernels.js';
import { EwaldError } from '../../src/util/errors.js';
import { Logger } from '../../src/util/log.js';
import { Resource } from '../../src/util/resource.js';
import { someOf } from '../support/variants.js';
import { options, over, watched, whyAbsent } from './support.js';

const absent = await whyAbsent();

/** The change to a shader that simulates a broken mechanism. */
const broken: Readonly<Record<string, readonly [RegExp, string]>> = {
  // Each invocation sees a separate atomic.
  workgroupAtomics: [/atomicAdd\(&sum, value\)/, 'atomicStore(&sum, value)'],
  // Two invocations use the same slot.
  storageAtomics: [/atomicAdd\(&output\[3\], 1u\)/, 'atomicLoad(&output[3])'],
  // A load without its barriers.
  uniformLoad: [/sum \+= workgroupUniformLoad\(&number\)/, 'sum += number'],
  // A missing barrier.
  workgroupMemory: [/workgroupBarrier\(\);(?=\s*let other = cells)/, ''],
  loopBarriers: [/workgroupBarrier\(\);(?=\s*cells\[lane\] \+= before)/, ''],
  storageBarriers: [/storageBarrier\(\);\s*workgroupBarrier\(\);(?=\s*let other = output)/, ''],
  // A lost sign.
  floatBits: [/let a = bitcast<f32>\(bits\)/, 'let a = abs(bitcast<f32>(bits))'],
  // The upper half of a word is lost.
  integers: [/let a = input\[lane\];(?=\s*let b = input\[63u)/, 'let a = input[lane] & 0xffffu;'],
  // A layout without a binding that is read only in a branch.
  bindings: [/return unread\[lane\]/, 'return 0u'],
};

/** A loader whose devices modify every shader, and the number of compiled shaders. */
function loaderWith(change: (code: string) => string) {
  const compiled = { count: 0 };
  const seen: GPUDevice[] = [];
  const source = watched(seen, (adapter) =>
    over(adapter, {
      requestDevice: async (descriptor: GPUDeviceDescriptor) => {
        const device = await adapter.requestDevice(descriptor);
        const compile = device.createShaderModule.bind(device);
        const createShaderModule = ({ code, ...rest }: GPUShaderModuleDescriptor): GPUShaderModule => {
          compiled.count++;
          return compile({ ...rest, code: change(code) });
        };
        return Object.defineProperty(device, 'createShaderModule', { value: createShaderModule });
      },
    }),
  );
  return { loader: webgpuLoader(source), compiled };
}

async function opened(change: (code: string) => string) {
  const { loader, compiled } = loaderWith(change);
  const probe = await loader.probe(options);
  if (!probe.available) throw new Error(probe.reason);
  return { probe, backend: await probe.open(), compiled };
}

const all = Object.keys(broken) as Mechanism[];

describe.skipIf(absent)(`the self-test of WebGPU${absent ? `: absent, ${absent}` : ''}`, () => {
  test('a correct device has no faults, and a second context compiles nothing', async () => {
    const { probe, backend, compiled } = await opened((code) => code);
    expect(await backend.faults?.(all)).toEqual([]);
    const { count } = compiled;
    expect(count).toBe(all.length);
    const again = await probe.open();
    expect(await again.faults?.(all)).toEqual([]);
    expect(await probe.faults?.()).toEqual([]);
    expect(compiled.count).toBe(count);
    expect(backend.liveBytes).toBe(0);
    for (const one of [backend, again]) await one.dispose();
  });

  test('there is a broken driver for each mechanism that a room uses', () => {
    const used = new Set(Object.values(uses).flatMap(({ webgpu }) => webgpu as readonly Mechanism[]));
    expect(new Set(all)).toEqual(used);
  });

  test.for(someOf(Object.entries(broken), 3))(
    '%s broken: only this is reported, with the rooms that use it',
    async (entry) => {
      const [mechanism, [right, wrong]] = entry as [Mechanism, readonly [RegExp, string]];
      let changed = 0;
      const { probe, backend } = await opened((code) => {
        if (!right.test(code)) return code;
        changed++;
        return code.replace(right, wrong);
      });
      const faults = (await backend.faults?.(all)) ?? [];
      expect(changed).toBe(1);
      expect(faults.map((fault) => fault.mechanism)).toEqual([mechanism]);
      expect(faults[0]?.reason).toContain(mechanisms[mechanism]);
      const [row] = await report([{ name: 'webgpu', probe, automatic: true }], 'webgpu', true);
      expect(row?.faults).toEqual([{ ...faults[0], rooms: roomsThatUse('webgpu', mechanism) }]);
      await backend.dispose();
    },
  );

  test('a device list without a request for the self-test opens no device', async () => {
    const { probe, backend, compiled } = await opened((code) => code);
    const [row] = await report([{ name: 'webgpu', probe, automatic: true }], 'webgpu', false);
    expect([row?.faults, compiled.count]).toEqual([null, 0]);
    await backend.dispose();
  });

  test('a shader that the driver refuses to compile is a fault of only its mechanism', async () => {
    const { backend } = await opened((code) => code.replace('struct State', 'struct'));
    const faults = (await backend.faults?.(all)) ?? [];
    expect(faults.map(({ mechanism }) => mechanism)).toEqual(['uniformLoad']);
    expect(faults[0]?.reason).toMatch(/^workgroupUniformLoad: the kernel does not compile/);
    await backend.dispose();
  });

  test('a room whose mechanism fails is planned on the next backend; without one the reason is the error', async () => {
    const { backend } = await opened((code) => code.replace(/atomicAdd\(&sum, value\)/, 'atomicStore(&sum, value)'));
    const kernel = { dispose: async () => {} };
    const op = { supports: () => true as const, plan: async () => kernel };
    // If there is neither a card nor a driver.
    const next = { name: 'wasm', host: undefined, device: { name: 'next' } } as unknown as Backend;
    const feature = { ...piFeature, kernels: { wasm: () => op, webgpu: () => op } } as never;
    const unused = { ...piFeature, uses: uses.fft, kernels: { webgpu: () => op } } as never;
    const logger = new Logger('error');
    const resource = new Resource('context', undefined, { dispose: async () => {} });
    const of = { resource, named: undefined, cores: 1, further: [], log: logger } as const;
    const planning = new Planning({ ...of, open: [backend, next] });
    expect((await planning.plan(feature, {}, undefined)).backend.name).toBe('wasm');
    expect((await planning.plan(unused, {}, undefined)).backend.name).toBe('webgpu');
    const refused = await new Planning({ ...of, open: [backend] }).plan(feature, {}, undefined).catch((e) => e);
    expect(refused).toBeInstanceOf(EwaldError);
    expect(refused.tag).toBe('Unsupported');
    expect(refused.message).toMatch(
      /fails the self-test of a mechanism that pi relies on \(atomics in workgroup memory: word 0 is/,
    );
    await backend.dispose();
  });
});
