/** Node as an environment of executors. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { machineMemory, machineName } from '../compute/backends/system.js';
import { startNodeWorker } from '../compute/workers/start.node.js';
import { openFramesOnNode, readBytesOnNode, versionOnNode } from '../parallel/files-node.js';
import type { Place } from '../parallel/place.js';
import { openShard, shardsFolder } from '../parallel/shards-node.js';
import { EwaldError, messageOf } from '../util/errors.js';
import { importOptional } from '../util/optional.js';
import { createContext, devices } from './index.node.js';
import { tasks } from './tasks.js';

export const nodePlace: Place = {
  platform: 'node',
  host: machineName(),
  cores: availableParallelism(),
  processName: String(process.pid),
  memory: { all: machineMemory() ?? Number.POSITIVE_INFINITY, used: () => process.memoryUsage.rss() },
  async connectTcp(settings, tls) {
    const { connect } = await importOptional('@nats-io/transport-node').then(
      (transport) => transport as Pick<typeof import('@nats-io/transport-node'), 'connect'>,
      (error) => {
        throw new EwaldError('Load', `a cluster needs npm install @nats-io/transport-node (${messageOf(error)})`);
      },
    );
    if (tls === undefined) return connect(settings as never);
    const { ca, cert, key } = tls === true ? {} : tls;
    const files = { ...(ca && { caFile: ca }), ...(cert && { certFile: cert }), ...(key && { keyFile: key }) };
    return connect({ ...settings, tls: files } as never);
  },
  async readCreds(creds) {
    if (creds.includes('-----BEGIN')) return creds;
    return readFile(creds, 'utf8').catch((error) => {
      const why = error.code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${error.code})`;
      throw new EwaldError('Argument', `creds is "${creds}": ${why}`, { cause: error });
    });
  },
  tasks,
  createContext,
  devices,
  startWorker: startNodeWorker,
  readBytes: readBytesOnNode,
  versionOf: versionOnNode,
  openFrames: openFramesOnNode,
  shards: { allowed: shardsFolder, open: openShard },
};
