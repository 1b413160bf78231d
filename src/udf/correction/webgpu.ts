/** Corrections on a GPU: frames are sent in chunks and read back corrected. */
import correct from '../../../wgsl/udf/correct.wgsl';
import fill from '../../../wgsl/udf/fill.wgsl';
import { maxBytes, withConstants } from '../../compute/backends/webgpu/constants.js';
import type { GpuDevice } from '../../compute/backends/webgpu/device.js';
import type { GpuBuffer, Usage } from '../../compute/backends/webgpu/pool.js';
import { chunkOf, packAsWords } from '../kernels/webgpu/chunks.js';
import { frameConstants, layoutOf } from '../kernels/webgpu/shaders.js';
import type { CorrectionDescriptor, CorrectionKernel, CorrectionOp } from './contract.js';
import { notAbove, notBelow } from './limits.js';

/** The corrections of a device. */
export const correctionOp = (device: GpuDevice): CorrectionOp => ({
  supports: (descriptor) => refusal(device, descriptor) ?? true,
  plan: (descriptor) => planCorrection(device, descriptor),
});

/** Invocations of a workgroup. */
const lanes = 64;
/** Workgroups along a dimension. */
const maxGroups = 65535;

function refusal(device: GpuDevice, descriptor: CorrectionDescriptor): { readonly why: string } | undefined {
  const { wide, dtype, pixels } = descriptor;
  if (wide || dtype === 'u32' || dtype === 'i32')
    return { why: 'corrected frames of 32-bit integers, or in float64, need float64, which WebGPU lacks' };
  const most = maxBytes(device);
  if (4 * pixels > most) return { why: `a table needs ${4 * pixels} bytes; the limit of a buffer is ${most}` };
  return undefined;
}

/** Dark values as pairs of floats, and the gain. */
function tablesOf({ pixels, dark, gain }: CorrectionDescriptor): Float32Array[] {
  const heads = new Float32Array(pixels);
  const rests = new Float32Array(pixels);
  for (let i = 0; dark && i < pixels; i++) {
    const head = Math.fround(dark[i] as number);
    heads[i] = head;
    rests[i] = Number.isFinite(head) ? (dark[i] as number) - head : 0;
  }
  return [heads, rests, gain ? Float32Array.from(gain) : new Float32Array(pixels).fill(1)];
}

async function planCorrection(device: GpuDevice, descriptor: CorrectionDescriptor): Promise<CorrectionKernel> {
  const { dtype, pixels, mask, limits, limited, nanIsBad, panel } = descriptor;
  const layout = layoutOf(dtype, pixels, 1);
  const most = Math.min(maxGroups, chunkOf(device, layout, 2 * pixels));
  const [upper = 0, lower = 0, ...given] = limits;
  // Markers that no float32 is equal to mark nothing.
  const markers = given.filter((marker) => Math.fround(marker) === marker);
  // Rows of workgroups, since a dimension is limited.
  const rows = Math.ceil(pixels / (lanes * maxGroups));
  const groups = Math.ceil(pixels / (lanes * rows));
  const constants = {
    ...frameConstants(layout),
    LIMITED: limited ? 1 : 0,
    NAN_IS_BAD: nanIsBad ? 1 : 0,
    MARKERS: markers.length,
    PANEL_WIDTH: panel?.width ?? 0,
    PANEL_HEIGHT: panel?.height ?? 0,
    ROW_PIXELS: lanes * groups,
  };
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, usage: Usage, label: string): Promise<GpuBuffer> => {
    const buffer = await device.buffer(bytes, usage, label);
    held.push(buffer);
    return buffer;
  };
  const release = (): void => {
    for (const buffer of held.splice(0)) buffer.release();
  };
  try {
    const frames = await hold(4 * layout.frameWords * most, 'storage', 'frames to correct');
    const tables: GpuBuffer[] = [];
    for (const table of tablesOf(descriptor)) {
      const buffer = await hold(4 * pixels, 'storage', 'dark or gain');
      device.write(buffer, table);
      tables.push(buffer);
    }
    const bad = await hold(4 * pixels, 'storage', 'bad pixels');
    const limitBuffer = await hold(4 * (2 + markers.length), 'storage', 'limits of values');
    const marks = await hold(limited ? 4 * pixels * most : 16, 'storage', 'bad pixels of frames');
    const out = await hold(4 * pixels * most, 'storage', 'corrected frames');
    device.write(bad, mask ? Uint32Array.from(mask) : new Uint32Array(pixels));
    device.write(limitBuffer, Float32Array.of(notAbove(upper), notBelow(lower), ...markers));
    const correcting = await device.pipeline({ source: withConstants(correct, constants), entry: 'correct' });
    const bound = device.bind(correcting, [frames, ...tables, bad, limitBuffer, marks, out]);
    const filling =
      mask || limited ? await device.pipeline({ source: withConstants(fill, constants), entry: 'fill' }) : undefined;
    const boundFill = filling && device.bind(filling, [bad, marks, out]);
    return {
      bytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
      async run(run) {
        for (let first = 0; first < run.count; first += most) {
          const count = Math.min(most, run.count - first);
          device.write(
            frames,
            packAsWords(run.frames.subarray(first * pixels, (first + count) * pixels), count, layout),
          );
          await device.run(
            (commands) => {
              commands.dispatch(correcting, bound, groups, count, rows);
              if (filling && boundFill) commands.dispatch(filling, boundFill, groups, count, rows);
              commands.read(out, 0, 4 * count * pixels);
            },
            ([bytes]) => {
              if (bytes) run.out.set(new Float32Array(bytes.buffer, bytes.byteOffset, count * pixels), first * pixels);
            },
          );
        }
      },
      dispose: async () => release(),
    };
  } catch (error) {
    release();
    throw error;
  }
}
