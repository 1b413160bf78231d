/** What an executor needs of its surroundings: Node and browsers differ in this and nothing else. */
import type { DeviceReport } from '../backends/open.js';
import type { WorkerSource } from '../backends/platform.js';
import type { PlatformPort } from '../base/globals.js';
import type { WorkerPort } from '../base/worker-port.js';
import type { ContextOptions } from '../context/context.js';
import type { Context } from '../context/rooms.js';
import type { Dataset } from '../data/dataset.js';
import type { OpenOptions } from '../data/open.js';
import type { DataInput } from '../data/source-of.js';
import type { TcpConnect } from './nats/options.js';
import type { RegisteredModules } from './registered.js';

/** Node's or the browser's way. */
export interface Place {
  readonly platform: 'node' | 'browser';
  /** Name of the machine, for people. */
  readonly host: string;
  /** What tells this process or page from others there. */
  readonly processName: string;
  /** Processor cores that may be used. */
  readonly cores: number;
  /** The modules that tasks name, without which there is nothing to run. */
  readonly tasks: RegisteredModules;
  createContext(options?: ContextOptions): Promise<Context>;
  devices(options?: ContextOptions): Promise<DeviceReport[]>;
  startWorker(source: WorkerSource | undefined): WorkerPort;
  readBytes(reference: { path: string } | { url: string }): Promise<Uint8Array>;
  /** Opens frames as `ewald/data` does there. */
  openFrames(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** Has kernels and codecs run on the thread that calls it, where the platform has others for them. */
  computeHere?(context: ContextOptions | undefined): void;
  /** Connects to a NATS server by TCP; undefined in browsers. */
  readonly connectTcp: TcpConnect | undefined;
  /** Text of credentials: given as such, or read from a path. */
  readCreds(creds: string): Promise<string>;
  /** Lets the process end while nothing but this port is open, or keeps it alive again. */
  hold(port: PlatformPort, alive: boolean): void;
}

/** What of it the workers need. */
export type HostPlace = Pick<Place, 'tasks' | 'createContext' | 'readBytes' | 'openFrames' | 'computeHere'>;
