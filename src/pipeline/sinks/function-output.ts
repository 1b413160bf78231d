/** An output received by a function: the only kind in browsers, and on Node for callers that send it on. */

import type { Output } from '../../frames/files/write.js';
import { abortable } from '../../util/aborted.js';
import { awaited } from '../../util/callbacks.js';
import type { OwnBytes, PlatformSignal } from '../../util/globals.js';
import type { OutputTarget } from '../inputs/place.js';

/** Data passed to the function cannot be withdrawn: a run that fails ends with what was received so far. */
export function functionOutput(receive: Exclude<OutputTarget, string>): Output {
  const give = awaited('the function of an output', receive);
  const bytesOf = (piece: string | Uint8Array): OwnBytes =>
    typeof piece === 'string' ? new TextEncoder().encode(piece) : (piece as OwnBytes);
  return {
    write: (piece) => give(bytesOf(piece)),
    close: async () => {},
    keep: async () => undefined,
    discard: async () => {},
  };
}

/** A function that receives bytes; an aborted run does not wait for one that was silent when the signal fired. */
export function abortableTarget(receive: Exclude<OutputTarget, string>, signal: PlatformSignal): typeof receive {
  let isSilent = false;
  return async (piece) => {
    const answer = Promise.resolve(receive(piece));
    if (signal.aborted && !isSilent) return answer;
    await abortable(answer, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      isSilent = true;
    });
  };
}

/** An output for formats that modify what they have written: the function receives the whole file at the end. */
export function patchedOutput(output: Output): Output {
  let bytes = new Uint8Array(2 ** 16);
  let length = 0;
  const flush = async (): Promise<void> => output.write(bytes.subarray(0, length));
  return {
    async write(piece) {
      const more = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
      if (length + more.length > bytes.length) {
        const grown = new Uint8Array(Math.max(2 * bytes.length, length + more.length));
        grown.set(bytes.subarray(0, length));
        bytes = grown;
      }
      bytes.set(more, length);
      length += more.length;
    },
    async patch(at, piece) {
      bytes.set(piece, at);
    },
    async close() {
      await flush();
      await output.close();
    },
    async keep() {
      await flush();
      return output.keep();
    },
    discard: () => output.discard(),
  };
}
