/** Parameters of connections to a cluster, and of a worker that joins one. */
import { grouped, type Parameters } from '../options/parameters.js';
import { range } from '../util/range.js';

/** Where tasks run. */
export const executorRows = /* @__PURE__ */ grouped('many cores', {
  jobs: {
    common: true,
    kind: 'integer',
    short: 'j',
    sentence: 'workers that share the work',
    range: range(1, 1024, 1),
    defaultText: '',
    neutral: true,
    crystfel: {
      program: 'indexamajig',
      flag: '-j',
      fallback: 1,
      differs: 'its default is one; the stream is the same with any number of workers',
    },
  },
  executor: {
    common: true,
    kind: 'text',
    sentence: 'inline, workers, mpi (default under mpirun), or a cluster: nats://host:4222',
    value: 'where',
    neutral: true,
  },
} as const satisfies Parameters);

/** How a cluster is reached. */
export const connectionRows = /* @__PURE__ */ grouped('many cores', {
  cluster: {
    kind: 'text',
    sentence: 'name of the cluster on that server: letters, digits, - and _',
    fallback: 'ewald',
    value: 'name',
    neutral: true,
  },
  token: {
    kind: 'text',
    sentence: 'token of the server (EWALD_NATS_TOKEN is safer: others can see command lines)',
    more: 'Alternatively the address is `nats://token@host`.',
    defaultText: '',
    neutral: true,
  },
  creds: {
    kind: 'text',
    sentence: 'credentials file, as written by nsc generate creds (or EWALD_NATS_CREDS)',
    more: 'In JavaScript the text of the file, or on Node its path.',
    defaultText: '',
    value: 'file',
    neutral: true,
  },
  tls: { kind: 'boolean', sentence: "TLS with the system's certificates", neutral: true },
  tlsCa: { kind: 'text', sentence: 'certificate of the authority, PEM', value: 'file', neutral: true },
  tlsCert: { kind: 'text', sentence: 'client certificate, PEM', value: 'file', neutral: true },
  tlsKey: { kind: 'text', sentence: 'client key, PEM', value: 'file', neutral: true },
} as const satisfies Parameters);

/** How a run on a cluster is treated. */
export const submitRows = /* @__PURE__ */ grouped('many cores', {
  weight: {
    kind: 'number',
    sentence: 'share of the slots of a cluster where runs compete, relative to that of others',
    range: range(0.001, 1000, 1),
    neutral: true,
  },
  needGpu: {
    kind: 'boolean',
    sentence: 'only workers of a cluster whose backend is a GPU',
    neutral: true,
  },
  needMemory: {
    kind: 'bytes',
    sentence: 'only workers of a cluster whose process may use this much memory',
    range: range(1, Number.MAX_SAFE_INTEGER, Number.NaN),
    unit: 'bytes',
    defaultText: 'any',
    neutral: true,
  },
} as const satisfies Parameters);

/** What a worker offers. */
export const joinRows = {
  workers: {
    kind: 'integer',
    short: 'j',
    sentence: 'concurrent tasks',
    range: range(1, 1024, Number.NaN),
    defaultText: 'one per core',
    flag: 'jobs',
  },
  threads: {
    kind: 'integer',
    sentence: 'threads that a task may use',
    more: 'The default is one, since the workers share the cores.',
    range: range(1, 1024, 1),
  },
  allowModules: {
    kind: 'boolean',
    sentence: 'runs modules sent as source: all who submit tasks can then do everything that this user can',
  },
  modules: {
    kind: 'texts',
    sentence: 'a module that tasks may refer to; may be repeated',
    defaultText: '',
    flag: 'module',
    value: 'name=file',
  },
  maxMemory: {
    kind: 'bytes',
    sentence: 'memory of the process, above which running tasks are lost',
    range: range(2 ** 28, Number.MAX_SAFE_INTEGER, Number.NaN),
    unit: 'bytes',
    defaultText: "the machine's or container's, divided by its workers of the cluster",
  },
  shards: {
    kind: 'text',
    sentence: 'shared folder in which it may store results of runs whose stream is written there',
    more:
      'Results that are stored are not sent. Without it, and for streams elsewhere, they are sent to the client. The ' +
      'folder is compared by its real path, which must be the same on all machines.',
    defaultText: '',
    value: 'folder',
  },
  lifetimeS: {
    kind: 'number',
    flag: 'lifetime',
    sentence: 'seconds after which it finishes its tasks and leaves',
    more: 'It leaves up to a tenth earlier, at random: workers that were started together do not leave together.',
    range: range(1, 1e9, Number.NaN),
    unit: 's',
    defaultText: 'none',
  },
  name: { kind: 'text', sentence: 'name shown by ewald cluster', defaultText: 'machine and process' },
} as const satisfies Parameters;

/** What ranks may write. */
export const rankRows = /* @__PURE__ */ grouped('many cores', {
  shards: {
    ...joinRows.shards,
    sentence: 'under mpirun: shared folder in which ranks may store results, if the stream is written there',
    of: ['detector frames'],
    neutral: true,
  },
} as const satisfies Parameters);

const { cluster, token, creds } = connectionRows;
const { workers, threads, allowModules, maxMemory, name, shards, lifetimeS } = joinRows;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  ConnectionParameters: { cluster, token, creds },
  WorkerParameters: { workers, threads },
  JoinParameters: { allowModules, maxMemory, lifetimeS, name, shards },
  SubmitParameters: submitRows,
} as const;
