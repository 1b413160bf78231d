/** Functions of the user whose run on a cluster ends by Ctrl-C, which tells the cluster, also where they never return. */
import { killableCall } from '../entries/command.node.js';
import { type AnyUdf, defineUdf } from '../entries/udf.node.js';

/** What this process calls of a function whose frames others process. */
const called = ['buffers', 'getTaskData', 'preprocess', 'merge', 'mergeAll', 'getResults'] as const;

/** A function that leaves Ctrl-C to the system during its calls in this process: no handler is reached until they return. */
export function endable({ definition, params }: AnyUdf): AnyUdf {
  const calls = Object.fromEntries(
    called.flatMap((name) => {
      const method = definition[name] as unknown;
      if (typeof method !== 'function') return [];
      return [[name, (...given: unknown[]) => killableCall(() => method.apply(definition, given))]];
    }),
  );
  return defineUdf({ ...definition, ...calls } as Parameters<typeof defineUdf>[0]).withParams(params);
}
