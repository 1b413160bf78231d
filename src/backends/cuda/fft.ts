/** Transforms on CUDA: arrays go to the card and back off the main thread; plans and kernels are in cuda/fft. */
import { enums, fftDescriptor } from '../../layout/layout.js';
import { pack } from '../../layout/struct.js';
import type { DeviceInfo, FftDescriptor, FftKernel } from '../backend.js';
import type { Host } from './indexing.js';

/** Whether both sides of a transform fit the card; what lies between its passes is checked when it is planned. */
export function supportsFft(descriptor: FftDescriptor, device: DeviceInfo): true | { readonly why: string } {
  const { shape, batch, precision, inPlace, inputElements, outputElements, inputComplex, outputComplex } = descriptor;
  const number = precision === 'f32' ? 4 : 8;
  const [input, output] = [inputElements * number * (inputComplex ? 2 : 1), outputElements * number * (outputComplex ? 2 : 1)];
  const bytes = inPlace ? Math.max(input, output) : input + output;
  if (device.memory === null || bytes <= device.memory) return true;
  const size = `${shape.join(' × ')}${batch > 1 ? ` (batch ${batch})` : ''}`;
  return { why: `${size} takes ${bytes} bytes for its input and output, and ${device.name} has ${device.memory}` };
}

/** Plans a transform: its tables, both sides and what lies between its passes, all on the device. */
export async function planFft({ addon, context, track }: Pick<Host, 'addon' | 'context' | 'track'>, descriptor: FftDescriptor): Promise<FftKernel> {
  const plan = await track(() => addon.fftCreate(context, pack(fftDescriptor, descriptor.fields)));
  return {
    bytes: addon.fftInfo(plan).bytes,
    // What lies between the passes is memory of the device, which a workspace on the host cannot be.
    workspaceElements: 0,
    execute: (direction, input, output, scale) =>
      track(() => addon.fftExecute(plan, enums.FftDirection[direction], input, output, enums.FftScale[scale])),
    async dispose() {
      addon.fftDestroy(plan);
    },
  };
}
