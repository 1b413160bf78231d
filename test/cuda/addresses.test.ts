/** Arrays over memory of another addon: here of a second context, as any other user of cudaMalloc in the process. */
import { createContext, type DeviceArray } from 'ewald';
import { describe, expect, test } from 'vitest';
import { loadAddon, onCard, present, testThatItWasBuilt } from '../support/emulated-card.js';
import { refused } from '../support/refused.js';

testThatItWasBuilt();
const addon = loadAddon();

describe.skipIf(!present)('memory of another addon', () => {
  test('is transformed and summed where it is, and stays what it was', async () => {
    addon.setMode({ checked: true });
    const [theirs, ours] = [await onCard(), await onCard()];
    const n = 16;
    const values = Float32Array.from({ length: 4 + 2 * n }, (_, i) => Math.sin(i * i));
    const [given, result] = [await theirs.array(values), await theirs.array({ shape: [2 * n] })];
    const memory = { address: given.address as bigint, bytes: given.bytes, owner: given };
    const held = ours.liveBytes;
    const input = await ours.array({ buffer: memory, offset: 16, shape: [n], dtype: 'c64' });
    const output = await ours.array({
      buffer: { address: result.address as bigint, bytes: 8 * n },
      shape: [n],
      dtype: 'c64',
    });
    expect([input.backend, input.address]).toEqual(['cuda-emulated', memory.address + 16n]);
    expect(ours.liveBytes).toBe(held);
    const plan = await ours.fft({ shape: [n], precision: 'f32' });
    await plan.forward(input, output);
    const read = await result.read();
    for (let k = 0; k < n; k++) {
      let [re, im] = [0, 0];
      for (let j = 0; j < n; j++) {
        const [x, y, angle] = [values[4 + 2 * j] ?? 0, values[5 + 2 * j] ?? 0, (-2 * Math.PI * j * k) / n];
        re += x * Math.cos(angle) - y * Math.sin(angle);
        im += x * Math.sin(angle) + y * Math.cos(angle);
      }
      expect(Math.abs((read[2 * k] ?? 0) - re)).toBeLessThan(1e-5);
      expect(Math.abs((read[2 * k + 1] ?? 0) - im)).toBeLessThan(1e-5);
    }
    const frames = (await ours.array({ buffer: memory, offset: 16, shape: [2, 4, 4] })) as DeviceArray;
    const pass = await ours.framePass({ width: 4, height: 4, dtype: 'f32', steps: [{ kind: 'sum' }] });
    const { sig } = await pass.run(frames, 2);
    expect(Math.abs((sig[3] ?? 0) - ((values[7] ?? 0) + (values[23] ?? 0)))).toBeLessThan(1e-6);
    await input.write(Float32Array.of(5), 1);
    await ours.dispose();
    const after = Float32Array.from(values);
    after[5] = 5;
    expect(await given.read()).toEqual(after);
    await theirs.dispose();
    expect(addon.takeReports()).toEqual([]);
    addon.setMode({});
  });

  test('that is missing, too short, not aligned or not of a card is refused by what it is', async () => {
    const context = await onCard();
    const own = await context.array({ shape: [64] });
    const address = own.address as bigint;
    const of =
      (buffer: unknown, more = {}) =>
      () =>
        context.array({ buffer: buffer as never, shape: [8], ...more });
    await refused(of({ address: Number(address), bytes: 32 }), 'Argument', 'buffer.address');
    await refused(of({ address }), 'Argument', 'buffer.bytes');
    await refused(of({ address, bytes: 16 }), 'Shape', 'has 16 bytes from there on; the shape 8 of dtype f32 needs 32');
    await refused(of({ address, bytes: 64 }, { offset: 48 }), 'Shape', 'has 16 bytes from there on');
    await refused(of({ address, bytes: 64 }, { offset: 4 }), 'Shape', 'is not a multiple of 16');
    await refused(of({ address: 4096n, bytes: 64 }), 'Argument', 'first byte of the memory is not in device memory');
    await refused(of({ address, bytes: 1 << 20 }, { shape: [1 << 18] }), 'Argument', 'last byte of the memory is not');
    await refused(of({ address, bytes: 256 }, { backend: 'wasm' }), 'Argument', 'the backend is wasm');
    await own.dispose();
    await refused(of({ address, bytes: 32 }), 'Argument', 'first byte of the memory is not in device memory');
    await context.dispose();
    const alone = await createContext({ backend: 'wasm' });
    await refused(
      () => alone.array({ buffer: { address, bytes: 32 }, shape: [8] }),
      'Unsupported',
      'open the backend cuda',
    );
    expect((await alone.array({ shape: [1] })).address).toBe(undefined);
    await alone.dispose();
  });
});
