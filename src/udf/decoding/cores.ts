/** Decoding on cores, by the codecs of the core. */
import type { Codecs } from '../../bytes/codecs/codecs.js';
import type { DecoderDescriptor, DecoderKernel } from './contract.js';

/** A decoder that owns its codecs. */
export const onCores = (codecs: Codecs, { pixels, bytesOfNumber }: DecoderDescriptor): DecoderKernel => ({
  bytes: 0,
  takesArrays: false,
  async run({ chunks, out }) {
    const frame = pixels * bytesOfNumber;
    const codec = { codec: 'bitshuffleLz4', elementBytes: bytesOfNumber } as const;
    const decoded = chunks.map((chunk, f) =>
      codecs.decode(codec, chunk, (out as Uint8Array).subarray(f * frame, (f + 1) * frame)),
    );
    // The memory is the caller's again only when no chunk is being decoded.
    const failed = (await Promise.allSettled(decoded)).find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  },
  dispose: () => codecs.dispose(),
});
