// The CUDA backend without a card: the real kernels, launch code and addon on the emulator (cuda/emulator).
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

interface Outcome {
  name: string;
  expected: string;
  wrong: string;
  report: string;
}
interface Emulated {
  probe(): Promise<{
    devices: { name: string; totalBytes: number; freeBytes?: number }[];
    driverVersion: number;
    message: string;
  }>;
  open(device?: number): Promise<object>;
  close(handle: object): void;
  liveBytes(handle: object): number;
  info(handle: object): { name: string; freeBytes: number };
  piCount(handle: object, params: Uint8Array | ArrayBuffer): Promise<bigint>;
  setMode(mode: {
    checked?: boolean;
    orders?: number;
    seed?: number;
    strictOrders?: boolean;
    stepLimit?: number;
  }): void;
  setCard(card: { devices?: number; driverVersion?: number; memoryBytes?: number; loseAfterLaunches?: number }): void;
  takeReports(): { finding: string; kernel: string; text: string }[];
  contexts(): number[];
  judgeBroken(orders: number): Outcome[];
}

const path = fileURLToPath(new URL('../../build/cuda-emulated/ewald_cuda_emulated.node', import.meta.url));
const present = existsSync(path);
const required = (process.env.EWALD_REQUIRE ?? '').split(',').includes('cuda-emulated');
const addon: Emulated = present ? createRequire(import.meta.url)(path) : (undefined as never);

const status = { invalidArgument: 1, outOfMemory: 2, noDevice: 4, driverTooOld: 5, deviceLost: 6 };

/** An ewald_pi_params. */
function params({ seed = 1n, stream = 0, first = 0n, points = 0n }): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setBigUint64(0, seed, true);
  view.setUint32(8, stream, true);
  view.setBigUint64(16, first, true);
  view.setBigUint64(24, points, true);
  return new Uint8Array(view.buffer);
}

/** The count by the definition, point by point, in arbitrary-precision integers. */
function countByDefinition({ seed = 1n, stream = 0, first = 0n, points = 0n }): bigint {
  const low = 0xffffffffn;
  let hits = 0n;
  for (let point = first; point < first + points; point++) {
    const block = point >> 2n;
    let c: [bigint, bigint, bigint, bigint] = [block & low, block >> 32n, BigInt(stream), 0n];
    let [k0, k1] = [seed & low, seed >> 32n];
    for (let round = 0; round < 10; round++) {
      const p0 = 0xd2511f53n * c[0];
      const p1 = 0xcd9e8d57n * c[2];
      c = [(p1 >> 32n) ^ c[1] ^ k0, p1 & low, (p0 >> 32n) ^ c[3] ^ k1, p0 & low];
      k0 = (k0 + 0x9e3779b9n) & low;
      k1 = (k1 + 0xbb67ae85n) & low;
    }
    const word = c[Number(point & 3n)] as bigint;
    const [x, y] = [2n * (word & 0xffffn) + 1n, 2n * (word >> 16n) + 1n];
    if (x * x + y * y < 1n << 34n) hits++;
  }
  return hits;
}

async function failure(action: () => unknown): Promise<{ status: number; message: string }> {
  try {
    await action();
  } catch (error) {
    return error as { status: number; message: string };
  }
  throw new Error('nothing was thrown');
}

test.runIf(required)('the emulated addon was built', () => {
  expect(present, `${path} is missing: node scripts/build.mjs cuda-emulated`).toBe(true);
});

describe.runIf(present)('CUDA emulator', () => {
  // Threads that tests before have ended may close their contexts a little later.
  beforeAll(async () => {
    const left = async (): Promise<number> => {
      const handle = await addon.open();
      const { totalBytes = 0 } = (await addon.probe()).devices[0] ?? {};
      const others = totalBytes - addon.info(handle).freeBytes - addon.liveBytes(handle);
      addon.close(handle);
      return others;
    };
    await vi.waitFor(async () => expect(await left(), 'bytes of other contexts on the card').toBe(0), 30_000);
  });

  beforeEach(() => {
    addon.setCard({});
    addon.setMode({});
    addon.takeReports();
  });

  describe.each([1, 4])('broken kernels under %i thread orders', (orders) => {
    const outcomes = present ? addon.judgeBroken(orders) : [];
    test('there are many', () => expect(outcomes.length).toBeGreaterThanOrEqual(40));
    test.each(outcomes)('$name: $expected', ({ wrong }) => expect(wrong).toBe(''));
  });

  const ranges = [
    { seed: 0n, points: 1000n },
    { seed: 0x123456789abcdefn, stream: 7, first: 3n, points: 1n },
    { seed: 5n, stream: 1, first: 1n, points: 2n },
    { seed: 5n, stream: 1, first: 2n, points: 4099n },
    { seed: 9n, stream: 0xffffffff, first: 4n * 0xffffffffn - 6n, points: 40n },
    { first: 2n ** 64n - 20n, points: 20n },
    { first: 5n, points: 0n },
  ];
  test.each(ranges)('pi counts by the definition, unchecked and checked: $first + $points', async (range) => {
    const handle = await addon.open();
    const expected = countByDefinition(range);
    expect(await addon.piCount(handle, params(range))).toBe(expected);
    addon.setMode({ checked: true, orders: 4, seed: 3, strictOrders: true });
    expect(await addon.piCount(handle, params(range))).toBe(expected);
    expect(addon.takeReports()).toEqual([]);
    addon.close(handle);
  });

  test('a range that exceeds 64 bits, a short buffer, an invalid handle and a closed one are refused', async () => {
    const handle = await addon.open();
    const all = [
      await failure(() => addon.piCount(handle, params({ first: 2n ** 64n - 20n, points: 21n }))),
      await failure(() => addon.piCount(handle, new Uint8Array(31))),
      await failure(() => addon.piCount({}, params({}))),
    ];
    addon.close(handle);
    addon.close(handle);
    all.push(await failure(() => addon.piCount(handle, params({}))));
    expect(all.map((error) => error.status)).toEqual(Array(4).fill(status.invalidArgument));
    expect(all[1]?.message).toContain('31 bytes, expected 32');
    expect(addon.liveBytes(handle)).toBe(0);
  });

  test('a machine without a driver, with an old one, without a device', async () => {
    const seen: unknown[] = [];
    for (const card of [{ driverVersion: 0 }, { driverVersion: 11040 }, { devices: 0 }]) {
      addon.setCard(card);
      const { devices, message } = await addon.probe();
      seen.push({ devices, message, status: (await failure(() => addon.open())).status });
    }
    expect(seen).toEqual([
      { devices: [], message: expect.stringContaining('no CUDA driver'), status: status.noDevice },
      {
        devices: [],
        message: expect.stringMatching(
          /too old: found one for CUDA 11\.4, expected one for CUDA 13\.0, NVIDIA's driver 580/,
        ),
        status: status.driverTooOld,
      },
      { devices: [], message: expect.stringContaining('no device'), status: status.noDevice },
    ]);
    addon.setCard({});
    expect((await failure(() => addon.open(3))).message).toContain('no CUDA device 3');
  });

  test('probing allocates nothing on any card, and opening allocates only on its own card', async () => {
    addon.setCard({ devices: 3 });
    const { devices } = await addon.probe();
    expect(devices.map(({ freeBytes }) => freeBytes)).toEqual(Array(3).fill(undefined));
    expect(addon.contexts()).toEqual([]);
    const handle = await addon.open(1);
    expect(addon.contexts()).toEqual([1]);
    addon.close(handle);
    // Neither blocks the JavaScript thread: both return a promise that has not settled yet.
    const underWay = [addon.probe(), addon.open(2)] as const;
    for (const each of underWay) expect(each).toBeInstanceOf(Promise);
    const [, other] = await Promise.all(underWay);
    expect(addon.contexts()).toEqual([1, 2]);
    addon.close(other);
  });

  test('out of device memory reports the requested and the free size', async () => {
    addon.setCard({ memoryBytes: 4 });
    const error = await failure(() => addon.open());
    expect(error.status).toBe(status.outOfMemory);
    expect(error.message).toMatch(/requested 8 bytes, 4 of 4 are free/);
  });

  test('a lost device rejects its run, and a new context works', async () => {
    const handle = await addon.open();
    addon.setCard({ loseAfterLaunches: 0 });
    const error = await failure(() => addon.piCount(handle, params({ points: 10n })));
    expect(error.status).toBe(status.deviceLost);
    expect(error.message).toMatch(/cuda\/pi\/pi\.cu:\d+: cudaErrorDevicesUnavailable/);
    addon.close(handle);
    const next = await addon.open();
    expect(await addon.piCount(next, params({ points: 1000n }))).toBe(countByDefinition({ points: 1000n }));
    addon.close(next);
  });

  test('runs on many contexts at once, which are closed while they run', async () => {
    const expected = countByDefinition({ points: 1000n });
    const handles = await Promise.all(Array.from({ length: 4 }, () => addon.open()));
    const runs = handles.flatMap((handle) =>
      Array.from({ length: 20 }, () => addon.piCount(handle, params({ points: 1000n }))),
    );
    for (const handle of handles) addon.close(handle);
    expect(new Set(await Promise.all(runs))).toEqual(new Set([expected]));
    const { totalBytes } = (await addon.probe()).devices[0] as { totalBytes: number };
    const last = await addon.open();
    expect(addon.info(last).freeBytes).toBe(totalBytes - addon.liveBytes(last));
    addon.close(last);
  });

  test('a thousand contexts leave nothing allocated', async () => {
    for (let i = 0; i < 1000; i++) addon.close(await addon.open());
    const handle = await addon.open();
    expect(addon.info(handle).freeBytes).toBe(
      ((await addon.probe()).devices[0] as { totalBytes: number }).totalBytes - addon.liveBytes(handle),
    );
    addon.close(handle);
  });
});
