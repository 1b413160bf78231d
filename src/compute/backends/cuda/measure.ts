/** Measures what a card costs: the smallest copy, which stands for a launch, and copies there and back. */
import { type DeviceNumbers, measuredBytes, minMs, msPerMiB } from '../device-numbers.js';
import type { CudaHost } from './host.js';

/** The addon's functions for device memory; see cuda/addon. */
interface CopyAddon {
  arrayCreate(context: object, bytes: number): Promise<object>;
  arrayWrite(array: object, data: Uint8Array, offset: number): Promise<void>;
  arrayRead(array: object, into: Uint8Array, offset: number): Promise<void>;
  arrayDestroy(array: object): void;
}

/**
 * GB/s of device memory that a multiprocessor stands for. An estimate from data sheets, and a low one: cards have 11
 * (RTX 4060) to 25 (H100) for each.
 */
const rateOfMultiprocessor = 11;

/** The numbers of a card; takes some tens of milliseconds and leaves nothing allocated. */
export async function measureCard({ addon, context, device, track }: CudaHost): Promise<DeviceNumbers> {
  const { arrayCreate, arrayWrite, arrayRead, arrayDestroy } = addon as CopyAddon;
  const array = await track(() => arrayCreate(context, measuredBytes));
  try {
    const host = new Uint8Array(measuredBytes);
    const word = new Uint8Array(8);
    const launchMs = await minMs(5, () => track(() => arrayWrite(array, word, 0)));
    const up = await minMs(3, () => track(() => arrayWrite(array, host, 0)));
    const down = await minMs(3, () => track(() => arrayRead(array, host, 0)));
    const { multiprocessors = 1 } = device.limits;
    return {
      launchMs,
      upMsPerMiB: msPerMiB(up),
      downMsPerMiB: msPerMiB(down),
      memoryMsPerMiB: 2 ** 20 / (rateOfMultiprocessor * multiprocessors * 1e6),
    };
  } finally {
    arrayDestroy(array);
  }
}
