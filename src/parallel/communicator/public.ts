/** The names that both builds of `ewald/communicator` export. */
export type {
  CommArray,
  Communicator,
  CommunicatorMethods,
  Parts,
  ReduceOp,
  SharedMemory,
} from './communicator.js';
export { type RankHandle, type RankState, type WorkerGroup, workerGroup } from './group.js';
export { selfComm } from './self.js';
export { workersComm } from './workers.js';
