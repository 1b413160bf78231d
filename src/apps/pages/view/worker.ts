/** The worker of the page: all computations of ewald run here, so that the page itself is never blocked. */

import { askedShape, errorWords } from './error-words.js';
import { operations } from './operations.js';
import type { Call, FrameSummary, Reply } from './protocol.js';
import type { Loading } from './scan-operations.js';

/** The scope of a dedicated worker. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Call>) => void) | null;
  postMessage(message: Reply, transfer: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const report = (progress: FrameSummary): void => scope.postMessage({ progress }, []);
const loading: Loading = (loaded, image) => scope.postMessage({ loaded, image }, buffersOf(image));
const table = operations(report, loading) as unknown as Record<string, (argument: unknown) => Promise<unknown>>;

scope.onmessage = async ({ data: { id, name, argument } }) => {
  try {
    const result = await table[name]?.(argument);
    scope.postMessage({ id, result }, buffersOf(result));
  } catch (error) {
    scope.postMessage({ id, error: errorWords(error), asks: askedShape(error) }, []);
  }
};

/** The buffers that are transferred to the page with a result; nothing else uses them. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (Array.isArray(value)) for (const item of value) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Blob))
    for (const item of Object.values(value)) buffersOf(item, found);
  return [...found];
}
