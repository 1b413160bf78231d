/** The names that both builds of `ewald/communicator` export. */
export {
  type CommArray,
  type Communicator,
  type CommunicatorMethods,
  type Parts,
  type ReduceOp,
  reduceOps,
  type SharedMemory,
} from './communicator.js';
export { type RankHandle, type RankState, type WorkerGroup, workerGroup } from './group.js';
export { selfComm } from './self.js';
export { workersComm } from './workers.js';
