/** The messages of a DECTRIS detector, in either version of its stream. */
import type { DectrisMessage } from './dectris-message.js';
import { dectrisV1, isDectrisV1 } from './dectris-v1.js';
import { dectrisV2, isDectrisV2 } from './dectris-v2.js';

/**
 * A message of stream V1, which has several parts, or of V2, which has one; undefined if it is neither. Throws
 * `Format`.
 */
export function dectrisMessage(parts: readonly Uint8Array[]): DectrisMessage | undefined {
  const [first, last] = [parts[0], parts.at(-1)];
  if (first && isDectrisV1(first)) return dectrisV1(parts);
  return last && isDectrisV2(last) ? dectrisV2(last) : undefined;
}
