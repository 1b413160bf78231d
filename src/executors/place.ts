/** What an executor needs of its surroundings: Node and browsers differ in this and nothing else. */
import type { DeviceReport } from '../backends/open.js';
import type { Context, ContextOptions } from '../context.js';
import type { WorkerSource } from '../platform.js';
import type { WorkerPort } from '../workers/port.js';

/** Node's or the browser's way. */
export interface Place {
  readonly platform: 'node' | 'browser';
  /** Name of the machine, for people. */
  readonly host: string;
  /** Processor cores that may be used. */
  readonly cores: number;
  createContext(options?: ContextOptions): Promise<Context>;
  devices(options?: ContextOptions): Promise<DeviceReport[]>;
  startWorker(source: WorkerSource | undefined): WorkerPort;
  readBytes(reference: { path: string } | { url: string }): Promise<Uint8Array>;
  /** Lets the process end while nothing but this port is open, or keeps it alive again. */
  hold(port: MessagePort, alive: boolean): void;
}
