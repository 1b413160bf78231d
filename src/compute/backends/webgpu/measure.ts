/** Measures what a GPU costs: a submission, copies there and back, and the rate of its memory. */
import { type DeviceNumbers, measuredBytes, minMs, msPerMiB } from '../device-numbers.js';
import type { GpuDevice } from './device.js';

/** Copies within the device that are timed together, so that the submission hardly counts. */
const copies = 8;

/** The numbers of a device; takes some tens of milliseconds and leaves nothing allocated. */
export async function measureGpu(device: GpuDevice): Promise<DeviceNumbers> {
  const [from, to] = await device.buffers(
    { bytes: measuredBytes, usage: 'storage', label: 'measured copies' },
    { bytes: measuredBytes, usage: 'storage', label: 'measured copies' },
  );
  const host = new Uint8Array(measuredBytes);
  const done = async (record: Parameters<GpuDevice['run']>[0]): Promise<void> => {
    await device.run(record);
    await device.sync();
  };
  try {
    const launchMs = await minMs(5, () => done((commands) => commands.clear(from, 0, 4)));
    const up = await minMs(3, async () => {
      device.write(from, host);
      await device.sync();
    });
    const down = await minMs(3, () =>
      device.run(
        (commands) => commands.read(from, 0, measuredBytes),
        ([bytes]) => bytes && host.set(bytes),
      ),
    );
    const within = await minMs(3, () =>
      done((commands) => {
        for (let i = 0; i < copies; i++) commands.copy(from, to, measuredBytes);
      }),
    );
    return {
      launchMs,
      upMsPerMiB: msPerMiB(up),
      downMsPerMiB: msPerMiB(down),
      // A copy reads and writes.
      memoryMsPerMiB: msPerMiB(within) / (2 * copies),
    };
  } finally {
    from.release();
    to.release();
    device.trim();
  }
}
