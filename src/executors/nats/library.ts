/** The NATS clients, which are optional peer dependencies, loaded on first use of a cluster. */
import { EwaldError, messageOf } from '../../base/errors.js';
import { importOptional } from '../../base/optional.js';
import { parseAddress } from './address.js';
import type { LoadNats, NatsOptions, TcpConnect } from './options.js';

/** The parts of the clients that are used. */
export type Nats = Pick<typeof import('@nats-io/nats-core'), 'wsconnect' | 'credsAuthenticator' | 'createInbox'> &
  Pick<typeof import('@nats-io/jetstream'), 'jetstream' | 'jetstreamManager'> &
  Pick<typeof import('@nats-io/obj'), 'Objm'>;
export type Connection = import('@nats-io/nats-core').NatsConnection;
type Settings = import('@nats-io/nats-core').ConnectionOptions;

/** Seconds within which a server must first answer. */
const connectSeconds = 5;

const packages = ['@nats-io/nats-core', '@nats-io/jetstream', '@nats-io/obj'];

/** Loads the clients, by `load` if given. Throws `Load` that says what to install or to pass. */
export async function loadNats(load?: LoadNats): Promise<Nats> {
  try {
    const modules = load ? await load() : await Promise.all(packages.map(importOptional));
    const nats: Nats = Object.assign({}, ...modules);
    if (typeof nats.wsconnect === 'function' && typeof nats.jetstream === 'function' && typeof nats.Objm === 'function')
      return nats;
  } catch (cause) {
    const install = `npm install ${packages.join(' ')} @nats-io/transport-node`;
    const imports = packages.map((name) => `import('${name}')`).join(', ');
    throw new EwaldError(
      'Load',
      `a cluster needs the clients of NATS: ${install} (${messageOf(cause)}); a bundled page passes them as the ` +
        'option ' +
        `nats: () => Promise.all([${imports}])`,
      { cause },
    );
  }
  throw new EwaldError(
    'Argument',
    `the option nats gives modules without wsconnect, jetstream or Objm; expected are ${packages.join(', ')}`,
  );
}

/** A checked address and options, which include credentials from the address. */
export interface Checked {
  readonly cluster: string;
  readonly address: string;
  readonly options: NatsOptions;
}

/** Checks the options of a connection and the address. */
export function checkNats(what: string, url: string, options: NatsOptions): Checked {
  const parsed = parseAddress(url);
  if (!parsed) {
    const needed = 'nats://host:4222, tls://host:4222, ws://host:8080 or wss://host:443';
    throw new EwaldError('Argument', `${what}: the address is "${url}"; expected one such as ${needed}`);
  }
  const cluster = options.cluster ?? 'ewald';
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cluster))
    throw new EwaldError('Argument', `${what}: cluster is "${cluster}"; expected letters, digits, - and _`);
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { cluster, address: parsed.address, options: { ...parsed.credentials, ...set } };
}

/** Opens a connection that reconnects automatically. */
export async function openConnection(
  nats: Nats,
  { address: url, options }: Checked,
  name: string,
  tcp: TcpConnect | undefined,
  readCreds: (creds: string) => Promise<string>,
): Promise<Connection> {
  const settings: Settings = {
    servers: url,
    name,
    timeout: 1000 * connectSeconds,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    pingInterval: 10_000,
    maxPingOut: 2,
    ignoreAuthErrorAbort: false,
  };
  if (options.token !== undefined) settings.token = options.token;
  if (options.user !== undefined) settings.user = options.user;
  if (options.password !== undefined) settings.pass = options.password;
  if (options.creds !== undefined) {
    const text = await readCreds(options.creds);
    // Checked here: the client only reports that it cannot read them, as if the server did not answer.
    if (!/-----BEGIN NATS USER JWT-----\s+ey/.test(text) || !/-----BEGIN USER NKEY SEED-----\s+SU\S/.test(text))
      throw new EwaldError(
        'Argument',
        `creds${text === options.creds ? '' : ` is "${options.creds}", which`} holds no credentials; expected ` +
          '"BEGIN NATS USER JWT" and "BEGIN USER NKEY SEED" with what belongs to them, as nsc generate creds ' +
          'writes them',
      );
    settings.authenticator = nats.credsAuthenticator(new TextEncoder().encode(text));
  }
  const socket = /^wss?:/.test(url);
  if (!socket && !tcp)
    throw new EwaldError(
      'Unsupported',
      `browsers reach a cluster by ws:// or wss://, not by ${url}; see examples/cluster`,
    );
  if (socket && typeof WebSocket !== 'function')
    throw new EwaldError('Unsupported', `this Node has no WebSocket; give the nats:// address instead of ${url}`);
  try {
    return socket || !tcp ? await nats.wsconnect(settings) : ((await tcp(settings, options.tls)) as Connection);
  } catch (error) {
    const why = messageOf(error);
    if (/authorization|authentication/i.test(`${why} ${(error as Error)?.name}`)) {
      const found = options.token || options.creds || options.user ? 'what was given' : 'a connection without any';
      throw new EwaldError('Argument', `the NATS server at ${url} rejected ${found}; pass its token, user or creds`, {
        cause: error,
      });
    }
    const start = 'start one with nats-server -js -sd FOLDER';
    throw new EwaldError('Lost', `no NATS server answers at ${url} (${why}); ${start}, or give its address`, {
      cause: error,
    });
  }
}
