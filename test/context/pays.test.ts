/** Where work pays on seven machines, described by their numbers; and how a context applies it. */
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/compute/backends/backend.js';
import { type DeviceNumbers, isDeviceNumbers, Measurements, minMs } from '../../src/compute/backends/device-numbers.js';
import type { BackendName, DeviceInfo } from '../../src/compute/backends/names.js';
import type { DeviceReport } from '../../src/compute/backends/open.js';
import type { Work } from '../../src/compute/backends/work.js';
import { orderByPay } from '../../src/compute/planner/order.js';
import { gpuWorthwhile, type Machine } from '../../src/compute/planner/pays.js';
import { Planning } from '../../src/compute/planner/planning.js';
import { withWorks } from '../../src/compute/planner/usual.js';
import {
  correctionWork,
  decodingWork,
  diskWork,
  indexingWork,
  passWork,
  peaksWork,
  transformWork,
  usualWorks,
} from '../../src/compute/planner/works.js';
import { Logger } from '../../src/util/log.js';
import { Resource } from '../../src/util/resource.js';

/** Numbers of a device from rates in GB/s, which data sheets have. */
const rates = (launchMs: number, up: number, down: number, memory: number): DeviceNumbers => {
  const ms = (gigabytes: number): number => 2 ** 20 / (gigabytes * 1e6);
  return { launchMs, upMsPerMiB: ms(up), downMsPerMiB: ms(down), memoryMsPerMiB: ms(memory) };
};
const gpu = (backend: BackendName, numbers: DeviceNumbers | undefined, isSoftware = false) => ({
  backend,
  numbers,
  isSoftware,
});

/** But for the H100, whose numbers were measured, they are what data sheets say of such machines, copies at half of it. */
const machines = {
  laptop: { cores: 8, cpus: ['native', 'wasm'], gpus: [gpu('webgpu', rates(0.15, 6, 4, 40))] },
  desktop: { cores: 8, cpus: ['native', 'wasm'], gpus: [gpu('cuda', rates(0.02, 8, 8, 264))] },
  dgx: { cores: 112, cpus: ['native', 'wasm'], gpus: [gpu('cuda', rates(0.02, 20, 20, 1452))] },
  mac: { cores: 8, cpus: ['wasm'], gpus: [gpu('webgpu', rates(0.3, 4, 3, 90))] },
  swiftShader: { cores: 4, cpus: ['wasm'], gpus: [gpu('webgpu', rates(0.001, 1000, 1000, 1000), true)] },
  h100: {
    cores: 16,
    cpus: ['native', 'wasm'],
    gpus: [gpu('cuda', { launchMs: 0.039, upMsPerMiB: 0.0864, downMsPerMiB: 0.0435, memoryMsPerMiB: 0.000722 })],
  },
  none: { cores: 2, cpus: ['native', 'wasm'], gpus: [] },
} as const satisfies Record<string, Machine>;

const chosen = (work: Work, machine: Machine): BackendName | undefined =>
  gpuWorthwhile(work, machine).costs[0]?.backend;
const frame = { pixels: 2068 * 2162, bytesOfNumber: 2 };
const images = (count: number): Work => indexingWork({ batch: count, fields: {} });
const cube = { shape: [256, 256, 256], batch: 1, precision: 'f32', kind: 'c2c', threads: 0 } as const;

describe('where work pays', () => {
  // In the order of usualWorks: peaks, indexing, centres of mass of numbers and of packed frames, 64 masks, corrections,
  // disks, transforms, and decoding into memory, into an array on a card, and for its peaks.
  test.for([
    [
      'laptop',
      ['native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native'],
    ],
    ['desktop', ['cuda', 'cuda', 'native', 'native', 'cuda', 'native', 'native', 'native', 'native', 'cuda', 'cuda']],
    ['dgx', ['native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'cuda', 'cuda']],
    ['h100', ['cuda', 'cuda', 'native', 'cuda', 'cuda', 'native', 'native', 'native', 'native', 'cuda', 'cuda']],
    ['mac', ['wasm', 'webgpu', 'wasm', 'wasm', 'webgpu', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm']],
    ['swiftShader', ['wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm', 'wasm']],
    [
      'none',
      ['native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native', 'native'],
    ],
  ] as const)('%s', ([name, wanted]) => {
    expect(usualWorks.map(({ work }) => chosen(work, machines[name]))).toEqual(wanted);
  });

  test('a batch that fills a card goes there, and an image alone does not', () => {
    const shared = { ...machines.dgx, cores: 32 };
    expect([1, 64, 4096].map((count) => chosen(images(count), shared))).toEqual(['native', 'native', 'cuda']);
    expect([1, 64].map((count) => chosen(images(count), machines.desktop))).toEqual(['native', 'cuda']);
    expect([16, 1024].map((count) => chosen(images(count), machines.mac))).toEqual(['wasm', 'webgpu']);
  });

  test('many masks go to a card, few do not', () => {
    const masks = (count: number): Work =>
      passWork({
        pixels: 2 ** 16,
        bytesOfNumber: 2,
        kinds: ['dense'],
        weights: { length: count * 2 ** 16 },
        threads: 0,
      });
    expect([16, 64, 256].map((count) => chosen(masks(count), machines.desktop))).toEqual(['native', 'cuda', 'cuda']);
  });

  test('data that are on a card stay there', () => {
    for (const work of [sums, transformWork(cube)]) {
      expect(chosen(work, machines.desktop)).toBe('native');
      expect(chosen(work, { ...machines.desktop, dataOn: ['cuda'] })).toBe('cuda');
      expect(chosen(work, { ...machines.desktop, dataOn: ['webgpu'] })).toBe('native');
    }
    // Frames that are searched are never arrays: they are copied all the same.
    const slowBus = { ...machines.desktop, gpus: [gpu('cuda', rates(0.02, 1, 1, 264))], dataOn: ['cuda'] } as const;
    expect(chosen(peaksWork(frame), slowBus)).toBe('native');
  });

  test('the sum has its parts, and each number enters it', () => {
    const work = correctionWork({ pixels: 2 ** 20, bytesOfNumber: 2, wide: false, threads: 0 });
    const { costs } = gpuWorthwhile(work, machines.desktop);
    const cost = costs.find(({ backend }) => backend === 'cuda');
    // 16 frames: 32 MiB up, 64 down, 19 bytes a pixel in memory, two launches.
    expect(cost?.copyMs).toBeCloseTo((32 + 64) * (2 ** 20 / 8e6), 9);
    expect(cost?.launchMs).toBeCloseTo(0.02 + 0.005, 9);
    expect(cost?.computeMs).toBeCloseTo((16 * 19 * 2 ** 20) / 264e6, 9);
    expect(cost?.ms).toBeCloseTo((cost?.copyMs ?? 0) + (cost?.launchMs ?? 0) + (cost?.computeMs ?? 0), 9);
    const native = costs.find(({ backend }) => backend === 'native');
    // Eight cores are worth five.
    expect(native?.ms).toBeCloseTo((0.196e-6 * 16 * 2 ** 20) / 5, 9);
  });

  test('copies overlap with kernels where several runs are under way', () => {
    const on = (name: BackendName, work: Work) => {
      const machine = { ...machines.none, gpus: [gpu(name, rates(0.02, 8, 8, 264))] };
      const cost = gpuWorthwhile(work, machine).costs.find(({ backend }) => backend === name);
      return cost && { ...cost, sum: cost.copyMs + cost.launchMs + cost.computeMs };
    };
    for (const work of [peaksWork(frame), images(64)]) {
      const cuda = on('cuda', work);
      expect(cuda?.ms).toBe(Math.max(cuda?.copyMs ?? 0, (cuda?.launchMs ?? 0) + (cuda?.computeMs ?? 0)));
      expect(cuda?.ms).toBeLessThan(cuda?.sum ?? 0);
      const webgpu = on('webgpu', work);
      expect(webgpu?.ms).toBeCloseTo(webgpu?.sum ?? 0, 9);
    }
  });

  test('threads limit the cores, a batch no more than has images', () => {
    const ms = (threads: number, count: number): number | undefined =>
      gpuWorthwhile(indexingWork({ batch: count, fields: { threads } }), machines.desktop).costs.find(
        ({ backend }) => backend === 'native',
      )?.ms;
    expect((ms(4, 64) ?? 0) / (ms(0, 64) ?? 1)).toBeCloseTo(5 / 3, 9);
    expect((ms(0, 2) ?? 0) / (ms(0, 1) ?? 1)).toBeCloseTo(1, 9);
    const { costs } = gpuWorthwhile(transformWork({ ...cube, threads: 2 }), machines.none);
    const all = gpuWorthwhile(transformWork(cube), machines.desktop).costs;
    expect((costs[0]?.ms ?? 0) / (all.find(({ backend }) => backend === 'native')?.ms ?? 1)).toBeCloseTo(2.5, 9);
  });

  test('packed frames go to a card if they are wanted there, and if the bus is the slower way', () => {
    const decoding = (bytesOfNumber: number, toArray: boolean): Work =>
      decodingWork({ pixels: 2068 * 2162, bytesOfNumber, toArray });
    for (const machine of [machines.desktop, machines.dgx]) {
      expect([1, 2, 4].map((bytes) => chosen(decoding(bytes, true), machine))).toEqual(['cuda', 'cuda', 'cuda']);
      expect([1, 2, 4].map((bytes) => chosen(decoding(bytes, false), machine))).toEqual(['native', 'native', 'native']);
    }
    const fastBus = { ...machines.dgx, gpus: [gpu('cuda', rates(0.02, 400, 400, 1452))] };
    expect(chosen(decoding(2, true), fastBus)).toBe('native');
    // A small frame is not worth less, since chunks are taken together.
    expect(chosen(decodingWork({ pixels: 2 ** 14, bytesOfNumber: 2, toArray: true }), machines.desktop)).toBe('cuda');
  });

  test('frames that cores decode for a card are copied there, packed ones before they are decoded', () => {
    const work = decodingWork({ pixels: 2 ** 20, bytesOfNumber: 2, toArray: true });
    const { costs } = gpuWorthwhile(work, machines.desktop);
    const of = (name: BackendName) => costs.find(({ backend }) => backend === name);
    // 16 frames: 32 MiB.
    expect(of('native')?.copyMs).toBeCloseTo(32 * (2 ** 20 / 8e6), 9);
    expect(of('native')?.ms).toBeCloseTo((of('native')?.copyMs ?? 0) + (0.184e-6 * 32 * 2 ** 20) / 5, 9);
    expect(of('cuda')?.copyMs).toBeCloseTo((32 / 7) * (2 ** 20 / 8e6), 9);
    // Without a card there is nothing to copy to.
    expect(gpuWorthwhile(work, machines.none).costs[0]?.copyMs).toBe(0);
  });

  test('disks have kernels on cores only', () => {
    const { costs } = gpuWorthwhile(diskWork({ peaks: 25 }), machines.desktop);
    expect(costs.map(({ backend }) => backend)).toEqual(['native', 'wasm']);
  });
});

const info = (kind: DeviceInfo['kind']): DeviceInfo => ({
  name: kind,
  kind,
  precisions: [],
  limits: {},
  memory: null,
  driver: '',
});
const backend = (name: BackendName, kind: DeviceInfo['kind'], numbers?: () => Promise<DeviceNumbers>): Backend => ({
  name,
  device: info(kind),
  liveBytes: 0,
  host: undefined,
  numbers,
  sync: async () => undefined,
  dispose: async () => undefined,
});
const card = async () => rates(0.02, 8, 8, 264);
const cpus = [backend('native', 'cpu'), backend('wasm', 'cpu')];
const sums = passWork({ pixels: 2 ** 16, bytesOfNumber: 2, kinds: ['sum'], weights: [], threads: 0 });

describe('the order of backends', () => {
  const order = async (work: Work, gpu: Backend, cores = 8) => {
    const { candidates, reasons } = await orderByPay(work, [gpu, ...cpus], { cores, dataOn: [] });
    return { names: candidates.map(({ name }) => name), reasons };
  };

  test('peaks are searched on many cores, with the reason; with one core they are not', async () => {
    const { names, reasons } = await order(peaksWork(frame), backend('cuda', 'gpu', card), 16);
    expect(names).toEqual(['native', 'cuda', 'wasm']);
    expect(reasons).toEqual([expect.stringMatching(/^cuda: about [\d.]+ ms there, 0\.39 ms on native; name it/)]);
    expect(await order(peaksWork(frame), backend('cuda', 'gpu', card), 1)).toEqual({
      names: ['cuda', 'native', 'wasm'],
      reasons: [],
    });
  });

  test('a software device and one that cannot be measured come last', async () => {
    const asked: string[] = [];
    const software = backend('webgpu', 'software', async () => {
      asked.push('webgpu');
      return rates(1e-6, 1e6, 1e6, 1e6);
    });
    expect((await order(images(4096), software)).names).toEqual(['native', 'wasm', 'webgpu']);
    expect(asked).toEqual([]);
    const lost = backend('cuda', 'gpu', () => Promise.reject(new Error('lost')));
    expect((await order(images(4096), lost)).names).toEqual(['native', 'wasm', 'cuda']);
  });
});

describe('a context', () => {
  const no = { why: 'not today' } as const;
  const placed = async (native: true | typeof no, named?: BackendName, on?: BackendName, array?: BackendName) => {
    const op = (answer: true | typeof no) => ({ supports: () => answer, plan: async () => ({ dispose: () => {} }) });
    const kernels = { cuda: () => op(true), native: () => op(native), wasm: () => op(no) };
    const feature = { name: 'sums', kernels, work: () => sums } as never;
    const lines: string[] = [];
    const planning = new Planning({
      resource: new Resource('context', undefined, { dispose: () => undefined }),
      open: [backend('cuda', 'gpu', card), ...cpus],
      named,
      cores: 8,
      further: [],
      log: new Logger('info', (_, message) => lines.push(message)),
    });
    if (array) planning.dataOn.add(array);
    const before = (await planning.plan(feature, {}, on)).backend.name;
    if (array) planning.dataOn.remove(array);
    return { before, after: (await planning.plan(feature, {}, on)).backend.name, lines };
  };

  test('plans where it pays and says why, or on the backend named', async () => {
    const { before, lines } = await placed(true);
    expect(before).toBe('native');
    expect(lines[0]).toMatch(/^sums is planned on native \(cuda: about [\d.]+ ms there, [\d.]+ ms on native; name it/);
    expect((await placed(true, 'cuda')).before).toBe('cuda');
    expect((await placed(true, undefined, 'cuda')).before).toBe('cuda');
  });

  test('keeps a GPU as the reserve, and takes it while it holds arrays', async () => {
    expect((await placed(no)).before).toBe('cuda');
    expect(await placed(true, undefined, undefined, 'cuda')).toMatchObject({ before: 'cuda', after: 'native' });
  });
});

describe('measured numbers', () => {
  const numbers = rates(0.02, 8, 8, 264);

  test('a device is measured once, and never if its numbers were kept', async () => {
    const files = new Map<string, DeviceNumbers>();
    const kept = {
      read: (key: string) => files.get(key),
      write: (key: string, of: DeviceNumbers) => files.set(key, of),
    };
    let runs = 0;
    const measure = async () => {
      runs++;
      return numbers;
    };
    const first = new Measurements(kept as never);
    expect(await Promise.all([first.of('card', measure), first.of('card', measure)])).toEqual([numbers, numbers]);
    expect(await new Measurements(kept as never).of('card', measure)).toEqual(numbers);
    expect(runs).toBe(1);
    await first.of('another driver', measure);
    expect(runs).toBe(2);
  });

  test('a measurement that fails is repeated', async () => {
    const measurements = new Measurements();
    await expect(measurements.of('card', () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(await measurements.of('card', async () => numbers)).toBe(numbers);
  });

  test('a damaged file is not believed, and a clock that stands gives no zero', async () => {
    expect(isDeviceNumbers(numbers)).toBe(true);
    for (const wrong of [undefined, {}, { ...numbers, launchMs: 0 }, { ...numbers, upMsPerMiB: Number.NaN }])
      expect(isDeviceNumbers(wrong)).toBe(false);
    expect(await minMs(2, async () => undefined)).toBeGreaterThanOrEqual(0.001);
  });
});

test('devices show one place for each work, and the one named if it can', () => {
  const row = { available: true, chosen: false, limits: {}, memory: null, engines: [], faults: null, works: null };
  const report = (backend: BackendName, kind: DeviceInfo['kind'], numbers: DeviceNumbers | null): DeviceReport => ({
    ...row,
    backend,
    name: backend,
    reason: '',
    numbers,
    device: { name: backend, kind, precisions: [], limits: {}, memory: null, driver: '' },
  });
  const reports = [report('cuda', 'gpu', rates(0.02, 8, 8, 264)), report('native', 'cpu', null)];
  const places = (named?: BackendName) => {
    const shown = withWorks(reports, 8, named);
    return usualWorks.map((_, i) => shown.filter(({ works }) => works?.[i]?.chosen).map(({ backend }) => backend));
  };
  expect(places()).toEqual([
    ...[['cuda'], ['cuda'], ['native'], ['native'], ['cuda'], ['native'], ['native'], ['native']],
    ...[['native'], ['cuda'], ['cuda']],
  ]);
  const reasons = withWorks([...reports, report('webgpu', 'software', null)], 8, undefined).map(({ works }) =>
    [0, 6].map((i) => works?.[i]?.reason),
  );
  expect(reasons).toEqual([
    ['0.62 ms: copies 0.38 ms, launches 0.045 ms, kernels 0.58 ms, overlapping', 'it has no kernels of this work'],
    ['0.7 ms', '0.0025 ms'],
    Array(2).fill('a software device, taken only by name'),
  ]);
  expect(places('cuda')).toEqual([
    ...[['cuda'], ['cuda'], ['cuda'], ['cuda'], ['cuda'], ['cuda'], ['native'], ['cuda']],
    ...[['cuda'], ['cuda'], ['cuda']],
  ]);
});
