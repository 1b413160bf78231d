/** The NATS client, an optional peer dependency, loaded on first use of a cluster. */
import { abortable } from '../../util/aborted.js';
import { EwaldError, isEwaldError, messageOf } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { importOptional } from '../../util/optional.js';
import { checkSignal } from '../../util/options.js';
import type { Place } from '../place.js';
import { parseAddress } from './address.js';
import { type Connection, pause } from './link.js';
import type { LoadNats, NatsOptions } from './options.js';

/** The parts of the client that are used. */
export type Nats = Pick<typeof import('@nats-io/nats-core'), 'wsconnect' | 'credsAuthenticator' | 'createInbox'>;
type Settings = import('@nats-io/nats-core').ConnectionOptions;

/** Milliseconds between two attempts to reach a server that does not answer yet. */
const retryPause = 500;
/** Seconds within which a server must first answer. */
const connectSeconds = 5;

const core = '@nats-io/nats-core';

/** Loads the client, by `load` if given. Throws `Load` that says what to install or to pass. */
export async function loadNats(load?: LoadNats): Promise<Nats> {
  try {
    const [nats] = (load ? await load() : [await importOptional(core)]) as [Nats];
    if (typeof nats?.wsconnect === 'function') return nats;
  } catch (cause) {
    throw new EwaldError(
      'Load',
      `a cluster needs the client of NATS: npm install ${core} @nats-io/transport-node (${messageOf(cause)}); a ` +
        `bundled page passes it as the option nats: () => Promise.all([import('${core}')])`,
      { cause },
    );
  }
  throw new EwaldError('Argument', `the option nats gives a module without wsconnect; expected ${core}`);
}

/** A checked address and options, which include credentials from the address. */
export interface Checked {
  readonly cluster: string;
  readonly address: string;
  /** Who connects, for messages. */
  readonly account: string;
  readonly options: NatsOptions;
}

/** The user of a connection in words, without secrets. */
function accountOf({ user, token, creds }: NatsOptions, address: string): string {
  const who =
    user !== undefined
      ? `the user "${user}"`
      : creds !== undefined
        ? 'the user of these credentials'
        : token !== undefined
          ? 'the user with this token'
          : 'a user without credentials';
  return `${who} at ${address}`;
}

/** Checks the options of a connection and the address. */
export function checkNats(what: string, url: string, options: NatsOptions): Checked {
  const parsed = parseAddress(url);
  if (!parsed) {
    const needed = 'nats://host:4222, tls://host:4222, ws://host:8080 or wss://host:443';
    // Whatever is before the last @ may be a secret, and log files keep messages.
    const shown = String(url).replace(/^([a-z]+:\/\/)?.*@/s, '$1***@');
    const how = shown.includes('@') ? '; escape %, #, ?, / and @ in a password as %25, %23, %3F, %2F and %40' : '';
    throw new EwaldError('Argument', `${what}: the address is "${shown}"; expected one such as ${needed}${how}`);
  }
  const cluster = options.cluster ?? 'ewald';
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(cluster))
    throw new EwaldError('Argument', `${what}: cluster is "${cluster}"; expected letters, digits, - and _`);
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const all: NatsOptions = { ...parsed.credentials, ...set };
  return { cluster, address: parsed.address, account: accountOf(all, parsed.address), options: all };
}

/** The reason for a failed connection in browsers, which state none. */
const noReason = 'the browser states no reason';
/** Whether a connection failed because no server answers, which may be temporary. */
const isAbsence = (why: string): boolean =>
  why === noReason || /refused|timeout|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNRESET/i.test(why);
/** Whether a connection failed because a certificate is not trusted. */
const isUntrusted = (why: string): boolean => /certificate|self.signed|issuer|altname/i.test(why);

const howLong = (seconds: number): string =>
  seconds === Number.POSITIVE_INFINITY ? 'without end' : `for ${seconds} s`;

/** How a first connection is made. */
export interface Opening {
  /** Name of the member, for the server's lists. */
  readonly name: string;
  /** Seconds to wait for a server that does not answer yet. */
  readonly seconds: number;
  /** Receives why it waits, once. */
  readonly onWait?: (event: string) => void;
  /** Ends the wait with `Aborted`. */
  readonly signal?: PlatformSignal | undefined;
}

/** The settings of a connection that reconnects without end. */
async function settingsOf(nats: Nats, { address, options }: Checked, name: string, place: Place): Promise<Settings> {
  const settings: Settings = {
    servers: address,
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
  if (options.creds === undefined) return settings;
  const text = await place.readCreds(options.creds);
  // Checked here: the client only reports that it cannot read them, as if the server did not answer.
  if (!/-----BEGIN NATS USER JWT-----\s+ey/.test(text) || !/-----BEGIN USER NKEY SEED-----\s+SU\S/.test(text))
    throw new EwaldError(
      'Argument',
      `creds${text === options.creds ? '' : ` is "${options.creds}", which`} holds no credentials; expected ` +
        '"BEGIN NATS USER JWT" and "BEGIN USER NKEY SEED" with what belongs to them, as nsc generate creds ' +
        'writes them',
    );
  settings.authenticator = nats.credsAuthenticator(new TextEncoder().encode(text));
  return settings;
}

/** Opens a connection that reconnects automatically. Waits for a server only if none listens at the address. */
export async function openConnection(
  nats: Nats,
  checked: Checked,
  place: Place,
  { name, seconds, onWait = () => {}, signal }: Opening,
): Promise<Connection> {
  checkSignal(signal);
  const { address: url, options } = checked;
  const tcp = place.connectTcp;
  const settings = await settingsOf(nats, checked, name, place);
  const socket = /^wss?:/.test(url);
  if (!socket && !tcp)
    throw new EwaldError(
      'Unsupported',
      `browsers reach a cluster by ws:// or wss://, not by ${url}; see examples/cluster`,
    );
  if (socket && typeof WebSocket !== 'function')
    throw new EwaldError('Unsupported', `this Node has no WebSocket; give the nats:// address instead of ${url}`);
  const until = Date.now() + 1000 * seconds;
  const attempt = async (): Promise<Connection> => {
    const opening = socket || !tcp ? nats.wsconnect(settings) : (tcp(settings, options.tls) as Promise<Connection>);
    try {
      return await abortable(opening, signal);
    } catch (error) {
      // A connection that is made after the signal is not wanted any more.
      opening.then((connection) => connection.close()).catch(() => {});
      throw error;
    }
  };
  for (let waited = false; ; waited = true) {
    try {
      return await attempt();
    } catch (error) {
      if (isEwaldError(error, 'Aborted')) throw error;
      const why = messageOf(error) || noReason;
      if (/authorization|authentication/i.test(`${why} ${(error as Error)?.name}`)) {
        const found =
          options.token || options.creds || options.user ? 'these credentials' : 'a connection without credentials';
        throw new EwaldError('Argument', `the NATS server at ${url} rejected ${found}; pass its token, user or creds`, {
          cause: error,
        });
      }
      if (isUntrusted(why))
        throw new EwaldError(
          'Argument',
          `the certificate of the NATS server at ${url} is not trusted (${why}); pass that of its authority ` +
            'as tls: { ca } (--tls-ca), and use the name in its certificate as the address',
          { cause: error },
        );
      if (/ENOTFOUND/.test(why))
        throw new EwaldError(
          'Argument',
          `the host name in ${url} cannot be resolved (${why}); correct it, or use the IP address`,
          {
            cause: error,
          },
        );
      if (!isAbsence(why) || Date.now() >= until)
        throw new EwaldError(
          'Lost',
          `no NATS server answers at ${url} (${why}); start one with nats-server, or give its address`,
          { cause: error },
        );
      if (!waited) onWait(`no NATS server answers at ${url} (${why}); waiting for it ${howLong(seconds)}`);
    }
    await abortable(pause(retryPause), signal);
  }
}
