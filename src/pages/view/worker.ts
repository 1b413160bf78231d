/** The worker of the page: all computations of ewald run here, so that the page itself is never blocked. */

import { answerCalls, type Handlers, portOf } from '../../entries/pages.js';
import { askedShape, errorWords } from './error-words.js';
import { type OperationCalls, operations } from './operations.js';

type Operation = (argument: unknown, report: (progress: unknown) => void) => Promise<unknown>;

/** How an operation is called: arrays of its results are moved to the page. */
const handlerOf =
  (operation: Operation): Handlers<OperationCalls>['stop'] =>
  async (argument, _, report) => {
    const result = await operation(argument, (progress) => report(progress as never, buffersOf(progress)));
    return [result as undefined, buffersOf(result)];
  };

const handlers = Object.entries(operations()).map(([name, operation]) => [name, handlerOf(operation as Operation)]);
answerCalls<OperationCalls>(portOf(globalThis as never), Object.fromEntries(handlers), {
  plain: (error) => ({ name: 'Error', message: errorWords(error), stack: '', detail: { asks: askedShape(error) } }),
});

/** The buffers that are transferred to the page with a result; nothing else uses them. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) found.add(value.buffer as ArrayBuffer);
  else if (Array.isArray(value)) for (const item of value) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null && !(value instanceof Blob))
    for (const item of Object.values(value)) buffersOf(item, found);
  return [...found];
}
