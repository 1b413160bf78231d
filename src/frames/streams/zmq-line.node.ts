/** A line by ZeroMQ on which messages are received: it opens by itself again after an interruption. */

import { argumentError } from '../../options/parameters.js';
import { EwaldError, messageOf } from '../../util/errors.js';
import { loadZmq, type Zmq } from './zeromq.node.js';

/** How frames are requested. */
export interface Asking {
  readonly address: string;
  /** `subscribe` to published messages, `request` them one by one, or `pull` pushed ones. */
  readonly how: 'subscribe' | 'request' | 'pull';
  /** Prefixes of messages, or the message that requests a frame. */
  readonly words: readonly string[];
  readonly timeoutS: number;
}

/**
 * Number of messages queued while frames are searched; messages published beyond that are lost, as is usual with
 * ZeroMQ.
 */
const waiting = 32;

/** The socket's timeout in ms, an integer of 32 bits; longer ones are unlimited. */
const timeoutOf = (seconds: number): number => (1000 * seconds < 2 ** 31 - 1 ? Math.ceil(1000 * seconds) : -1);

type Socket = InstanceType<Zmq['Subscriber'] | Zmq['Request'] | Zmq['Pull']>;

export class ZmqLine {
  readonly #asking: Asking;
  readonly #socket: Socket;
  readonly #warn: (text: string) => void;
  /** Messages in a row before each of which another one was waiting already, and whether that was reported. */
  #behind = 0;
  #isSlow = false;
  #isInterrupted = false;
  /** How often the line was interrupted and is open again: messages of the time between are lost. */
  gaps = 0;

  private constructor(asking: Asking, socket: Socket, warn: (text: string) => void) {
    this.#asking = asking;
    this.#socket = socket;
    this.#warn = warn;
    const { address, how } = asking;
    socket.events.on('disconnect', () => {
      if (socket.closed || this.#isInterrupted) return;
      this.#isInterrupted = true;
      warn(`${address}: the connection was interrupted; the run waits for it`);
    });
    socket.events.on('handshake', () => {
      if (socket.closed || !this.#isInterrupted) return;
      this.#isInterrupted = false;
      this.gaps++;
      warn(`${address} is connected again; frames that it has sent meanwhile are missing`);
      // The one who was asked has gone with its answer.
      if (how === 'request') void this.#ask().catch(() => undefined);
    });
  }

  /** Connects; ZeroMQ goes on trying if nobody is there. Throws `Load`, and `Argument` for an invalid address. */
  static async open(asking: Asking, warn: (text: string) => void): Promise<ZmqLine> {
    const { Subscriber, Request, Pull } = await loadZmq();
    const { address, how, words, timeoutS } = asking;
    const settings = { receiveTimeout: timeoutOf(timeoutS), receiveHighWaterMark: waiting, linger: 0 };
    const socket: Socket =
      how === 'subscribe'
        ? new Subscriber(settings)
        : how === 'pull'
          ? new Pull(settings)
          : new Request({ ...settings, sendTimeout: 5000, relaxed: true });
    const line = new ZmqLine(asking, socket, warn);
    try {
      socket.connect(address);
    } catch (cause) {
      socket.close();
      const found = `is "${address}"; expected an address such as tcp://host:5002`;
      throw argumentError('', (said) => `${said('zmqInput')} ${found}`, { cause });
    }
    if (socket instanceof Subscriber) socket.subscribe(...words);
    return line;
  }

  /** The parts of the next message; undefined if none arrives in time, or if the line was closed. Throws `File`. */
  async receive(): Promise<readonly Uint8Array[] | undefined> {
    const socket = this.#socket;
    try {
      if (this.#asking.how === 'request') await this.#ask();
      if (this.#asking.how === 'subscribe') this.#look();
      return await socket.receive();
    } catch (error) {
      if (socket.closed || (error as { code?: string }).code === 'EAGAIN') return undefined;
      throw new EwaldError('File', `${this.#asking.address}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** A publisher discards what does not fit into the queues, without a word to anybody. */
  #look(): void {
    this.#behind = (this.#socket as Partial<InstanceType<Zmq['Subscriber']>>).readable ? this.#behind + 1 : 0;
    if (this.#behind !== 4 * waiting || this.#isSlow) return;
    this.#isSlow = true;
    this.#warn(
      `${this.#asking.address} publishes faster than the run receives: frames that do not fit into the queues of ` +
        'ZeroMQ are lost without a word; more workers (-j) make it faster, and a run that requests its frames ' +
        '(--zmq-request) loses none',
    );
  }

  /** Every kind of socket has all methods, but rejects those of the other kinds. */
  #ask(): Promise<void> {
    return (this.#socket as InstanceType<Zmq['Request']>).send(this.#asking.words[0] ?? '');
  }

  readonly close = (): void => {
    if (!this.#socket.closed) this.#socket.close();
  };
}
