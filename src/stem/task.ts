/** What executors run of a scan: partitions of runs, in which the functions of the package are known by name. */
import type { TaskScope } from '../parallel/task.js';
import { type PartitionTask, partitionOf } from '../udf/execution/task.js';
import type { Arrays } from '../udf/functions/dtypes.js';
import type { UdfCore } from '../udf/room.js';
import { builtinUdfs } from './builtin/index.js';

/** Runs one partition; returns the arrays of each UDF. */
export const partition = (task: PartitionTask, scope: TaskScope<UdfCore>): Promise<Arrays[]> =>
  partitionOf(task, scope, builtinUdfs);
