/** A context on a GPU device of the caller's, and arrays over the caller's buffers: nothing is copied or destroyed. */
import type * as ewald from 'ewald';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

type Package = Pick<typeof ewald, 'createContext' | 'isEwaldError'>;
const log = { sink: () => {} };
/** Bits of GPUBufferUsage. */
const [source, target, storage, mapRead] = [0x04, 0x08, 0x80, 0x01];

/** A buffer with these numbers from number `first` on. */
function bufferOf(on: GPUDevice, numbers: Float32Array, first = 0, usage = source | target | storage): GPUBuffer {
  const buffer = on.createBuffer({ size: 4 * first + numbers.byteLength, usage });
  on.queue.writeBuffer(buffer, 4 * first, numbers as Float32Array<ArrayBuffer>);
  return buffer;
}

async function numbersIn(on: GPUDevice, buffer: GPUBuffer, first: number, count: number): Promise<Float32Array> {
  const staging = on.createBuffer({ size: 4 * count, usage: target | mapRead });
  const encoder = on.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 4 * first, staging, 0, 4 * count);
  on.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const numbers = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return numbers;
}

/** Tests of a context on a device of the caller's, with the package and the devices of a platform. */
export function givenDeviceTests(
  where: string,
  absent: string | undefined,
  { createContext, isEwaldError }: Package,
  requestDevice: () => Promise<GPUDevice>,
): void {
  const refused = async (work: Promise<unknown>, tag: string, message: RegExp): Promise<void> => {
    const error = await work.catch((caught: unknown) => caught);
    expect(isEwaldError(error, tag as never), `${error}`).toBe(true);
    expect((error as Error).message).toMatch(message);
  };
  const title = `a device of the caller in ${where}${absent ? `: absent, ${absent}` : ''}`;
  describe.skipIf(absent)(title, () => {
    let own: GPUDevice;
    beforeAll(async () => {
      own = await requestDevice();
    });
    afterAll(() => own?.destroy());

    test('transforms parts of buffers without a copy, and outlives its contexts', async () => {
      const n = 48;
      const numbers = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i));
      const given = bufferOf(own, numbers, 64);
      const into = own.createBuffer({ size: 2048, usage: source | target | storage });
      const reference = await createContext({ backend: 'wasm', log });
      const expected = await (await reference.fft({ shape: [n], precision: 'f32' })).forward(numbers);
      await reference.dispose();
      const uncaptured: unknown[] = [];
      const listen = (event: GPUUncapturedErrorEvent): unknown => uncaptured.push(event.error.message);
      own.addEventListener('uncapturederror', listen);
      for (let round = 0; round < 2; round++) {
        const ctx = await createContext({ webgpu: { device: own }, log });
        expect(ctx.backends[0]?.name).toBe('webgpu');
        const plan = await ctx.fft({ shape: [n], precision: 'f32' });
        expect(plan.backend).toBe('webgpu');
        const held = ctx.liveBytes;
        const input = await ctx.array({ buffer: given, offset: 256, shape: [n], dtype: 'c64' });
        const output = await ctx.array({ buffer: into, offset: 512, shape: [n], dtype: 'c64' });
        expect(ctx.liveBytes).toBe(held);
        await plan.forward(input, output);
        const read = await output.read();
        for (let i = 0; i < 2 * n; i++) expect(Math.abs((read[i] ?? 0) - (expected[i] ?? 0))).toBeLessThan(1e-5);
        expect(await numbersIn(own, into, 128, 2 * n)).toEqual(read);
        expect([...(await numbersIn(own, into, 0, 128))].every((value) => value === 0)).toBe(true);
        await output.write(numbers.slice(0, 2), 2);
        expect([...(await numbersIn(own, into, 130, 2))]).toEqual([...numbers.slice(0, 2)]);
        await ctx.dispose();
      }
      expect(await numbersIn(own, given, 64, 2 * n)).toEqual(numbers);
      own.removeEventListener('uncapturederror', listen);
      expect(uncaptured).toEqual([]);
      given.destroy();
      into.destroy();
    });

    test('records transforms into an encoder of the caller, between its own commands', { tags: 'all' }, async () => {
      const ctx = await createContext({ webgpu: { device: own }, log });
      const plan = await ctx.fft({ shape: [6, 10], kind: 'r2c', precision: 'f32' });
      const numbers = Float32Array.from({ length: 60 }, (_, i) => Math.cos(i * i));
      const [first, second] = [bufferOf(own, numbers), bufferOf(own, new Float32Array(72))];
      const working = bufferOf(own, new Float32Array(60));
      const input = await ctx.array({ buffer: working, shape: [6, 10] });
      const output = await ctx.array({ buffer: second, shape: [6, 6], dtype: 'c64' });
      const encoder = own.createCommandEncoder();
      encoder.copyBufferToBuffer(first, 0, working, 0, 240);
      plan.encode?.(encoder, { input, output });
      encoder.clearBuffer(working);
      plan.encode?.(encoder, { input: output, output: input, direction: 'backward', scale: 'full' });
      own.queue.submit([encoder.finish()]);
      const back = await numbersIn(own, working, 0, 60);
      for (let i = 0; i < 60; i++) expect(Math.abs((back[i] ?? 0) - (numbers[i] ?? 0))).toBeLessThan(1e-6);
      expect(await plan.forward(numbers)).toEqual(await output.read());
      expect(() => plan.encode?.(encoder, { input, output: input })).toThrow(/dtype f32; expected c64/);
      expect(() => plan.encode?.(encoder, { input })).toThrow(/a device array as input needs an output/);
      expect(() => plan.encode?.({} as never, { input, output })).toThrow(
        /encoder is .*; expected a GPUCommandEncoder/,
      );
      const whole = bufferOf(own, new Float32Array(64 + 72));
      const parts = [await ctx.array({ buffer: whole, offset: 0, shape: [6, 10] })];
      parts.push((await ctx.array({ buffer: whole, offset: 256, shape: [6, 6], dtype: 'c64' })) as never);
      await refused(plan.forward(parts[0] as never, parts[1] as never), 'Argument', /parts of one GPUBuffer/);
      const late = own.createCommandEncoder();
      plan.encode?.(late, { input, output });
      await plan.dispose();
      own.pushErrorScope('validation');
      own.queue.submit([late.finish()]);
      expect((await own.popErrorScope())?.message).toMatch(/destroyed/);
      await ctx.dispose();
    });

    test('what cannot be used is refused by what it is and what is needed', async () => {
      const ctx = await createContext({ webgpu: { device: own }, log });
      const of = (buffer: unknown, more = {}): Promise<unknown> =>
        ctx.array({ buffer: buffer as GPUBuffer, shape: [8], ...more });
      const sound = bufferOf(own, new Float32Array(8), 64);
      await refused(of(sound, { offset: 4 }), 'Shape', /offset 4 is not a multiple of 256, minStorageBufferOffset/);
      await refused(of(sound, { offset: 512 }), 'Shape', /32 bytes from byte 512 on do not fit .* has 288/);
      await refused(of(sound, { shape: [3], dtype: 'u8' }), 'Shape', /3 bytes of a GPUBuffer; kernels bind multiples/);
      await refused(of({}), 'Argument', /buffer is not a GPUBuffer/);
      await refused(of(sound, { backend: 'wasm' }), 'Argument', /a GPUBuffer is memory of webgpu/);
      await refused(ctx.array({ shape: [8], offset: 256 }), 'Argument', /give the buffer as well/);
      await refused(of(own.createBuffer({ size: 64, usage: source })), 'Argument', /without GPUBufferUsage.STORAGE/);
      const mapped = own.createBuffer({ size: 64, usage: source | storage, mappedAtCreation: true });
      await refused(of(mapped), 'Argument', /is mapped for mapping; call its unmap/);
      const gone = bufferOf(own, new Float32Array(8));
      gone.destroy();
      await refused(of(gone), 'Disposed', /the GPUBuffer was destroyed/);
      const other = await requestDevice();
      await refused(
        of(bufferOf(other, new Float32Array(8))),
        'Argument',
        /cannot be used on the context's device: .*; make it by the device of the context/,
      );
      other.destroy();
      const silent = (await of(own.createBuffer({ size: 64, usage: storage }))) as Awaited<
        ReturnType<typeof ctx.array>
      >;
      await refused(silent.read(), 'Argument', /cannot be read, .* without GPUBufferUsage.COPY_SRC/);
      await refused(silent.write(new Float32Array(1) as never), 'Argument', /without GPUBufferUsage.COPY_DST/);
      const array = await ctx.array({ buffer: sound, shape: [8] });
      sound.destroy();
      await refused(array.read(), 'Disposed', /a GPUBuffer was destroyed before the work on it was done/);
      await ctx.dispose();
      const alone = await createContext({ backend: 'wasm', log });
      await refused(alone.array({ buffer: mapped, shape: [8] }), 'Argument', /webgpu/);
      await alone.dispose();
    });

    test('a device that is lost, too small or no device is said', async () => {
      await refused(createContext({ webgpu: { device: {} as never } }), 'Argument', /expected a GPUDevice/);
      await refused(
        createContext({ webgpu: { device: own }, backend: 'wasm' }),
        'Argument',
        /webgpu.device is given, but the backend is wasm/,
      );
      const limits = new Proxy(
        {},
        { get: (_, name) => (name === 'maxBufferSize' ? 1024 : Reflect.get(own.limits, name)) },
      );
      const small = new Proxy(own, { get: (_, name) => (name === 'limits' ? limits : Reflect.get(own, name)) });
      await refused(
        createContext({ webgpu: { device: small }, log }),
        'Limit',
        /maxBufferSize is 1024, expected 268435456/,
      );
      const fresh = await requestDevice();
      const said: string[] = [];
      const ctx = await createContext({ webgpu: { device: fresh }, log: { sink: (entry) => said.push(`${entry}`) } });
      const plan = await ctx.fft({ shape: [4], precision: 'f32' });
      const [input, output] = await Promise.all([1, 2].map(() => ctx.array({ shape: [4], dtype: 'c64' })));
      const encoder = fresh.createCommandEncoder();
      fresh.destroy();
      await fresh.lost;
      const lost = /was lost \(destroyed.*\); .* on another device/;
      await refused(output?.read() ?? Promise.resolve(), 'DeviceLost', lost);
      await refused(plan.forward(input as never, output as never), 'DeviceLost', lost);
      await refused(ctx.array({ shape: [4] }), 'DeviceLost', lost);
      expect(() => plan.encode?.(encoder, { input, output } as never)).toThrow(lost);
      await ctx.dispose();
      await refused(createContext({ webgpu: { device: fresh }, log }), 'DeviceLost', /was lost/);
    });
  });
}
