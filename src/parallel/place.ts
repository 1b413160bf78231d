/** The platform interface of executors: everything in which Node and browsers differ. */

import type { DataInput } from '../bytes/source-of.js';
import type { DeviceReport } from '../compute/backends/open.js';
import type { WorkerSource } from '../compute/backends/platform.js';
import type { ContextCore, ContextOptions } from '../compute/context/context.js';
import type { Dataset } from '../frames/dataset.js';
import type { OpenOptions } from '../frames/open.js';
import type { Shard } from '../util/task-scope.js';
import type { WorkerPort } from '../util/worker-port.js';
import type { TcpConnect } from './nats/options.js';
import type { RegisteredModules } from './registered.js';

/** The platform: Node or a browser. */
export interface Place {
  readonly platform: 'node' | 'browser';
  /** Name of the machine, for display. */
  readonly host: string;
  /** Identifies this process or page among others on the machine. */
  readonly processName: string;
  /** Processor cores that may be used. */
  readonly cores: number;
  /** Bytes of memory of the machine and of this process; absent in browsers. */
  readonly memory?: { readonly all: number; used(): number };
  /** The registered modules of tasks. */
  readonly tasks: RegisteredModules;
  createContext(options?: ContextOptions): Promise<ContextCore>;
  devices(options?: ContextOptions): Promise<DeviceReport[]>;
  startWorker(source: WorkerSource | undefined): WorkerPort;
  readBytes(reference: { path: string } | { url: string }): Promise<Uint8Array>;
  /** What changes when a file is written again; undefined for what cannot be asked. Absent in browsers. */
  versionOf?(reference: { path: string } | { url: string }): Promise<string | undefined>;
  /** Opens frames, like `ewald/data` on this platform. */
  openFrames(input: DataInput, options?: OpenOptions): Promise<Dataset>;
  /** Makes kernels and codecs run on the calling thread, on platforms that otherwise use other threads for them. */
  computeHere?(context: ContextOptions | undefined): void;
  /** Shards of a folder that machines share; absent in browsers. */
  readonly shards?: {
    /** The real path of the folder in which a worker may create shards. Throws `Argument` for other paths. */
    allowed(folder: string): Promise<string>;
    /** Creates a shard in a folder within the allowed one; undefined without the folder or its token. */
    open(allowed: string, folder: string, token: string): Promise<Shard | undefined>;
  };
  /** Connects to a NATS server by TCP; undefined in browsers. */
  readonly connectTcp: TcpConnect | undefined;
  /** The text of credentials, which is passed itself or read from a path. */
  readCreds(creds: string): Promise<string>;
}

/** The part of the platform that workers use. */
export type HostPlace = Pick<
  Place,
  'tasks' | 'createContext' | 'readBytes' | 'versionOf' | 'openFrames' | 'computeHere' | 'shards'
>;
